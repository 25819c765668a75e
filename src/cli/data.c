/* SPDX-License-Identifier: MIT */
#include "cli/cache.h"
#include "cli/cli.h"
#include "core/dataset.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/synth.h"
#include "report/text.h"
#include "runner/fetch.h"
#include "runner/interrupt.h"
#include "runner/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA_SCHEMA "cnnbench-data-1"

static const struct option_spec data_options[] = {
	{.name = "json", .type = OPTION_FLAG, .help = "one JSON object, for programs"},
	{.name = "force", .type = OPTION_FLAG, .help = "fetch: also what is there and intact"},
	{.name = "dry-run", .type = OPTION_FLAG, .help = "clean: only say what it would free"},
	{0},
};

/* ---- what there is ---- */

/* Of one dataset. */
struct entry {
	const char *name;
	const char *state; /* "ready", "missing", "refused" */
	char *folder;      /* where it lies, or NULL */
	size_t n_train, n_test;
	char digest[DIGEST_SIZE];
	char *reason, *help; /* or NULL */
};

static char *refusal; /* the last message of error() while entry_find_mnist looks */

static void catch_refusal(const char *message)
{
	free(refusal);
	refusal = memory_copy(message);
}

static void take_facts(struct entry *entry, const struct dataset *dataset)
{
	entry->n_train = dataset->n_train;
	entry->n_test = dataset->n_test;
	memcpy(entry->digest, dataset->digest, sizeof(entry->digest));
}

/* Read whole, so that "ready" is true. */
static void entry_find_mnist(struct entry *entry)
{
	struct dataset dataset;
	*entry = (struct entry){.name = "mnist", .state = "missing", .folder = dataset_find_mnist()};
	if (!entry->folder) {
		entry->reason = dataset_passed_over();
		entry->help =
			memory_copy("cnnbench data fetch mnist, or set CNNBENCH_DATA to the folder of its "
		                "four files, or put them into ./data");
		return;
	}
	error_set_sink(catch_refusal);
	const int result = dataset_load(&dataset, "mnist");
	error_set_sink(NULL);
	entry->state = result == 0 ? "ready" : "refused";
	if (result == 0) {
		take_facts(entry, &dataset);
		free(entry->folder);
		entry->folder = memory_copy(dataset.source);
		dataset_free(&dataset);
	}
	entry->reason = refusal;
	refusal = NULL;
}

static void entry_find_synth(struct entry *entry)
{
	char *cache = files_cache_path();
	char *folder = cache ? memory_text("%s/data/%s", cache, DATASET_SYNTH_DIGEST) : NULL;
	*entry = (struct entry){
		.name = "synth", .state = "ready", .n_train = SYNTH_TRAIN, .n_test = SYNTH_TEST};
	memcpy(entry->digest, DATASET_SYNTH_DIGEST, sizeof(entry->digest));
	if (folder && files_is_folder(folder))
		entry->folder = memory_copy(folder);
	free(folder);
	free(cache);
}

static void entry_free(struct entry *entry)
{
	free(entry->folder);
	free(entry->reason);
	free(entry->help);
}

/* Bytes of the images and labels. */
static size_t entry_bytes(const struct entry *entry)
{
	return (entry->n_train + entry->n_test) * (28 * 28 + 1);
}

/* ---- for people ---- */

static void print_line(const char *what, const char *text)
{
	char *visible = text ? memory_visible(text) : NULL;
	if (visible)
		printf("         %s%s\n", what, visible);
	free(visible);
}

/* A sentence, in lines. */
static void print_words(const char *what, const char *text)
{
	char *first = memory_text("         %s", what);
	if (text)
		text_wrap(stdout, first, text);
	free(first);
}

static void print_entry(const struct entry *entry)
{
	const bool built_in = strcmp(entry->name, "synth") == 0;
	printf("%-7s  %s", entry->name, entry->state);
	if (entry->n_train)
		printf(", %zu + %zu images, %.0f MB%s", entry->n_train, entry->n_test,
		       (double)entry_bytes(entry) * 1e-6, built_in ? ", built in" : "");
	putchar('\n');
	print_line(built_in ? "kept drawn in " : "in ", entry->folder);
	print_line("digest ", *entry->digest ? entry->digest : NULL);
	print_words("", entry->reason);
	print_words("to get it: ", entry->help);
}

