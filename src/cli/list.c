/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "core/event.h"
#include "core/memory.h"
#include "runner/catalog.h"
#include "runner/log.h"
#include "runner/machine.h"
#include "runner/selection.h"

#include <stdlib.h>
#include <string.h>

#define LIST_SCHEMA "cnnbench-list-1"

static const struct option_spec list_options[] = {
	{.name = "json", .type = OPTION_FLAG, .help = "one JSON object, for programs"},
	{0},
};

/* ---- for people ---- */

static void print_visible(const char *text)
{
	char *visible = memory_visible(text);
	fputs(visible, stdout);
	free(visible);
}

static void print_state(const struct candidate *candidate)
{
	const char *variant = event_text(candidate->hello, "variant");
	print_visible(candidate->ready ? event_text(candidate->hello, "device") : candidate->reason);
	if (candidate->ready && *variant) {
		fputs(", ", stdout);
		print_visible(variant);
	}
	if (candidate->ready && json_is_true(json_object_get(candidate->hello, "simulated")))
		fputs(", simulated: never ranked", stdout);
	putchar('\n');
}

/* "isa=auto|avx2|generic", "threads=N", "compile" */
static char *option_form(const struct option_spec *spec)
{
	static const char *const values[] = {
		[OPTION_INT] = "N", [OPTION_REAL] = "X", [OPTION_TEXT] = "TEXT", [OPTION_CHOICE] = "WORD"};
	if (spec->type == OPTION_FLAG)
		return memory_copy(spec->name);
	const char *value = spec->choices ? spec->choices : spec->value;
	return memory_text("%s=%s", spec->name, value ? value : values[spec->type]);
}

static int forms_width(const struct option_spec *specs)
{
	int width = 0;
	for (; specs && specs->name; specs++) {
		char *form = option_form(specs);
		width = (int)strlen(form) > width ? (int)strlen(form) : width;
		free(form);
	}
	return width + 2;
}

static void print_option(const struct option_spec *spec, int indent, int width)
{
	char *form = option_form(spec);
	printf("%*s:", indent, "");
	print_visible(form);
	printf("%*s", (int)strlen(form) < width ? width - (int)strlen(form) : 0, "");
	print_visible(spec->help);
	if (spec->fallback && spec->type != OPTION_FLAG) {
		fputs(" (default ", stdout);
		print_visible(spec->fallback);
		putchar(')');
	}
	putchar('\n');
	free(form);
}

static void print_indented(int indent, const char *text)
{
	if (!*text)
		return;
	printf("%*s", indent, "");
	print_visible(text);
	putchar('\n');
}

/* Those that "all+best" and "all+variants" add, as --platform takes them. */
static void print_variants(const struct candidate *candidate, int indent)
{
	const json_t *variants = json_object_get(candidate->hello, "variants");
	if (!candidate->ready || json_array_size(variants) == 0)
		return;
	printf("%*svariants, the best first:", indent, "");
	for (size_t i = 0; i < json_array_size(variants); i++) {
		printf(" %s:", candidate->platform);
		print_visible(json_string_value(json_array_get(variants, i)));
	}
	putchar('\n');
}

static void print_candidate(const struct candidate *candidate, int width)
{
	const int indent = width + 2;
	printf("%-*s  %-13s", width, candidate->platform, candidate->ready ? "ready" : "unavailable");
	print_state(candidate);
	print_indented(indent, event_text(candidate->hello, "summary"));
	if (!candidate->ready)
		print_indented(indent, candidate->help);
	for (const struct option_spec *spec = candidate->specs; spec && spec->name; spec++)
		print_option(spec, indent, forms_width(candidate->specs));
	print_variants(candidate, indent);
}

static void print_selection(const struct selection *selection)
{
	int width = 11;
	for (size_t i = 0; i < selection->count; i++)
		if ((int)strlen(selection->items[i].platform) > width)
			width = (int)strlen(selection->items[i].platform);
	for (size_t i = 0; i < selection->count; i++)
		print_candidate(&selection->items[i], width);
}

/* ---- for programs ---- */

static json_t *candidate_record(const struct candidate *candidate)
{
	static const char *const members[] = {"summary",   "device",    "device_kind",
	                                      "variant",   "simulated", "precision",
	                                      "libraries", "compiler",  "flags"};
	json_t *record =
		json_pack("{ss so sb so so}", "platform", candidate->platform, "path",
	              log_text(candidate->path), "ready", candidate->ready, "reason",
	              log_text_or_null(candidate->reason), "help", log_text_or_null(candidate->help));
	if (!record)
		BUG("the platform %s cannot be written as JSON", candidate->platform);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		json_t *value = json_object_get(candidate->hello, members[i]);
		json_object_set_new(record, members[i], value ? json_incref(value) : json_null());
	}
	json_object_set_new(record, "options",
	                    candidate->specs ? options_specs_record(candidate->specs) : json_array());
	const json_t *variants = json_object_get(candidate->hello, "variants");
	json_object_set_new(record, "variants",
	                    candidate->ready && variants ? json_deep_copy(variants) : json_array());
	return record;
}

static void print_json(const struct selection *selection)
{
	json_t *platforms = json_array();
	for (size_t i = 0; i < selection->count; i++)
		json_array_append_new(platforms, candidate_record(&selection->items[i]));
	json_t *record = json_pack("{ss so}", "schema", LIST_SCHEMA, "platforms", platforms);
	json_dumpf(record, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(record);
}

/* ---- */

static int list_run(const struct options *options, char *const *words)
{
	struct catalog catalog;
	struct selection selection;
	(void)words;
	if (catalog_find(&catalog) != 0)
		return EXIT_USAGE;
	int code = EXIT_USAGE;
	if (selection_make(&selection, &catalog, NULL, machine_threads()) == 0) {
		code = selection.count ? EXIT_FINE : EXIT_NOTHING;
		if (options_flag(options, "json"))
			print_json(&selection);
		else
			print_selection(&selection);
		if (selection.count == 0)
			error(
				"there is no platform: no program worker-<name> lies beside cnnbench or in CNNBENCH_PATH; run make");
		selection_free(&selection);
	}
	catalog_free(&catalog);
	return code;
}

const struct command command_list = {
	.name = "list",
	.summary =
		"Tell of every platform whether it is ready here, why not, and what options it takes.",
	.options = list_options,
	.notes =
		"Options of a platform follow its name: --platform 'c_cpu:threads=1'; more than one are joined by +.",
	.run = list_run,
};
