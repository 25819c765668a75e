/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "core/files.h"
#include "core/memory.h"
#include "report/comparison.h"
#include "report/csv.h"
#include "report/export.h"
#include "report/group.h"
#include "report/regression.h"
#include "report/report.h"
#include "report/text.h"
#include "results/journal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option_spec specs[] = {
	{.name = "reference",
     .type = OPTION_TEXT,
     .value = "LABEL",
     .help = "whom ratios are of (default: the fastest); of several runs LABEL@B"},
	{.name = "sort",
     .type = OPTION_CHOICE,
     .choices = COMPARISON_SORTS,
     .fallback = "epoch",
     .value = "KEY",
     .help = "order of the rows"},
	{.name = "view",
     .type = OPTION_CHOICE,
     .choices = COMPARISON_VIEWS,
     .fallback = "default",
     .value = "VIEW",
     .help = "columns; original: its plain averages"},
	{.name = "csv",
     .type = OPTION_TEXT,
     .value = "FILE",
     .help = "write the rows as CSV; -: to standard output, in the place of the table"},
	{.name = "md",
     .type = OPTION_TEXT,
     .value = "FILE",
     .help = "write the tables as GitHub's Markdown; -: likewise"},
	{.name = "json",
     .type = OPTION_TEXT,
     .value = "FILE",
     .help = "write the comparison as JSON; -: likewise"},
	{.name = "plot",
     .type = OPTION_TEXT,
     .value = "FILE",
     .help = "draw all with gnuplot, as a .png or .svg by the name of FILE"},
	{.name = "fail-on",
     .type = OPTION_REAL,
     .min = 0,
     .max = 1000,
     .value = "PCT",
     .help = "exit with 6 where one is slower than in the first run by more"},
	{0},
};

/* ---- Files that are made from a journal ---- */

/* run.json is written last of all that is made from the journal.  Of the same second: made anew. */
static bool is_stale(const struct results *results)
{
	const char *folder = results->folder;
	char *journal = files_join(folder, JOURNAL_FILE), *run = files_join(folder, "run.json");
	struct stat of_journal, of_run;
	const bool stale = !stat(run, &of_run) && !stat(journal, &of_journal) &&
	                   of_run.st_mtime <= of_journal.st_mtime;

	free(journal);
	free(run);
	return stale || report_lacks(folder, results);
}

static bool has_journal(const char *folder)
{
	char *journal = files_join(folder, JOURNAL_FILE);
	const bool has = files_is_folder(folder) && access(journal, F_OK) == 0;

	free(journal);
	return has;
}

/* Runs that were cut off have no files but the journal.  Where they cannot be made, the comparison is no
 * worse for it. */
static int refresh(const struct results *results)
{
	const char *folder = results->folder;

	if (!has_journal(folder))
		return EXIT_FINE;
	const bool stale = is_stale(results), writable = access(folder, W_OK) == 0;
	if (stale && !writable)
		note("%s: cannot be written, so run.json and the CSV files in it are not renewed from "
		     "its " JOURNAL_FILE,
		     folder);
	if (!writable)
		return EXIT_FINE;
	const int result = stale ? report_write(folder, results) : report_draw_missing(folder, results);
	return result ? EXIT_USAGE : EXIT_FINE;
}

/* ---- The runs ---- */

struct runs {
	struct results **all; /* that could be read, each once */
	size_t count;
};

static const struct results *find_same(const struct runs *runs, const struct results *results)
{
	for (size_t i = 0; i < runs->count; i++)
		if (group_same_run(runs->all[i], results))
			return runs->all[i];
	return NULL;
}

static void forget(struct results *results)
{
	results_free(results);
	free(results);
}

/* An exit code. */
static int add_run(struct runs *runs, const char *operand)
{
	struct results *results = memory_new(1, sizeof(*results));

	if (results_read(results, operand)) {
		free(results);
		return EXIT_DATA;
	}
	const struct results *same = find_same(runs, results);
	if (same) {
		note("%s: the same run as %s; it is counted once", operand, same->folder);
		forget(results);
		return EXIT_FINE;
	}
	runs->all = memory_grow(runs->all, runs->count + 1, sizeof(struct results *));
	runs->all[runs->count++] = results;
	return refresh(results);
}

static void free_runs(struct runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		forget(runs->all[i]);
	free(runs->all);
}

/* ---- What is shown ---- */

/* What is collected from all groups before it is written. */
struct output {
	const struct options *options;
	struct comparison *comparisons; /* of the groups, kept for the picture */
	size_t n_groups, n_shown;
	bool table; /* no other output has taken its place */
	json_t *groups;
	struct csv *csv;
	FILE *md;
	char *md_text;
	size_t md_size;
};

