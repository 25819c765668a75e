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

/* The names that stand for many, and how many variants of each platform they add to its default form. */
static const struct group {
	const char *name;
	size_t variants;
} groups[] = {{"all", 0}, {"all+best", 1}, {"all+variants", SIZE_MAX}};
enum { GROUPS = sizeof(groups) / sizeof(*groups) };

/* What is being made, and beside each candidate what is not yet part of it. */
struct wish {
	const struct catalog *catalog;
	struct selection *selection;
	struct wished {
		char *written;   /* what stands after the colon; "" if nothing */
		size_t variants; /* of its platform, to be added when its probe has told them */
		bool added;      /* it is such a variant: left out where another has its label */
	} * wished;          /* one a candidate */
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

/* Takes over what both hold. */
static void candidate_push(struct wish *wish, struct candidate candidate, struct wished wished)
{
	struct selection *selection = wish->selection;
	selection->items =
		memory_grow(selection->items, selection->count + 1, sizeof(*selection->items));
	wish->wished = memory_grow(wish->wished, selection->count + 1, sizeof(*wish->wished));
	wish->wished[selection->count] = wished;
	selection->items[selection->count++] = candidate;
}

static struct candidate candidate_new(const char *platform, const char *path, bool named)
{
	return (struct candidate){
		.platform = memory_copy(platform),
		.path = memory_copy(path),
		.named = named,
	};
}

static void add_group(struct wish *wish, const struct group *group)
{
	for (size_t i = 0; i < wish->catalog->count; i++) {
		const struct catalog_entry *entry = &wish->catalog->entries[i];
		if (!entry->hidden)
			candidate_push(
				wish, candidate_new(entry->name, entry->path, false),
				(struct wished){.written = memory_copy(""), .variants = group->variants});
	}
}

static const struct group *find_group(const char *name)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (strcmp(groups[i].name, name) == 0)
			return &groups[i];
	return NULL;
}

static int refuse_name(const struct catalog *catalog, const char *option, const char *name)
{
	const char **names = memory_new(catalog->count + GROUPS, sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < catalog->count; i++)
		if (!catalog->entries[i].hidden)
			names[count++] = catalog->entries[i].name;
	for (size_t i = 0; i < GROUPS; i++)
		names[count++] = groups[i].name;
	const char *near = options_nearest(name, names, count);
	if (near)
		error("%s: there is no platform '%s'; did you mean '%s'?", option, name, near);
	else
		error("%s: there is no platform '%s'; 'cnnbench list' shows all", option, name);
	free(names);
	return -1;
}

