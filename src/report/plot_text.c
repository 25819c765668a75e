/* SPDX-License-Identifier: MIT */
#include "report/plot_text.h"

#include "core/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static size_t character_size(const char *at)
{
	size_t size = 1;

	while (((unsigned char)at[size] & 0xc0) == 0x80)
		size++;
	return size;
}

/* Letters of East Asia and pictures are about twice as wide; they begin at U+1100. */
static int character_columns(const char *at)
{
	return (unsigned char)*at > 0xe1 || ((unsigned char)*at == 0xe1 && (unsigned char)at[1] > 0x83)
	           ? 2
	           : 1;
}

size_t plot_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text += character_size(text))
		columns += (size_t)character_columns(text);
	return columns;
}

size_t plot_columns_of(int pixels, int size)
{
	return (size_t)(pixels / (PLOT_LETTER * size));
}

char *plot_shorten(const char *text, size_t room, size_t tail)
{
	static const char ellipsis[] = "\u2026";
	const size_t columns = plot_columns(text);
	size_t at = 0;

	if (columns <= room)
		return memory_copy(text);
	char *out = memory_new(strlen(text) + sizeof(ellipsis), 1), *end = out;
	bool cut = false;
	for (const char *from = text; *from; from += character_size(from)) {
		const bool stays = at + tail + 1 < room || at >= columns - tail;
		const char *part = stays ? from : ellipsis;
		const size_t size = stays ? character_size(from) : cut ? 0 : strlen(ellipsis);
		memcpy(end, part, size);
		end += size;
		cut = cut || !stays;
		at += (size_t)character_columns(from);
	}
	return out;
}

/* gnuplot undoes \ooo in strings, and takes no other sign for special where tabs part the fields. */
void plot_put_field(FILE *file, const char *text)
{
	char *visible = memory_visible(text);

	for (const char *at = visible; *at; at++)
		if (*at == '"' || *at == '\\' || *at == '\'')
			fprintf(file, "\\%03o", (unsigned)*at);
		else
			fputc(*at, file);
	if (!*visible)
		fputc('-', file);
	free(visible);
}

void plot_put_number(FILE *file, double value)
{
	if (isfinite(value))
		fprintf(file, "%.9g", value);
	else
		fputs("NaN", file);
}