/* "  mnist        54.9 MB  MNIST as downloaded" */
static void print_part(const struct cache_part *part, int64_t bytes)
{
	printf("         %-10s  %6.1f MB  %s\n", part->folder, (double)bytes * 1e-6, part->what);
}

static void print_cache(const char *cache)
{
	int64_t all = 0;
	for (size_t i = 0; i < CACHE_PARTS; i++) {
		const int64_t bytes = cache_measure(cache, &cache_parts[i]);
		all += bytes > 0 ? bytes : 0;
	}
	char *visible = memory_visible(cache);
	printf("cache    %s, %.1f MB%s\n", visible, (double)all * 1e-6,
	       all ? "; 'cnnbench data clean' frees it" : "");
	free(visible);
	for (size_t i = 0; i < CACHE_PARTS; i++) {
		const int64_t bytes = cache_measure(cache, &cache_parts[i]);
		if (bytes > 0)
			print_part(&cache_parts[i], bytes);
	}
}

/* ---- for programs ---- */

static json_t *entry_record(const struct entry *entry)
{
	json_t *record =
		json_pack("{ss ss so sI sI sI so so so}", "name", entry->name, "state", entry->state,
	              "folder", log_text_or_null(entry->folder), "train", (json_int_t)entry->n_train,
	              "test", (json_int_t)entry->n_test, "bytes", (json_int_t)entry_bytes(entry),
	              "digest", log_text_or_null(entry->digest), "reason",
	              log_text_or_null(entry->reason), "help", log_text_or_null(entry->help));
	if (!record)
		BUG("the dataset %s cannot be written as JSON", entry->name);
	return record;
}

static json_t *cache_record(const char *cache)
{
	json_t *parts = json_object();
	for (size_t i = 0; cache && i < CACHE_PARTS; i++) {
		const int64_t bytes = cache_measure(cache, &cache_parts[i]);
		json_object_set_new(parts, cache_parts[i].folder, json_integer(bytes > 0 ? bytes : 0));
	}
	return json_pack("{so so}", "folder", log_text_or_null(cache), "bytes", parts);
}

