/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include "cli/forecast.h"
#include "cli/live.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/event.h"
#include "core/memory.h"
#include "runner/rounds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 512, LOG_LINES = 8, DEVICE_SHOWN = 48 };
enum { LONG_RUN = 10 };              /* seconds */
static const double much_else = 1.5; /* a forecast is told again if it changed by this factor */

struct progress {
	const struct selection *selection;
	struct pace *paces; /* one a candidate */
	int runs, epochs;
	bool quiet;
	struct live *live;
	double told;     /* seconds left, as the user was told */
	int64_t told_ns; /* when; 0: not yet */

	/* the process under way */
	int64_t begun_ns;       /* this clock, at hello */
	int64_t first_train_ns; /* this clock, at the first train span; 0: not yet */
	int64_t span_ns;        /* the worker's clock, at the begin of the open span */
	int epoch;              /* done */
	double epoch_seconds, loss, train_accuracy, test_accuracy, samples;
};

/* ---- how long it will take ---- */

static struct pace *pace_of(struct progress *progress, const struct follow_order *order)
{
	return &progress->paces[order->candidate - progress->selection->items];
}

static double since(int64_t ns)
{
	return (double)(clock_ns() - ns) * 1e-9;
}

/* The process under way has done an epoch: how long will it take in all? */
static void expect(struct progress *progress, struct pace *pace)
{
	if (!progress->first_train_ns || progress->epoch < 1)
		return;
	const double an_epoch = since(progress->first_train_ns) / progress->epoch;
	pace->expected =
		since(progress->begun_ns) + an_epoch * fmax(0, progress->epochs - progress->epoch);
}

/* Of the whole run.  `pace`: of the process under way, NULL between two of them. */
static struct forecast forecast_run(const struct progress *progress, const struct pace *pace)
{
	struct forecast left = forecast_processes(progress->paces, progress->selection->count);
	if (pace)
		left.seconds += fmax(0, pace_seconds(pace) - since(progress->begun_ns));
	return left;
}

static int processes_left(const struct progress *progress)
{
	int left = 0;
	for (size_t i = 0; i < progress->selection->count; i++)
		left += progress->paces[i].processes;
	return left;
}

/* ---- texts ---- */

static const char *duration(double seconds, char out[32])
{
	if (seconds < 0.09995)
		snprintf(out, 32, "%.1f ms", seconds * 1e3);
	else if (seconds < 0.9995)
		snprintf(out, 32, "%.0f ms", seconds * 1e3);
	else if (seconds < 9.995)
		snprintf(out, 32, "%.2f s", seconds);
	else
		snprintf(out, 32, "%.1f s", seconds);
	return out;
}

/* For guesses: whole seconds, minutes or hours. */
static const char *rough(double seconds, char out[32])
{
	if (seconds < 99)
		snprintf(out, 32, "%.0f s", fmax(1, ceil(seconds)));
	else if (seconds < 5940)
		snprintf(out, 32, "%.0f min", seconds / 60);
	else
		snprintf(out, 32, "%.1f h", seconds / 3600);
	return out;
}

static const char *rate(double per_second, char out[32])
{
	if (per_second < 1e3)
		snprintf(out, 32, "%.0f", per_second);
	else if (per_second < 1e6)
		snprintf(out, 32, "%.1fk", per_second * 1e-3);
	else
		snprintf(out, 32, "%.2fM", per_second * 1e-6);
	return out;
}

/* "about 12 s left" */
static void left_text(struct forecast left, char *out, size_t size)
{
	char text[32];
	snprintf(out, size, "about %s left%s", rough(left.seconds, text),
	         left.assumed ? " if the other platforms are as fast" : "");
}

/* "[2/6] c_cpu:threads=1" */
static int head(const struct progress *progress, const struct follow_order *order, char *out,
                size_t size)
{
	const int length = snprintf(out, size, "[%d/%d] %s", order->process,
	                            order->process + processes_left(progress), order->candidate->label);
	return length < (int)size ? length : (int)size - 1;
}

