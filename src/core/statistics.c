/* SPDX-License-Identifier: MIT */
#include "core/statistics.h"

#include "core/error.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>

#define NONE ((double)NAN) /* clang takes NAN for a float */

/* ---- Quartiles ---- */

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Type 7 of Hyndman and Fan: the value at place (n - 1) p of the sorted ones, counted from 0. */
static double quantile(const double *sorted, size_t count, double p)
{
	double place = (double)(count - 1) * p;
	size_t below = (size_t)place;
	double rest = place - (double)below;

	if (rest == 0)
		return sorted[below];
	return sorted[below] + rest * (sorted[below + 1] - sorted[below]);
}

struct spread statistics_spread(const double *values, size_t count)
{
	struct spread spread = {NONE, NONE, NONE, NONE, NONE, NONE, 0};
	double *sorted = memory_new(count, sizeof(*sorted)), sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!isnan(values[i]))
			sorted[n++] = values[i];
	qsort(sorted, n, sizeof(*sorted), compare_doubles);
	for (size_t i = 0; i < n; i++)
		sum += sorted[i];
	if (n > 0)
		spread = (struct spread){.median = quantile(sorted, n, 0.5),
		                         .q1 = quantile(sorted, n, 0.25),
		                         .q3 = quantile(sorted, n, 0.75),
		                         .min = sorted[0],
		                         .max = sorted[n - 1],
		                         .mean = sum / (double)n,
		                         .n = n};
	free(sorted);
	return spread;
}

/* ---- Student's t ---- */

/* The j-th coefficient of the continued fraction 1 + d1/(1 + d2/(1 + ...)), j from 1. */
static double beta_coefficient(double a, double b, double x, int j)
{
	double m = j / 2;

	if (j % 2)
		return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
	return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
}

/*
 * That fraction by Lentz's method as changed by Thompson and Barnett.  It converges fast where
 * x < (a + 1)/(a + b + 2), in some sqrt(max(a, b)) steps.
 * Source: NIST Digital Library of Mathematical Functions, 8.17.22 and 3.10.
 */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300; /* in the place of a zero that would be divided by */
	double c = 1, d = 0, fraction = 1, change = 0;

	for (int j = 1; j < 100000 && fabs(change - 1) > 1e-15; j++) {
		double coefficient = beta_coefficient(a, b, x, j);
		d = 1 + coefficient * d;
		c = 1 + coefficient / c;
		d = 1 / (d == 0 ? tiny : d);
		c = c == 0 ? tiny : c;
		change = c * d;
		fraction *= change;
	}
	return fraction;
}

/* The regularised incomplete beta function I_x(a, b); `y` = 1 - x, handed over for its digits. */
static double beta_incomplete(double a, double b, double x, double y)
{
	if (x > (a + 1) / (a + b + 2))
		return 1 - beta_incomplete(b, a, y, x);
	if (x == 0)
		return 0;
	double log_front = a * log(x) + b * log(y) + lgamma(a + b) - lgamma(a) - lgamma(b);
	return exp(log_front) / a / beta_fraction(a, b, x);
}

/* P(T > t) of Student's t, t >= 0: I_x(n/2, 1/2) / 2 with x = n/(n + t^2). */
static double student_tail(double t, double freedom)
{
	double square = t * t / freedom;

	return 0.5 * beta_incomplete(0.5 * freedom, 0.5, 1 / (1 + square), square / (1 + square));
}

double statistics_student(double p, double freedom)
{
	double tail = fmin(p, 1 - p), low = 0, high = 1;

	if (!(p > 0 && p < 1) || !(freedom >= 1))
		BUG("no quantile %g of Student's t with %g degrees of freedom", p, freedom);
	if (p == 0.5)
		return 0;
	while (student_tail(high, freedom) > tail)
		high *= 2;
	for (;;) { /* bisection down to neighbouring numbers: some 60 steps */
		double middle = low + (high - low) / 2;
		if (middle <= low || middle >= high)
			break;
		if (student_tail(middle, freedom) > tail)
			low = middle;
		else
			high = middle;
	}
	return p < 0.5 ? -high : high;
}

/* ---- Ratios ---- */

