/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/clock.h"

#include <time.h>

static void test_never_backwards(void **state)
{
	int64_t before = clock_ns();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_ns();

		assert_true(now >= before);
		before = now;
	}
}

static void test_sleep_takes_wall_time(void **state)
{
	struct timespec pause = {0, 20000000};
	int64_t before = clock_ns();

	(void)state;
	nanosleep(&pause, NULL);
	assert_true(clock_ns() - before >= 20000000);
}

static void test_work_takes_cpu_time(void **state)
{
	int64_t before = clock_cpu_ns();
	volatile unsigned sum = 0;

	(void)state;
	for (unsigned i = 0; i < 10000000; i++)
		sum += i;
	assert_true(sum > 0);
	assert_true(clock_cpu_ns() > before);
}

/* "9" stands for any digit. */
static void assert_pattern(const char *text, const char *pattern)
{
	assert_int_equal(strlen(text), strlen(pattern));
	for (size_t i = 0; pattern[i]; i++)
		if (pattern[i] == '9' ? text[i] < '0' || text[i] > '9' : text[i] != pattern[i])
			fail_msg("got %s, wanted the form %s", text, pattern);
}

static void test_stamps(void **state)
{
	char stamp[CLOCK_STAMP_SIZE];

	(void)state;
	clock_stamp(stamp, 0);
	assert_pattern(stamp, "9999-99-99T99:99:99Z");
	clock_stamp(stamp, 1);
	assert_pattern(stamp, "99999999T999999Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_backwards),
		cmocka_unit_test(test_sleep_takes_wall_time),
		cmocka_unit_test(test_work_takes_cpu_time),
		cmocka_unit_test(test_stamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
