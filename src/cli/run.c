/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/run_options.h"
#include "cli/session.h"
#include "core/files.h"
#include "core/memory.h"
#include "report/comparison.h"
#include "report/report.h"
#include "results/folder.h"
#include "results/history.h"
#include "runner/interrupt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
	struct session session;
	int platforms_code; /* of those that the user asked for and that are not ready */
	double *expected;   /* one a candidate: seconds of a process, by earlier runs; NAN: not known */
};

/* ---- platforms ---- */

static bool is_called(const struct candidate *candidate, const char *name)
{
	return strcmp(candidate->label, name) == 0 ||
	       strcmp(candidate->platform, selection_platform(name)) == 0;
}

/* The candidate of that name, one that is ready if there is one; NULL: none was asked for. */
static const struct candidate *find_required(const struct selection *selection, const char *name)
{
	const struct candidate *found = NULL;
	for (size_t i = 0; i < selection->count; i++) {
		const struct candidate *candidate = &selection->items[i];
		if (is_called(candidate, name) && (!found || !found->ready))
			found = candidate;
	}
	return found;
}

/* A name that runs under no label is missing; what fails later has its own exit code already. */
static int check_required(const struct run *run)
{
	const char *list = options_text(run->session.plan.options, "require");
	char *copy = memory_copy(list ? list : ""), *rest = list ? copy : NULL;
	int code = EXIT_FINE;
	for (char *name; (name = strsep(&rest, ","));) {
		const struct candidate *found = find_required(&run->session.selection, name);
		if (found && found->ready)
			continue;
		warning("--require: %s is %s%s; the others run all the same", name,
		        found ? "unavailable: " : "not in --platform", found ? found->reason : "");
		code = EXIT_PLATFORM;
	}
	free(copy);
	return code;
}

static int select_platforms(struct run *run)
{
	struct session *session = &run->session;
	const char *required = options_text(session->plan.options, "require");
	int code = session_find(session);
	if (code != EXIT_FINE)
		return code;
	if (required && selection_check_names(&session->catalog, "--require", required) != 0)
		return EXIT_USAGE;
	code = session_select(session);
	if (code != EXIT_FINE)
		return code;
	run->platforms_code = exit_worse(session_named_code(session), check_required(run));
	return session_check_ready(session);
}

static int prepare(struct run *run)
{
	return session_prepare(&run->session);
}

static int open_folder(struct run *run)
{
	return session_open(&run->session);
}

/* ---- training ---- */

/* By the runs beside this one, or else by those in the default place. */
static void read_history(struct run *run)
{
	const struct session *session = &run->session;
	char *beside = files_join(session->folder, "..");
	json_t *near = history_read(beside, session->record);
	json_t *usual = history_read(FOLDER_RESULTS, session->record);
	run->expected = memory_new(session->selection.count, sizeof(*run->expected));
	for (size_t i = 0; i < session->selection.count; i++) {
		const char *label = session->selection.items[i].label;
		const double seconds = history_seconds(near, session->record, label);
		run->expected[i] =
			isnan(seconds) ? history_seconds(usual, session->record, label) : seconds;
	}
	json_decref(near);
	json_decref(usual);
	free(beside);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void tell_plan(const struct run *run)
{
	const size_t ready = session_count_ready(&run->session);
	const struct job *job = &run->session.job;
	const int runs = run->session.plan.runs;
	note(
		"%zu platform%s, %d round%s of fresh processes, %d epoch%s of %zu sample%s each; results in %s",
		ready, plural(ready), runs, plural((size_t)runs), job->work.epochs,
		plural((size_t)job->work.epochs), job->n_train, plural(job->n_train), run->session.folder);
}

static int train(struct run *run)
{
	struct session *session = &run->session;
	tell_plan(run);
	read_history(run);
	struct progress *progress =
		progress_new(&session->selection, session->plan.runs, session->job.work.epochs,
	                 run->expected, session->plan.quiet);
	const struct observer observer = progress_observer(progress);
	const int code = session_train(session, &observer);
	progress_free(progress);
	return code;
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
	const struct session *session = &run->session;
	const char *json = session->plan.json;
	FILE *out = json && strcmp(json, "-") == 0 ? stderr : stdout;
	struct comparison comparison;
	if (comparison_make(&comparison, results, NULL) != 0)
		return EXIT_INTERNAL;
	char *command = run_options_command(session->plan.words[0], session->plan.options,
	                                    &session->selection, session->dataset);
	if (out == stdout || !run->session.plan.quiet) {
		comparison_table(&comparison, out);
		fprintf(out, "\nresults: %s\nrepeat:  %s\n", run->session.folder, command);
	}
	free(command);
	const int code = json ? write_json(json, &comparison) : EXIT_FINE;
	comparison_free(&comparison);
	return code;
}

static int report(const struct run *run)
{
	struct results results;
	if (results_read(&results, run->session.folder) != 0)
		return EXIT_INTERNAL;
	int code = session_results_code(&run->session, &results);
	if (report_write(run->session.folder, &results) != 0)
		code = exit_worse(code, EXIT_USAGE);
	code = exit_worse(code, print_report(run, &results));
	results_free(&results);
	return code;
}

/* ---- */

static int run_stages(struct run *run)
{
	static int (*const stages[])(struct run *) = {select_platforms, prepare, open_folder, train};
	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++) {
		const int code = stages[i](run);
		if (code != EXIT_FINE)
			return code;
		if (interrupt_signal())
			break;
	}
	return EXIT_FINE;
}

static struct session_plan make_plan(const struct options *options, char *const *words)
{
	return (struct session_plan){
		.options = options,
		.words = words,
		.platforms = options_text(options, "platform"),
		.dataset = options_text(options, "dataset"),
		.work = run_options_work(options),
		.threads = run_options_threads(options),
		.runs = (int)options_int(options, "runs"),
		.min_time = options_real(options, "min-time"),
		.timeout = options_real(options, "timeout"),
		.check_epoch = options_flag(options, "check-epoch"),
		.profile = options_flag(options, "profile"),
		.log_dir = options_text(options, "log-dir"),
		.json = options_text(options, "json"),
		.quiet = options_flag(options, "quiet"),
	};
}

static int run_run(const struct options *options, char *const *words)
{
	struct run run = {.session = {.plan = make_plan(options, words)}};
	error_quiet(options_flag(options, "quiet"));
	interrupt_catch();
	int code = run_stages(&run);
	if (run.session.folder && !run.session.journal && code == EXIT_FINE)
		code = report(&run);
	code = exit_worse(code, run.platforms_code);
	if (interrupt_signal())
		code = exit_worse(code, 128 + interrupt_signal());
	session_free(&run.session);
	free(run.expected);
	return code;
}

const struct command command_run = {
	.name = "run",
	.summary = "Train on the platforms that are ready, compare them, keep the results in a folder.",
	.options = run_options,
	.notes =
		"mnist is looked for in CNNBENCH_DATA, the cache, ./data and ./data/MNIST/raw, else downloaded\n"
		"(CNNBENCH_DOWNLOAD=no: never; see 'cnnbench help data'); synth are digits drawn by code.\n"
		"Progress goes to standard error, the table to standard output.\n"
		"--platform all is every platform in its default form; all+best adds the best variant of each,\n"
		"all+variants every one that 'cnnbench list' shows.\n"
		"A platform that is named with --platform and cannot run here makes the exit code 3; of those that\n"
		"come by 'all' and its like none need run, but if none can, it is 7.",
	.run = run_run,
};
