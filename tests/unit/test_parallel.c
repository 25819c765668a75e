/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/parallel.h"

static void count_one(void *context, size_t i)
{
	unsigned char *counts = context;

	counts[i]++;
}

static void test_each_once(void **state)
{
	static const int threads[] = {-1, 0, 1, 2, 3, 16};
	static const size_t counts[] = {0, 1, 2, 5, 10000};

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		for (size_t k = 0; k < COUNT(counts); k++) {
			unsigned char *seen = memory_new(counts[k], 1);

			parallel_for(threads[i], counts[k], count_one, seen);
			for (size_t n = 0; n < counts[k]; n++)
				assert_int_equal(seen[n], 1);
			free(seen);
		}
}

static void nest(void *context, size_t i)
{
	parallel_for(2, 100, count_one, (unsigned char *)context + 100 * i);
}

static void test_nested(void **state)
{
	unsigned char seen[400] = {0};

	(void)state;
	parallel_for(4, 4, nest, seen);
	for (size_t i = 0; i < sizeof(seen); i++)
		assert_int_equal(seen[i], 1);
}

static void test_processors(void **state)
{
	(void)state;
	assert_in_range(parallel_processors(), 1, 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_processors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
