/* SPDX-License-Identifier: MIT */
#include "fixture.h"

static void test_new_is_zero_and_grow_keeps(void **state)
{
	int *numbers = memory_new(100, sizeof(*numbers));

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(numbers[i], 0);
		numbers[i] = i;
	}
	numbers = memory_grow(numbers, 10000, sizeof(*numbers));
	for (int i = 0; i < 100; i++)
		assert_int_equal(numbers[i], i);
	free(numbers);
}

static void test_nothing_is_no_error(void **state)
{
	void *none = memory_new(0, 8);

	(void)state;
	assert_non_null(none);
	none = memory_grow(none, 0, 8);
	assert_non_null(none);
	free(none);
}

static void test_texts(void **state)
{
	char *text = memory_text("%s-%03d", "a", 7), *copy = memory_copy(text),
		 *empty = memory_text("%s", "");

	(void)state;
	assert_string_equal(text, "a-007");
	assert_string_equal(copy, "a-007");
	assert_ptr_not_equal(copy, text);
	assert_string_equal(empty, "");
	free(text);
	free(copy);
	free(empty);
}

static void test_maps(void **state)
{
	static const size_t sizes[] = {0,       1, 4096, 100000, (2 << 20) - 1, 2 << 20, (2 << 20) + 1,
	                               20000001};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		unsigned char *bytes = memory_map(sizes[i], "a test");

		assert_int_equal((uintptr_t)bytes % 64, 0);
		for (size_t k = 0; k < sizes[i]; k += 1000)
			assert_int_equal(bytes[k], 0);
		if (sizes[i])
			bytes[sizes[i] - 1] = 1;
		memory_unmap(bytes, sizes[i]);
	}
	memory_unmap(NULL, 17);
}

static void ask_for_a_product_too_large(void)
{
	free(memory_new(SIZE_MAX / 2, 4));
}

static void ask_to_grow_too_far(void)
{
	free(memory_grow(NULL, SIZE_MAX / 2, 4));
}

static void map_too_much(void)
{
	memory_unmap(memory_map(SIZE_MAX / 2, "a test"), SIZE_MAX / 2);
}

static void test_lack_ends_the_program(void **state)
{
	static void (*const bodies[])(void) = {ask_for_a_product_too_large, ask_to_grow_too_far,
	                                       map_too_much};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		int status = fixture_child(bodies[i], text, sizeof(text));

		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_INTERNAL);
		assert_non_null(strstr(text, "out of memory: "));
		if (bodies[i] == map_too_much)
			assert_non_null(strstr(text, " MB are needed for a test"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_is_zero_and_grow_keeps),
		cmocka_unit_test(test_nothing_is_no_error),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_lack_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
