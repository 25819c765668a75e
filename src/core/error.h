/* SPDX-License-Identifier: MIT */
/*
 * Errors, and the exit codes they become.
 *
 * Library code says what is wrong with error() and returns -1; its caller cleans up and passes
 * the -1 on.  Every message is one line: what, where, what to do next; no newline at its end.
 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <stddef.h>

#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* The program's exit codes.  128 + n: ended by signal n. */
enum exit_code {
	EXIT_FINE = 0,
	EXIT_INTERNAL = 1,
	EXIT_USAGE = 2,    /* bad option, or a place that cannot be written */
	EXIT_PLATFORM = 3, /* a platform failed, or a required one is missing */
	EXIT_NOT_VERIFIED = 4,
	EXIT_DATA = 5, /* dataset or job missing, damaged or altered */
	EXIT_REGRESSION = 6,
	EXIT_NOTHING = 7, /* nothing to run */
};

/* Of two exit codes the one to report: 128 + n before 1, 2, 5, 3, 4, 6, 7; any failure before 0. */
int exit_worse(int a, int b);

/* Both print "cnnbench: error: ..." (or "warning: ...") as one line on stderr, control characters
 * made visible, unless a sink was set. */
int error(const char *format, ...) PRINTF_LIKE(1, 2); /* always returns -1 */
void warning(const char *format, ...) PRINTF_LIKE(1, 2);

/* A plain line on stderr: what is going on.  error_quiet(1) silences notes, nothing else. */
void note(const char *format, ...) PRINTF_LIKE(1, 2);
void error_quiet(int quiet);

/* From now on error() hands its message to `sink` (a worker turns it into an event); NULL: stderr.
 * Returns the sink before. */
void (*error_set_sink(void (*sink)(const char *message)))(const char *message);

/* Where nothing sensible can follow.  die(): a worker may, its process is its own; the sink hears
 * the message with file and line, then the process exits with EXIT_INTERNAL.  BUG(): cannot be; abort(). */
#define die(...) error_die(__FILE__, __LINE__, __VA_ARGS__)
#define BUG(...) error_bug(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void error_die(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);
_Noreturn void error_bug(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