/* The logarithms of a/b of all pairs that have one; returns their number. */
static size_t log_ratios(const double *a, const double *b, size_t count, double *logs)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		double value = log(a[i] / b[i]);
		if (a[i] > 0 && b[i] > 0 && isfinite(value))
			logs[n++] = value;
	}
	return n;
}

struct ratio statistics_ratio(const double *a, const double *b, size_t count)
{
	struct ratio ratio = {NONE, NONE, NONE, 0};
	double *logs = memory_new(count, sizeof(*logs)), sum = 0, squares = 0;
	size_t n = log_ratios(a, b, count, logs);

	for (size_t i = 0; i < n; i++)
		sum += logs[i];
	double mean = sum / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += (logs[i] - mean) * (logs[i] - mean);
	if (n > 0)
		ratio = (struct ratio){exp(mean), NONE, NONE, n};
	if (n > 1) {
		double error_of_mean = sqrt(squares / (double)(n - 1) / (double)n);
		double half = statistics_student(0.975, (int)n - 1) * error_of_mean;
		ratio.low = exp(mean - half);
		ratio.high = exp(mean + half);
	}
	free(logs);
	return ratio;
}

double statistics_scatter(const struct ratio *ratio)
{
	if (ratio->n < 2)
		return NONE;
	double half = log(ratio->high / ratio->low) / 2;

	return half * sqrt((double)ratio->n) / statistics_student(0.975, (int)ratio->n - 1);
}

/*
 * The interval leaves out 1 where mean/(deviation/sqrt(n)) > t, which has a noncentral t distribution with
 * the shift sqrt(n) log(ratio)/scatter.  In 19 of 20 cases it does where z <= -1.6449.
 * (19, not 9 of 10: `scatter` is an estimate itself, and too small as often as too large.)
 * Source of the normal approximation: Abramowitz and Stegun, 26.7.10.
 */
int statistics_pairs(double scatter, double ratio, int most)
{
	const double quantile_95 = 1.6448536269515;

	for (int n = 2; n <= most; n++) {
		double freedom = n - 1, t = statistics_student(0.975, n - 1);
		double shift = sqrt(n) * fabs(log(ratio)) / scatter;
		double z = (t * (1 - 1 / (4 * freedom)) - shift) / sqrt(1 + t * t / (2 * freedom));

		if (z <= -quantile_95)
			return n;
	}
	return 0;
}

/* Mean of the logarithms of those that have one, and the square of its standard error (NAN where n < 2). */
struct log_mean {
	double mean, variance;
	size_t n;
};

static struct log_mean mean_of_logs(const double *values, size_t count)
{
	struct log_mean logs = {0, NONE, 0};
	double squares = 0;

	for (size_t i = 0; i < count; i++) {
		if (!(values[i] > 0) || !isfinite(values[i]))
			continue;
		/* Welford 1962: the sum of squares about the mean so far */
		const double step = log(values[i]) - logs.mean;
		logs.mean += step / (double)++logs.n;
		squares += step * (log(values[i]) - logs.mean);
	}
	if (logs.n > 1)
		logs.variance = squares / (double)(logs.n - 1) / (double)logs.n;
	return logs;
}

/* Degrees of freedom by Welch and Satterthwaite, not rounded: of two small samples that would be much. */
static double welch_freedom(const struct log_mean *a, const struct log_mean *b)
{
	const double both = a->variance + b->variance;
	const double parts = a->variance * a->variance / (double)(a->n - 1) +
	                     b->variance * b->variance / (double)(b->n - 1);
	const double freedom = parts > 0 ? both * both / parts : (double)(a->n + b->n - 2);

	return fmin(fmax(freedom, 1), 1e6);
}

struct ratio statistics_ratio_apart(const double *a, size_t n_a, const double *b, size_t n_b)
{
	const struct log_mean over = mean_of_logs(a, n_a), under = mean_of_logs(b, n_b);
	const double mean = over.mean - under.mean;
	struct ratio ratio = {NONE, NONE, NONE, over.n < under.n ? over.n : under.n};

	if (ratio.n > 0)
		ratio.value = exp(mean);
	if (ratio.n > 1) {
		const double half = statistics_student(0.975, welch_freedom(&over, &under)) *
		                    sqrt(over.variance + under.variance);
		ratio.low = exp(mean - half);
		ratio.high = exp(mean + half);
	}
	return ratio;
}
