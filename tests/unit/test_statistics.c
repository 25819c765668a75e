/* SPDX-License-Identifier: MIT */
#include "core/statistics.h"

#include "core/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define NONE ((double)NAN) /* clang takes NAN for a float */
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Equal to `tolerance`, relative to 1 or to what is wanted where that is larger; NAN equals NAN. */
static void check(const char *what, double got, double wanted, double tolerance)
{
	if (isnan(wanted) ? isnan(got) : fabs(got - wanted) <= tolerance * fmax(1, fabs(wanted)))
		return;
	fail_msg("%s\ngot:    %.17g\nwanted: %.17g", what, got, wanted);
}

/* Quartiles of type 7 as R's quantile() and numpy.percentile() give them. */
static const struct {
	const char *name;
	double values[8];
	size_t count;
	struct spread wanted;
} spreads[] = {
	{"none", {0}, 0, {NONE, NONE, NONE, NONE, NONE, NONE, 0}},
	{"only NAN", {NONE, NONE}, 2, {NONE, NONE, NONE, NONE, NONE, NONE, 0}},
	{"one", {7}, 1, {7, 7, 7, 7, 7, 7, 1}},
	{"two", {4, 2}, 2, {3, 2.5, 3.5, 2, 4, 3, 2}},
	{"three", {3, 1, 2}, 3, {2, 1.5, 2.5, 1, 3, 2, 3}},
	{"four", {10, 1, 3, 2}, 4, {2.5, 1.75, 4.75, 1, 10, 4, 4}},
	{"NAN between", {10, NONE, 1, 3, NONE, 2}, 6, {2.5, 1.75, 4.75, 1, 10, 4, 4}},
	{"eight", {8, 6, 7, 5, 3, 0, 9, 1}, 8, {5.5, 2.5, 7.25, 0, 9, 4.875, 8}},
	{"equal", {2, 2, 2, 2, 2}, 5, {2, 2, 2, 2, 2, 2, 5}},
};

static void test_spread(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(spreads); i++) {
		const struct spread *wanted = &spreads[i].wanted;
		struct spread got = statistics_spread(spreads[i].values, spreads[i].count);
		check(spreads[i].name, got.median, wanted->median, 1e-15);
		check(spreads[i].name, got.q1, wanted->q1, 1e-15);
		check(spreads[i].name, got.q3, wanted->q3, 1e-15);
		check(spreads[i].name, got.min, wanted->min, 0);
		check(spreads[i].name, got.max, wanted->max, 0);
		check(spreads[i].name, got.mean, wanted->mean, 1e-15);
		assert_int_equal(got.n, wanted->n);
	}
}

/* The quantiles of the usual printed tables, with more digits. */
static const struct {
	double p;
	int freedom;
	double t;
} quantiles[] = {
	{0.75, 1, 1},
	{0.95, 1, 6.31375151467504},
	{0.975, 1, 12.7062047361747},
	{0.975, 2, 4.30265272974946},
	{0.975, 3, 3.18244630528371},
	{0.975, 4, 2.77644510519779},
	{0.975, 5, 2.57058183563631},
	{0.975, 9, 2.26215716279820},
	{0.975, 10, 2.22813885198627},
	{0.975, 30, 2.04227245630124},
	{0.975, 100, 1.98397151852355},
	{0.975, 1000000, 1.95996635681411},
	{0.995, 5, 4.03214298355523},
	{0.9995, 3, 12.9239786366875},
	{0.6, 7, 0.263166861352022},
	{0.025, 5, -2.57058183563631},
	{0.5, 3, 0},
	{0.999999, 1, 318309.886173590},
};

static void test_student(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(quantiles); i++) {
		char what[64];
		snprintf(what, sizeof(what), "p = %g, n = %d", quantiles[i].p, quantiles[i].freedom);
		check(what, statistics_student(quantiles[i].p, quantiles[i].freedom), quantiles[i].t, 1e-8);
	}
}

/* With one and two degrees of freedom the quantile has a closed form. */
static void test_student_closed_forms(void **state)
{
	(void)state;
	for (double p = 0.001; p < 1; p += 0.0173) {
		double a = 2 * p - 1;
		check("n = 1", statistics_student(p, 1), tan(M_PI * (p - 0.5)), 1e-11);
		check("n = 2", statistics_student(p, 2), a * sqrt(2 / (1 - a * a)), 1e-11);
	}
}

static void test_ratio(void **state)
{
	/* log ratios 0, log 2, log 4: mean log 2, deviation log 2, half width 4.302652730 log 2 / sqrt 3 */
	const double a[] = {1, NONE, 2, 4, 5, -1}, b[] = {1, 1, 1, 1, NONE, 1};
	struct ratio three = statistics_ratio(a, b, COUNT(a));
	struct ratio one = statistics_ratio(a + 2, b, 1);
	struct ratio none = statistics_ratio(a + 1, b, 1);

	(void)state;
	double half = exp(4.30265272974946 * log(2) / sqrt(3));
	assert_int_equal(three.n, 3);
	check("value", three.value, 2, 1e-14);
	check("low", three.low, 2 / half, 1e-9);
	check("high", three.high, 2 * half, 1e-9);
	assert_int_equal(one.n, 1);
	check("one pair", one.value, 2, 1e-15);
	check("one pair, low", one.low, NONE, 0);
	check("one pair, high", one.high, NONE, 0);
	assert_int_equal(none.n, 0);
	check("no pair", none.value, NONE, 0);
}

