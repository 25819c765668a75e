/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/run_options.h"
#include "core/clock.h"
#include "core/event.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/random.h"
#include "report/comparison.h"
#include "report/report.h"
#include "results/folder.h"
#include "results/history.h"
#include "results/journal.h"
#include "runner/catalog.h"
#include "runner/environment.h"
#include "runner/grammar.h"
#include "runner/interrupt.h"
#include "runner/log.h"
#include "runner/machine.h"
#include "runner/rounds.h"
#include "version.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* What the journal takes, measured and rounded up: events, memory samples and ends of a process.  An
 * extra epoch has two events; of these there are EVENT_EXTRA_MAX at most, and no platform is
 * awaited that trains more than SPEED_MAX samples a second. */
enum { BYTES_EPOCH = 2048, BYTES_EXTRA = 512, BYTES_PROCESS = 128 << 10, SPEED_MAX = 10000000 };

struct run {
	const struct options *options;
	char *const *words;
	struct catalog catalog;
	struct selection selection;
	int platforms_code; /* of those that the user asked for and that are not ready */
	struct environment environment;
	char *dataset; /* its name */
	struct job job;
	struct judge *judge;
	size_t reserve; /* bytes of the journal */
	char *folder;
	struct journal *journal;
	uint64_t shuffle;
	double *expected; /* one a candidate: seconds of a process, by earlier runs; NAN: not known */
};

/* ---- platforms ---- */

static size_t count_ready(const struct selection *selection)
{
	size_t ready = 0;
	for (size_t i = 0; i < selection->count; i++)
		ready += selection->items[i].ready;
	return ready;
}

static void tell_unready(const struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++) {
		const struct candidate *candidate = &selection->items[i];
		void (*tell)(const char *, ...) = candidate->named ? warning : note;
		if (!candidate->ready)
			tell("%s is unavailable: %s%s%s", candidate->label, candidate->reason,
			     *candidate->help ? "; " : "", candidate->help);
	}
}

/* With a single platform its reason is the reason. */
static int nothing_to_run(const struct selection *selection)
{
	const struct candidate *only = selection->count == 1 ? selection->items : NULL;
	if (interrupt_signal())
		return EXIT_NOTHING;
	if (!only)
		tell_unready(selection);
	if (only)
		error("nothing to run: %s is unavailable: %s%s%s", only->label, only->reason,
		      *only->help ? "; " : "", only->help);
	else
		error("nothing to run: no platform is ready here; 'cnnbench list' tells what each needs");
	return EXIT_NOTHING;
}

static bool is_required(const struct candidate *candidate, const char *name)
{
	return candidate->ready && (strcmp(candidate->label, name) == 0 ||
	                            strcmp(candidate->platform, selection_platform(name)) == 0);
}

/* A name that runs under no label is missing; what fails later has its own exit code already. */
static int check_required(const struct run *run)
{
	const char *list = options_text(run->options, "require");
	char *copy = memory_copy(list ? list : ""), *rest = list ? copy : NULL;
	int code = EXIT_FINE;
	for (char *name; (name = strsep(&rest, ","));) {
		bool found = false;
		for (size_t i = 0; i < run->selection.count; i++)
			found = found || is_required(&run->selection.items[i], name);
		if (found)
			continue;
		warning("--require: %s is not ready here or not in --platform; the others run all the same",
		        name);
		code = EXIT_PLATFORM;
	}
	free(copy);
	return code;
}

static int named_unready(const struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++)
		if (selection->items[i].named && !selection->items[i].ready)
			return EXIT_PLATFORM;
	return EXIT_FINE;
}

static int select_platforms(struct run *run)
{
	const char *text = options_text(run->options, "platform");
	const char *required = options_text(run->options, "require");
	if (catalog_find(&run->catalog) != 0)
		return EXIT_USAGE;
	if (required && selection_check_names(&run->catalog, "--require", required) != 0)
		return EXIT_USAGE;
	if (selection_make(&run->selection, &run->catalog, text, run_options_threads(run->options)) !=
	    0)
		return EXIT_USAGE;
	run->platforms_code = exit_worse(named_unready(&run->selection), check_required(run));
	if (count_ready(&run->selection) == 0)
		return nothing_to_run(&run->selection);
	tell_unready(&run->selection);
	return EXIT_FINE;
}

/* ---- the work ---- */

