/* SPDX-License-Identifier: MIT */
#include "core/memory.h"
#include "core/options.h"
#include "core/options_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Names wider than this get a line of their own. */
enum { NAMES_WIDTH = 30 };

/* How the value is called. */
static const char *value_name(const struct option_spec *spec)
{
	static const char *const names[] = {
		[OPTION_FLAG] = "", [OPTION_INT] = "N", [OPTION_REAL] = "X", [OPTION_TEXT] = "TEXT"};

	if (spec->type == OPTION_FLAG)
		return "";
	if (spec->value)
		return spec->value;
	return spec->type == OPTION_CHOICE ? spec->choices : names[spec->type];
}

/* "  --batch-size N" */
static char *left_column(const struct option_spec *spec)
{
	const char *value = value_name(spec);

	return memory_text("  --%s%s%s", spec->name, *value ? " " : "", value);
}

static int column_width(const struct option_spec *specs)
{
	size_t width = 0;

	for (; specs->name; specs++) {
		char *left = left_column(specs);
		size_t length = strlen(left);

		free(left);
		if (length > width && length <= NAMES_WIDTH)
			width = length;
	}
	return (int)width;
}

/* "epoch, total or label", in the place of "epoch|total|label". */
static char *choice_list(const char *choices)
{
	char *list = memory_copy("");

	for (const char *bar; *choices; choices = bar + (*bar == '|')) {
		bar = choices + strcspn(choices, "|");
		const char *before = !*list ? "" : *bar ? ", " : " or ";
		char *longer = memory_text("%s%s%.*s", list, before, (int)(bar - choices), choices);
		free(list);
		list = longer;
	}
	return list;
}

/* " (1 to 64, default 8)", " (epoch, total or label; default epoch)"; a range without an upper end,
 * and choices that the left column has, say nothing that a reader needs. */
static void print_limits(FILE *out, const struct option_spec *spec)
{
	bool listed = spec->type == OPTION_CHOICE && spec->value;
	bool number = spec->type == OPTION_INT || spec->type == OPTION_REAL;
	bool ranged = number && isfinite(spec->min) && isfinite(spec->max);
	bool preset = spec->fallback && spec->type != OPTION_FLAG;
	char range[OPTION_WHY_SIZE] = "";

	if (ranged)
		option_range(spec, range);
	char *choices = choice_list(listed ? spec->choices : "");
	if (ranged || listed || preset)
		fprintf(out, " (%s%s%s%s%s)", range, choices,
		        !preset  ? ""
		        : listed ? "; "
		        : ranged ? ", "
		                 : "",
		        preset ? "default " : "", preset ? spec->fallback : "");
	free(choices);
}

void options_help(FILE *out, const struct option_spec *specs)
{
	int width = column_width(specs);

	for (; specs->name; specs++) {
		char *left = left_column(specs);

		if (strlen(left) > NAMES_WIDTH)
			fprintf(out, "%s\n%*s", left, width, "");
		else
			fprintf(out, "%-*s", width, left);
		fprintf(out, "   %s", specs->help);
		print_limits(out, specs);
		fputc('\n', out);
		free(left);
	}
}
