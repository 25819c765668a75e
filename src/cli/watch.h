/* SPDX-License-Identifier: MIT */
/*
 * Progress of the reference: a live line on a terminal; elsewhere one note when it will take longer than
 * a second or so.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "core/job.h"

#include <stdbool.h>

struct watch;

/* `what` it computes: "this job", "epoch 1". */
struct watch *watch_new(const char *what, bool quiet);
struct job_progress watch_progress(struct watch *watch);

/* A calculation that nothing is lost with ends at once by a signal, from its first report to its last:
 * nothing may be written meanwhile. */
void watch_interrupt_at_once(struct watch *watch);
void watch_free(struct watch *watch); /* may be NULL */

#endif
