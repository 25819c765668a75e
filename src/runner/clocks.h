/* SPDX-License-Identifier: MIT */
/*
 * The runner's clock held against the worker's, and the ledger of a process's wall time.
 *
 * The runner stamps each event when it has read it ("heard").  Both clocks are CLOCK_MONOTONIC of one
 * machine, so a worker's stamp can never lie after the runner's.  It lies before it by the time that
 * the line took: the worker's own delay between reading its clock and writing, and the runner's
 * lateness: time that it waited for a processor (the system counts it, on Linux) or was busy with the
 * events before.  The lateness is known, and forgiven; so is, in `brackets` and `outside`, the time
 * that the worker's first thread waited for a processor on a machine with too much to do.  What is
 * checked:
 *
 *   brackets  no span begins before the process was started, and no stamp lies after the moment when
 *             its line was heard (by more than CLOCKS_SLACK), nor before it by more than CLOCKS_LAG
 *             and what is forgiven (CLOCKS_LAG_BLIND where the system does not tell what to
 *             forgive).  The lag is wide: it is there to find stamps that were made up or
 *             lines that were kept back, not to measure.
 *   epochs    the median over all epochs of |duration heard - duration told|, less the lateness, is
 *             at most 2% of the median epoch and CLOCKS_SLACK.  With fewer than CLOCKS_MANY epochs the
 *             median forgives few disturbances: CLOCKS_SOME more are allowed; with fewer than
 *             CLOCKS_MEDIAN it forgives no preemption: CLOCKS_FEW more.
 *   outside   time outside of spans, from `hello` to the last event, is at most 1% of the wall time,
 *             CLOCKS_OUTSIDE, and CLOCKS_SLACK for each gap between spans (many short epochs make
 *             many gaps, and each holds the writing of two lines),
 *             and the worker's waiting in the gaps.
 *   pace      an evaluation, which is a third of a training step's work, takes no more than CLOCKS_EVAL
 *             times as long for a sample as training (medians; and CLOCKS_FEW); extra epochs, which
 *             are the same work, no less than a CLOCKS_EXTRA-th of the others but the first (medians;
 *             of CLOCKS_MEDIAN or more).  Else work was done in another span than told.  And none is
 *             faster than `least_pace`.
 *
 * The ledger: start (from the spawn to `hello`: the system's loading of the program, its runtime,
 * looking for the device), spans (by the worker's clock), outside (gaps between spans, from `hello`
 * to the last event) and end (from there until the process has gone: the system's clearing up).
 * They add up to the wall time exactly.  For start and end the worker is not blamed, since they are
 * mostly the system's; but start counts in the total time like all else.
 */
#ifndef RUNNER_CLOCKS_H
#define RUNNER_CLOCKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCKS_SLACK 0.0003  /* seconds, all of them */
#define CLOCKS_LAG 0.1       /* some 30 slices of a busy processor's scheduler (3 ms on Linux) */
#define CLOCKS_LAG_BLIND 1.0 /* where the system does not tell how long a process waited */
#define CLOCKS_SOME 0.001
#define CLOCKS_FEW 0.05
#define CLOCKS_OUTSIDE 0.05
#define CLOCKS_EVAL 3
#define CLOCKS_EXTRA 3
enum { CLOCKS_MEDIAN = 3, CLOCKS_MANY = 10 };

/* Of one train or eval span. */
struct clocks_span {
	double worker, difference; /* seconds: by the worker; between its and the runner's */
	double samples;
	bool extra;
};

struct clocks {
	int64_t started, heard_hello, heard_last; /* ns; 0: not yet */
	int64_t first_begin, last_end;            /* the worker's, of any span; 0: none yet */
	int64_t begin, heard_begin, late_begin;   /* of the open span; begin 0: none */
	int64_t spans;                            /* ns in spans so far */
	int64_t waited, waited_outside; /* by the worker, until the last event; of it in gaps */
	size_t n_spans;
	struct clocks_span *epochs, *evals;
	size_t n_epochs, n_evals;
	double
		least_pace; /* seconds that training a sample takes at the least (medians); 0: not known */
	char offence[256]; /* the first stamp out of its brackets, or "" */
};

struct ledger {
	double wall, start, spans, outside, end; /* seconds; start + spans + outside + end = wall */
};

void clocks_start(struct clocks *clocks, int64_t started_ns);
void clocks_free(struct clocks *clocks);

/* When an event was heard. */
struct clocks_time {
	int64_t heard; /* ns, the runner's clock */
	int64_t late;  /* ns: at most so much after its line came */
	/* ns that the worker has waited for a processor by now (meter_run_delay); -1: unknown */
	int64_t waited;
};

/* An event in order (grammar_accept). */
void clocks_hear(struct clocks *clocks, const json_t *event, struct clocks_time time);

struct ledger clocks_ledger(const struct clocks *clocks, int64_t ended_ns);

/* 0: all of a process that ended well holds.  -1: it does not, and `why` says so with figures. */
int clocks_check(const struct clocks *clocks, const struct ledger *ledger, char *why, size_t size);

#endif