/* "epoch 4/10  412 ms  145.6k samples/s  loss 0.0813  train 97.52%  test 97.61%" */
static void epoch_text(const struct progress *progress, char *out, size_t size)
{
	char seconds[32], speed[32];
	snprintf(out, size, "epoch %d/%d  %s  %s samples/s  loss %.4f  train %.2f%%  test %.2f%%",
	         progress->epoch, progress->epochs, duration(progress->epoch_seconds, seconds),
	         rate(progress->samples / progress->epoch_seconds, speed), progress->loss,
	         100 * progress->train_accuracy, 100 * progress->test_accuracy);
}

/* A line that stays.  Notes are silenced by --quiet. */
static void say(struct progress *progress, const char *text)
{
	live_wipe(progress->live);
	note("%s", text);
}

/* ---- events ---- */

static double number_of(const json_t *event, const char *member)
{
	const json_t *number = json_object_get(event, member);
	return json_is_number(number) ? json_number_value(number) : (double)NAN;
}

static void process_begins(struct progress *progress, const struct follow_order *order,
                           const json_t *event)
{
	char line[LINE_SIZE];
	progress->begun_ns = clock_ns();
	progress->first_train_ns = 0;
	progress->epoch = 0;
	pace_of(progress, order)->processes--;
	const int at = head(progress, order, line, sizeof(line));
	const char *variant = event_text(event, "variant");
	snprintf(line + at, sizeof(line) - (size_t)at, "  round %d/%d on %.*s%s%s", order->round,
	         progress->runs, DEVICE_SHOWN, event_text(event, "device"), *variant ? ", " : "",
	         variant);
	if (live_is_on(progress->live))
		live_show(progress->live, line);
	else
		say(progress, line);
}

static void span_begins(struct progress *progress, const json_t *event)
{
	progress->span_ns = json_integer_value(json_object_get(event, "ns"));
	if (!progress->first_train_ns && strcmp(event_text(event, "span"), "train") == 0)
		progress->first_train_ns = clock_ns();
}

static void train_ends(struct progress *progress, const json_t *event)
{
	const int64_t ns = json_integer_value(json_object_get(event, "ns"));
	progress->epoch_seconds = (double)(ns - progress->span_ns) * 1e-9;
	progress->samples = number_of(event, "samples");
	progress->loss = number_of(event, "loss");
	progress->train_accuracy = number_of(event, "correct") / progress->samples;
}

static void remember(struct progress *progress, struct forecast told)
{
	progress->told = told.seconds;
	progress->told_ns = clock_ns();
}

/* Is this a long run, or does the user believe that it takes much longer or shorter? */
static bool worth_telling(const struct progress *progress, struct forecast left)
{
	const double believed = progress->told - since(progress->told_ns);
	if (!progress->told_ns)
		return left.seconds >= LONG_RUN;
	return left.seconds > 0 &&
	       (left.seconds > believed * much_else || left.seconds * much_else < believed);
}

/* A live line has the time left; without one it is told where it matters. */
static void foretell(struct progress *progress, const struct follow_order *order,
                     const struct pace *pace)
{
	char line[LINE_SIZE];
	const struct forecast left = forecast_run(progress, pace);
	if (live_is_on(progress->live) || !worth_telling(progress, left))
		return;
	const int at = head(progress, order, line, sizeof(line));
	snprintf(line + at, sizeof(line) - (size_t)at, "  ");
	left_text(left, line + at + 2, sizeof(line) - (size_t)at - 2);
	say(progress, line);
	remember(progress, left);
}

static void foretell_run(struct progress *progress)
{
	char text[32];
	const struct forecast all = forecast_run(progress, NULL);
	if (!worth_telling(progress, all))
		return;
	note("by earlier runs this will take about %s%s", rough(all.seconds, text),
	     all.assumed ? " if the other platforms are as fast" : "");
	remember(progress, all);
}

/* An epoch is told when its evaluation is there. */
static void epoch_ends(struct progress *progress, const struct follow_order *order,
                       const json_t *event)
{
	char line[LINE_SIZE], epoch[LINE_SIZE / 2], left[LINE_SIZE / 4];
	struct pace *pace = pace_of(progress, order);
	progress->epoch = (int)number_of(event, "epoch");
	progress->test_accuracy = number_of(event, "correct") / number_of(event, "samples");
	expect(progress, pace);
	epoch_text(progress, epoch, sizeof(epoch));
	const int at = head(progress, order, line, sizeof(line));
	if (live_is_on(progress->live)) {
		left_text(forecast_run(progress, pace), left, sizeof(left));
		snprintf(line + at, sizeof(line) - (size_t)at, "  %s  %s", left, epoch);
		live_show(progress->live, line);
		return;
	}
	snprintf(line + at, sizeof(line) - (size_t)at, "  %s", epoch);
	say(progress, line);
	if (order->process == 1 && progress->epoch == 1)
		foretell(progress, order, pace);
}

