/* SPDX-License-Identifier: MIT */
#include "core/memory.h"

#include <sys/mman.h>

/* macOS has no huge pages for the asking. */
void *memory_map(size_t bytes, const char *what)
{
	void *start =
		mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

	if (start == MAP_FAILED)
		memory_die(bytes, what);
	return start;
}

void memory_unmap(void *address, size_t bytes)
{
	if (address && munmap(address, bytes ? bytes : 1))
		BUG("%zu bytes that were never mapped are given back", bytes);
}
