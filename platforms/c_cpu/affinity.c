/* SPDX-License-Identifier: MIT */
#include "affinity.h"

#include "core/memory.h"

#include <stdlib.h>

struct ranked {
	struct place place;
	int rank; /* hardware threads of the same core that go before this one */
	int away; /* in another package than the first */
};

static int compare(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	const int difference[] = {a->rank - b->rank, a->away - b->away,
	                          a->place.package - b->place.package, a->place.id - b->place.id};

	for (size_t i = 0; i < sizeof(difference) / sizeof(*difference); i++)
		if (difference[i] != 0)
			return difference[i];
	return 0;
}

/* Of a core `here` goes first: who else computes there was not put there by the system. */
static int rank_of(const struct place *places, size_t count, size_t i, int here)
{
	int rank = 0;

	for (size_t k = 0; k < count && places[i].id != here; k++)
		rank += places[k].core == places[i].core && k != i && (k < i || places[k].id == here);
	return rank;
}

void affinity_order(struct place *places, size_t count, int here)
{
	struct ranked *sorted = memory_new(count, sizeof(*sorted));
	size_t near = 0, start = 0;
	int package = places[0].package;

	for (size_t i = 0; i < count; i++)
		if (places[i].id == here)
			package = places[i].package;
	for (size_t i = 0; i < count; i++) {
		sorted[i] = (struct ranked){places[i], rank_of(places, count, i, here),
		                            places[i].package != package};
		near += sorted[i].rank == 0 && !sorted[i].away;
	}
	qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t i = 0; i < near; i++)
		if (sorted[i].place.id == here)
			start = i;
	for (size_t i = 0; i < count; i++)
		places[i] = sorted[i < near ? (start + i) % near : i].place;
	free(sorted);
}
