/* SPDX-License-Identifier: MIT */
/*
 * What a barrier of c_cpu's threads costs where nobody has anything else to do.
 *
 *   bench_barrier [--threads N]
 *
 * Prints the median of 101 series of 1,000 barriers, for 2 threads and its doubles up to N, all on
 * processors of their own; docs/SCALING.md goes on from there.
 */
#include "../platforms/c_cpu/threads.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/options.h"
#include "core/parallel.h"
#include "core/statistics.h"

#include <stdio.h>

enum { SERIES = 101, BARRIERS = 1000 };

static void wait_often(void *context, int member)
{
	(void)member;
	for (int i = 0; i < BARRIERS; i++)
		threads_barrier(context);
}

static double barrier_ns(int count)
{
	struct threads *threads = threads_start(count);
	double ns[SERIES];

	for (int i = 0; i < SERIES; i++) {
		const int64_t start = clock_ns();
		threads_run(threads, wait_often, threads);
		ns[i] = (double)(clock_ns() - start) / BARRIERS;
	}
	threads_stop(threads);
	return statistics_spread(ns, SERIES).median;
}

int main(int argc, char **argv)
{
	static const struct option_spec specs[] = {
		{"threads", NULL, OPTION_INT, 2, 1024, "1024", NULL, "N", "at most so many threads"},
		{0},
	};
	struct options *options = options_new(specs);

	if (options_parse(options, argc - 1, argv + 1) != 0) {
		options_help(stderr, specs);
		return EXIT_USAGE;
	}
	const int here = parallel_processors(), most = (int)options_int(options, "threads");
	for (int count = 2; count <= most && count <= here; count *= 2)
		printf("%d threads: %.0f ns a barrier\n", count, barrier_ns(count));
	options_free(options);
	return EXIT_FINE;
}
