/* SPDX-License-Identifier: MIT */
/*
 * Are 5% found that are really there, and only those?  From a run of two platforms with many rounds, of
 * which the second does the same work with a delay of 5% (bench/worker-c_cpu_delayed), rounds are drawn
 * again and again, as many as the comparison of the whole run advises, and the verdicts are counted:
 *
 *     detection_study RESULTS
 *
 * - found: the delayed platform against the other one: how often its ratio's interval leaves out 1;
 * - false alarms: the first platform against itself, its rounds in two orders.
 */
#include "core/error.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/statistics.h"
#include "report/comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DRAWS = 100, FEWEST = 20 };

/* Steady medians of the rounds, in seconds. */
struct series {
	double *values;
	size_t n;
};

static double steady_median(const struct execution *execution)
{
	double *seconds = memory_new(execution->n_epochs, sizeof(*seconds));
	size_t n = 0;

	for (size_t i = 0; i < execution->n_epochs; i++)
		if (execution->epochs[i].number >= 2)
			seconds[n++] = execution->epochs[i].train_seconds;
	const double median = statistics_spread(seconds, n).median;
	free(seconds);
	return median;
}

static struct series series_of(const struct contestant *contestant)
{
	struct series series = {memory_new(contestant->n_executions, sizeof(double)),
	                        contestant->n_executions};

	for (size_t i = 0; i < series.n; i++)
		series.values[i] = steady_median(&contestant->executions[i]);
	return series;
}

/* Does the interval of so many rounds, drawn without putting back, leave out 1?  `shift`: the second
 * series is taken that many rounds further, which breaks the pairs. */
static bool leaves_out_one(struct random *random, const struct series *a, const struct series *b,
                           size_t shift, int rounds)
{
	uint32_t *drawn = memory_new(a->n, sizeof(*drawn));
	double *of_a = memory_new((size_t)rounds, sizeof(*of_a));
	double *of_b = memory_new((size_t)rounds, sizeof(*of_b));

	random_permutation(random, drawn, a->n);
	for (int i = 0; i < rounds; i++) {
		of_a[i] = a->values[drawn[i]];
		of_b[i] = b->values[(drawn[i] + shift) % b->n];
	}
	const struct ratio ratio = statistics_ratio(of_b, of_a, (size_t)rounds);
	free(drawn);
	free(of_a);
	free(of_b);
	return ratio.low > 1 || ratio.high < 1;
}

static int count(const struct series *a, const struct series *b, size_t shift, int rounds)
{
	struct random random = random_stream(1, "detection", shift);
	int found = 0;

	for (int draw = 0; draw < DRAWS; draw++)
		found += leaves_out_one(&random, a, b, shift, rounds);
	return found;
}

static int study(const struct results *results)
{
	const struct contestant *plain = &results->contestants[0], *delayed = &results->contestants[1];
	struct comparison comparison;

	if (comparison_make(&comparison, results, plain->label))
		return -1;
	const int rounds = comparison_resolution(&comparison);
	struct series a = series_of(plain), b = series_of(delayed);
	const struct ratio whole = statistics_ratio(b.values, a.values, a.n);
	printf("%zu rounds; %s takes %.4f [%.4f-%.4f] times as long as %s; scatter of a pair %.2f%%\n",
	       a.n, delayed->label, whole.value, whole.low, whole.high, plain->label,
	       100 * statistics_scatter(&whole));
	if (rounds < 2 || (size_t)rounds > a.n)
		printf("advised: %d rounds, more than there are\n", rounds);
	else
		printf("advised for 5%%: %d rounds; found in %d of %d draws; false alarms in %d\n", rounds,
		       count(&a, &b, 0, rounds), DRAWS, count(&a, &a, 1, rounds));
	free(a.values);
	free(b.values);
	comparison_free(&comparison);
	return 0;
}

int main(int argc, char **argv)
{
	struct results results;

	if (argc != 2) {
		error("usage: detection_study RESULTS");
		return EXIT_USAGE;
	}
	if (results_read(&results, argv[1]))
		return EXIT_DATA;
	int failed = -1;
	if (results.n_contestants != 2 || results.contestants[0].n_executions < FEWEST ||
	    results.contestants[1].n_executions != results.contestants[0].n_executions)
		error("%s: a run of two platforms with %d rounds or more is wanted", argv[1], FEWEST);
	else
		failed = study(&results);
	results_free(&results);
	return failed ? EXIT_DATA : EXIT_FINE;
}
