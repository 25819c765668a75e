/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/digest.h"
#include "core/random.h"

/* Source: the first outputs of SplitMix64 from the state 1234567, as Vigna's splitmix64.c gives them. */
static void test_known_answers(void **state)
{
	static const uint64_t wanted[] = {6457827717110365317u, 3203168211198807973u,
	                                  9817491932198370423u, 4593380528125082431u,
	                                  16408922859458223821u};
	struct random random = {1234567};

	(void)state;
	for (size_t i = 0; i < COUNT(wanted); i++)
		assert_true(random_bits(&random) == wanted[i]);
}

static void test_streams_differ(void **state)
{
	struct random streams[] = {
		random_stream(1, "order", 0), random_stream(1, "order", 1), random_stream(2, "order", 0),
		random_stream(1, "init", 0),  random_stream(0, "order", 1), random_stream(1, "", 0),
	};
	struct random again = random_stream(1, "order", 0);

	(void)state;
	assert_true(again.state == streams[0].state);
	for (size_t i = 0; i < COUNT(streams); i++)
		for (size_t k = 0; k < i; k++)
			assert_true(streams[i].state != streams[k].state);
}

/* Each of `bound` numbers about equally often: five standard deviations of a binomial count. */
static void test_below_is_even(void **state)
{
	static const uint64_t bounds[] = {1, 2, 3, 10, 64, 100};
	enum { DRAWS = 100000 };

	(void)state;
	for (size_t i = 0; i < COUNT(bounds); i++) {
		struct random random = random_stream(7, "below", i);
		double mean = DRAWS / (double)bounds[i];
		int counts[100] = {0};

		for (int k = 0; k < DRAWS; k++) {
			uint64_t number = random_below(&random, bounds[i]);

			assert_true(number < bounds[i]);
			counts[number]++;
		}
		for (uint64_t k = 0; k < bounds[i]; k++)
			assert_true((counts[k] - mean) * (counts[k] - mean) <= 25 * mean);
	}
}

static void test_below_large_bounds(void **state)
{
	static const uint64_t bounds[] = {UINT64_MAX, (1ull << 63) + 1, 1ull << 63};
	struct random random = {3};

	(void)state;
	for (size_t i = 0; i < COUNT(bounds); i++)
		for (int k = 0; k < 1000; k++)
			assert_true(random_below(&random, bounds[i]) < bounds[i]);
}

static void test_unit_and_between(void **state)
{
	struct random random = random_stream(1, "unit", 0);
	double sum = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		double unit = random_unit(&random), between = random_between(&random, -2, 3);

		assert_true(unit >= 0 && unit < 1);
		assert_true(between >= -2 && between < 3);
		sum += unit;
	}
	/* The mean's standard deviation is 1/sqrt(12 * 100000) = 0.0009. */
	assert_true(sum / 100000 > 0.495 && sum / 100000 < 0.505);
}

static void test_permutation(void **state)
{
	static const size_t counts[] = {0, 1, 2, 3, 1000};

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct random random = random_stream(1, "order", i);
		uint32_t *order = memory_new(counts[i], sizeof(*order));
		char *seen = memory_new(counts[i], 1);

		random_permutation(&random, order, counts[i]);
		for (size_t k = 0; k < counts[i]; k++) {
			assert_true(order[k] < counts[i]);
			assert_false(seen[order[k]]++);
		}
		free(order);
		free(seen);
	}
}

/* Pinned: the order of the default job's first epoch.  A change of it makes all results so far
 * another work. */
static void test_default_order(void **state)
{
	struct random random = random_stream(1, "order", 0);
	uint32_t *order = memory_new(60000, sizeof(*order));
	char got[DIGEST_SIZE];

	(void)state;
	random_permutation(&random, order, 60000);
	digest_bytes(order, 60000 * sizeof(*order), got);
	assert_string_equal(got, "94c476b1b2dae94f58e54382fc986c2395101ec459db7bb8685b3ad5e7d5ed32");
	free(order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),    cmocka_unit_test(test_streams_differ),
		cmocka_unit_test(test_below_is_even),    cmocka_unit_test(test_below_large_bounds),
		cmocka_unit_test(test_unit_and_between), cmocka_unit_test(test_permutation),
		cmocka_unit_test(test_default_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
