/* SPDX-License-Identifier: MIT */
#include "core/error.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer messages are cut: the end of a hostile file name is no loss. */
enum { MESSAGE_MAX = 2048, VISIBLE_MAX = TEXT_GROWTH * MESSAGE_MAX };

static void (*message_sink)(const char *message);
static int notes_quiet;

int exit_worse(int a, int b)
{
	static const int order[] = {EXIT_INTERNAL,     EXIT_USAGE,      EXIT_DATA,    EXIT_PLATFORM,
	                            EXIT_NOT_VERIFIED, EXIT_REGRESSION, EXIT_NOTHING, EXIT_FINE};

	/* What is not in the table is 128 + n: an end by a signal overrides all else. */
	if (a > 128 || b > 128)
		return a > b ? a : b;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return EXIT_INTERNAL;
}

PRINTF_LIKE(2, 0)
static void message_format(char out[VISIBLE_MAX + 1], const char *format, va_list arguments)
{
	char plain[MESSAGE_MAX + 1];

	if (vsnprintf(plain, sizeof(plain), format, arguments) < 0)
		strcpy(plain, "a message that cannot be formatted");
	text_visible(plain, out);
}

/* One call of stdio a line, so that lines of several threads do not mix.  What stands on stdout came
 * first, and does so where both go to one place. */
static void message_print(const char *prefix, const char *message)
{
	fflush(stdout);
	fprintf(stderr, "%s%s\n", prefix, message);
}

static void message_error(const char *message)
{
	if (message_sink)
		message_sink(message);
	else
		message_print("cnnbench: error: ", message);
}

int error(const char *format, ...)
{
	char message[VISIBLE_MAX + 1];
	va_list arguments;

	va_start(arguments, format);
	message_format(message, format, arguments);
	va_end(arguments);
	message_error(message);
	return -1;
}

void warning(const char *format, ...)
{
	char message[VISIBLE_MAX + 1];
	va_list arguments;

	va_start(arguments, format);
	message_format(message, format, arguments);
	va_end(arguments);
	message_print("cnnbench: warning: ", message);
}

void note(const char *format, ...)
{
	char message[VISIBLE_MAX + 1];
	va_list arguments;

	if (notes_quiet)
		return;
	va_start(arguments, format);
	message_format(message, format, arguments);
	va_end(arguments);
	message_print("", message);
}

void error_quiet(int quiet)
{
	notes_quiet = quiet;
}

void (*error_set_sink(void (*sink)(const char *message)))(const char *message)
{
	void (*before)(const char *message) = message_sink;

	message_sink = sink;
	return before;
}

_Noreturn void error_die(const char *file, int line, const char *format, ...)
{
	char message[VISIBLE_MAX + 1];
	va_list arguments;

	va_start(arguments, format);
	message_format(message, format, arguments);
	va_end(arguments);
	error("%s:%d: %s", file, line, message);
	exit(EXIT_INTERNAL);
}

_Noreturn void error_bug(const char *file, int line, const char *format, ...)
{
	char message[VISIBLE_MAX + 1];
	va_list arguments;

	va_start(arguments, format);
	message_format(message, format, arguments);
	va_end(arguments);
	error("bug at %s:%d: %s; please report it", file, line, message);
	abort();
}