/* A label, or the name that a row of one of several runs has. */
static bool run_has(const struct group *group, size_t run, const char *reference)
{
	const struct results *results = group->runs[run];
	const char *at = strrchr(reference, '@');
	char tag[RUN_TAG_SIZE];

	if (results_contestant(results, reference))
		return true;
	run_tag(run, tag);
	if (group->n_runs < 2 || !at || strcmp(at + 1, tag) != 0)
		return false;
	char *label = memory_text("%.*s", (int)(at - reference), reference);
	const bool has = results_contestant(results, label);
	free(label);
	return has;
}

static bool has_reference(const struct group *group, const char *reference)
{
	for (size_t i = 0; i < group->n_runs; i++)
		if (run_has(group, i, reference))
			return true;
	return false;
}

static int check_reference(const struct options *options, const struct group *groups, size_t count)
{
	const char *reference = options_text(options, "reference");

	for (size_t i = 0; reference && i < count; i++)
		if (count == 1 || has_reference(&groups[i], reference))
			return 0; /* of a single group its table tells what is wrong */
	if (!reference)
		return 0;
	return error("--reference %s: no table has such a platform; letters (@B) are those of the runs "
	             "that share a table",
	             reference);
}

/* A group that has no such platform has a reference of its own, but for the only group. */
static const char *reference_for(const struct output *output, const struct group *group)
{
	const char *reference = options_text(output->options, "reference");

	return reference && output->n_groups > 1 && !has_reference(group, reference) ? NULL : reference;
}

static void put_headings(struct output *output, const struct group *group, size_t number)
{
	if (output->n_groups < 2)
		return;
	char *head = group->difference
	                 ? memory_text("%zu. Unlike the first: %s", number, group->difference)
	                 : memory_text("%zu. %s", number, group->runs[0]->folder);
	char *visible = memory_visible(head);
	if (output->table) {
		printf("%s", number > 1 ? "\n" : "");
		text_wrap(stdout, "== ", head);
	}
	fprintf(output->md, "%s### ", number > 1 ? "\n" : "");
	export_text(visible, output->md);
	fputs("\n\n", output->md);
	free(visible);
	free(head);
}

static json_t *group_record(const struct comparison *comparison, const struct group *group)
{
	json_t *record = comparison_group_record(comparison);
	char *words = group->difference ? memory_visible(group->difference) : NULL;

	json_object_set_new(record, "difference", words ? json_string(words) : json_null());
	free(words);
	return record;
}

/* `number`: from 1.  An exit code. */
static int show_group(struct output *output, const struct group *group, size_t number)
{
	struct comparison *comparison = &output->comparisons[number - 1];

	if (comparison_make_of(comparison, group->runs, group->n_runs, reference_for(output, group)))
		return EXIT_USAGE;
	output->n_shown = number;
	comparison_sort(comparison, options_text(output->options, "sort"));
	if (strcmp(options_text(output->options, "view"), "original") == 0)
		comparison->view = VIEW_ORIGINAL;
	put_headings(output, group, number);
	if (output->table)
		comparison_table(comparison, stdout);
	json_array_append_new(output->groups, group_record(comparison, group));
	if (number == 1)
		export_csv_header(output->csv, comparison->view);
	export_csv(output->csv, comparison, number);
	export_markdown(comparison, output->md);
	return EXIT_FINE;
}

/* The later runs of the first group.  An exit code. */
static int find_regressions(const struct output *output, const struct group *groups)
{
	if (!options_given(output->options, "fail-on"))
		return EXIT_FINE;
	const double percent = options_real(output->options, "fail-on");
	const struct regressions found = regressions_find(&groups[0], percent);
	for (size_t i = 1; i < output->n_groups; i++)
		for (size_t run = 0; run < groups[i].n_runs; run++)
			note("fail-on: %s: not compared, its work is not that of the first run",
			     groups[i].runs[run]->folder);
	if (found.compared == 0) {
		error("--fail-on: no platform could be compared with the first run; name runs of the same "
		      "work, first the one to compare with");
		return EXIT_DATA;
	}
	return found.slower ? EXIT_REGRESSION : EXIT_FINE;
}

/* ---- What is written ---- */

/* A reader of standard output gets one thing. */
static int check_outputs(const struct options *options, bool *table)
{
	static const char *const names[] = {"csv", "md", "json"};
	int n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *path = options_text(options, names[i]);
		n += path && strcmp(path, "-") == 0;
	}
	*table = n == 0;
	return n > 1 ? error("only one of --csv, --md and --json can go to standard output") : 0;
}

