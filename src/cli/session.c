/* SPDX-License-Identifier: MIT */
#include "cli/session.h"

#include "cli/watch.h"
#include "core/clock.h"
#include "core/event.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "results/field.h"
#include "results/folder.h"
#include "runner/fetch.h"
#include "runner/interrupt.h"
#include "runner/log.h"
#include "runner/machine.h"
#include "runner/peak.h"
#include "runner/rounds.h"
#include "version.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* What the journal takes, measured and rounded up: events, memory samples and ends of a process.  An
 * extra epoch has two events; of these there are EVENT_EXTRA_MAX at most, and no platform is
 * awaited that trains more than SPEED_MAX samples a second. */
enum { BYTES_EPOCH = 2048, BYTES_EXTRA = 512, BYTES_PROCESS = 128 << 10, SPEED_MAX = 10000000 };

/* ---- platforms ---- */

/* The plan's worker of its own, "path" or "path:options", as --platform takes it; NULL after error(). */
static char *add_worker(struct session *session)
{
	char *path = memory_copy(session->plan.worker), *text = NULL;
	const char *slash = strrchr(path, '/');
	char *written = strchr(slash ? slash : path, ':');
	if (written)
		*written++ = '\0';
	const char *name = catalog_add(&session->catalog, path);
	if (name)
		text = memory_text("%s%s%s", name, written ? ":" : "", written ? written : "");
	free(path);
	return text;
}

int session_find(struct session *session)
{
	environment_cut(&session->environment, NULL);
	return catalog_find(&session->catalog) == 0 ? EXIT_FINE : EXIT_USAGE;
}

int session_select(struct session *session)
{
	const struct session_plan *plan = &session->plan;
	char *own = plan->worker ? add_worker(session) : NULL;
	if (plan->worker && !own)
		return EXIT_USAGE;
	const int result = selection_make(&session->selection, &session->catalog,
	                                  own ? own : plan->platforms, plan->threads);
	free(own);
	return result == 0 ? EXIT_FINE : EXIT_USAGE;
}