/* Two and three values, by hand: logs {0, log 4} and {0, log 2, log 4}. */
static void test_ratio_apart(void **state)
{
	const double a[] = {1, NONE, 4}, b[] = {1, 2, -1, 4};
	const struct ratio apart = statistics_ratio_apart(a, COUNT(a), b, COUNT(b));
	const struct ratio single = statistics_ratio_apart(a, 1, b, COUNT(b));
	const struct ratio none = statistics_ratio_apart(a + 1, 1, b, COUNT(b));
	/* variances of the means (2 log 2)^2/4 and 2 (log 2)^2/2/3; freedom (4/3)^2/(1 + 1/18) = 1.684, whose
	 * t was had by numerical integration of the density */
	const double half = 5.1762317 * log(2) * sqrt(4.0 / 3);

	(void)state;
	check("value", apart.value, 1, 1e-14);
	check("low", apart.low, exp(-half), 1e-7);
	check("high", apart.high, exp(half), 1e-6);
	assert_int_equal(apart.n, 2);
	assert_int_equal(single.n, 1);
	check("one of them alone", single.value, 0.5, 1e-14);
	check("no interval", single.low, NONE, 0);
	assert_int_equal(none.n, 0);
	check("nothing", none.value, NONE, 0);
}

static double random_normal(struct random *random)
{
	return sqrt(-2 * log(1 - random_unit(random))) * cos(2 * M_PI * random_unit(random));
}

/* The same for samples that are not paired and scatter alike or not.  Of two values each, Welch's interval is a
 * little too wide. */
static void test_coverage_apart(void **state)
{
	static const size_t rounds[] = {2, 3, 5, 10};
	static const double scatters[] = {0.03, 0.01};
	enum { TRIALS = 8000 };
	const double truth = 1.3;

	(void)state;
	for (size_t r = 0; r < 2 * COUNT(rounds); r++) {
		struct random random = random_stream(2, "coverage", r);
		const size_t n = rounds[r / 2];
		int held = 0;
		for (int trial = 0; trial < TRIALS; trial++) {
			double a[10], b[10];
			for (size_t i = 0; i < n; i++) {
				a[i] = truth * exp(scatters[r % 2] * random_normal(&random));
				b[i] = exp(0.01 * random_normal(&random));
			}
			struct ratio ratio = statistics_ratio_apart(a, n, b, n);
			held += ratio.low <= truth && truth <= ratio.high;
		}
		if (held < 0.942 * TRIALS || held > (n == 2 ? 0.985 : 0.97) * TRIALS)
			fail_msg("%zu rounds, scatter %g: %d of %d intervals hold the true ratio", n,
			         scatters[r % 2], held, TRIALS);
	}
}

/*
 * Of the intervals of lognormal pairs that share a disturbance, 95% hold the true ratio.  Of 8,000 the
 * share's own deviation is 0.24%.
 */
static void test_coverage(void **state)
{
	static const size_t rounds[] = {2, 3, 5, 10};
	enum { TRIALS = 8000 };
	const double truth = 1.3;

	(void)state;
	for (size_t r = 0; r < COUNT(rounds); r++) {
		struct random random = random_stream(1, "coverage", r);
		int held = 0;
		for (int trial = 0; trial < TRIALS; trial++) {
			double a[10], b[10];
			for (size_t i = 0; i < rounds[r]; i++) {
				double shared = exp(0.2 * random_normal(&random));
				a[i] = truth * shared * exp(0.03 * random_normal(&random));
				b[i] = shared * exp(0.01 * random_normal(&random));
			}
			struct ratio ratio = statistics_ratio(a, b, rounds[r]);
			held += ratio.low <= truth && truth <= ratio.high;
		}
		if (held < 0.942 * TRIALS || held > 0.958 * TRIALS)
			fail_msg("%zu rounds: %d of %d intervals hold the true ratio", rounds[r], held, TRIALS);
	}
}

static void test_scatter(void **state)
{
	const double a[] = {1, 2, 4}, b[] = {1, 1, 1};
	const struct ratio ratio = statistics_ratio(a, b, 3), one = statistics_ratio(a, b, 1);

	(void)state;
	check("scatter", statistics_scatter(&ratio), log(2), 1e-12);
	check("of one pair", statistics_scatter(&one), NONE, 0);
}

/* With as many pairs as advised, a true ratio is found in 19 of 20 cases; with fewer, in fewer. */
static void test_advised_pairs_find_the_ratio(void **state)
{
	static const double scatters[] = {0.005, 0.02, 0.05, 0.15};
	enum { TRIALS = 4000 };

	(void)state;
	for (size_t s = 0; s < COUNT(scatters); s++) {
		struct random random = random_stream(2, "power", s);
		const int pairs = statistics_pairs(scatters[s], 1.05, 200);
		int found = 0;

		assert_true(pairs >= 2 && pairs <= 200);
		for (int trial = 0; trial < TRIALS; trial++) {
			double a[200], b[200];
			for (int i = 0; i < pairs; i++) {
				a[i] = 1.05 * exp(scatters[s] * random_normal(&random));
				b[i] = 1;
			}
			found += statistics_ratio(a, b, (size_t)pairs).low > 1;
		}
		if (found < 0.94 * TRIALS)
			fail_msg("scatter %g, %d pairs: found in %d of %d trials", scatters[s], pairs, found,
			         TRIALS);
	}
	assert_int_equal(statistics_pairs(0.5, 1.05, 200), 0);
	assert_int_equal(statistics_pairs(0, 1.05, 200), 2);
	assert_true(statistics_pairs(0.02, 1 / 1.05, 200) == statistics_pairs(0.02, 1.05, 200));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_student),
		cmocka_unit_test(test_student_closed_forms),
		cmocka_unit_test(test_ratio),
		cmocka_unit_test(test_ratio_apart),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_scatter),
		cmocka_unit_test(test_advised_pairs_find_the_ratio),

		cmocka_unit_test(test_coverage_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
