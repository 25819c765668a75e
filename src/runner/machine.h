/* SPDX-License-Identifier: MIT */
/* The machine as the results record it. */
#ifndef RUNNER_MACHINE_H
#define RUNNER_MACHINE_H

#include <jansson.h>

/*
 * {"cpu", "cores", "processors", "usable_cores", "cpu_quota", "caches": {"L1d": bytes, ...}, "memory_bytes",
 *  "swap_used_bytes", "huge_pages", "system", "kernel", "architecture", "governor", "load", "host_id"}:
 * what is unknown is null.  `cores` and `processors` (hardware threads) are the whole machine's, usable_cores
 * is machine_threads(), cpu_quota a container's limit in processors.  No user's or host's name: results are
 * made to be shown; host_id is a digest that only tells machines apart.
 */
json_t *machine_record(void);

/* Physical cores that this process may use: affinity and a container's CPU quota respected; >= 1. */
int machine_threads(void);

#endif
