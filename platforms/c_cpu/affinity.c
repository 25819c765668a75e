/* SPDX-License-Identifier: MIT */
#include "affinity.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

struct ranked {
	struct place place;
	int rank; /* processors of the same core before this one */
};

static int same_core(const struct place *a, const struct place *b)
{
	return a->package == b->package && a->core == b->core;
}

static int compare(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	const int difference[] = {a->rank - b->rank, a->place.package - b->place.package,
	                          a->place.id - b->place.id};

	for (size_t i = 0; i < sizeof(difference) / sizeof(*difference); i++)
		if (difference[i] != 0)
			return difference[i];
	return 0;
}

/* The place on the core of `here` that is of rank 0; else the first. */
static size_t start_find(const struct ranked *sorted, size_t cores, const struct place *here)
{
	for (size_t i = 0; here != NULL && i < cores; i++)
		if (same_core(&sorted[i].place, here))
			return i;
	return 0;
}

void affinity_order(struct place *places, size_t count, int here)
{
	struct ranked *sorted = memory_new(count, sizeof(*sorted));
	struct place on = {.id = -1};
	size_t cores = 0;

	for (size_t i = 0; i < count; i++) {
		sorted[i].place = places[i];
		for (size_t k = 0; k < i; k++)
			sorted[i].rank += same_core(&places[i], &places[k]);
		cores += sorted[i].rank == 0;
		if (places[i].id == here)
			on = places[i];
	}
	qsort(sorted, count, sizeof(*sorted), compare);
	const size_t start = start_find(sorted, cores, on.id >= 0 ? &on : NULL);
	for (size_t i = 0; i < count; i++)
		places[i] = sorted[i < cores ? (start + i) % cores : i].place;
	free(sorted);
}
