/* SPDX-License-Identifier: MIT */
/*
 * Progress of a run on standard error: on a terminal one live line, rewritten in place; elsewhere,
 * and on a dumb terminal, a line an epoch.  No colours and no escape sequences.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "runner/follow.h"

struct progress;

/* `expected`: seconds that a process of each candidate will take by earlier runs, NAN where there are none:
 * it is told at once if the run will be a long one.  `quiet`: nothing is shown. */
struct progress *progress_new(const struct selection *selection, int runs, int epochs,
                              const double *expected, bool quiet);
struct observer progress_observer(struct progress *progress);
void progress_free(struct progress *progress); /* the live line is wiped first */

#endif
