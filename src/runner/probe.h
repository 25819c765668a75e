/* SPDX-License-Identifier: MIT */
/* Ask workers whether they can run here: `worker-X --probe`, docs/PROTOCOL.md. */
#ifndef RUNNER_PROBE_H
#define RUNNER_PROBE_H

#include "runner/selection.h"

enum { PROBE_SECONDS = 10 };

/*
 * Probes all side by side, with the options that each candidate has (NULL: the worker's defaults), at
 * most PROBE_SECONDS in all, and up to a second more for each worker that closed its events and does
 * not end.  Sets hello, ready, reason and help anew.  What goes wrong with a worker is its candidate's
 * `reason`, never an error.
 */
void probe_all(struct candidate *const *candidates, size_t count);

#endif