static int write_job(struct run *run, const struct dataset *dataset)
{
	const struct work work = run_options_work(run->options);
	char *cache = files_cache();
	char *folder = cache ? job_write(cache, dataset, &work, NULL) : NULL;
	int code = EXIT_USAGE;
	if (folder)
		code = job_open(&run->job, folder) == 0 ? EXIT_FINE : EXIT_DATA;
	if (code == EXIT_FINE && job_check_digests(&run->job) != 0)
		code = EXIT_DATA;
	if (code == EXIT_FINE && !(run->judge = judge_new(&run->job, 0)))
		code = EXIT_DATA;
	free(folder);
	free(cache);
	return code;
}

static size_t journal_reserve(const struct run *run, size_t n_train)
{
	const size_t processes =
		count_ready(&run->selection) * (size_t)options_int(run->options, "runs");
	const size_t epochs = (size_t)options_int(run->options, "epochs");
	const double extra = options_real(run->options, "min-time") * SPEED_MAX / (double)n_train;
	return processes * (BYTES_PROCESS + BYTES_EPOCH * epochs +
	                    BYTES_EXTRA * (size_t)fmin(extra, EVENT_EXTRA_MAX));
}

/* A journal that nobody could read again is not begun. */
static int plan_journal(struct run *run, size_t n_train)
{
	run->reserve = journal_reserve(run, n_train);
	if (run->reserve <= JOURNAL_SIZE_MAX)
		return EXIT_FINE;
	error(
		"the journal of this run would have some %zu MB, of %d that can be read again: choose fewer "
		"--runs, --epochs or platforms",
		run->reserve / 1000000, JOURNAL_SIZE_MAX / 1000000);
	return EXIT_USAGE;
}

static int prepare_work(struct run *run)
{
	struct model model;
	struct dataset dataset;
	if (model_init(&model, run_options_work(run->options).shape) != 0)
		return EXIT_USAGE;
	interrupt_at_once(1); /* a second of drawing digits */
	const int loaded = dataset_load(&dataset, options_text(run->options, "dataset"));
	interrupt_at_once(0);
	if (loaded != 0)
		return EXIT_DATA;
	run->dataset = memory_copy(dataset.name);
	int code = plan_journal(run, dataset.n_train);
	if (code == EXIT_FINE && !interrupt_signal())
		code = write_job(run, &dataset);
	dataset_free(&dataset); /* workers read the job; the images would only take memory */
	return code;
}

/* ---- the results folder ---- */

static json_t *removed_record(const struct environment *environment)
{
	json_t *record = json_array();
	for (size_t i = 0; i < environment->n_removed; i++)
		json_array_append_new(record, log_text(environment->removed[i]));
	return record;
}

static json_t *platforms_record(const struct selection *selection)
{
	json_t *record = json_array();
	for (size_t i = 0; i < selection->count; i++) {
		const struct candidate *candidate = &selection->items[i];
		json_t *hello = candidate->hello ? json_incref(candidate->hello) : json_null();
		json_t *platform =
			json_pack("{ss ss ss sb so so so}", "label", candidate->label, "file", candidate->file,
		              "platform", candidate->platform, "ready", candidate->ready, "reason",
		              log_text_or_null(candidate->reason), "help",
		              log_text_or_null(candidate->help), "hello", hello);
		if (!platform)
			BUG("the platform %s cannot be written as JSON", candidate->platform);
		json_array_append_new(record, platform);
	}
	return record;
}

static json_t *run_record(const struct run *run)
{
	const int threads = run_options_threads(run->options);
	char started[CLOCK_STAMP_SIZE];
	clock_stamp(started, 0);
	json_t *values = options_record(run->options);
	json_object_set_new(values, "threads", json_integer(threads));
	return json_pack("{ss ss ss ss ss sI so so so so so si sI so so so so}", "record", "run",
	                 "schema", JOURNAL_SCHEMA, "version", CNNBENCH_VERSION, "commit",
	                 CNNBENCH_COMMIT, "started", started, "ns", (json_int_t)clock_ns(), "command",
	                 log_words(run->words), "options", values, "runs",
	                 json_integer(options_int(run->options, "runs")), "min_time",
	                 json_real(options_real(run->options, "min-time")), "timeout",
	                 json_real(options_real(run->options, "timeout")), "threads", threads,
	                 "shuffle", (json_int_t)run->shuffle, "work", job_record(&run->job), "machine",
	                 machine_record(), "removed_environment", removed_record(&run->environment),
	                 "platforms", platforms_record(&run->selection));
}

