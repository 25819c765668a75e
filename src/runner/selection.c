/* SPDX-License-Identifier: MIT */
#include "runner/selection.h"

#include "core/error.h"
#include "core/memory.h"
#include "core/text.h"
#include "runner/probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names that the original system used. */
static const struct {
	const char *alias, *platform;
} aliases[] = {{"cpu_numba", "numba_cpu"}, {"cuda_numba", "numba_cuda"}};

/* What is being made, beside the candidates what the user wrote after their colons ("" if nothing). */
struct wish {
	const struct catalog *catalog;
	struct selection *selection;
	char **written; /* one a candidate */
	int threads;
};

/* ---- names ---- */

const char *selection_platform(const char *name)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (strcmp(aliases[i].alias, name) == 0)
			return aliases[i].platform;
	return name;
}

static void candidate_add(struct wish *wish, const struct catalog_entry *entry, const char *written,
                          bool named)
{
	struct selection *selection = wish->selection;
	selection->items =
		memory_grow(selection->items, selection->count + 1, sizeof(*selection->items));
	wish->written = memory_grow(wish->written, selection->count + 1, sizeof(*wish->written));
	wish->written[selection->count] = memory_copy(written);
	selection->items[selection->count++] = (struct candidate){
		.platform = memory_copy(entry->name),
		.path = memory_copy(entry->path),
		.named = named,
	};
}

static int refuse_name(const struct catalog *catalog, const char *option, const char *name)
{
	const char **names = memory_new(catalog->count + 1, sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < catalog->count; i++)
		if (!catalog->entries[i].hidden)
			names[count++] = catalog->entries[i].name;
	names[count++] = "all";
	const char *near = options_nearest(name, names, count);
	if (near)
		error("%s: there is no platform '%s'; did you mean '%s'?", option, name, near);
	else
		error("%s: there is no platform '%s'; 'cnnbench list' shows all", option, name);
	free(names);
	return -1;
}

/* One item between two commas: "all", "name" or "name:options". */
static int take_item(struct wish *wish, char *item)
{
	char *written = strchr(item, ':');
	if (written)
		*written++ = '\0';
	if (!*item || (written && !*written))
		return error("--platform: there is an empty %s; write it as in c_cpu,c_cpu:threads=1",
		             *item ? "list of options after the colon" : "name");
	if (strcmp(item, "all") == 0 && written)
		return error("--platform: 'all' takes no options; name the platform that '%s' is meant for",
		             written);
	if (strcmp(item, "all") == 0) {
		for (size_t i = 0; i < wish->catalog->count; i++)
			if (!wish->catalog->entries[i].hidden)
				candidate_add(wish, &wish->catalog->entries[i], "", false);
		return 0;
	}
	const struct catalog_entry *entry = catalog_lookup(wish->catalog, selection_platform(item));
	if (!entry)
		return refuse_name(wish->catalog, "--platform", item);
	candidate_add(wish, entry, written ? written : "", true);
	return 0;
}

static int take_text(struct wish *wish, const char *text)
{
	char *copy = memory_copy(text), *rest = copy;
	int result = 0;
	for (char *item; result == 0 && (item = strsep(&rest, ","));)
		result = take_item(wish, item);
	free(copy);
	return result;
}

static int check_name(const struct catalog *catalog, const char *option, const char *item)
{
	char *name = memory_copy(item);
	name[strcspn(name, ":")] = '\0';
	int result = 0;
	if (!*name)
		result = error("%s: there is an empty name; write it as in c_cpu,c_cpu:threads=1", option);
	else if (!catalog_lookup(catalog, selection_platform(name)))
		result = refuse_name(catalog, option, name);
	free(name);
	return result;
}

int selection_check_names(const struct catalog *catalog, const char *option, const char *text)
{
	char *copy = memory_copy(text), *rest = copy;
	int result = 0;
	for (char *item; result == 0 && (item = strsep(&rest, ","));)
		result = check_name(catalog, option, item);
	free(copy);
	return result;
}

/* ---- probes ---- */

static const struct candidate *first_of_its_platform(const struct selection *selection,
                                                     const char *platform)
{
	const struct candidate *candidate = selection->items;
	while (strcmp(candidate->platform, platform) != 0)
		candidate++;
	return candidate;
}

/* Each platform once, with its defaults: that tells its table of options. */
static void probe_platforms(struct selection *selection)
{
	struct candidate **probed = memory_new(selection->count + 1, sizeof(struct candidate *));
	size_t count = 0;
	for (size_t i = 0; i < selection->count; i++)
		if (first_of_its_platform(selection, selection->items[i].platform) == &selection->items[i])
			probed[count++] = &selection->items[i];
	probe_all(probed, count);
	for (size_t i = 0; i < selection->count; i++) {
		struct candidate *candidate = &selection->items[i];
		const struct candidate *first = first_of_its_platform(selection, candidate->platform);
		if (first == candidate)
			continue;
		candidate->hello = json_incref(first->hello);
		candidate->ready = first->ready;
		candidate->reason = first->reason ? memory_copy(first->reason) : NULL;
		candidate->help = first->help ? memory_copy(first->help) : NULL;
	}
	free(probed);
}

/* Those with options of their own once more: "isa=avx512" may not be possible here. */
static void probe_variants(struct wish *wish)
{
	struct selection *selection = wish->selection;
	struct candidate **probed = memory_new(selection->count + 1, sizeof(struct candidate *));
	size_t count = 0;
	for (size_t i = 0; i < selection->count; i++)
		if (selection->items[i].options && *wish->written[i])
			probed[count++] = &selection->items[i];
	probe_all(probed, count);
	free(probed);
}

