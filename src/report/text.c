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

/* C0 and C1 controls, bytes that begin no character, and what hides text or turns its direction:
 * U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF. */
static bool is_control(const unsigned char *at)
{
	if (at[0] < 0x20 || (at[0] >= 0x7f && at[0] < 0xc2) || at[0] > 0xf4)
		return true;
	if (at[0] == 0xc2)
		return at[1] < 0xa0;
	if (at[0] == 0xe2 && at[1] == 0x80)
		return (at[2] >= 0x8b && at[2] <= 0x8f) || (at[2] >= 0xa8 && at[2] <= 0xae);
	if (at[0] == 0xe2 && at[1] == 0x81)
		return at[2] >= 0xa0 && at[2] <= 0xaf;
	return at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf;
}

char *text_visible(const char *text)
{
	char *copy = memory_new(strlen(text) + 1, 4), *to = copy; /* \xNN: four for one */

	while (*text) {
		size_t size = character_size(text);
		if (*text == '\t')
			*to++ = ' ';
		else if (!is_control((const unsigned char *)text))
			to = (char *)memcpy(to, text, size) + size;
		else
			for (size_t i = 0; i < size; i++)
				to += sprintf(to, "\\x%02x", (unsigned char)text[i]);
		text += size;
	}
	*to = '\0';
	return copy;
}

size_t text_columns(const char *text)
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

/* The bytes of `text` that fit in a line of `room` columns: up to a space where there is one. */
static size_t line_bytes(const char *text, size_t room)
{
	size_t bytes = bytes_of_columns(text, room), cut = bytes;

	if (!text[bytes])
		return bytes;
	while (cut > 0 && text[cut] != ' ')
		cut--;
	return cut ? cut : bytes;
}

void text_wrap(FILE *out, const char *first, const char *text)
{
	char *visible = text_visible(text);
	int indent = (int)text_columns(first);
	const char *at = visible;

	do {
		size_t bytes = line_bytes(at, (size_t)(TEXT_WIDTH - indent));
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