/* The orders are not to be foreseen; JSON's readers hold 53 bits. */
static uint64_t draw_shuffle(void)
{
	uint64_t bits = 0;
	if (getentropy(&bits, sizeof(bits)) != 0)
		bits = (uint64_t)clock_ns();
	return bits >> 11;
}

/* After the folder is made, since it may be meant to lie there; results/latest is about to point to it. */
static int try_json(const struct run *run)
{
	static const char latest[] = FOLDER_RESULTS "/latest/";
	const char *json = options_text(run->options, "json");
	const bool in_latest = json && !options_text(run->options, "log-dir") &&
	                       strncmp(json, latest, strlen(latest)) == 0;
	if (!json || strcmp(json, "-") == 0)
		return 0;
	char *path = in_latest ? files_join(run->folder, json + strlen(latest)) : memory_copy(json);
	const int result = files_try_put(path);
	free(path);
	return result;
}

/* The journal, run.json and the tables that say the same again, two files of weights. */
static size_t room_needed(const struct run *run)
{
	return 2 * run->reserve + 2 * sizeof(float) * run->job.model.parameters;
}

/* By the runs beside this one, or else by those in the default place. */
static void read_history(struct run *run, const json_t *record)
{
	char *beside = files_join(run->folder, "..");
	json_t *near = history_read(beside, record), *usual = history_read(FOLDER_RESULTS, record);
	run->expected = memory_new(run->selection.count, sizeof(*run->expected));
	for (size_t i = 0; i < run->selection.count; i++) {
		const char *label = run->selection.items[i].label;
		const double seconds = history_seconds(near, record, label);
		run->expected[i] = isnan(seconds) ? history_seconds(usual, record, label) : seconds;
	}
	json_decref(near);
	json_decref(usual);
	free(beside);
}

static int open_folder(struct run *run)
{
	const char *log_dir = options_text(run->options, "log-dir");
	char *made = folder_missing(log_dir ? log_dir : FOLDER_RESULTS);
	run->folder = folder_create(log_dir, run->dataset, run->job.folder);
	if (run->folder && try_json(run) == 0)
		run->journal = journal_create(run->folder, room_needed(run));
	if (run->folder && !run->journal)
		folder_discard(run->folder, made || log_dir ? made : run->folder);
	free(made);
	if (!run->journal)
		return EXIT_USAGE;
	if (!log_dir)
		folder_point_latest(run->folder);
	run->shuffle = draw_shuffle();
	json_t *record = run_record(run);
	read_history(run, record);
	return journal_append(run->journal, record) == 0 ? EXIT_FINE : EXIT_USAGE;
}

/* ---- training ---- */