/* ---- options and labels ---- */

/* --threads is the default of a platform's "threads": so it is handed over, and no part of the label. */
static void default_threads(struct option_spec *specs, int threads)
{
	for (struct option_spec *spec = specs; spec->name; spec++)
		if (strcmp(spec->name, "threads") == 0 && spec->type == OPTION_INT) {
			free((char *)spec->fallback);
			spec->fallback = memory_text("%d", (int)fmax(spec->min, fmin(spec->max, threads)));
		}
}

static char table_fault[256];

static void keep_fault(const char *message)
{
	snprintf(table_fault, sizeof(table_fault), "%s", message);
}

/* What is wrong with a worker's table is that platform's own fault: its reason, not an error of ours. */
static void read_specs(struct candidate *candidate)
{
	const json_t *table = json_object_get(candidate->hello, "specs");
	if (!table)
		return;
	void (*sink)(const char *) = error_set_sink(keep_fault);
	candidate->specs = options_specs_read(table);
	error_set_sink(sink);
	if (candidate->specs || !candidate->ready)
		return;
	candidate->ready = false;
	candidate->reason = memory_copy(table_fault);
	candidate->help = memory_copy("its author must mend what it says with --probe");
}

static int set_options(struct candidate *candidate, const char *written, int threads)
{
	read_specs(candidate);
	if (!candidate->specs)
		return 0;
	default_threads(candidate->specs, threads);
	candidate->options = options_new(candidate->specs);
	char *prefix = memory_text("%s:", candidate->platform);
	options_prefix(candidate->options, prefix);
	free(prefix);
	char *copy = memory_copy(written), *rest = *written ? copy : NULL;
	int result = 0;
	for (char *option; result == 0 && (option = strsep(&rest, "+"));) {
		char *value = strchr(option, '=');
		if (value)
			*value++ = '\0';
		result = options_set(candidate->options, option, value);
	}
	free(copy);
	return result;
}

/* Where the table of options is not known, they stand as they were written. */
static char *make_label(const struct candidate *candidate, const char *written)
{
	char *canonical =
		candidate->options ? options_canonical(candidate->options) : memory_copy(written);
	char *label = memory_text("%s%s%s", candidate->platform, *canonical ? ":" : "", canonical);
	free(canonical);
	return label;
}

static bool file_taken(const struct selection *selection, size_t before, const char *file)
{
	for (size_t i = 0; i < before; i++)
		if (strcasecmp(selection->items[i].file, file) ==
		    0) /* macOS: names differ by more than case */
			return true;
	return false;
}

static char *make_file(const struct selection *selection, size_t index)
{
	char *plain = memory_copy(selection->items[index].label);
	text_file_name(plain);
	char *file = memory_copy(plain);
	for (int number = 2; file_taken(selection, index, file); number++) {
		free(file);
		file = memory_text("%s-%d", plain, number);
	}
	free(plain);
	return file;
}

static int check_twice(const struct selection *selection, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(selection->items[i].label, selection->items[index].label) == 0)
			return error(
				"--platform: '%s' stands there twice; name it once (--runs N trains it N times)",
				selection->items[index].label);
	return 0;
}

static int name_candidates(struct wish *wish)
{
	struct selection *selection = wish->selection;
	for (size_t i = 0; i < selection->count; i++) {
		struct candidate *candidate = &selection->items[i];
		if (set_options(candidate, wish->written[i], wish->threads) != 0)
			return -1;
		candidate->label = make_label(candidate, wish->written[i]);
		candidate->file = make_file(selection, i);
		if (check_twice(selection, i) != 0)
			return -1;
	}
	return 0;
}

/* ---- */

static bool is_utf8(const char *text)
{
	json_t *value = json_string(text);
	const bool right = value != NULL;
	json_decref(value);
	return right;
}

int selection_make(struct selection *selection, const struct catalog *catalog, const char *text,
                   int threads)
{
	struct wish wish = {.catalog = catalog, .selection = selection, .threads = threads};
	*selection = (struct selection){0};
	if (text && !is_utf8(text)) /* it becomes labels, which journals and JSON hold */
		return error("--platform: '%s' is no UTF-8; write names and options in UTF-8", text);
	int result = take_text(&wish, text ? text : "all");
	if (result == 0) {
		probe_platforms(selection);
		result = name_candidates(&wish);
	}
	if (result == 0)
		probe_variants(&wish);
	for (size_t i = 0; i < selection->count; i++)
		free(wish.written[i]);
	free(wish.written);
	if (result != 0)
		selection_free(selection);
	return result;
}

void selection_free(struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++) {
		struct candidate *candidate = &selection->items[i];
		free(candidate->platform);
		free(candidate->path);
		free(candidate->label);
		free(candidate->file);
		options_free(candidate->options);
		options_specs_free(candidate->specs);
		json_decref(candidate->hello);
		free(candidate->reason);
		free(candidate->help);
	}
	free(selection->items);
	*selection = (struct selection){0};
}

char **selection_arguments(const struct candidate *candidate)
{
	json_t *record = candidate->options ? options_record(candidate->options) : json_object(),
		   *value;
	char **words = memory_new(2 * json_object_size(record) + 1, sizeof(*words));
	size_t count = 0;
	const char *name;
	json_object_foreach (record, name, value) {
		if (json_is_null(value))
			continue;
		char *text = options_record_text(value);
		words[count++] = memory_copy("--option");
		words[count++] = memory_text("%s=%s", name, text);
		free(text);
	}
	json_decref(record);
	return words;
}
