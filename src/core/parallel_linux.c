/* SPDX-License-Identifier: MIT */
#include "core/parallel.h"
#include "core/processor_linux.h"
#include "core/quota_linux.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

int parallel_processors(void)
{
	const struct processors allowed = processors_allowed();
	const long there = allowed.count ? (long)allowed.count : sysconf(_SC_NPROCESSORS_ONLN);
	const double count = fmin((double)there, ceil(quota_processors("")));

	free(allowed.ids);
	return count > 1 ? (int)count : 1;
}
