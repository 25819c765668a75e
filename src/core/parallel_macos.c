/* SPDX-License-Identifier: MIT */
#include "core/parallel.h"

#include <sys/sysctl.h>

/* macOS has no affinity: all that are switched on. */
int parallel_processors(void)
{
	int count = 0;
	size_t size = sizeof(count);

	if (sysctlbyname("hw.activecpu", &count, &size, NULL, 0) || count < 1)
		return 1;
	return count;
}
