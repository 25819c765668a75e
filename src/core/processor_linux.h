/* SPDX-License-Identifier: MIT */
/* Linux's processors. */
#ifndef CORE_PROCESSOR_LINUX_H
#define CORE_PROCESSOR_LINUX_H

#include <stddef.h>

struct processors {
	int *ids;
	size_t count;
};

/* Those that this process may use, by its affinity; free() the ids.  None where the system does not tell. */
struct processors processors_allowed(void);

/* processor_name() below `root` (core/proc_linux.h); "" where the system does not tell. */
void processor_linux_name(const char *root, char *name, size_t size);

#endif