/* "OMP_NUM_THREADS, MALLOC_ARENA_MAX" */
static void tell_removed(const struct environment *environment)
{
	char *list = memory_copy("");
	for (size_t i = 0; i < environment->n_removed; i++) {
		char *longer = memory_text("%s%s%s", list, i ? ", " : "", environment->removed[i]);
		free(list);
		list = longer;
	}
	if (*list)
		note("not handed on to the platforms, as they would change what is measured: %s", list);
	free(list);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void tell_plan(const struct run *run)
{
	const size_t ready = count_ready(&run->selection);
	const int runs = (int)options_int(run->options, "runs");
	note(
		"%zu platform%s, %d round%s of fresh processes, %d epoch%s of %zu sample%s each; results in %s",
		ready, plural(ready), runs, plural((size_t)runs), run->job.work.epochs,
		plural((size_t)run->job.work.epochs), run->job.n_train, plural(run->job.n_train),
		run->folder);
}

static int train(struct run *run)
{
	const int runs = (int)options_int(run->options, "runs");
	const struct rounds_order order = {
		.selection = &run->selection,
		.job = &run->job,
		.judge = run->judge,
		.results = run->folder,
		.environment = run->environment.kept,
		.runs = runs,
		.min_time = options_real(run->options, "min-time"),
		.timeout = options_real(run->options, "timeout"),
		.shuffle = run->shuffle,
	};
	tell_removed(&run->environment);
	tell_plan(run);
	struct progress *progress = progress_new(&run->selection, runs, run->job.work.epochs,
	                                         run->expected, options_flag(run->options, "quiet"));
	const struct observer observer = progress_observer(progress);
	const int result = rounds_run(&order, run->journal, &observer);
	progress_free(progress);
	journal_close(run->journal);
	run->journal = NULL;
	return result == 0 ? EXIT_FINE : EXIT_USAGE;
}

/* ---- the report ---- */

static int write_json(const char *path, const struct comparison *comparison)
{
	json_t *record = comparison_record(comparison);
	const int result = comparison_write(record, path);
	json_decref(record);
	return result == 0 ? EXIT_FINE : EXIT_USAGE;
}

/* Standard output carries the table, or with --json - the JSON alone. */
static int print_report(const struct run *run, const struct results *results)
{
	const char *json = options_text(run->options, "json");
	FILE *out = json && strcmp(json, "-") == 0 ? stderr : stdout;
	struct comparison comparison;
	if (comparison_make(&comparison, results, NULL) != 0)
		return EXIT_INTERNAL;
	char *command = run_options_command(run->words[0], run->options, &run->selection, run->dataset);
	if (out == stdout || !options_flag(run->options, "quiet")) {
		comparison_table(&comparison, out);
		fprintf(out, "\nresults: %s\nrepeat:  %s\n", run->folder, command);
	}
	free(command);
	const int code = json ? write_json(json, &comparison) : EXIT_FINE;
	comparison_free(&comparison);
	return code;
}

static const struct candidate *find_candidate(const struct selection *selection, const char *label)
{
	for (size_t i = 0; i < selection->count; i++)
		if (strcmp(selection->items[i].label, label) == 0)
			return &selection->items[i];
	return NULL;
}

/* Of one that did not run: a fault only where the user asked for it by name, or the probe promised it. */
static int status_code(enum status status, const struct candidate *candidate)
{
	static const int codes[STATUS_COUNT] = {
		[STATUS_NOT_VERIFIED] = EXIT_NOT_VERIFIED, [STATUS_DIVERGED] = EXIT_PLATFORM,
		[STATUS_FAILED] = EXIT_PLATFORM,           [STATUS_TIMEOUT] = EXIT_PLATFORM,
		[STATUS_PROTOCOL_ERROR] = EXIT_PLATFORM,
	};
	if (status == STATUS_UNAVAILABLE)
		return candidate && (candidate->named || candidate->ready) ? EXIT_PLATFORM : EXIT_FINE;
	return codes[status];
}

static int results_code(const struct run *run, const struct results *results)
{
	int code = EXIT_FINE;
	for (size_t i = 0; i < results->n_contestants; i++) {
		const struct contestant *contestant = &results->contestants[i];
		const struct candidate *candidate = find_candidate(&run->selection, contestant->label);
		code = exit_worse(code, status_code(contestant->status, candidate));
	}
	return code;
}

static int report(const struct run *run)
{
	struct results results;
	if (results_read(&results, run->folder) != 0)
		return EXIT_INTERNAL;
	int code = results_code(run, &results);
	if (report_write(run->folder, &results) != 0)
		code = exit_worse(code, EXIT_USAGE);
	code = exit_worse(code, print_report(run, &results));
	results_free(&results);
	return code;
}

/* ---- */

static int run_stages(struct run *run)
{
	static int (*const stages[])(struct run *) = {select_platforms, prepare_work, open_folder,
	                                              train};
	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++) {
		const int code = stages[i](run);
		if (code != EXIT_FINE)
			return code;
		if (interrupt_signal())
			break;
	}
	return EXIT_FINE;
}

static void run_free(struct run *run)
{
	if (run->journal)
		journal_close(run->journal);
	judge_free(run->judge);
	if (run->job.folder)
		job_close(&run->job);
	selection_free(&run->selection);
	catalog_free(&run->catalog);
	environment_free(&run->environment);
	free(run->dataset);
	free(run->folder);
	free(run->expected);
}

static int run_run(const struct options *options, char *const *words)
{
	struct run run = {.options = options, .words = words};
	error_quiet(options_flag(options, "quiet"));
	interrupt_catch();
	environment_cut(&run.environment, NULL);
	int code = run_stages(&run);
	if (run.folder && !run.journal && code == EXIT_FINE)
		code = report(&run);
	code = exit_worse(code, run.platforms_code);
	if (interrupt_signal())
		code = exit_worse(code, 128 + interrupt_signal());
	run_free(&run);
	return code;
}

const struct command command_run = {
	.name = "run",
	.summary = "Train on the platforms that are ready, compare them, keep the results in a folder.",
	.options = run_options,
	.notes =
		"mnist is looked for in CNNBENCH_DATA, the cache, ./data and ./data/MNIST/raw; synth are digits drawn\n"
		"by code.  Progress goes to standard error, the table to standard output.\n"
		"A platform that is named with --platform and cannot run here makes the exit code 3; of those that\n"
		"come by 'all' none need run, but if none can, it is 7.",
	.run = run_run,
};
