/* SPDX-License-Identifier: MIT */
#include "core/text.h"

#include "core/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The length of the well-formed UTF-8 character at `text` that is no control character, or 0.
 * Source: the Unicode Standard, table 3-7.  U+0080 to U+009F are control characters too. */
static size_t character_length(const unsigned char *text)
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

/* U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF. */
static bool is_hidden(const unsigned char *at)
{
	if (at[0] == 0xe2 && at[1] == 0x80)
		return (at[2] >= 0x8b && at[2] <= 0x8f) || (at[2] >= 0xa8 && at[2] <= 0xae);
	if (at[0] == 0xe2 && at[1] == 0x81)
		return at[2] >= 0xa0 && at[2] <= 0xaf;
	return at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf;
}

void text_visible(const char *text, char *out)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		size_t length = character_length(at);

		if (*at == '\t') {
			*out++ = ' ';
			at++;
		} else if (length > 0 && !is_hidden(at)) {
			out = (char *)memcpy(out, at, length) + length;
			at += length;
		} else {
			const unsigned char *end = at + (length ? length : 1);
			while (at < end)
				out += sprintf(out, "\\x%02x", *at++);
		}
	}
	*out = '\0';
}

char *text_shell_word(const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=+,@%";
	if (*text && text[strspn(text, plain)] == '\0')
		return memory_copy(text);
	char *word = memory_new(4 * strlen(text) + 3, 1), *out = word; /* a quote becomes '\'' */
	*out++ = '\'';
	for (; *text; text++)
		out = stpcpy(out, *text == '\'' ? "'\\''" : (const char[]){*text, '\0'});
	strcpy(out, "'");
	return word;
}

void text_file_name(char *text)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	for (char *at = text + strspn(text, letters); *at; at += strspn(at, letters))
		*at = '-';
}