static int put_text(const char *path, const char *text, size_t size)
{
	if (strcmp(path, "-") != 0)
		return files_put(path, text, size);
	fwrite(text, 1, size, stdout);
	return 0;
}

static int draw(const struct output *output, const char *path)
{
	const struct comparison **all = memory_new(output->n_shown, sizeof(*all));

	for (size_t i = 0; i < output->n_shown; i++)
		all[i] = &output->comparisons[i];
	const int result = report_plot(all, output->n_shown, path);
	free(all);
	return result;
}

/* Closes what was collected, and writes what was asked for unless `code` says that something is missing. */
static int write_output(struct output *output, bool wanted)
{
	const char *csv = options_text(output->options, "csv"),
			   *md = options_text(output->options, "md"),
			   *json = options_text(output->options, "json"),
			   *plot = options_text(output->options, "plot");
	json_t *document = comparison_document(output->groups);
	size_t size;
	char *text = csv_end(output->csv, &size);
	int result = 0;

	fclose(output->md);
	if (wanted && csv)
		result |= put_text(csv, text, size);
	if (wanted && md)
		result |= put_text(md, output->md_text, output->md_size);
	if (wanted && json)
		result |= comparison_write(document, json);
	if (wanted && plot)
		result |= draw(output, plot);
	for (size_t i = 0; i < output->n_shown; i++)
		comparison_free(&output->comparisons[i]);
	free(output->comparisons);
	free(text);
	free(output->md_text);
	json_decref(document);
	return result ? EXIT_USAGE : EXIT_FINE;
}

static int open_output(struct output *output, const struct options *options)
{
	*output = (struct output){.options = options};
	if (check_outputs(options, &output->table))
		return -1;
	output->groups = json_array();
	output->csv = csv_begin();
	output->md = open_memstream(&output->md_text, &output->md_size);
	if (!output->md)
		die("out of memory");
	return 0;
}

static int show_runs(const struct runs *runs, const struct options *options)
{
	struct output output;
	size_t n_groups;
	int code = EXIT_FINE;

	if (open_output(&output, options))
		return EXIT_USAGE;
	struct group *groups =
		groups_make((const struct results *const *)runs->all, runs->count, &n_groups);
	output.n_groups = n_groups;
	output.comparisons = memory_new(n_groups, sizeof(*output.comparisons));
	if (check_reference(options, groups, n_groups))
		code = EXIT_USAGE;
	for (size_t i = 0; i < n_groups && code == EXIT_FINE; i++)
		code = show_group(&output, &groups[i], i + 1);
	code = exit_worse(code, write_output(&output, code == EXIT_FINE));
	if (code == EXIT_FINE)
		code = find_regressions(&output, groups);
	groups_free(groups, n_groups);
	return code;
}

static int check_words(const struct options *options, size_t count)
{
	const char *plot = options_text(options, "plot");

	if (count == 0)
		return error("compare: name at least one results folder, for example results/latest");
	if (options_given(options, "fail-on") && count < 2)
		return error("--fail-on: name two runs: the one to compare with, then the new one");
	return plot ? report_try_plot(plot) : 0;
}

static int compare_run(const struct options *options, char *const *words)
{
	char *const *operands;
	const size_t count = options_operands(options, &operands);
	struct runs runs = {NULL, 0};
	int code = EXIT_FINE;

	(void)words;
	if (check_words(options, count))
		return EXIT_USAGE;
	for (size_t i = 0; i < count; i++)
		code = exit_worse(code, add_run(&runs, operands[i]));
	if (runs.count > 0)
		code = exit_worse(code, show_runs(&runs, options));
	free_runs(&runs);
	return code;
}

const struct command command_compare = {
	.name = "compare",
	.operands = "RUN...",
	.summary = "Compare the platforms of runs: one table for all that did the same work.",
	.options = specs,
	.notes =
		"RUN is a results folder, its journal.jsonl or run.json, such a file alone, or a folder of the\n"
		"original's metrics_*.csv.  Runs of the same data, shape, hyperparameters, seed and epochs share a\n"
		"table; a run's letter stands behind its labels.  Unlike work stands apart, and what differs is\n"
		"named.  Files that are missing in a folder, or older than its journal, are made anew.\n"
		"\n"
		"--fail-on PCT compares every verified platform of the later runs with the same label in the first:\n"
		"  cnnbench compare base new --fail-on 5\n"
		"exits with 6 only if the whole 95% interval of the ratio of epoch times lies above 1.05 (Welch's, on\n"
		"the logarithms of the processes' medians; two runs or more on either side), with 5 if nothing could\n"
		"be compared.",
	.run = compare_run,
};
