/* SPDX-License-Identifier: MIT */
#include "runner/clocks.h"

#include "core/event.h"
#include "core/memory.h"
#include "core/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double seconds(int64_t ns)
{
	return (double)ns * 1e-9;
}

void clocks_start(struct clocks *clocks, int64_t started_ns)
{
	memset(clocks, 0, sizeof(*clocks));
	clocks->started = started_ns;
}

void clocks_free(struct clocks *clocks)
{
	free(clocks->epochs);
	free(clocks->evals);
}

static int64_t stamp(const json_t *event)
{
	return json_integer_value(json_object_get(event, "ns"));
}

/* Only the first offence is kept. */
static void check_brackets(struct clocks *clocks, const json_t *event, struct clocks_time time)
{
	bool blind = time.waited < 0;
	double lag = seconds(time.heard - stamp(event));
	double forgiven = seconds(time.late + (blind ? 0 : time.waited - clocks->waited));
	double allowed = blind ? CLOCKS_LAG_BLIND : CLOCKS_LAG;
	double before = seconds(clocks->started - stamp(event));
	const char *kind = event_text(event, "event"), *span = event_text(event, "span");
	char *out = clocks->offence;
	size_t size = sizeof(clocks->offence);

	if (*out)
		return;
	if (before > 0)
		snprintf(out, size, "clock: the %s of %s is stamped %.3f ms before the process was started",
		         kind, span, 1e3 * before);
	else if (lag < -CLOCKS_SLACK)
		snprintf(out, size, "clock: the %s of %s is stamped %.3f ms after it was heard", kind, span,
		         -1e3 * lag);
	else if (lag - forgiven > allowed)
		snprintf(
			out, size,
			"clock: the %s of %s was heard %.3f ms after its stamp, at most %.0f ms are allowed "
			"(was the runner stopped, or the machine overloaded?)",
			kind, span, 1e3 * lag, 1e3 * allowed);
}

static void add_span(struct clocks_span **spans, size_t *count, const struct clocks_span *span)
{
	*spans = memory_grow(*spans, *count + 1, sizeof(**spans));
	(*spans)[(*count)++] = *span;
}

static void hear_begin(struct clocks *clocks, const json_t *event, struct clocks_time time)
{
	check_brackets(clocks, event, time);
	clocks->begin = stamp(event);
	clocks->heard_begin = time.heard;
	clocks->late_begin = time.late;
	if (!clocks->first_begin)
		clocks->first_begin = clocks->begin;
}

static void hear_end(struct clocks *clocks, const json_t *event, struct clocks_time time)
{
	int64_t told = stamp(event) - clocks->begin;

	check_brackets(clocks, event, time);
	clocks->begin = 0;
	clocks->last_end = stamp(event);
	clocks->spans += told;
	clocks->n_spans++;
	double apart = fabs(seconds(time.heard - clocks->heard_begin - told));
	double forgiven = seconds(time.late + clocks->late_begin);
	const struct clocks_span span = {
		.worker = seconds(told),
		.difference = apart > forgiven ? apart - forgiven : 0,
		.samples = (double)json_integer_value(json_object_get(event, "samples")),
		.extra = json_is_true(json_object_get(event, "extra")),
	};
	if (strcmp(event_text(event, "span"), "train") == 0)
		add_span(&clocks->epochs, &clocks->n_epochs, &span);
	else if (strcmp(event_text(event, "span"), "eval") == 0)
		add_span(&clocks->evals, &clocks->n_evals, &span);
}

void clocks_hear(struct clocks *clocks, const json_t *event, struct clocks_time time)
{
	const char *kind = event_text(event, "event");
	int64_t waited = time.waited < clocks->waited ? clocks->waited : time.waited;

	if (clocks->heard_hello && clocks->begin == 0) /* in a gap */
		clocks->waited_outside += waited - clocks->waited;
	if (strcmp(kind, "hello") == 0)
		clocks->heard_hello = time.heard;
	else if (strcmp(kind, "begin") == 0)
		hear_begin(clocks, event, time);
	else if (strcmp(kind, "end") == 0)
		hear_end(clocks, event, time);
	else if (strcmp(kind, "memory") != 0)
		clocks->heard_last = time.heard;
	clocks->waited = waited;
}

/* Where the runner heard of `hello` only after the first span had begun, start ends with its begin. */
struct ledger clocks_ledger(const struct clocks *clocks, int64_t ended_ns)
{
	int64_t greeted = clocks->heard_hello ? clocks->heard_hello : ended_ns;
	int64_t last = clocks->heard_last ? clocks->heard_last : ended_ns;

	if (clocks->first_begin && clocks->first_begin < greeted)
		greeted = clocks->first_begin;
	if (last < clocks->last_end) /* a stamp after it was heard: an offence of its own */
		last = clocks->last_end;
	if (last < greeted)
		last = greeted;
	return (struct ledger){
		.wall = seconds(ended_ns - clocks->started),
		.start = seconds(greeted - clocks->started),
		.spans = seconds(clocks->spans),
		.outside = seconds(last - greeted - clocks->spans),
		.end = seconds(ended_ns - last),
	};
}

