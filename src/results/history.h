/* SPDX-License-Identifier: MIT */
/* How long processes took in the user's earlier runs. */
#ifndef RESULTS_HISTORY_H
#define RESULTS_HISTORY_H

#include <jansson.h>

/* The newest runs in the folder `parent` that were like the one whose "run" record (results/journal.h)
 * is `run`: on the same machine, with the same threads, shape and batch.  An array of run.json's contents;
 * json_decref() it.  Only a few are read, and no large ones; what cannot be read is silently left out. */
json_t *history_read(const char *parent, const json_t *run);

/* What a process of a platform will probably take in `run`, seconds: the median of those in the history
 * that ran to their end, their training scaled to the epochs and samples of `run`, but no shorter than its
 * min_time, the rest as it was.  NAN: there are none. */
double history_seconds(const json_t *history, const json_t *run, const char *label);

#endif