static void print_json(const struct entry *entries, size_t count, const char *cache)
{
	json_t *datasets = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(datasets, entry_record(&entries[i]));
	json_t *record = json_pack("{ss so so}", "schema", DATA_SCHEMA, "datasets", datasets, "cache",
	                           cache_record(cache));
	json_dumpf(record, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(record);
}

/* ---- the three words ---- */

enum { ENTRIES = 2 };

static int show(const struct options *options)
{
	struct entry entries[ENTRIES];
	char *cache = files_cache_path();
	entry_find_mnist(&entries[0]);
	entry_find_synth(&entries[1]);
	if (options_flag(options, "json")) {
		print_json(entries, ENTRIES, cache);
	} else {
		for (size_t i = 0; i < ENTRIES; i++)
			print_entry(&entries[i]);
		if (cache)
			print_cache(cache);
	}
	for (size_t i = 0; i < ENTRIES; i++)
		entry_free(&entries[i]);
	free(cache);
	return EXIT_FINE;
}

static int fetch(const struct options *options)
{
	char why[FETCH_WHY_SIZE];
	interrupt_catch();
	const int result = fetch_mnist(options_flag(options, "force"), why, sizeof(why));
	if (interrupt_signal())
		return 128 + interrupt_signal();
	if (result != 0) {
		error("%s", why);
		return EXIT_DATA;
	}
	char *folder = dataset_mnist_cache(), *visible = memory_visible(folder);
	printf("MNIST is in %s\n", visible);
	free(visible);
	free(folder);
	return EXIT_FINE;
}

/* Each part by itself: what can go, goes. */
static int clean(const struct options *options)
{
	const bool dry = options_flag(options, "dry-run");
	char *cache = files_cache_path();
	int64_t freed = 0;
	int code = EXIT_FINE;
	for (size_t i = 0; cache && i < CACHE_PARTS; i++) {
		const int64_t bytes = cache_measure(cache, &cache_parts[i]);
		if (bytes < 0)
			continue;
		if (!dry && cache_remove(cache, &cache_parts[i]) != 0) {
			code = EXIT_USAGE;
			continue;
		}
		print_part(&cache_parts[i], bytes);
		freed += bytes;
	}
	char *visible = memory_visible(cache ? cache : "no cache folder");
	printf("%s  %.1f MB in %s\n", dry ? "to free" : "freed  ", (double)freed * 1e-6, visible);
	free(visible);
	free(cache);
	return code;
}

/* ---- */

static const struct word {
	const char *name;
	const char *option; /* its own, that no other word takes */
	int (*run)(const struct options *options);
} table[] = {{"", "json", show}, {"fetch", "force", fetch}, {"clean", "dry-run", clean}};
enum { WORDS = sizeof(table) / sizeof(*table) };

static const struct word *find_word(const char *name)
{
	const char *names[WORDS];
	for (size_t i = 0; i < WORDS; i++) {
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
		names[i] = table[i].name;
	}
	const char *near = options_nearest(name, names + 1, WORDS - 1);
	if (near)
		error("data: unknown word '%s'; did you mean 'cnnbench data %s'?", name, near);
	else
		error("data: unknown word '%s'; 'cnnbench help data' shows what it takes", name);
	return NULL;
}

static int check_options(const struct word *word, const struct options *options)
{
	for (size_t i = 0; i < WORDS; i++) {
		const bool own = strcmp(table[i].option, word->option) == 0;
		if (!own && options_given(options, table[i].option))
			return error("--%s is for 'cnnbench data%s%s'", table[i].option,
			             *table[i].name ? " " : "", table[i].name);
	}
	return 0;
}

/* What follows the word: "mnist" behind fetch, nothing behind the others. */
static int check_rest(const struct word *word, size_t count, char *const *operands)
{
	const bool fetches = word->run == fetch;
	const size_t wanted = !*word->name ? 0 : fetches ? 2 : 1;
	if (count > wanted)
		return error("data: unexpected word '%s'; 'cnnbench help data' shows what it takes",
		             operands[wanted]);
	if (!fetches)
		return 0;
	if (count < wanted)
		return error("data fetch: name what to fetch: cnnbench data fetch mnist");
	if (strcmp(operands[1], "mnist") == 0)
		return 0;
	return error("data fetch: only mnist can be fetched, not '%s'%s", operands[1],
	             strcmp(operands[1], "synth") == 0 ? ", which is built in" : "");
}

static int data_run(const struct options *options, char *const *words)
{
	char *const *operands;
	(void)words;
	const size_t count = options_operands(options, &operands);
	const struct word *word = find_word(count ? operands[0] : "");
	if (!word || check_options(word, options) != 0 || check_rest(word, count, operands) != 0)
		return EXIT_USAGE;
	return word->run(options);
}

const struct command command_data = {
	.name = "data",
	.operands = "[fetch mnist | clean]",
	.summary = "Tell where each dataset is; fetch MNIST; clean the cache.",
	.options = data_options,
	.notes =
		"MNIST is looked for in CNNBENCH_DATA, the cache, ./data and ./data/MNIST/raw.\n"
		"'fetch mnist' downloads it into the cache with curl, 12 MB from one of two mirrors; what is not the\n"
		"published files, byte for byte, is refused.  'run' does so by itself where MNIST is not found.\n"
		"CNNBENCH_DOWNLOAD=no forbids all downloads.  CNNBENCH_MIRRORS names other mirrors, https:// URLs\n"
		"with blanks between them.\n"
		"'clean' removes datasets, jobs and results of the reference, which are made anew when needed; not\n"
		"while a run is going on.",
	.run = data_run,
};
