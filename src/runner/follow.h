/* SPDX-License-Identifier: MIT */
/*
 * Follow one worker process from its start to its end, and write all that happens to the journal.
 *
 * The runner sleeps in poll(2) until an event, a signal or the next sample is due (at most 5 samples
 * of memory a second; one more at the end of each train span).  It holds its own clock against the
 * worker's: docs/METHOD.md, "Two clocks".
 */
#ifndef RUNNER_FOLLOW_H
#define RUNNER_FOLLOW_H

#include "core/job.h"
#include "results/journal.h"
#include "runner/judge.h"
#include "runner/selection.h"

/* One run of one platform: what `follow` needs to know. */
struct follow_order {
	const struct candidate *candidate;
	const struct job *job;
	struct judge *judge; /* NULL: what went well stays "unjudged" */
	const char *results; /* the results folder: logs/<file>.log is appended to */
	char *const *environment;
	int process;              /* number of this process in the run, from 1 */
	int round;                /* from 1 */
	double min_time, timeout; /* seconds; timeout 0: none */
	const char *chosen; /* what an earlier process of the candidate chose by trials, or NULL */
	double
		thread_flops;  /* of one of the machine's threads, at most (runner/peak.h); 0: not known */
	bool profile;      /* an epoch by layers is wanted too, of a worker that can */
	bool keep_weights; /* the worker's --out, out-<process> in the results folder, stays */
};

/* For progress displays; each may be NULL.  `event` is called for each event, `ended` with the "exit"
 * record of the process, right after they were written down. */
struct observer {
	void *context;
	void (*event)(void *context, const struct follow_order *order, const json_t *event);
	void (*ended)(void *context, const struct follow_order *order, const json_t *record);
};

struct outcome {
	const char *status;
	double first_loss; /* mean loss of epoch 1; NAN: it did not come to its end */
	char *chosen;      /* by trials, in its `tune` span; NULL: nothing.  The caller frees it */
};

/*
 * The status of the process stands in the journal's "exit" record too, with the reason in words and the
 * judge's certificate: verified, not_sharp, not_verified, diverged, failed, timeout, protocol_error,
 * unavailable, interrupted.  Returns -1 after error() only where the results folder cannot be written.
 */
int follow(const struct follow_order *order, struct journal *journal,
           const struct observer *observer, struct outcome *outcome);

#endif
