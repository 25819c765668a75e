/* SPDX-License-Identifier: MIT */
#include "runner/interrupt.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SAID_INT "\ncnnbench: stopping (SIGINT); Ctrl-C again ends it at once\n"
#define SAID_TERM "\ncnnbench: stopping (SIGTERM)\n"

static const struct {
	int first, second, caught;
	const char *said;
} cases[] = {
	{SIGINT, 0, SIGINT, SAID_INT},
	{SIGTERM, 0, SIGTERM, SAID_TERM},
	{SIGHUP, 0, SIGHUP, "\ncnnbench: stopping (SIGHUP)\n"},
	/* the first counts */
	{SIGTERM, SIGINT, SIGTERM, SAID_TERM},
	{SIGINT, SIGINT, SIGINT, SAID_INT},
	{SIGPIPE, 0, 0, ""},
	{SIGXFSZ, 0, 0, ""},
};
enum { CASES = sizeof(cases) / sizeof(*cases) };

static int is_readable(void)
{
	struct pollfd place = {.fd = interrupt_descriptor(), .events = POLLIN};

	return poll(&place, 1, 0) == 1;
}

/* In a process of its own, since a signal is for good.  0, or the number of what did not hold. */
static int live(int first, int second, int caught)
{
	interrupt_catch();
	if (interrupt_signal() != 0 || is_readable())
		return 1;
	raise(first);
	if (second)
		raise(second);
	if (interrupt_signal() != caught)
		return 2;
	/* it stays readable */
	if (is_readable() != (caught != 0) || is_readable() != (caught != 0))
		return 3;
	return 0;
}

static void test_signals(void **state)
{
	(void)state;
	for (int i = 0; i < CASES; i++) {
		int ends[2], status;
		char said[512];
		assert_int_equal(pipe(ends), 0);
		pid_t child = fork();
		if (child == 0) {
			dup2(ends[1], STDERR_FILENO);
			_exit(live(cases[i].first, cases[i].second, cases[i].caught));
		}
		close(ends[1]);
		ssize_t size = read(ends[0], said, sizeof(said) - 1);
		said[size > 0 ? size : 0] = '\0';
		close(ends[0]);
		waitpid(child, &status, 0);
		if (status != 0 || strcmp(said, cases[i].said) != 0)
			fail_msg("case %d\ngot:    status %x, said %s\nwanted: status 0, said %s", i,
			         (unsigned)status, said, cases[i].said);
	}
}

/* Under nohup(1). */
static void test_an_ignored_hangup_stays_ignored(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		signal(SIGHUP, SIG_IGN);
		_exit(live(SIGHUP, 0, 0));
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
}

/* Of two that are not one: SIGINT ends the process, others are not heard. */
static void test_again(void **state)
{
	const struct {
		int number, ended_by;
	} again[] = {{SIGINT, SIGINT}, {SIGTERM, 0}, {SIGHUP, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(again) / sizeof(*again); i++) {
		int status;
		pid_t child = fork();
		if (child == 0) {
			interrupt_catch();
			raise(SIGTERM);
			usleep(400000);
			raise(again[i].number);
			_exit(0);
		}
		waitpid(child, &status, 0);
		int ended_by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		if (ended_by != again[i].ended_by)
			fail_msg("case %zu: ended by %d, wanted %d", i, ended_by, again[i].ended_by);
	}
}

/* Before anything is measured there is nothing to end in order. */
static void test_at_once(void **state)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		int status;
		pid_t child = fork();
		if (child == 0) {
			interrupt_catch();
			interrupt_at_once(1);
			raise(numbers[i]);
			_exit(0);
		}
		waitpid(child, &status, 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 128 + numbers[i])
			fail_msg("signal %d: got status %x, wanted exit code %d", numbers[i], (unsigned)status,
			         128 + numbers[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_an_ignored_hangup_stays_ignored),
	};

	signal(SIGHUP, SIG_DFL); /* under nohup it would be ignored, and so left alone */
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
