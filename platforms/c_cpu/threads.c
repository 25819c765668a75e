/* SPDX-License-Identifier: MIT */
#include "threads.h"

#include "affinity.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Some 5 to 70 us of pauses, by the processor: about the wait within a step, less than a time slice. */
enum { SPINS = 1500 };

/* macOS gives 512 KB, of which unoptimised kernels would take all. */
enum { STACK_BYTES = 4 << 20 };

/* Each counter has a cache line of its own: those who spin must not slow those who arrive. */
struct threads {
	_Alignas(64) atomic_uint arrived;
	_Alignas(64) atomic_uint round; /* barriers passed */
	_Alignas(64) atomic_uint sleepers;
	unsigned count;
	int spins;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t *handles;
	struct member *members;
	struct affinity *affinity;
	void (*body)(void *context, int member); /* NULL: end */
	void *context;
};

struct member {
	struct threads *threads;
	int index;
};

#if defined(__x86_64__)
static inline void pause_briefly(void)
{
	__builtin_ia32_pause();
}
#elif defined(__aarch64__)
static inline void pause_briefly(void)
{
	__asm__ volatile("isb"); /* "yield" is a no-op on most cores */
}
#else
static inline void pause_briefly(void)
{
}
#endif

static void sleep_until_after(struct threads *threads, unsigned round)
{
	pthread_mutex_lock(&threads->lock);
	atomic_fetch_add(&threads->sleepers, 1);
	while (atomic_load(&threads->round) == round)
		pthread_cond_wait(&threads->wake, &threads->lock);
	atomic_fetch_sub(&threads->sleepers, 1);
	pthread_mutex_unlock(&threads->lock);
}

/*
 * The last to arrive opens the next round, then looks for sleepers; who goes to sleep is counted
 * first, then looks at the round.  With sequential consistency one of the two sees the other.
 */
static void open_round(struct threads *threads)
{
	atomic_store(&threads->arrived, 0);
	atomic_fetch_add(&threads->round, 1);
	if (atomic_load(&threads->sleepers) == 0)
		return;
	pthread_mutex_lock(&threads->lock);
	pthread_cond_broadcast(&threads->wake);
	pthread_mutex_unlock(&threads->lock);
}

void threads_barrier(struct threads *threads)
{
	unsigned round = atomic_load(&threads->round);

	if (atomic_fetch_add(&threads->arrived, 1) + 1 == threads->count) {
		open_round(threads);
		return;
	}
	for (int i = 0; i < threads->spins; i++) {
		if (atomic_load_explicit(&threads->round, memory_order_acquire) != round)
			return;
		pause_briefly();
	}
	sleep_until_after(threads, round);
}

static void *member_main(void *argument)
{
	const struct member *member = argument;
	struct threads *threads = member->threads;

	affinity_bind(threads->affinity, member->index);
	for (;;) {
		threads_barrier(threads);
		if (threads->body == NULL)
			return NULL;
		threads->body(threads->context, member->index);
		threads_barrier(threads);
	}
}

static void member_start(struct threads *threads, int index)
{
	struct member *member = &threads->members[index];
	pthread_attr_t attributes;

	*member = (struct member){threads, index};
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	int code = pthread_create(&threads->handles[index], &attributes, member_main, member);
	pthread_attr_destroy(&attributes);
	if (code != 0)
		die("cannot start thread %d of %u: %s; use fewer threads (--threads)", index + 1,
		    threads->count, strerror(code));
}

struct threads *threads_start(int count)
{
	/* Not memory_new: the counters' alignment is more than malloc's. */
	struct threads *threads = memory_map(sizeof(*threads), "threads");

	threads->count = (unsigned)count;
	threads->spins = count <= parallel_processors() ? SPINS : 0;
	pthread_mutex_init(&threads->lock, NULL);
	pthread_cond_init(&threads->wake, NULL);
	threads->handles = memory_new((size_t)count, sizeof(*threads->handles));
	threads->members = memory_new((size_t)count, sizeof(*threads->members));
	threads->affinity = affinity_new(count);
	for (int i = 1; i < count; i++)
		member_start(threads, i);
	affinity_bind(threads->affinity, 0);
	return threads;
}

void threads_run(struct threads *threads, void (*body)(void *context, int member), void *context)
{
	threads->body = body;
	threads->context = context;
	threads_barrier(threads);
	body(context, 0);
	threads_barrier(threads);
}

void threads_stop(struct threads *threads)
{
	threads->body = NULL;
	threads_barrier(threads);
	for (unsigned i = 1; i < threads->count; i++)
		pthread_join(threads->handles[i], NULL);
	affinity_free(threads->affinity);
	pthread_cond_destroy(&threads->wake);
	pthread_mutex_destroy(&threads->lock);
	free(threads->handles);
	free(threads->members);
	memory_unmap(threads, sizeof(*threads));
}
