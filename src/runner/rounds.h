/* SPDX-License-Identifier: MIT */
/* Rounds: every platform once a round, each in a fresh process, in a random, recorded order. */
#ifndef RUNNER_ROUNDS_H
#define RUNNER_ROUNDS_H

#include "runner/follow.h"

#include <stdbool.h>

struct rounds_order {
	const struct selection *selection;
	const struct job *job;
	struct judge *judge;                 /* or NULL */
	bool check_epoch;                    /* the reference trains epoch 1 even where all agree */
	const struct job_progress *progress; /* of that; or NULL */
	const char *results;
	char *const *environment; /* of the workers: environment_cut */
	int runs;
	double min_time, timeout, thread_flops; /* runner/follow.h */
	uint64_t shuffle;                       /* seed of the orders */
	bool profile, keep_weights;             /* runner/follow.h */
};

/* Writes the records "round" to "end"; "run" is the caller's.  A platform that failed, timed out, broke
 * the protocol, is unavailable or not verified is not started again in later rounds.  After a signal
 * nothing more is started.  -1 after error() only where the results folder cannot be written. */
int rounds_run(const struct rounds_order *order, struct journal *journal,
               const struct observer *observer);

/* Whether a platform whose process ended with this status has its place in later rounds. */
bool rounds_go_on(const char *status);

#endif
