/* SPDX-License-Identifier: MIT */
#include "report/group.h"

#include "report/regression.h"

#include "sample_run.h"

#include <math.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Results of which only the work matters: that of the sample, and one member changed. */
static struct results work_of(const char *part, const char *key, const char *value, int started)
{
	struct results results = {.folder = memory_copy("x")};
	json_t *work = sample_work(10);
	json_t *object = part ? json_object_get(work, part) : work;

	if (key)
		json_object_set_new(object, key, json_loads(value, JSON_DECODE_ANY, NULL));
	results.run = json_pack("{s:o, s:i, s:i, s:i, s:{s:s}}", "work", work, "started", started, "ns",
	                        5, "shuffle", 7, "machine", "cpu", "x");
	return results;
}

/* NULL: alike. */
static const struct {
	const char *part, *key, *value, *difference;
} works[] = {
	{NULL, NULL, NULL, NULL},
	{NULL, "job", "\"11\"", NULL},
	{NULL, "epochs", "10.0", NULL},
	{NULL, "batch", "64", "batch 64 instead of 512"},
	{NULL, "lr", "0.02", "learning rate 0.02 instead of 0.01"},
	{NULL, "momentum", "0", "momentum 0 instead of 0.9"},
	{NULL, "epochs", "5", "epochs 5 instead of 10"},
	{NULL, "seed", "2", "seed 2 instead of 1"},
	{NULL, "seed", "null", "seed ? instead of 1"},
	{"shape", "hidden", "64", "hidden units 64 instead of 128"},
	{"shape", "fsize", "5", "width of the filters 5 instead of 3"},
	{"dataset", "digest", "\"99\"", "the data (mnist, with another digest)"},
	{"dataset", "n_train", "100", "training images 100 instead of 60000"},
};

static void test_works(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(works); i++) {
		struct results first = work_of(NULL, NULL, NULL, 1);
		struct results second = work_of(works[i].part, works[i].key, works[i].value, 2);
		const struct results *runs[] = {&first, &second};
		size_t count;
		struct group *groups = groups_make(runs, 2, &count);
		const char *got = count == 2 ? groups[1].difference : NULL;
		assert_null(groups[0].difference);
		if (!got != !works[i].difference || (got && strcmp(got, works[i].difference) != 0))
			fail_msg("case %zu: got %s", i, got ? got : "(alike)");
		groups_free(groups, count);
		results_free(&first);
		results_free(&second);
	}
}

/* The third is like the first, and joins it. */
static void test_order(void **state)
{
	struct results all[] = {work_of(NULL, NULL, NULL, 1), work_of(NULL, "batch", "64", 2),
	                        work_of(NULL, NULL, NULL, 3), work_of(NULL, NULL, NULL, 4),
	                        work_of(NULL, NULL, NULL, 1)};
	const struct results *runs[] = {&all[0], &all[1], &all[2], &all[3]};
	size_t count;

	(void)state;
	all[3].original = true;
	struct group *groups = groups_make(runs, COUNT(runs), &count);
	assert_int_equal(count, 3);
	assert_int_equal(groups[0].n_runs, 2);
	assert_ptr_equal(groups[0].runs[1], &all[2]);
	assert_non_null(strstr(groups[2].difference, "unverified_csv"));
	groups_free(groups, count);
	assert_true(group_same_run(&all[0], &all[4]));
	assert_false(group_same_run(&all[0], &all[2]));
	assert_false(group_same_run(&all[0], &all[3]));
	for (size_t i = 0; i < COUNT(all); i++)
		results_free(&all[i]);
}

/* ---- Regressions ---- */

static void other_threads(json_t *run)
{
	json_object_set_new(run, "threads", json_integer(1));
}

/* The later run of a platform whose epochs take a second in the first. */
static const struct {
	double epoch, scatter;
	int runs;
	const char *label, *status, *precision;
	void (*alter)(json_t *run);
	size_t compared, slower; /* by more than 5% */
} laters[] = {
	{.epoch = 1.2, .scatter = 0.01, .runs = 3, .compared = 1, .slower = 1},
	{.epoch = 1.04, .scatter = 0.001, .runs = 3, .compared = 1},
	{.epoch = 0.7, .scatter = 0.01, .runs = 3, .compared = 1},
	{.epoch = 1.1, .scatter = 0.5, .runs = 3, .compared = 1}, /* the interval does not agree */
	{.epoch = 2, .scatter = 0.01, .runs = 1},                 /* there is none */
	{.epoch = 2, .scatter = 0.01, .runs = 3, .label = "b"},
	{.epoch = 2, .scatter = 0.01, .runs = 3, .status = "not_verified"},
	{.epoch = 2, .scatter = 0.01, .runs = 3, .precision = "tf32"},
	{.epoch = 2, .scatter = 0.01, .runs = 3, .alter = other_threads},
};

static void read_sample(struct results *results, const struct sample *sample, int runs,
                        void (*alter)(json_t *run))
{
	const struct sample_plan plan = {
		.samples = sample, .count = 1, .runs = runs, .epochs = 5, .alter = alter};
	char *folder = sample_folder();

	sample_write(folder, &plan);
	assert_int_equal(results_read(results, folder), 0);
	sample_folder_remove(folder);
}

static void test_regressions(void **state)
{
	const struct sample before = {
		.label = "a", .platform = "a", .epoch = 1, .scatter = 0.01, .accuracy = 9800, .ram = 1e6};

	(void)state;
	error_quiet(1);
	for (size_t i = 0; i < COUNT(laters); i++) {
		const struct sample after = {.label = laters[i].label ? laters[i].label : "a",
		                             .platform = "a",
		                             .epoch = laters[i].epoch,
		                             .scatter = laters[i].scatter,
		                             .accuracy = 9800,
		                             .ram = 1e6,
		                             .status = laters[i].status,
		                             .precision = laters[i].precision};
		struct results first, later;
		read_sample(&first, &before, 3, NULL);
		read_sample(&later, &after, laters[i].runs, laters[i].alter);
		const struct results *runs[] = {&first, &later};
		const struct group group = {.runs = runs, .n_runs = 2};
		const struct regressions found = regressions_find(&group, 5);
		if (found.compared != laters[i].compared || found.slower != laters[i].slower)
			fail_msg("case %zu: %zu compared, %zu slower", i, found.compared, found.slower);
		results_free(&first);
		results_free(&later);
	}
	error_quiet(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_works),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_regressions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
