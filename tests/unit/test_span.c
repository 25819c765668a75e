/* SPDX-License-Identifier: MIT */
#include "core/clock.h"
#include "core/event.h"
#include "worker/channel.h"
#include "worker/span.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static FILE *events;

static int open_channel(void **state)
{
	(void)state;
	events = tmpfile();
	return events ? channel_open(fileno(events)) : -1;
}

static int close_channel(void **state)
{
	(void)state;
	return fclose(events);
}

/* What was sent since the last call, as a JSON array. */
static json_t *sent(void)
{
	json_t *lines = json_array();
	char line[EVENT_LINE_MAX + 1];

	rewind(events);
	while (fgets(line, sizeof(line), events))
		assert_int_equal(json_array_append_new(lines, json_loads(line, 0, NULL)), 0);
	rewind(events);
	assert_int_equal(ftruncate(fileno(events), 0), 0);
	return lines;
}

static void assert_text(const json_t *event, const char *key, const char *wanted)
{
	const char *got = json_string_value(json_object_get(event, key));

	assert_non_null(got);
	assert_string_equal(got, wanted);
}

static int64_t ns(const json_t *event)
{
	return json_integer_value(json_object_get(event, "ns"));
}

static void test_begin_and_end(void **state)
{
	(void)state;
	int64_t before = clock_ns();

	span_begin("upload");
	span_end("upload");

	int64_t after = clock_ns();
	json_t *lines = sent(), *begin = json_array_get(lines, 0), *end = json_array_get(lines, 1);
	assert_int_equal(json_array_size(lines), 2);
	assert_text(begin, "event", "begin");
	assert_text(begin, "span", "upload");
	assert_text(end, "event", "end");
	assert_text(end, "span", "upload");
	assert_int_equal(json_object_size(end), 3);
	assert_true(before <= ns(begin) && ns(begin) <= ns(end) && ns(end) <= after);
	json_decref(lines);
}

static void test_members(void **state)
{
	(void)state;
	json_t *wanted = json_pack("{s:i, s:b}", "epoch", 3, "extra", 1);

	span_begin_with("train", json_deep_copy(wanted));
	span_end_with("train", json_pack("{s:n}", "loss"));

	json_t *lines = sent(), *begin = json_array_get(lines, 0), *end = json_array_get(lines, 1);
	assert_true(json_equal(json_object_get(begin, "epoch"), json_object_get(wanted, "epoch")));
	assert_true(json_is_true(json_object_get(begin, "extra")));
	assert_true(json_is_null(json_object_get(end, "loss")));
	json_decref(lines);
	json_decref(wanted);
}

static void nested(void)
{
	span_begin("train");
	span_begin("eval");
}

static void crossed(void)
{
	span_begin("train");
	span_end("eval");
}

static void never_begun(void)
{
	span_end("train");
}

/* A platform that marks its spans wrongly is a bug: the process aborts. */
static void test_misuse_aborts(void **state)
{
	(void)state;
	void (*const cases[])(void) = {nested, crossed, never_begun};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status;
		fflush(NULL);
		pid_t child = fork();

		if (child == 0) {
			signal(SIGABRT, SIG_DFL);
			fclose(stderr);
			cases[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			fail_msg("case %zu: got status 0x%x, wanted an abort", i, (unsigned)status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin_and_end),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_misuse_aborts),
	};

	return cmocka_run_group_tests(tests, open_channel, close_channel) != 0;
}
