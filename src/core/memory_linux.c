/* SPDX-License-Identifier: MIT */
#include "core/memory.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* The size of a huge page on x86-64, and on arm64 with 4 KiB pages. */
enum { HUGE_PAGE = 2 << 20 };

static size_t whole_pages(size_t bytes, const char *what)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (bytes > SIZE_MAX - page - HUGE_PAGE)
		memory_die(bytes, what);
	return bytes ? (bytes + page - 1) / page * page : page;
}

/* The kernel backs only aligned stretches with huge pages: where one fits in, map a huge page more
 * and give back what is left over at both ends. */
void *memory_map(size_t bytes, const char *what)
{
	size_t size = whole_pages(bytes, what);
	size_t spare = size >= HUGE_PAGE ? HUGE_PAGE : 0;
	char *start =
		mmap(NULL, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		memory_die(bytes, what);
	if (!spare)
		return start;

	size_t head = (HUGE_PAGE - (uintptr_t)start % HUGE_PAGE) % HUGE_PAGE;
	if (head)
		munmap(start, head);
	if (spare > head)
		munmap(start + head + size, spare - head);
	madvise(start + head, size, MADV_HUGEPAGE); /* a wish: a kernel without them says EINVAL */
	return start + head;
}

void memory_unmap(void *address, size_t bytes)
{
	if (address && munmap(address, whole_pages(bytes, "")))
		BUG("%zu bytes that were never mapped are given back", bytes);
}
