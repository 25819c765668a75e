/* SPDX-License-Identifier: MIT */
#include "runner/meter.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { MUCH = 64 << 20 };

static void touch(size_t bytes)
{
	volatile char *memory = malloc(bytes);

	for (size_t i = 0; memory && i < bytes; i += 1024)
		memory[i] = 1;
}

/* A child that holds `bytes` has `depth` generations below it, which do the same; it says on `ready`
 * that all of them do, and lives until it is killed. */
static pid_t breed(int depth, size_t bytes, int ready)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	touch(bytes);
	if (depth > 0)
		breed(depth - 1, bytes, ready);
	else if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t breed_and_wait(int depth, size_t bytes)
{
	int ends[2];
	char byte;

	assert_int_equal(pipe(ends), 0);
	pid_t child = breed(depth, bytes, ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return child;
}

static void end_family(pid_t first)
{
	pid_t family[16];
	size_t count = meter_family(first, family, 16);

	for (size_t i = count; i-- > 0;)
		kill(family[i], SIGKILL);
	waitpid(first, NULL, 0);
}

static void test_the_family_goes_down_to_grandchildren(void **state)
{
	pid_t first = breed_and_wait(2, 4096), family[16];
	size_t count = meter_family(first, family, 16);

	(void)state;
	assert_int_equal(count, 3);
	assert_int_equal(family[0], first);
	for (size_t i = 0; i < count; i++)
		assert_true(family[i] > 0 && family[i] != getpid());
	assert_int_equal(meter_family(first, family, 2), 2);
	end_family(first);
}

static void check_more(const char *what, int64_t got, int64_t least)
{
	if (got < least)
		fail_msg("%s\ngot:    %lld\nwanted: at least %lld", what, (long long)got, (long long)least);
}

static void test_ram_is_the_sum_of_the_family(void **state)
{
	pid_t lone = breed_and_wait(0, MUCH), pair = breed_and_wait(1, MUCH);
	struct meter_ram one, two;

	(void)state;
	meter_ram(lone, &one);
	meter_ram(pair, &two);
	check_more("anonymous of one", one.anonymous, MUCH);
	check_more("anonymous of two", two.anonymous, one.anonymous + MUCH);
	check_more("file", one.file, 1);
	end_family(lone);
	end_family(pair);
}

static void test_a_process_that_is_gone_is_unknown(void **state)
{
	pid_t child = breed_and_wait(0, 4096);
	struct meter_ram ram;

	(void)state;
	end_family(child);
	meter_ram(child, &ram);
	assert_true(ram.anonymous == -1 && ram.file == -1 && ram.peak == -1);
}

static void test_the_system_uses_memory(void **state)
{
	(void)state;
	check_more("meter_system_ram", meter_system_ram(), 1 << 20);
}

static void test_run_delay_only_grows(void **state)
{
	int64_t before = meter_run_delay(getpid());

	(void)state;
	usleep(1000);
	check_more("meter_run_delay", meter_run_delay(getpid()), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_family_goes_down_to_grandchildren),
		cmocka_unit_test(test_ram_is_the_sum_of_the_family),
		cmocka_unit_test(test_a_process_that_is_gone_is_unknown),
		cmocka_unit_test(test_the_system_uses_memory),
		cmocka_unit_test(test_run_delay_only_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
