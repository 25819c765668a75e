/* SPDX-License-Identifier: MIT */
/* What a run measured, in memory: read from its journal, and nothing computed yet. */
#ifndef RESULTS_RESULTS_H
#define RESULTS_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum status {
	STATUS_UNJUDGED, /* ran to its end; no judge has spoken: cut off before, or of an older version */
	STATUS_VERIFIED,
	STATUS_NOT_SHARP,
	STATUS_NOT_VERIFIED,
	STATUS_DIVERGED,
	STATUS_FAILED,
	STATUS_TIMEOUT,
	STATUS_PROTOCOL_ERROR,
	STATUS_UNAVAILABLE,
	STATUS_INTERRUPTED,
	STATUS_UNVERIFIED_CSV,
	STATUS_COUNT,
};

const char *status_name(enum status status);            /* "protocol_error" */
int status_read(const char *name, enum status *status); /* -1, silently: no such status */
bool status_measured(enum status status); /* it ran to its end and nothing speaks against it; only
                                             STATUS_VERIFIED speaks for it */

#define UNMEASURED ((double)NAN) /* or not finite */

struct epoch {
	int number;            /* from 1; extra ones count on */
	bool extra;            /* for time only */
	double train_seconds;  /* the worker's clock */
	double runner_seconds; /* the runner's clock, for the same span */
	double train_loss, train_accuracy, test_loss, test_accuracy; /* accuracies as fractions */
	double anonymous, file, vram, system; /* bytes at the end of the train span */
	double clock_hz;                      /* of the processor that it ran on, at the same time */
	double
		throughput; /* samples per second, where a CSV file says it; else NAN: n_train over train_seconds */
	char stamp[24]; /* UTC, at the end of the train span */
};

struct span {
	char name[16];
	int epoch;         /* 0: none */
	double begin, end; /* seconds since the process was started */
};

/* One worker process. */
struct execution {
	int process, round;
	enum status status;
	char *why, *help;
	struct epoch *epochs;
	size_t n_epochs;
	struct span *spans;
	size_t n_spans;
	double wall_seconds;  /* start to reaped */
	double total_seconds; /* start to the end of `read`; NAN if it was not reached */
	double outside_seconds, user_seconds, system_seconds, runner_seconds;
	double peak_rss, mean_rss, peak_vram; /* bytes: of all samples, and the system's own peak */
	/* Some of the VRAM is what all processes used beyond what they had before: the driver hid this one. */
	bool vram_delta;
	json_t *hello;        /* or NULL */
	json_t *start, *exit; /* the journal's records; `exit` NULL: the run was cut off before */
	json_t *samples;      /* array of the journal's "memory" records */
	json_t *counters;     /* array of the worker's own "memory" events */
	json_t *profile;      /* the "parts" of its "profile" event, an array; or NULL */
};

struct contestant {
	char *label, *file, *platform;
	/* Of the worst execution; not_verified is the worst of all.  One that was interrupted takes nothing
	 * away from those that were not.  Unavailable ones have no execution. */
	enum status status;
	char *why, *help;             /* that go with it */
	json_t *hello;                /* of the probe, or NULL */
	struct execution *executions; /* in the order of rounds */
	size_t n_executions;
};

struct results {
	char *folder;        /* how the user calls it: the folder, or the file that was read */
	json_t *run;         /* the journal's "run" record, or run.json, which has the same members */
	char *finished;      /* UTC, or NULL: interrupted hard, or still going on */
	bool original;       /* of CSV files: nothing is known of work and machine, and an epoch's time
	                                   holds its evaluation */
	int signal;          /* that ended it; 0: none */
	double n_train;      /* samples of an epoch */
	json_t *rounds;      /* array of the journal's "round" records */
	json_t *epoch_check; /* the journal's record, or NULL */
	struct contestant *contestants; /* in the order of --platform */
	size_t n_contestants;
};

/* The executions that figures are made of: those that ran to their end, or, where the contestant has
 * none such, all of them. */
bool execution_counts(const struct contestant *contestant, const struct execution *execution);

/* What it said of itself: the first execution's hello, else the probe's; NULL: nothing. */
const json_t *contestant_hello(const struct contestant *contestant);

/* The type that it says it computes in, where that is not float32; else NULL. */
const char *contestant_division(const struct contestant *contestant);

/* The judge's certificates (runner/judge.h) of a contestant, in short. */
struct proof {
	int runs;           /* executions with a certificate */
	int tensors, steps; /* of the verification; 0: not known */
	/* The largest difference of a tensor in any run, as a part of what is allowed.  NAN: none is known;
	 * INFINITY: a tensor is off, and no number tells how far. */
	double worst;
};

struct proof contestant_proof(const struct contestant *contestant);

/*
 * From what a user names: a results folder, its journal.jsonl or run.json, such a file alone under any
 * name (*.jsonl is a journal), a folder of CSV files (results/original.h).  Where a journal lies beside it, that is read: it is the only truth.
 * Interrupted journals give what they hold.  -1 after error().
 */
int results_read(struct results *results, const char *path);
void results_free(struct results *results);

/* The single ways to read.  `name`: what `folder` becomes. */
int results_read_journal(struct results *results, const char *path, const char *name);
int results_read_run(struct results *results, const char *path, const char *name);

/* For those that read: the contestant of a label, or NULL; a name as part of a path; one more execution, of
 * which nothing is known; and at the end of a contestant its status and reason, from its executions. */
struct contestant *results_contestant(const struct results *results, const char *label);
char *contestant_file(const char *name);
struct execution *contestant_add(struct contestant *contestant, int process, int round);
void contestant_conclude(struct contestant *contestant);

/* The same arrays of members in both directions (results_record.c): a structure's numbers under the names
 * that they have in run.json, the smallest and the largest that can be. */
struct number_field {
	const char *name;
	size_t offset;
	double least, most;
};
extern const struct number_field results_epoch_fields[], results_execution_fields[],
	results_span_fields[];

bool number_can_be(const struct number_field *field, double value); /* false of NAN */

/* What cannot be was not measured: a worker whose clock runs backwards says such things. */
void numbers_limit(const struct number_field *fields, void *structure);

/* Of an epoch, as a run record or run.json says it. */
double results_samples(const json_t *run);

#define RESULTS_SCHEMA "cnnbench-run-1"

/* run.json: the whole of it, schema "cnnbench-run-1". */
json_t *results_record(const struct results *results);

/* What was found of epoch 1 (runner/epoch_check.h), or null; for JSON. */
json_t *results_epoch_check(const struct results *results);

#endif