/* One item between two commas: "all", "all+best", "name" or "name:options". */
static int take_item(struct wish *wish, char *item)
{
	char *written = strchr(item, ':');
	if (written)
		*written++ = '\0';
	if (!*item || (written && !*written))
		return error("--platform: there is an empty %s; write it as in c_cpu,c_cpu:threads=1",
		             *item ? "list of options after the colon" : "name");
	const struct group *group = find_group(item);
	if (group && written)
		return error("--platform: '%s' takes no options; name the platform that '%s' is meant for",
		             item, written);
	if (group) {
		add_group(wish, group);
		return 0;
	}
	const struct catalog_entry *entry = catalog_lookup(wish->catalog, selection_platform(item));
	if (!entry)
		return refuse_name(wish->catalog, "--platform", item);
	candidate_push(wish, candidate_new(entry->name, entry->path, true),
	               (struct wished){.written = memory_copy(written ? written : "")});
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

static void copy_answer(struct candidate *candidate, const struct candidate *first)
{
	candidate->hello = json_incref(first->hello);
	candidate->ready = first->ready;
	candidate->reason = first->reason ? memory_copy(first->reason) : NULL;
	candidate->help = first->help ? memory_copy(first->help) : NULL;
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
		if (first != candidate)
			copy_answer(candidate, first);
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
		if (selection->items[i].options && *wish->wished[i].written)
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

/* What stands behind a colon: "threads=2+fast". */
static int write_options(struct options *options, const char *written)
{
	char *copy = memory_copy(written), *rest = *written ? copy : NULL;
	int result = 0;
	for (char *option; result == 0 && (option = strsep(&rest, "+"));) {
		char *value = strchr(option, '=');
		if (value)
			*value++ = '\0';
		result = options_set(options, option, value);
	}
	free(copy);
	return result;
}

/* A variant is asked for with --platform, and so has to fit there. */
static int check_variants(const struct candidate *candidate)
{
	const json_t *variants = json_object_get(candidate->hello, "variants");
	if (!candidate->specs && json_array_size(variants) > 0)
		return error("there are variants, but no table of options (specs)");
	for (size_t i = 0; i < json_array_size(variants); i++) {
		const char *variant = json_string_value(json_array_get(variants, i));
		if (!variant || !*variant || strpbrk(variant, ",:"))
			return error("the list of variants, entry %zu: no options as they follow a colon",
			             i + 1);
		struct options *options = options_new(candidate->specs);
		options_prefix(options, "the list of variants: ");
		const int result = write_options(options, variant);
		options_free(options);
		if (result != 0)
			return -1;
	}
	return 0;
}

static char table_fault[256];

static void keep_fault(const char *message)
{
	snprintf(table_fault, sizeof(table_fault), "%s", message);
}

/* What is wrong with a worker's tables is that platform's own fault: its reason, not an error of ours. */
static void read_tables(struct candidate *candidate)
{
	const json_t *table = json_object_get(candidate->hello, "specs");
	void (*sink)(const char *) = error_set_sink(keep_fault);
	candidate->specs = table ? options_specs_read(table) : NULL;
	const bool right = (candidate->specs || !table) && check_variants(candidate) == 0;
	error_set_sink(sink);
	if (right || !candidate->ready)
		return;
	candidate->ready = false;
	candidate->reason = memory_copy(table_fault);
	candidate->help = memory_copy("its author must mend what it says with --probe");
}

static int set_options(struct candidate *candidate, const char *written, int threads)
{
	if (!candidate->specs)
		return 0;
	default_threads(candidate->specs, threads);
	candidate->options = options_new(candidate->specs);
	char *prefix = memory_text("%s:", candidate->platform);
	options_prefix(candidate->options, prefix);
	free(prefix);
	return write_options(candidate->options, written);
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

/* ---- variants ---- */

static void push_variants(struct wish *wish, const struct candidate *candidate, size_t most)
{
	const json_t *variants = json_object_get(candidate->hello, "variants");
	for (size_t i = 0; candidate->ready && i < json_array_size(variants) && i < most; i++) {
		const char *written = json_string_value(json_array_get(variants, i));
		struct candidate added = candidate_new(candidate->platform, candidate->path, false);
		copy_answer(&added, candidate);
		read_tables(&added);
		candidate_push(wish, added,
		               (struct wished){.written = memory_copy(written), .added = true});
	}
}

/* Behind each candidate those of its variants that are wished for. */
static void add_variants(struct wish *wish)
{
	const struct selection before = *wish->selection;
	struct wished *wished = wish->wished;
	*wish->selection = (struct selection){0};
	wish->wished = NULL;
	for (size_t i = 0; i < before.count; i++) {
		candidate_push(wish, before.items[i], wished[i]);
		push_variants(wish, &before.items[i], wished[i].variants);
	}
	free(before.items);
	free(wished);
}

/* ---- names ---- */

static void candidate_free(struct candidate *candidate)
{
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

static void candidate_drop(struct wish *wish, size_t index)
{
	struct selection *selection = wish->selection;
	const size_t behind = --selection->count - index;
	candidate_free(&selection->items[index]);
	free(wish->wished[index].written);
	memmove(&selection->items[index], &selection->items[index + 1],
	        behind * sizeof(*selection->items));
	memmove(&wish->wished[index], &wish->wished[index + 1], behind * sizeof(*wish->wished));
}

static bool label_taken(const struct selection *selection, size_t before, const char *label)
{
	for (size_t i = 0; i < before; i++)
		if (strcmp(selection->items[i].label, label) == 0)
			return true;
	return false;
}

/* A variant that is the default form here, or was named, is no candidate of its own. */
static int name_candidates(struct wish *wish)
{
	struct selection *selection = wish->selection;
	for (size_t i = 0; i < selection->count; i++) {
		struct candidate *candidate = &selection->items[i];
		if (set_options(candidate, wish->wished[i].written, wish->threads) != 0)
			return -1;
		candidate->label = make_label(candidate, wish->wished[i].written);
		candidate->file = make_file(selection, i);
		if (!label_taken(selection, i, candidate->label))
			continue;
		if (!wish->wished[i].added)
			return error(
				"--platform: '%s' stands there twice; name it once (--runs N trains it N times)",
				candidate->label);
		candidate_drop(wish, i--);
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
		for (size_t i = 0; i < selection->count; i++)
			read_tables(&selection->items[i]);
		add_variants(&wish);
		result = name_candidates(&wish);
	}
	if (result == 0)
		probe_variants(&wish);
	for (size_t i = 0; i < selection->count; i++)
		free(wish.wished[i].written);
	free(wish.wished);
	if (result != 0)
		selection_free(selection);
	return result;
}

void selection_free(struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++)
		candidate_free(&selection->items[i]);
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
