/* SPDX-License-Identifier: MIT */
/* Runs of alike work stand in one table; unlike work stands apart, and what differs is named. */
#ifndef REPORT_GROUP_H
#define REPORT_GROUP_H

#include "results/results.h"

/*
 * Work is alike where the digest of the data, numbers of images, shape, batch, learning rate, momentum,
 * epochs and seed are the same.  Machine, threads and rounds may differ.  A folder of CSV files is like
 * nothing else.
 */
struct group {
	const struct results **runs; /* borrowed, in the order in which they were given */
	size_t n_runs;
	char *difference; /* from the first group, in words; NULL: it is the first */
};

/* Groups in the order of their first runs; free with groups_free. */
struct group *groups_make(const struct results *const *runs, size_t count, size_t *n_groups);
void groups_free(struct group *groups, size_t n_groups);

/* The same run of the same machine, whatever file it was read from. */
bool group_same_run(const struct results *a, const struct results *b);

#endif
