/* SPDX-License-Identifier: MIT */
#include "core/processor.h"

#include <stdio.h>
#include <sys/sysctl.h>

void processor_name(char *name, size_t size)
{
	size_t length = size;
	if (sysctlbyname("machdep.cpu.brand_string", name, &length, NULL, 0) != 0)
		snprintf(name, size, "unknown processor");
}
