/* SPDX-License-Identifier: MIT */
#include "core/memory.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* malloc(0) may give NULL, which is no lack of memory. */
static size_t product(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		die("out of memory: %zu x %zu bytes asked for", count, size);
	return bytes ? bytes : 1;
}

void *memory_new(size_t count, size_t size)
{
	size_t bytes = product(count, size);
	void *memory = calloc(1, bytes);

	if (!memory)
		die("out of memory: %zu bytes asked for", bytes);
	return memory;
}

void *memory_grow(void *old, size_t count, size_t size)
{
	size_t bytes = product(count, size);
	void *memory = realloc(old, bytes);

	if (!memory)
		die("out of memory: %zu bytes asked for", bytes);
	return memory;
}

void memory_die(size_t bytes, const char *what)
{
	die("out of memory: %.1f MB are needed for %s", 1e-6 * (double)bytes, what);
}

char *memory_text(const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		die("a text cannot be formatted: %s", format);
	text = memory_new((size_t)length + 1, 1);
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}

char *memory_copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(memory_new(size, 1), text, size);
}

void memory_free_words(char **words)
{
	for (char **word = words; *word; word++)
		free(*word);
	free(words);
}

char *memory_visible(const char *text)
{
	char *visible = memory_new(strlen(text) + 1, TEXT_GROWTH);

	text_visible(text, visible);
	return visible;
}
