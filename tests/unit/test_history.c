/* SPDX-License-Identifier: MIT */
#include "results/history.h"

#include "fixture.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

/* What decides whether two runs are alike, and how much one of their processes does. */
struct made {
	int filters1, batch, threads, epochs, n_train;
	const char *host;
};
static const struct made usual = {8, 512, 2, 10, 1000, "abc"};

static json_t *make_run(const struct made *made)
{
	return json_pack("{s{s{si}sisis{si}} si sf s{ss}}", "work", "shape", "filters1", made->filters1,
	                 "batch", made->batch, "epochs", made->epochs, "dataset", "n_train",
	                 made->n_train, "threads", made->threads, "min_time", 2.0, "machine", "host_id",
	                 made->host);
}

/* Two epochs of 4 s each, an extra one of 1 s, and 3 s of everything else. */
static json_t *make_execution(const char *status, double wall)
{
	return json_pack("{ss sf s[{sf sb} {sf sb} {sf sb}]}", "status", status, "wall_seconds", wall,
	                 "epochs", "train_seconds", 4.0, "extra", 0, "train_seconds", 4.0, "extra", 0,
	                 "train_seconds", 1.0, "extra", 1);
}

/* A folder of `parent` with the run.json of one execution; the `age` is in seconds. */
static void write_run(const char *parent, const char *name, const struct made *made,
                      json_t *execution, int age)
{
	char *folder = files_join(parent, name), *path = files_join(folder, "run.json");
	const struct timespec times[2] = {{1000000 - age, 0}, {1000000 - age, 0}};
	json_t *run = make_run(made);
	json_object_set_new(run, "platforms",
	                    json_pack("[{ss s[o]}]", "label", "c_cpu", "executions", execution));
	assert_int_equal(files_make_folder(folder), 0);
	assert_int_equal(json_dump_file(run, path, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	json_decref(run);
	free(path);
	free(folder);
}

static double seconds_of(const char *parent, const struct made *made, const char *label)
{
	json_t *run = make_run(made), *history = history_read(parent, run);
	const double seconds = history_seconds(history, run, label);
	json_decref(history);
	json_decref(run);
	return seconds;
}

static void expect(const char *what, double got, double wanted)
{
	if (isnan(wanted) ? !isnan(got) : !(fabs(got - wanted) < 1e-9))
		fail_msg("%s: got %g s, wanted %g s", what, got, wanted);
}

static void test_scaling(void **state)
{
	static const struct {
		const char *what;
		struct made made;
		double seconds;
	} cases[] = {
		{"the same again", {8, 512, 2, 10, 1000, "abc"}, 3 + 8},
		{"twice the epochs", {8, 512, 2, 20, 1000, "abc"}, 3 + 16},
		{"half the samples", {8, 512, 2, 10, 500, "abc"}, 3 + 4},
		{"never below min_time", {8, 512, 2, 1, 1000, "abc"}, 3 + 2},
		{"another shape", {9, 512, 2, 10, 1000, "abc"}, (double)NAN},
		{"another batch", {8, 256, 2, 10, 1000, "abc"}, (double)NAN},
		{"other threads", {8, 512, 1, 10, 1000, "abc"}, (double)NAN},
		{"another machine", {8, 512, 2, 10, 1000, "abd"}, (double)NAN},
	};
	char *folder = fixture_folder();
	(void)state;
	write_run(folder, "a", &usual, make_execution("unjudged", 12), 0);
	for (size_t i = 0; i < COUNT(cases); i++)
		expect(cases[i].what, seconds_of(folder, &cases[i].made, "c_cpu"), cases[i].seconds);
	expect("another platform", seconds_of(folder, &usual, "c_cpu:threads=1"), (double)NAN);
	fixture_remove(folder);
}

static void test_median(void **state)
{
	char *folder = fixture_folder();
	(void)state;
	write_run(folder, "a", &usual, make_execution("verified", 12), 3);
	write_run(folder, "b", &usual, make_execution("unjudged", 14), 2);
	write_run(folder, "c", &usual, make_execution("unjudged", 50), 1);
	write_run(folder, "d", &usual, make_execution("failed", 900), 0);
	expect("the median of those that ran to their end", seconds_of(folder, &usual, "c_cpu"), 13);
	fixture_remove(folder);
}

/* Of many runs the newest eight count, by their age, whatever they are called. */
static void test_newest(void **state)
{
	char *folder = fixture_folder(), name[16];
	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%d", i);
		write_run(folder, name, &usual, make_execution("unjudged", i < 8 ? 12 : 99), i);
	}
	expect("the newest eight", seconds_of(folder, &usual, "c_cpu"), 11);
	fixture_remove(folder);
}

static void test_strange(void **state)
{
	char *folder = fixture_folder(), *torn = files_join(folder, "torn");
	char *file = files_join(torn, "run.json"), *pipe = files_join(folder, "run.json");
	char *latest = files_join(folder, "latest"), *none = files_join(folder, "none");
	(void)state;
	fixture_forget();
	expect("no such folder", seconds_of(none, &usual, "c_cpu"), (double)NAN);
	assert_int_equal(files_make_folder(torn), 0);
	assert_int_equal(files_write(file, "{\"work\": 3", 10), 0);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	expect("a torn file", seconds_of(folder, &usual, "c_cpu"), (double)NAN);
	write_run(folder, "a", &usual, make_execution("unjudged", 12), 1);
	write_run(folder, "b", &usual, make_execution("unjudged", 14), 0);
	assert_int_equal(symlink("b", latest), 0);
	expect("a link does not count twice", seconds_of(folder, &usual, "c_cpu"), 12);
	assert_int_equal(fixture_errors, 0);
	free(none);
	free(latest);
	free(pipe);
	free(file);
	free(torn);
	fixture_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scaling),
		cmocka_unit_test(test_median),
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_strange),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
