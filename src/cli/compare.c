/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "core/files.h"
#include "core/memory.h"
#include "report/comparison.h"
#include "report/report.h"
#include "results/journal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option_spec specs[] = {
	{.name = "reference",
     .type = OPTION_TEXT,
     .value = "LABEL",
     .help = "the platform that ratios are of (default: the fastest)"},
	{.name = "sort",
     .type = OPTION_CHOICE,
     .choices = COMPARISON_SORTS,
     .fallback = "epoch",
     .value = "KEY",
     .help = "order of the rows"},
	{.name = "json",
     .type = OPTION_TEXT,
     .value = "FILE",
     .help = "write the comparison as JSON; -: to standard output, in the place of the table"},
	{.name = "plot",
     .type = OPTION_TEXT,
     .value = "FILE",
     .help = "draw all with gnuplot, as a .png or .svg by the name of FILE"},
	{0},
};

/* One run, kept for the picture. */
struct compared {
	struct results results;
	struct comparison comparison;
};

/* ---- Finding a folder ---- */

/* A results folder by its own path or by that of a file in it; NULL after error(). */
static char *find_folder(const char *operand)
{
	char *path = memory_copy(operand);
	char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (files_is_folder(path))
		return path;
	if (strcmp(name, JOURNAL_FILE) != 0 && strcmp(name, "run.json") != 0) {
		error("%s: no such folder; name a results folder, for example results/latest", operand);
		free(path);
		return NULL;
	}
	if (!slash)
		strcpy(path, ".");
	else
		slash[slash == path] = '\0'; /* "/run.json" lies in "/" */
	return path;
}

/* run.json is written last of all that is made from the journal.  Of the same second: made anew. */
static bool is_stale(const char *folder)
{
	char *journal = files_join(folder, JOURNAL_FILE), *run = files_join(folder, "run.json");
	struct stat of_journal, of_run;
	bool stale = !stat(journal, &of_journal) &&
	             (stat(run, &of_run) || of_run.st_mtime <= of_journal.st_mtime);

	free(journal);
	free(run);
	return stale;
}

/* Runs that were cut off have no files but the journal.  Foreign folders are left as they are. */
static int refresh(const char *folder, const struct results *results)
{
	return is_stale(folder) && !access(folder, W_OK) ? report_write(folder, results) : 0;
}

/* ---- Comparing ---- */

static void add_groups(json_t *record, const struct comparison *comparison)
{
	json_t *own = comparison_record(comparison);

	if (json_object_size(record) == 0)
		json_object_update(record, own);
	else
		json_array_extend(json_object_get(record, "groups"), json_object_get(own, "groups"));
	json_decref(own);
}

/* Compare one run; `record` collects the JSON.  An exit code. */
static int compare_results(struct compared *run, const struct options *options, json_t *record)
{
	const char *json = options_text(options, "json");
	struct comparison *comparison = &run->comparison;

	if (comparison_make(comparison, &run->results, options_text(options, "reference")))
		return EXIT_USAGE;
	comparison_sort(comparison, options_text(options, "sort"));
	if (!json || strcmp(json, "-") != 0)
		comparison_table(comparison, stdout);
	add_groups(record, comparison);
	return EXIT_FINE;
}

static int compare_folder(const char *folder, const struct options *options, json_t *record,
                          bool titled, struct compared *run)
{
	if (results_read(&run->results, folder))
		return EXIT_DATA;
	if (titled) {
		printf("%s", json_object_size(record) ? "\n" : "");
		comparison_title(folder, stdout);
	}
	int code = refresh(folder, &run->results) ? EXIT_USAGE : EXIT_FINE;
	return exit_worse(code, compare_results(run, options, record));
}

/* Of those that could be compared. */
static int draw(const struct compared *runs, size_t count, const char *path)
{
	const struct comparison **comparisons = memory_new(count, sizeof(*comparisons));
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (runs[i].comparison.n_rows)
			comparisons[n++] = &runs[i].comparison;
	const int result = n ? report_plot(comparisons, n, path) : 0;
	free(comparisons);
	return result ? EXIT_USAGE : EXIT_FINE;
}

static int compare_run(const struct options *options, char *const *words)
{
	const char *json = options_text(options, "json"), *plot = options_text(options, "plot");
	json_t *record = json_object();
	char *const *operands;
	size_t count = options_operands(options, &operands);
	int code = EXIT_FINE;

	(void)words;
	if (count == 0) {
		json_decref(record);
		error("compare: name at least one results folder, for example results/latest");
		return EXIT_USAGE;
	}
	if (plot && report_try_plot(plot)) {
		json_decref(record);
		return EXIT_USAGE;
	}
	struct compared *runs = memory_new(count, sizeof(*runs));
	for (size_t i = 0; i < count; i++) {
		char *folder = find_folder(operands[i]);
		bool titled = count > 1 && (!json || strcmp(json, "-") != 0);
		code = exit_worse(code, folder ? compare_folder(folder, options, record, titled, &runs[i])
		                               : EXIT_DATA);
		free(folder);
	}
	if (json && json_object_size(record) > 0 && comparison_write(record, json))
		code = exit_worse(code, EXIT_USAGE);
	if (plot)
		code = exit_worse(code, draw(runs, count, plot));
	for (size_t i = 0; i < count; i++) {
		comparison_free(&runs[i].comparison);
		results_free(&runs[i].results);
	}
	free(runs);
	json_decref(record);
	return code;
}

const struct command command_compare = {
	.name = "compare",
	.operands = "RUN...",
	.summary = "Compare the platforms of finished runs: a table for each results folder.",
	.options = specs,
	.notes =
		"RUN is a results folder, or its journal.jsonl or run.json.  Files that are missing in the folder,\n"
		"or older than its journal, are made anew.",
	.run = compare_run,
};