static void on_event(void *context, const struct follow_order *order, const json_t *event)
{
	struct progress *progress = context;
	const char *kind = event_text(event, "event"), *span = event_text(event, "span");
	const bool extra = json_is_true(json_object_get(event, "extra"));
	if (strcmp(kind, "hello") == 0)
		process_begins(progress, order, event);
	else if (strcmp(kind, "begin") == 0)
		span_begins(progress, event);
	else if (strcmp(kind, "end") == 0 && strcmp(span, "train") == 0 && !extra)
		train_ends(progress, event);
	else if (strcmp(kind, "end") == 0 && strcmp(span, "eval") == 0)
		epoch_ends(progress, order, event);
}

/* ---- the end of a process ---- */

/* Even with --quiet: why it failed, and the end of what it printed. */
static void tell_failure(const struct follow_order *order, const json_t *record)
{
	const char *help = event_text(record, "help");
	const json_t *tail = json_object_get(record, "log_tail");
	const size_t lines = json_array_size(tail);
	warning("%s: %s: %s%s%s; its log: %s/%s", order->candidate->label, event_text(record, "status"),
	        event_text(record, "why"), *help ? "; " : "", help, order->results,
	        event_text(record, "log"));
	for (size_t i = lines > LOG_LINES ? lines - LOG_LINES : 0; i < lines; i++)
		note("    %s", json_string_value(json_array_get(tail, i)));
}

static void tell_success(struct progress *progress, const struct follow_order *order,
                         double seconds, const char *status)
{
	char line[LINE_SIZE], took[32], text[LINE_SIZE / 4];
	const struct forecast left = forecast_run(progress, NULL);
	int at = head(progress, order, line, sizeof(line));
	at += snprintf(line + at, sizeof(line) - (size_t)at, "  %d epoch%s, test %.2f%%, %s in all, %s",
	               progress->epoch, progress->epoch == 1 ? "" : "s", 100 * progress->test_accuracy,
	               duration(seconds, took), status);
	if (processes_left(progress) > 0 && at < (int)sizeof(line)) {
		left_text(left, text, sizeof(text));
		snprintf(line + at, sizeof(line) - (size_t)at, "; %s", text);
		remember(progress, left);
	}
	say(progress, line);
}

static void on_end(void *context, const struct follow_order *order, const json_t *record)
{
	struct progress *progress = context;
	struct pace *pace = pace_of(progress, order);
	const char *status = event_text(record, "status");
	pace->processes = rounds_go_on(status) ? progress->runs - order->round : 0;
	pace->measured = rounds_go_on(status) ? number_of(record, "wall_seconds") : (double)NAN;
	live_wipe(progress->live);
	if (strcmp(status, "verified") == 0 || strcmp(status, "not_sharp") == 0) {
		tell_success(progress, order, pace->measured, status);
	} else if (strcmp(status, "interrupted") != 0) {
		pace->expected = (double)NAN; /* how soon it failed says nothing about the others */
		tell_failure(order, record);
		foretell(progress, order, NULL);
	}
}

/* ---- */

struct progress *progress_new(const struct selection *selection, int runs, int epochs,
                              const double *expected, bool quiet)
{
	struct progress *progress = memory_new(1, sizeof(*progress));
	*progress = (struct progress){
		.selection = selection,
		.paces = memory_new(selection->count, sizeof(struct pace)),
		.runs = runs,
		.epochs = epochs,
		.quiet = quiet,
		.live = live_new(quiet),
	};
	for (size_t i = 0; i < selection->count; i++)
		progress->paces[i] =
			(struct pace){selection->items[i].ready ? runs : 0, expected[i], (double)NAN};
	foretell_run(progress);
	return progress;
}

struct observer progress_observer(struct progress *progress)
{
	return (struct observer){progress, progress->quiet ? NULL : on_event, on_end};
}

void progress_free(struct progress *progress)
{
	live_free(progress->live);
	free(progress->paces);
	free(progress);
}