size_t session_count_ready(const struct session *session)
{
	const struct selection *selection = &session->selection;
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

/* More threads than processors are allowed: somebody may want to see what that costs. */
static void tell_crowded(const struct selection *selection)
{
	const int processors = parallel_processors();
	char *names = memory_copy("");

	for (size_t i = 0; i < selection->count; i++) {
		const struct candidate *candidate = &selection->items[i];
		const json_t *options = json_object_get(candidate->hello, "options");
		const double threads = field_number(options, "threads");
		if (!candidate->ready || !(threads > processors))
			continue;
		char *longer =
			memory_text("%s%s%s (%g)", names, *names ? ", " : "", candidate->label, threads);
		free(names);
		names = longer;
	}
	if (*names)
		warning(
			"more threads than the %d processors that this process may use, so they take turns: %s",
			processors, names);
	free(names);
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

int session_check_ready(const struct session *session)
{
	if (session_count_ready(session) == 0)
		return nothing_to_run(&session->selection);
	tell_unready(&session->selection);
	tell_crowded(&session->selection);
	return EXIT_FINE;
}

int session_named_code(const struct session *session)
{
	const struct selection *selection = &session->selection;
	for (size_t i = 0; i < selection->count; i++)
		if (selection->items[i].named && !selection->items[i].ready)
			return EXIT_PLATFORM;
	return EXIT_FINE;
}

/* ---- the work ---- */

/* Large shapes are verified with fewer samples, so that the reference takes no longer: say so. */
static void tell_cut(const struct session *session, const struct model *model, size_t n_train)
{
	const struct model small = {.multiply_adds_step = 1};
	const size_t batch = session->plan.work.batch;
	const size_t samples = job_verify_samples(model, n_train, batch);
	const size_t whole = job_verify_samples(&small, n_train, batch);
	if (samples < whole)
		note("a network of this size is verified with two times %zu samples, not %zu: the float64 "
		     "reference takes long for each",
		     samples, whole);
}

/* The job's folder; NULL after error(). */
static char *write_job(struct session *session, const struct dataset *dataset)
{
	session->watch = watch_new("this job", session->plan.quiet);
	watch_interrupt_at_once(session->watch); /* it computes before it writes anything */
	const struct job_progress progress = watch_progress(session->watch);
	char *cache = files_cache();
	char *folder = cache ? job_write(cache, dataset, &session->plan.work, &progress) : NULL;
	interrupt_at_once(0);
	watch_free(session->watch);
	session->watch = NULL;
	free(cache);
	return folder;
}

static int make_job(struct session *session, const struct dataset *dataset)
{
	char *folder = write_job(session, dataset);
	if (!folder)
		return EXIT_USAGE;
	int code = job_open(&session->job, folder) == 0 ? EXIT_FINE : EXIT_DATA;
	if (code == EXIT_FINE && job_check_digests(&session->job) != 0)
		code = EXIT_DATA;
	if (code == EXIT_FINE && !(session->judge = judge_new(&session->job, 0)))
		code = EXIT_DATA;
	free(folder);
	return code;
}

static size_t journal_reserve(const struct session *session, size_t n_train)
{
	const struct session_plan *plan = &session->plan;
	const size_t processes = session_count_ready(session) * (size_t)plan->runs;
	const double extra = plan->min_time * SPEED_MAX / (double)n_train;
	return processes * (BYTES_PROCESS + BYTES_EPOCH * (size_t)plan->work.epochs +
	                    BYTES_EXTRA * (size_t)fmin(extra, EVENT_EXTRA_MAX));
}

/* A journal that nobody could read again is not begun. */
static int plan_journal(struct session *session, size_t n_train)
{
	session->reserve = journal_reserve(session, n_train);
	if (session->reserve <= JOURNAL_SIZE_MAX)
		return EXIT_FINE;
	error(
		"the journal of this run would have some %zu MB, of %d that can be read again: choose fewer "
		"--runs, --epochs or platforms",
		session->reserve / 1000000, JOURNAL_SIZE_MAX / 1000000);
	return EXIT_USAGE;
}

static int prepare_with(struct session *session, const struct model *model,
                        const struct dataset *dataset)
{
	session->dataset = memory_copy(dataset->name);
	const int code = plan_journal(session, dataset->n_train);
	if (code != EXIT_FINE || interrupt_signal())
		return code;
	tell_cut(session, model, dataset->n_train);
	return make_job(session, dataset);
}

/* Where it fails dataset_load finds no MNIST, and says what becomes of that. */
static void fetch_where_due(void)
{
	char why[FETCH_WHY_SIZE];
	if (!fetch_is_due())
		return;
	note(
		"MNIST is not found: downloading it once, %d MB, into the cache (CNNBENCH_DOWNLOAD=no: never)",
		FETCH_MEGABYTES);
	if (fetch_mnist(false, why, sizeof(why)) != 0 && !interrupt_signal())
		note("%s", why);
}

int session_prepare(struct session *session)
{
	struct model model;
	struct dataset dataset;
	if (model_init(&model, session->plan.work.shape) != 0)
		return EXIT_USAGE;
	if (session->plan.data)
		return prepare_with(session, &model, session->plan.data);
	if (!session->plan.dataset || strcmp(session->plan.dataset, "mnist") == 0)
		fetch_where_due();
	if (interrupt_signal())
		return EXIT_FINE;
	interrupt_at_once(1); /* a second of drawing digits */
	const int loaded = dataset_load(&dataset, session->plan.dataset);
	interrupt_at_once(0);
	if (loaded != 0)
		return EXIT_DATA;
	const int code = prepare_with(session, &model, &dataset);
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

static json_t *run_record(const struct session *session)
{
	const struct session_plan *plan = &session->plan;
	char started[CLOCK_STAMP_SIZE];
	clock_stamp(started, 0);
	json_t *values = options_record(plan->options);
	json_object_set_new(values, "threads", json_integer(plan->threads));
	return json_pack(
		"{ss ss ss ss ss sI so so si sf sf si sI so so so so so}", "record", "run", "schema",
		JOURNAL_SCHEMA, "version", CNNBENCH_VERSION, "commit", CNNBENCH_COMMIT, "started", started,
		"ns", (json_int_t)clock_ns(), "command", log_words(plan->words), "options", values, "runs",
		plan->runs, "min_time", plan->min_time, "timeout", plan->timeout, "threads", plan->threads,
		"shuffle", (json_int_t)session->shuffle, "work", job_record(&session->job), "machine",
		machine_record(), "fma_peak", peak_record(plan->threads), "removed_environment",
		removed_record(&session->environment), "platforms", platforms_record(&session->selection));
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
static int try_json(const struct session *session)
{
	static const char latest[] = FOLDER_RESULTS "/latest/";
	const char *json = session->plan.json;
	const bool in_latest =
		json && !session->plan.log_dir && strncmp(json, latest, strlen(latest)) == 0;
	if (!json || strcmp(json, "-") == 0)
		return 0;
	char *path = in_latest ? files_join(session->folder, json + strlen(latest)) : memory_copy(json);
	const int result = files_try_put(path);
	free(path);
	return result;
}

/* The journal, run.json and the tables that say the same again, two files of weights. */
static size_t room_needed(const struct session *session)
{
	return 2 * session->reserve + 2 * sizeof(float) * session->job.model.parameters;
}

int session_open(struct session *session)
{
	const char *log_dir = session->plan.log_dir;
	char *made = folder_missing(log_dir ? log_dir : FOLDER_RESULTS);
	session->folder = folder_create(log_dir, session->dataset, session->job.folder);
	if (session->folder && try_json(session) == 0)
		session->journal = journal_create(session->folder, room_needed(session));
	if (session->folder && !session->journal)
		folder_discard(session->folder, made || log_dir ? made : session->folder);
	free(made);
	if (!session->journal)
		return EXIT_USAGE;
	if (!log_dir)
		folder_point_latest(session->folder);
	session->shuffle = draw_shuffle();
	session->record = run_record(session);
	return journal_append(session->journal, json_incref(session->record)) == 0 ? EXIT_FINE
	                                                                           : EXIT_USAGE;
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

static double thread_flops(const struct session *session)
{
	const json_t *peak = json_object_get(session->record, "fma_peak");
	const double flops = field_number(peak, "flops") / field_number(peak, "threads");

	return isfinite(flops) ? flops : 0;
}

int session_train(struct session *session, const struct observer *observer)
{
	const struct session_plan *plan = &session->plan;
	session->watch = watch_new("epoch 1 of this job", plan->quiet);
	const struct job_progress progress = watch_progress(session->watch);
	const struct rounds_order order = {
		.selection = &session->selection,
		.job = &session->job,
		.judge = session->judge,
		.check_epoch = plan->check_epoch,
		.progress = &progress,
		.results = session->folder,
		.environment = session->environment.kept,
		.runs = plan->runs,
		.min_time = plan->min_time,
		.timeout = plan->timeout,
		.thread_flops = thread_flops(session),
		.shuffle = session->shuffle,
		.profile = plan->profile,
		.keep_weights = plan->keep_weights,
	};
	tell_removed(&session->environment);
	const int result = rounds_run(&order, session->journal, observer);
	watch_free(session->watch);
	session->watch = NULL;
	journal_close(session->journal);
	session->journal = NULL;
	return result == 0 ? EXIT_FINE : EXIT_USAGE;
}

/* ---- the end ---- */

static const struct candidate *find_candidate(const struct selection *selection, const char *label)
{
	for (size_t i = 0; i < selection->count; i++)
		if (strcmp(selection->items[i].label, label) == 0)
			return &selection->items[i];
	return NULL;
}

/* Of one that did not run: a fault only where the user asked for it by name, or the probe promised it.  One
 * that says itself that it computes in less than float32 is not to be within float32's rounding. */
static int status_code(const struct contestant *contestant, const struct candidate *candidate)
{
	static const int codes[STATUS_COUNT] = {
		[STATUS_NOT_SHARP] = EXIT_NOT_VERIFIED, [STATUS_NOT_VERIFIED] = EXIT_NOT_VERIFIED,
		[STATUS_DIVERGED] = EXIT_PLATFORM,      [STATUS_FAILED] = EXIT_PLATFORM,
		[STATUS_TIMEOUT] = EXIT_PLATFORM,       [STATUS_PROTOCOL_ERROR] = EXIT_PLATFORM,
	};
	const enum status status = contestant->status;

	if (status == STATUS_NOT_VERIFIED && contestant_division(contestant))
		return EXIT_FINE;
	if (status == STATUS_UNAVAILABLE)
		return candidate && (candidate->named || candidate->ready) ? EXIT_PLATFORM : EXIT_FINE;
	return codes[status];
}

int session_results_code(const struct session *session, const struct results *results)
{
	int code = EXIT_FINE;
	for (size_t i = 0; i < results->n_contestants; i++) {
		const struct contestant *contestant = &results->contestants[i];
		const struct candidate *candidate = find_candidate(&session->selection, contestant->label);
		code = exit_worse(code, status_code(contestant, candidate));
	}
	return code;
}

void session_free(struct session *session)
{
	if (session->journal)
		journal_close(session->journal);
	judge_free(session->judge);
	if (session->job.folder)
		job_close(&session->job);
	selection_free(&session->selection);
	catalog_free(&session->catalog);
	environment_free(&session->environment);
	json_decref(session->record);
	free(session->dataset);
	free(session->folder);
}