/* ---- Medians over epochs ---- */

static double worker_of(const struct clocks_span *span)
{
	return span->worker;
}

static double difference_of(const struct clocks_span *span)
{
	return span->difference;
}

static double pace_of(const struct clocks_span *span)
{
	return span->samples > 0 ? span->worker / span->samples : (double)NAN;
}

static struct spread median_of(const struct clocks_span *spans, size_t count,
                               double (*figure)(const struct clocks_span *))
{
	double *values = memory_new(count, sizeof(*values));

	for (size_t i = 0; i < count; i++)
		values[i] = figure(&spans[i]);
	struct spread spread = statistics_spread(values, count);
	free(values);
	return spread;
}

/* ---- The rules ---- */

static int check_epochs(const struct clocks *clocks, char *why, size_t size)
{
	double worker = median_of(clocks->epochs, clocks->n_epochs, worker_of).median;
	double apart = median_of(clocks->epochs, clocks->n_epochs, difference_of).median;
	double allowed = 0.02 * worker + CLOCKS_SLACK;

	if (clocks->n_epochs < CLOCKS_MEDIAN)
		allowed += CLOCKS_FEW;
	else if (clocks->n_epochs < CLOCKS_MANY)
		allowed += CLOCKS_SOME;
	if (clocks->n_epochs == 0 || apart <= allowed)
		return 0;
	snprintf(
		why, size,
		"clock: the runner's and the worker's durations of an epoch (median %.3f ms) differ by "
		"%.3f ms, at most %.3f ms are allowed",
		1e3 * worker, 1e3 * apart, 1e3 * allowed);
	return -1;
}

static int check_eval(const struct clocks *clocks, char *why, size_t size)
{
	double train = median_of(clocks->epochs, clocks->n_epochs, pace_of).median;
	double eval = median_of(clocks->evals, clocks->n_evals, pace_of).median;

	if (clocks->n_evals == 0)
		return 0;
	double allowed = CLOCKS_EVAL * train + CLOCKS_FEW / clocks->evals[0].samples;
	if (!(eval > allowed))
		return 0;
	snprintf(why, size,
	         "clock: a sample takes %.3g us to evaluate and %.3g us to train (medians), at most "
	         "%.3g us are allowed: work of the epochs is done in \"eval\"",
	         1e6 * eval, 1e6 * train, 1e6 * allowed);
	return -1;
}

/* Extra epochs stand behind the others. */
static int check_extra(const struct clocks *clocks, char *why, size_t size)
{
	size_t others = 0;

	while (others < clocks->n_epochs && !clocks->epochs[others].extra)
		others++;
	const size_t extra = clocks->n_epochs - others;
	if (others < CLOCKS_MEDIAN + 1 || extra < CLOCKS_MEDIAN)
		return 0;
	double steady = median_of(clocks->epochs + 1, others - 1, worker_of).median;
	double fast = median_of(clocks->epochs + others, extra, worker_of).median;
	if (!(fast * CLOCKS_EXTRA < steady))
		return 0;
	snprintf(why, size,
	         "clock: an extra epoch takes %.3g ms, the others %.3g ms (medians): that is not the "
	         "same work",
	         1e3 * fast, 1e3 * steady);
	return -1;
}

static int check_least(const struct clocks *clocks, char *why, size_t size)
{
	double train = median_of(clocks->epochs, clocks->n_epochs, pace_of).median;

	if (!(train < clocks->least_pace))
		return 0;
	snprintf(
		why, size,
		"clock: a sample takes %.3g us to train (median); the dense layers alone take %.3g us at "
		"more than this processor's peak: some of the work was not done in the epochs",
		1e6 * train, 1e6 * clocks->least_pace);
	return -1;
}

static int check_outside(const struct clocks *clocks, const struct ledger *ledger, char *why,
                         size_t size)
{
	double allowed = 0.01 * ledger->wall + CLOCKS_OUTSIDE +
	                 CLOCKS_SLACK * (double)(clocks->n_spans + 1) + seconds(clocks->waited_outside);

	if (ledger->outside <= allowed)
		return 0;
	snprintf(why, size,
	         "clock: %.3f s of %.3f s passed outside of spans, at most %.3f s are allowed",
	         ledger->outside, ledger->wall, allowed);
	return -1;
}

int clocks_check(const struct clocks *clocks, const struct ledger *ledger, char *why, size_t size)
{
	if (*clocks->offence) {
		snprintf(why, size, "%s", clocks->offence);
		return -1;
	}
	return check_epochs(clocks, why, size) || check_outside(clocks, ledger, why, size) ||
	               check_eval(clocks, why, size) || check_extra(clocks, why, size) ||
	               check_least(clocks, why, size)
	           ? -1
	           : 0;
}
