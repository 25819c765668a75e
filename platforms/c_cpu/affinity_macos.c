/* SPDX-License-Identifier: MIT */
/* macOS binds no threads: its scheduler takes hints about shared caches at most, and on Apple's processors
 * none. */
#include "affinity.h"

struct affinity *affinity_new(int members)
{
	(void)members;
	return NULL;
}

void affinity_bind(const struct affinity *affinity, int member)
{
	(void)affinity;
	(void)member;
}

void affinity_free(struct affinity *affinity)
{
	(void)affinity;
}
