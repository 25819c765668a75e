/* SPDX-License-Identifier: MIT */
#include "report/text.h"

#include "core/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the character at `at`, of well-formed UTF-8. */
static size_t character_size(const char *at)
{
	size_t size = 1;

	while (((unsigned char)at[size] & 0xc0) == 0x80)
		size++;
	return size;
}

static size_t count_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text += character_size(text))
		columns++;
	return columns;
}

/* The bytes of the first `columns` characters. */
static size_t bytes_of_columns(const char *text, size_t columns)
{
	size_t bytes = 0;

	while (columns-- > 0 && text[bytes])
		bytes += character_size(text + bytes);
	return bytes;
}

/* The bytes of `text` before the last space, of its first `bytes` and one, that stands behind one of
 * the letters `behind`, any where that is NULL; 0: there is none. */
static size_t last_space(const char *text, size_t bytes, const char *behind)
{
	while (bytes > 0 && (text[bytes] != ' ' || (behind && !strchr(behind, text[bytes - 1]))))
		bytes--;
	return bytes;
}

/* The bytes of `text` that fit in a line of `room` columns: up to a space where there is one. */
static size_t line_bytes(const char *text, size_t room, const char *behind)
{
	size_t bytes = bytes_of_columns(text, room), cut = 0;

	if (!text[bytes])
		return bytes;
	if (behind)
		cut = last_space(text, bytes, behind);
	if (!cut)
		cut = last_space(text, bytes, NULL);
	return cut ? cut : bytes;
}

static void wrap(FILE *out, const char *first, const char *text, const char *behind)
{
	char *visible = memory_visible(text);
	int indent = (int)count_columns(first);
	const char *at = visible;

	do {
		size_t bytes = line_bytes(at, (size_t)(TEXT_WIDTH - indent), behind);
		if (at == visible)
			fputs(first, out);
		else
			fprintf(out, "%*s", indent, "");
		fprintf(out, "%.*s\n", (int)bytes, at);
		at += bytes;
		at += strspn(at, " ");
	} while (*at);
	free(visible);
}

void text_wrap(FILE *out, const char *first, const char *text)
{
	wrap(out, first, text, NULL);
}

void text_wrap_parts(FILE *out, const char *text)
{
	wrap(out, "", text, ",;");
}
