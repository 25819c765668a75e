/* SPDX-License-Identifier: MIT */
#include "core/parallel.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

/* The kernel refuses a set smaller than its own: 1,024 processors first, then more. */
int parallel_processors(void)
{
	for (size_t room = 1024; room <= 1 << 20; room *= 4) {
		size_t size = CPU_ALLOC_SIZE(room);
		cpu_set_t *set = CPU_ALLOC(room);
		int failed = !set || sched_getaffinity(0, size, set);
		int count = failed ? 0 : CPU_COUNT_S(size, set);

		CPU_FREE(set);
		if (count > 0)
			return count;
		if (errno != EINVAL)
			break;
	}
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (int)online : 1;
}
