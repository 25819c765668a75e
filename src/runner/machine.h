/* SPDX-License-Identifier: MIT */
/* The machine as the results record it. */
#ifndef RUNNER_MACHINE_H
#define RUNNER_MACHINE_H

#include <jansson.h>

/*
 * {"cpu", "cores", "processors", "caches": {...}, "memory_bytes", "system", "kernel", "architecture",
 *  "governor", "load", "host_id"}: what is unknown is null.  No user's or host's name: results are
 * made to be shown.
 */
json_t *machine_record(void);

/* Physical cores that this process may use: affinity and a container's CPU quota respected; >= 1. */
int machine_threads(void);

#endif
