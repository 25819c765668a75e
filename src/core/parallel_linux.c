/* SPDX-License-Identifier: MIT */
#include "core/parallel.h"
#include "core/processor_linux.h"

#include <stdlib.h>
#include <unistd.h>

int parallel_processors(void)
{
	const struct processors allowed = processors_allowed();
	const long count = allowed.count ? (long)allowed.count : sysconf(_SC_NPROCESSORS_ONLN);

	free(allowed.ids);
	return count > 0 ? (int)count : 1;
}
