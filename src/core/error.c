/* SPDX-License-Identifier: MIT */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer messages are cut: the end of a hostile file name is no loss. */
enum { MESSAGE_MAX = 2048, VISIBLE_MAX = 4 * MESSAGE_MAX };

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

/* The length of the well-formed UTF-8 character at `text` that is safe to print, or 0.
 * Source: the Unicode Standard, table 3-7.  U+0080 to U+009F are control characters too. */
static size_t printable_length(const unsigned char *text)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high;
		size_t length;
	} forms[] = {
		{0x20, 0x7e, 0x00, 0x00, 1}, {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (text[0] < forms[i].first_low || text[0] > forms[i].first_high)
			continue;
		if (forms[i].length == 1)
			return 1;
		if (text[1] < forms[i].second_low || text[1] > forms[i].second_high)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((text[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

/* Copy `text`, every byte that is not printable as \xNN, so that the message stays one line and
 * cannot steer a terminal. */
static void make_visible(const char *text, char out[VISIBLE_MAX + 1])
{
	const unsigned char *from = (const unsigned char *)text;
	size_t used = 0;

	while (*from) {
		size_t length = printable_length(from);

		if (length == 0) {
			used += (size_t)snprintf(out + used, 5, "\\x%02x", *from++);
			continue;
		}
		memcpy(out + used, from, length);
		used += length;
		from += length;
	}
	out[used] = '\0';
}

PRINTF_LIKE(2, 0)
static void message_format(char out[VISIBLE_MAX + 1], const char *format, va_list arguments)
{
	char plain[MESSAGE_MAX + 1];

	if (vsnprintf(plain, sizeof(plain), format, arguments) < 0)
		strcpy(plain, "a message that cannot be formatted");
	make_visible(plain, out);
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
