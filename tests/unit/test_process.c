/* SPDX-License-Identifier: MIT */
#include "runner/process.h"

#include "core/clock.h"
#include "core/files.h"
#include "core/memory.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[4096];
static char *const environment[] = {(char[]){"PATH=/usr/bin:/bin"}, (char[]){"GREETING=hello"},
                                    NULL};

static int set_up(void **state)
{
	const char *temp = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/process.XXXXXX", temp ? temp : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return files_remove_folder(folder);
}

/* One run of `sh -c script`: what it wrote to the log and to its events, and how it ended. */
struct outcome {
	char log[4096], events[4096];
	struct process_end end;
	double seconds; /* of process_reap */
};

static int open_log(void)
{
	char *path = files_join(folder, "log");
	int log = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	assert_true(log >= 0);
	free(path);
	return log;
}

static void start_script(struct process *process, const char *script, int log)
{
	char *words[] = {memory_copy("worker"), memory_copy("-c"), memory_copy(script), NULL};
	char why[256] = "";

	if (process_start(process, "/bin/sh", words, environment, log, why, sizeof(why)))
		fail_msg("%s", why);
	for (int i = 0; words[i]; i++)
		free(words[i]);
}

/* All until the end of the events. */
static void read_all(int events, char *out, size_t size)
{
	size_t length = 0;
	struct pollfd place = {.fd = events, .events = POLLIN};

	while (length + 1 < size && poll(&place, 1, 20000) > 0) {
		ssize_t part = read(events, out + length, size - 1 - length);
		if (part <= 0)
			break;
		length += (size_t)part;
	}
	out[length] = '\0';
}

static struct outcome run(const char *script, int patience_ms)
{
	struct outcome outcome = {.seconds = 0};
	struct process process;
	int log = open_log();

	start_script(&process, script, log);
	if (patience_ms > 10000)
		read_all(process.events, outcome.events, sizeof(outcome.events));
	int64_t start = clock_ns();
	process_reap(&process, patience_ms, &outcome.end);
	outcome.seconds = 1e-9 * (double)(clock_ns() - start);
	assert_int_equal(process.events, -1);
	ssize_t size = pread(log, outcome.log, sizeof(outcome.log) - 1, 0);
	outcome.log[size > 0 ? size : 0] = '\0';
	close(log);
	return outcome;
}

enum { PATIENT = 30000 };

static const struct {
	const char *script, *log, *events;
	bool exited;
	int code;
} scripts[] = {
	{"exit 0", "", "", true, 0},
	{"exit 7", "", "", true, 7},
	{"echo out; echo error >&2; echo event >&3", "out\nerror\n", "event\n", true, 0},
	{"echo $0 $GREETING $HOME", "worker hello\n", "", true, 0},
	{"read line; echo \"$?$line\"", "1\n", "", true, 0},
	{"kill -KILL $$", "", "", false, SIGKILL},
	/* default dispositions and no mask, whatever the runner's are */
	{"kill -PIPE $$; echo ignored", "", "", false, SIGPIPE},
	{"kill -TERM $$; echo blocked", "", "", false, SIGTERM},
	/* nothing but 0 to 3 is open */
	{"for i in 3 4 5 6 7 8 9; do if (: >&$i) 2>/dev/null; then echo $i; fi; done", "3\n", "", true,
     0},
};

static void test_scripts(void **state)
{
	sigset_t mask, before;

	(void)state;
	for (int i = 0; i < 4; i++)
		open("/dev/null", O_RDWR);
	process_seal_descriptors();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, &before);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		struct outcome outcome = run(scripts[i].script, PATIENT);
		if (strcmp(outcome.log, scripts[i].log) != 0 ||
		    strcmp(outcome.events, scripts[i].events) != 0 ||
		    outcome.end.exited != scripts[i].exited || outcome.end.code != scripts[i].code)
			fail_msg(
				"%s\ngot:    %s code %d, log %s, events %s\nwanted: %s code %d, log %s, events %s",
				scripts[i].script, outcome.end.exited ? "exit" : "signal", outcome.end.code,
				outcome.log, outcome.events, scripts[i].exited ? "exit" : "signal", scripts[i].code,
				scripts[i].log, scripts[i].events);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- What cannot be started ---- */

