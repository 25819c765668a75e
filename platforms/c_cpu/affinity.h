/* SPDX-License-Identifier: MIT */
/*
 * Which processor each thread of a team computes on: one of its own, of those that the process may use.
 * Where there are not enough, or the system binds no threads (macOS), the system goes on deciding.
 */
#ifndef C_CPU_AFFINITY_H
#define C_CPU_AFFINITY_H

#include <stddef.h>

/* NULL: threads are not bound.  Called by the thread that will be member 0. */
struct affinity *affinity_new(int members);
/* Binds the calling thread to the place of this member; nothing where that is refused, or NULL. */
void affinity_bind(const struct affinity *affinity, int member);
/* Gives the calling thread back what it could use before. */
void affinity_free(struct affinity *affinity);

/* A processor; the core that it is a hardware thread of, as the lowest processor of it. */
struct place {
	int id, package, core;
};

/* Puts one of each core before a second one of any, packages together, and `here` first of all. */
void affinity_order(struct place *places, size_t count, int here);

/* The places of processors `ids` as the files below `root` tell them (core/proc_linux.h); of which they do
 * not tell is a core of its own.  Linux. */
void affinity_read(const char *root, const int *ids, size_t count, struct place *places);

#endif
