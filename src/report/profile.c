/* SPDX-License-Identifier: MIT */
#include "report/profile.h"

#include "core/memory.h"
#include "core/statistics.h"
#include "report/text.h"
#include "results/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Medians over the executions ---- */

static double span_seconds(const struct execution *execution)
{
	for (size_t i = 0; i < execution->n_spans; i++)
		if (strcmp(execution->spans[i].name, "profile") == 0)
			return execution->spans[i].end - execution->spans[i].begin;
	return UNMEASURED;
}

static bool is_named(const json_t *part, const char *layer, const char *direction)
{
	const char *own_layer = field_text(part, "layer"), *own = field_text(part, "direction");

	return own_layer && own && strcmp(own_layer, layer) == 0 && strcmp(own, direction) == 0;
}

static double part_seconds(const struct execution *execution, const char *layer,
                           const char *direction)
{
	const json_t *part;
	size_t i;

	json_array_foreach (execution->profile, i, part)
		if (is_named(part, layer, direction))
			return field_number(part, "seconds");
	return UNMEASURED;
}

/* Of a part, or, where `layer` is NULL, of the whole span. */
static double median_seconds(const struct contestant *contestant, const char *layer,
                             const char *direction)
{
	double *values = memory_new(contestant->n_executions + 1, sizeof(*values));
	size_t n = 0;

	for (size_t i = 0; i < contestant->n_executions; i++) {
		const struct execution *execution = &contestant->executions[i];
		double seconds = !execution->profile ? UNMEASURED
		                 : layer             ? part_seconds(execution, layer, direction)
		                                     : span_seconds(execution);
		if (isfinite(seconds) && seconds >= 0)
			values[n++] = seconds;
	}
	double median = statistics_spread(values, n).median;
	free(values);
	return median;
}

/* The parts that the first execution with a profile told of, or NULL. */
static const json_t *parts_of(const struct row *row)
{
	for (size_t i = 0; i < row->contestant->n_executions; i++)
		if (row->contestant->executions[i].profile)
			return row->contestant->executions[i].profile;
	return NULL;
}

json_t *profile_record(const struct row *row)
{
	const json_t *parts = parts_of(row), *part;
	json_t *medians = json_array();
	size_t i;

	json_array_foreach (parts, i, part) {
		const char *layer = field_text(part, "layer"), *direction = field_text(part, "direction");
		if (layer && direction)
			json_array_append_new(
				medians,
				json_pack("{s:s, s:s, s:o}", "layer", layer, "direction", direction, "seconds",
			              field_number_new(median_seconds(row->contestant, layer, direction))));
	}
	if (parts)
		return json_pack("{s:o, s:o}", "epoch_seconds",
		                 field_number_new(median_seconds(row->contestant, NULL, NULL)), "parts",
		                 medians);
	json_decref(medians);
	return json_null();
}

/* ---- The table ---- */

static void print_line(const char *layer, const char *direction, double seconds, double epoch,
                       FILE *out)
{
	fprintf(out, "  %-8s %-10s %9.2f %5.1f%%\n", layer, direction, 1e3 * seconds,
	        100 * seconds / epoch);
}

static void print_row(const struct row *row, FILE *out)
{
	json_t *profile = profile_record(row), *part;
	const double epoch = field_number(profile, "epoch_seconds");
	double rest = epoch;
	size_t i;

	fprintf(out, "%s by layer, ms of an epoch of %.1f ms and share of it:\n", row->name,
	        1e3 * epoch);
	json_array_foreach (json_object_get(profile, "parts"), i, part) {
		char *layer = memory_visible(field_text(part, "layer"));
		char *direction = memory_visible(field_text(part, "direction"));
		double seconds = field_number(part, "seconds");
		print_line(layer, direction, seconds, epoch, out);
		rest -= seconds;
		free(layer);
		free(direction);
	}
	print_line("", "the rest", rest, epoch, out);
	json_decref(profile);
}

static bool was_asked_for(const struct row *row)
{
	const json_t *options = json_object_get(row->results->run, "options");

	return json_is_true(json_object_get(options, "profile"));
}

/* "cannot tell the time of layers: numba_cpu, pytorch_cpu" */
static void print_without(const struct comparison *comparison, FILE *out)
{
	char *names = memory_copy("");

	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		const json_t *hello = contestant_hello(row->contestant);
		if (!was_asked_for(row) || json_is_true(json_object_get(hello, "profile")))
			continue;
		char *longer = memory_text("%s%s%s", names, *names ? ", " : "", row->name);
		free(names);
		names = longer;
	}
	if (*names)
		text_wrap(out, "cannot tell the time of layers: ", names);
	free(names);
}

void profile_print(const struct comparison *comparison, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < comparison->n_rows; i++)
		if (parts_of(&comparison->rows[i])) {
			print_row(&comparison->rows[i], out);
			any = true;
		}
	print_without(comparison, out);
	if (any)
		fputs(
			"by layer: one more epoch, with the clock read around its parts; never ranked.  Of all\n"
			"threads, divided by their number; the rest: threads that wait, and what has no name.\n",
			out);
}
