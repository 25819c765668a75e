/* SPDX-License-Identifier: MIT */
/* The one clock of runner and workers: CLOCK_MONOTONIC, the same for all processes of a machine. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdint.h>

int64_t clock_ns(void);
int64_t clock_cpu_ns(void); /* CPU time of this process so far, user and system */

/* The wall clock in UTC as 2026-11-22T20:48:42Z; `compact`: 20261122T204842Z, for file names. */
enum { CLOCK_STAMP_SIZE = 24 };
void clock_stamp(char out[CLOCK_STAMP_SIZE], int compact);

#endif
