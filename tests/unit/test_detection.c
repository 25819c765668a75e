/* SPDX-License-Identifier: MIT */
/* What the verdicts of a comparison are worth: simulated runs, whose truth is known, by the hundred. */
#include "core/random.h"
#include "report/comparison.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { RUNS_MAX = 40, EPOCHS = 6 };

/* Standard deviations of logarithms: of a round, which all its processes share; of a process; of an epoch. */
static const double of_round = 0.10, of_process = 0.015, of_epoch = 0.03;

static struct epoch epochs[2][RUNS_MAX][EPOCHS];
static struct execution executions[2][RUNS_MAX];
static struct contestant contestants[2] = {{.label = (char *)"a"}, {.label = (char *)"b"}};

static double normal(struct random *random)
{
	return sqrt(-2 * log(1 - random_unit(random))) * cos(2 * M_PI * random_unit(random));
}

static void simulate_process(struct random *random, int who, int round, double seconds)
{
	seconds *= exp(of_process * normal(random));
	for (int e = 0; e < EPOCHS; e++)
		epochs[who][round][e] = (struct epoch){
			.number = e + 1,
			.train_seconds = seconds * exp(of_epoch * normal(random)) * (e == 0 ? 1.5 : 1),
		};
	executions[who][round] = (struct execution){
		.process = 2 * round + who + 1,
		.round = round + 1,
		.status = STATUS_VERIFIED,
		.epochs = epochs[who][round],
		.n_epochs = EPOCHS,
	};
}

/* A run where b takes `truth` times as long as a. */
static struct comparison simulate(struct random *random, int runs, double truth,
                                  struct results *results)
{
	struct comparison comparison;

	for (int round = 0; round < runs; round++) {
		const double seconds = exp(of_round * normal(random));
		simulate_process(random, 0, round, seconds);
		simulate_process(random, 1, round, seconds * truth);
	}
	for (int who = 0; who < 2; who++) {
		contestants[who].status = STATUS_VERIFIED;
		contestants[who].executions = executions[who];
		contestants[who].n_executions = (size_t)runs;
	}
	*results = (struct results){
		.n_train = 60000, .contestants = contestants, .n_contestants = 2, .folder = (char *)"none"};
	assert_int_equal(comparison_make(&comparison, results, "a"), 0);
	return comparison;
}

static const struct row *row_of_b(const struct comparison *comparison)
{
	return strcmp(comparison->rows[0].contestant->label, "b") ? &comparison->rows[1]
	                                                          : &comparison->rows[0];
}

/* The share of `trials` simulated runs of which `holds` is true. */
static double share(int trials, int runs, double truth,
                    bool (*holds)(const struct row *b, double truth))
{
	struct random random = random_stream((uint64_t)runs, "detection", (uint64_t)(truth * 1000));
	int held = 0;

	for (int trial = 0; trial < trials; trial++) {
		struct results results;
		struct comparison comparison = simulate(&random, runs, truth, &results);
		held += holds(row_of_b(&comparison), truth);
		comparison_free(&comparison);
	}
	return (double)held / trials;
}

static bool covers(const struct row *b, double truth)
{
	return b->ratio.low <= truth && truth <= b->ratio.high;
}

static bool called_different(const struct row *b, double truth)
{
	(void)truth;
	return b->verdict == VERDICT_FASTER || b->verdict == VERDICT_SLOWER;
}

static bool called_slower(const struct row *b, double truth)
{
	(void)truth;
	return b->verdict == VERDICT_SLOWER;
}

static void test_intervals_hold_the_truth(void **state)
{
	static const int runs[] = {2, 3, 5, 10};
	static const double truths[] = {1, 1.05};

	(void)state;
	for (size_t r = 0; r < sizeof(runs) / sizeof(runs[0]); r++)
		for (size_t t = 0; t < sizeof(truths) / sizeof(truths[0]); t++) {
			const double held = share(800, runs[r], truths[t], covers);
			if (held < 0.93 || held > 0.97)
				fail_msg("%d runs, ratio %g: %g of the intervals hold it", runs[r], truths[t],
				         held);
		}
}

static void test_two_names_for_one_platform(void **state)
{
	static const int runs[] = {3, 5, 10, 20};

	(void)state;
	for (size_t r = 0; r < sizeof(runs) / sizeof(runs[0]); r++) {
		const double wrong = share(800, runs[r], 1, called_different);
		if (wrong > 0.10)
			fail_msg("%d runs: in %g of the cases called different", runs[r], wrong);
	}
}

/* The advice comes from a long run, as an advice from three runs is itself a matter of luck. */
static void test_advised_runs_find_five_percent(void **state)
{
	struct random random = random_stream(3, "advice", 0);
	struct results results;
	struct comparison comparison = simulate(&random, RUNS_MAX, 1, &results);
	const int runs = comparison_resolution(&comparison);

	(void)state;
	comparison_free(&comparison);
	assert_true(runs >= 3 && runs <= RUNS_MAX);
	const double found = share(500, runs, 1.05, called_slower);
	if (found < 0.93)
		fail_msg("%d runs: 5%% are found in %g of the cases", runs, found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intervals_hold_the_truth),
		cmocka_unit_test(test_two_names_for_one_platform),
		cmocka_unit_test(test_advised_runs_find_five_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