static const struct {
	const char *name, *content;
	mode_t mode;
	const char *why;
} bad_files[] = {
	{"gone", NULL, 0, "is not there any more: build it again"},
	{"locked", "#!/bin/sh\n", 0600, "is not executable: chmod +x it"},
	{"no-interpreter", "#!/nowhere/python\n", 0700, "needs an interpreter that does not exist"},
	{"no-program",
     "\x7f"
     "ELF? no\n",
     0700, "is no program for this machine"},
	{"gone/below", NULL, 0, "is not there any more"},
};

static void test_what_cannot_be_started_says_why(void **state)
{
	int log = open_log();

	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(*bad_files); i++) {
		char *path = files_join(folder, bad_files[i].name), why[4096] = "";
		char *words[] = {path, NULL};
		struct process process;
		if (bad_files[i].content) {
			assert_int_equal(files_write(path, bad_files[i].content, strlen(bad_files[i].content)),
			                 0);
			assert_int_equal(chmod(path, bad_files[i].mode), 0);
		}
		int failed = process_start(&process, path, words, environment, log, why, sizeof(why));
		if (!failed || !strstr(why, bad_files[i].why) || strncmp(why, path, strlen(path)) != 0)
			fail_msg("%s: got %d: %s\nwanted: ... %s", path, failed, why, bad_files[i].why);
		free(path);
	}
	close(log);
}

/* ---- Ends ---- */

static void test_patience_ends(void **state)
{
	(void)state;
	struct outcome outcome = run("sleep 600", 100);
	assert_false(outcome.end.exited);
	assert_int_equal(outcome.end.code, SIGKILL);
	if (outcome.seconds < 0.1)
		fail_msg("reaped after %.3f s", outcome.seconds);
}

static void test_stop_reaches_the_whole_group(void **state)
{
	struct process process;
	struct process_end end;
	char events[64];
	int log = open_log();

	(void)state;
	/* The children hold the events too: their end is the end of all. */
	start_script(&process, "sleep 600 & sleep 600 & echo ready >&3; wait", log);
	struct pollfd place = {.fd = process.events, .events = POLLIN};
	assert_int_equal(poll(&place, 1, 20000), 1);
	assert_int_equal(read(process.events, events, sizeof(events)), 6);
	assert_false(process_has_ended(&process));
	process_stop(&process, SIGTERM);
	read_all(process.events, events, sizeof(events));
	assert_string_equal(events, "");
	process_reap(&process, PATIENT, &end);
	assert_false(end.exited);
	assert_int_equal(end.code, SIGTERM);
	close(log);
}

static void test_no_child_outlives_the_worker(void **state)
{
	struct process process;
	struct process_end end;
	char events[64];
	int log = open_log();

	(void)state;
	start_script(&process, "sleep 600 & exit 5", log);
	int copy = fcntl(process.events, F_DUPFD_CLOEXEC, 0);
	process_reap(&process, PATIENT, &end);
	assert_true(end.exited);
	assert_int_equal(end.code, 5);
	read_all(copy, events, sizeof(events)); /* ends only when the child has gone */
	struct pollfd place = {.fd = copy, .events = POLLIN};
	assert_int_equal(poll(&place, 1, 0), 1);
	assert_true(place.revents & POLLHUP);
	close(copy);
	close(log);
}

static void test_times_are_the_process_s_own(void **state)
{
	(void)state;
	struct outcome outcome = run("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done", PATIENT);
	double cpu = outcome.end.user_seconds + outcome.end.system_seconds;
	if (cpu <= 0 || cpu > 20)
		fail_msg("%.6f s of CPU time", cpu);
}

/* Linux hands the runner's peak on to what it spawns; it must not be told as the worker's. */
static void test_the_runner_s_peak_is_not_the_worker_s(void **state)
{
	enum { MUCH = 200 << 20 };
	char *much = malloc(MUCH);

	(void)state;
	assert_non_null(much);
	for (size_t i = 0; i < MUCH; i += 4096)
		((volatile char *)much)[i] = 1;
	struct outcome outcome = run("exit 0", PATIENT);
	if (outcome.end.peak_rss > MUCH / 2)
		fail_msg("peak_rss %lld", (long long)outcome.end.peak_rss);
	free(much);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_what_cannot_be_started_says_why),
		cmocka_unit_test(test_patience_ends),
		cmocka_unit_test(test_stop_reaches_the_whole_group),
		cmocka_unit_test(test_no_child_outlives_the_worker),
		cmocka_unit_test(test_times_are_the_process_s_own),
		cmocka_unit_test(test_the_runner_s_peak_is_not_the_worker_s),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down) != 0;
}
