/* SPDX-License-Identifier: MIT */
#include "report/csv.h"

#include "core/error.h"
#include "core/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct csv {
	char *text;
	size_t size;
	FILE *file;
	bool started; /* the row has a cell */
};

struct csv *csv_begin(void)
{
	struct csv *csv = memory_new(1, sizeof(*csv));

	csv->file = open_memstream(&csv->text, &csv->size);
	if (!csv->file)
		die("out of memory");
	return csv;
}

static void next_cell(struct csv *csv)
{
	if (csv->started)
		fputc(',', csv->file);
	csv->started = true;
}

/* OWASP, "CSV injection": these begin a formula, or lead a spreadsheet to one. */
static bool is_formula(const char *text)
{
	return strchr("=+-@", *text) || (unsigned char)*text < ' ';
}

void csv_text(struct csv *csv, const char *text)
{
	next_cell(csv);
	if (!text || !*text)
		return;
	char *visible = memory_visible(text);
	const bool quoted = strpbrk(visible, ",\"") != NULL;
	if (quoted)
		fputc('"', csv->file);
	if (is_formula(text))
		fputc('\'', csv->file);
	for (const char *at = visible; *at; at++) {
		if (*at == '"')
			fputc('"', csv->file);
		fputc(*at, csv->file);
	}
	if (quoted)
		fputc('"', csv->file);
	free(visible);
}

void csv_number(struct csv *csv, double value, int decimals)
{
	next_cell(csv);
	if (!isfinite(value))
		return;
	fprintf(csv->file, "%.*f", decimals, value);
}

void csv_significant(struct csv *csv, double value, int digits)
{
	next_cell(csv);
	if (!isfinite(value))
		return;
	fprintf(csv->file, "%.*g", digits, value);
}

void csv_row(struct csv *csv)
{
	fputc('\n', csv->file);
	csv->started = false;
}

void csv_header(struct csv *csv, const char *const *names)
{
	for (; *names; names++)
		csv_text(csv, *names);
	csv_row(csv);
}

char *csv_end(struct csv *csv, size_t *size)
{
	if (fclose(csv->file))
		die("out of memory");
	char *text = csv->text;
	*size = csv->size;
	free(csv);
	return text;
}
