/* SPDX-License-Identifier: MIT */
#include "affinity.h"

#include "core/memory.h"
#include "core/proc_linux.h"
#include "core/processor_linux.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

struct affinity {
	struct processors before; /* what the creator could use */
	struct place *places;     /* of each member; as many as `before` */
};

/* The first number of a file: of a list, the lowest. */
static int topology_number(const char *root, int id, const char *name, int otherwise)
{
	char text[PROC_TEXT_SIZE];
	char *path = memory_text("/sys/devices/system/cpu/cpu%d/topology/%s", id, name);
	int number;

	if (sscanf(proc_line(text, root, path), "%d", &number) != 1)
		number = otherwise;
	free(path);
	return number;
}

void affinity_read(const char *root, const int *ids, size_t count, struct place *places)
{
	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){
			.id = ids[i],
			.package = topology_number(root, ids[i], "physical_package_id", 0),
			.core = topology_number(root, ids[i], "thread_siblings_list", ids[i]),
		};
}

struct affinity *affinity_new(int members)
{
	struct affinity *affinity = memory_new(1, sizeof(*affinity));
	struct processors *allowed = &affinity->before;

	*allowed = processors_allowed();
	if ((size_t)members > allowed->count) {
		free(allowed->ids);
		free(affinity);
		return NULL;
	}
	affinity->places = memory_new(allowed->count, sizeof(*affinity->places));
	affinity_read("", allowed->ids, allowed->count, affinity->places);
	affinity_order(affinity->places, allowed->count, sched_getcpu());
	return affinity;
}

/* The calling thread; a refusal changes nothing. */
static void allow(const int *ids, size_t count)
{
	int most = 0;

	for (size_t i = 0; i < count; i++)
		most = ids[i] > most ? ids[i] : most;
	const size_t size = CPU_ALLOC_SIZE((size_t)most + 1);
	cpu_set_t *set = CPU_ALLOC((size_t)most + 1);
	if (set == NULL)
		return;
	CPU_ZERO_S(size, set);
	for (size_t i = 0; i < count; i++)
		CPU_SET_S((size_t)ids[i], size, set);
	sched_setaffinity(0, size, set);
	CPU_FREE(set);
}

void affinity_bind(const struct affinity *affinity, int member)
{
	if (affinity != NULL)
		allow(&affinity->places[member].id, 1);
}

void affinity_free(struct affinity *affinity)
{
	if (affinity == NULL)
		return;
	allow(affinity->before.ids, affinity->before.count);
	free(affinity->places);
	free(affinity->before.ids);
	free(affinity);
}
