/* SPDX-License-Identifier: MIT */
#include "core/parallel.h"

#include "core/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct loop {
	void (*body)(void *context, size_t i);
	void *context;
	size_t count;
	atomic_size_t next;
};

static void *run_loop(void *argument)
{
	struct loop *loop = argument;
	size_t i;

	while ((i = atomic_fetch_add_explicit(&loop->next, 1, memory_order_relaxed)) < loop->count)
		loop->body(loop->context, i);
	return NULL;
}

void parallel_for(int threads, size_t count, void (*body)(void *context, size_t i), void *context)
{
	struct loop loop = {.body = body, .context = context, .count = count};
	size_t wanted = (size_t)(threads < 1 ? parallel_processors() : threads), started = 0;

	if (wanted > count)
		wanted = count ? count : 1;
	/* The calling thread takes part, so a system that gives no thread only makes it slower. */
	pthread_t *others = memory_new(wanted - 1, sizeof(*others));
	while (started < wanted - 1 && !pthread_create(&others[started], NULL, run_loop, &loop))
		started++;
	run_loop(&loop);
	for (size_t i = 0; i < started; i++)
		pthread_join(others[i], NULL);
	free(others);
}
