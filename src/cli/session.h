/* SPDX-License-Identifier: MIT */
/*
 * What `run` and `verify` have in common, step by step: platforms are chosen, the work is prepared, a
 * results folder is opened, workers are started.  Each step returns an exit code, after error() where that
 * is not EXIT_FINE; after another one, or a signal, none follows but session_free.
 *
 *     struct session session = {.plan = {...}};
 *     session_find -> session_select -> session_check_ready -> session_prepare -> session_open
 *     -> session_train -> (read the results folder) -> session_free
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "core/job.h"
#include "core/options.h"
#include "results/journal.h"
#include "results/results.h"
#include "runner/catalog.h"
#include "runner/environment.h"
#include "runner/follow.h"
#include "runner/judge.h"
#include "runner/selection.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* All is borrowed. */
struct session_plan {
	const struct options *options; /* for the record, with the words of the call */
	char *const *words;
	const char *platforms; /* as --platform takes them; NULL: all */
	const char
		*worker; /* or a path "./worker-mine" with options "./worker-mine:threads=1"; or NULL */
	const char *dataset;        /* as --dataset takes it; NULL: as dataset_load chooses */
	const struct dataset *data; /* or one that is in memory already; or NULL */
	struct work work;
	int threads, runs;
	double min_time, timeout;
	bool check_epoch, profile, keep_weights;
	const char *log_dir; /* NULL: a new one in results/, to which results/latest points */
	const char *json;    /* a place to write to later, tried before anything is trained; or NULL */
	bool quiet;
};

struct watch; /* progress of the reference */

struct session {
	struct session_plan plan;
	struct catalog catalog;
	struct selection selection;
	struct environment environment; /* of the workers */
	struct watch *watch;
	char *dataset; /* its name */
	struct job job;
	struct judge *judge;
	size_t reserve; /* bytes of the journal, at most */
	char *folder;
	struct journal *journal; /* NULL before session_open and after session_train */
	uint64_t shuffle;
	json_t *record; /* the journal's first */
};

int session_find(struct session *session);   /* which platforms there are; with the plan's worker */
int session_select(struct session *session); /* those of the plan, probed */

/* Is any ready?  Says why those are not that are not; EXIT_NOTHING. */
int session_check_ready(const struct session *session);
int session_named_code(
	const struct session *session); /* of those that were named and are not ready */
size_t session_count_ready(const struct session *session);

int session_prepare(struct session *session); /* dataset, job and judge */
int session_open(struct session *session); /* the results folder, with the journal's first record */
int session_train(struct session *session, const struct observer *observer);

/* The exit code that the results deserve. */
int session_results_code(const struct session *session, const struct results *results);
void session_free(struct session *session); /* a zeroed one, too */

#endif
