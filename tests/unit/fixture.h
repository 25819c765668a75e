/* SPDX-License-Identifier: MIT */
/* What unit tests have in common: errors caught instead of printed, a folder of the test's own,
 * a child process for what ends a program. */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The last message of error(), and how many there were since fixture_forget(). */
static char fixture_message[16384];
static int fixture_errors;

static inline void fixture_catch(const char *message)
{
	snprintf(fixture_message, sizeof(fixture_message), "%s", message);
	fixture_errors++;
}

static inline void fixture_forget(void)
{
	error_set_sink(fixture_catch);
	fixture_message[0] = '\0';
	fixture_errors = 0;
}

/* One error was told since fixture_forget(), and its message holds `text`. */
static inline void fixture_expect(const char *what, const char *text)
{
	if (fixture_errors == 1 && strstr(fixture_message, text))
		return;
	print_error("%s\n  got %d errors, the last \"%s\"\n  wanted one with \"%s\"\n", what,
	            fixture_errors, fixture_message, text);
	fail();
}

/* A new empty folder below $TMPDIR; fixture_remove() frees and removes it. */
static inline char *fixture_folder(void)
{
	const char *parent = getenv("TMPDIR");
	char *path = files_join(parent && *parent ? parent : "/tmp", "cnnbench-unit.XXXXXX");
	char *real;

	assert_non_null(mkdtemp(path));
	real = realpath(path, NULL);
	free(path);
	return real;
}

static inline void fixture_remove(char *folder)
{
	assert_int_equal(files_remove_folder(folder), 0);
	free(folder);
}

/* Run `body` in a child process; what it printed on stderr comes back in `text`, its status as of wait(). */
static inline int fixture_child(void (*body)(void), char *text, size_t size)
{
	int ends[2], status;
	size_t used = 0;
	ssize_t got;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		error_set_sink(NULL);
		body();
		_exit(99);
	}
	close(ends[1]);
	while (used < size - 1 && (got = read(ends[0], text + used, size - 1 - used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

#endif
