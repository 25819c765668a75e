/* SPDX-License-Identifier: MIT */
/* A loop over 0 .. count-1 on several threads, for work outside every clock (digits, reference). */
#ifndef CORE_PARALLEL_H
#define CORE_PARALLEL_H

#include <stddef.h>

/* Calls body(context, i) once for each i; which thread gets which i is not fixed, so a body writes
 * only what belongs to i.  Blocks until all are done.  threads < 1: as many as the process may use. */
void parallel_for(int threads, size_t count, void (*body)(void *context, size_t i), void *context);

/* Processors that this process may use: affinity and a container's quota respected. */
int parallel_processors(void);

#endif
