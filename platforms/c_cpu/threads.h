/* SPDX-License-Identifier: MIT */
/*
 * A team of threads that is started once: member 0 is the caller of threads_run.  Each is bound to a
 * processor of its own (affinity.h), the caller until threads_stop.
 *
 * Waiting is spinning at first (a step of training has two barriers) and sleeping
 * after that, at once where there are more threads than processors.  C11 atomics, a mutex and a
 * condition: macOS has no pthread_barrier, and Linux's costs 13 to 28 us.
 */
#ifndef C_CPU_THREADS_H
#define C_CPU_THREADS_H

struct threads;

struct threads *threads_start(int count); /* count >= 1; dies where a thread cannot be started */
void threads_stop(struct threads *threads);

/* Every member calls body(context, member), 0 .. count-1; returns when all have. */
void threads_run(struct threads *threads, void (*body)(void *context, int member), void *context);

/* Within a body: wait until all members are here.  What they wrote before is then seen by all. */
void threads_barrier(struct threads *threads);

#endif
