/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include "sample_run.h"

#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct sample samples[] = {
	{.label = "c_cpu:isa=avx2",
     .platform = "c_cpu",
     .epoch = 0.8121,
     .scatter = 0.01,
     .cold = 0.02,
     .setup = 0.04,
     .accuracy = 9871,
     .ram = 98.4e6},
	{.label = "=c,\"cuda\"",
     .platform = "c_cuda",
     .epoch = 0.0412,
     .scatter = 0.03,
     .cold = 0.006,
     .setup = 0.35,
     .accuracy = 9869,
     .ram = 310e6,
     .vram = 412e6},
	{.label = "numba_cuda", .platform = "numba_cuda", .reason = "no CUDA driver"},
};

static const struct sample_plan plan = {
	.samples = samples, .count = COUNT(samples), .runs = 2, .epochs = 2, .extra = 1};

static char *folder, *before; /* the test's own, where it runs, and where it ran before */
static char said[4096];

static void hear(const char *message)
{
	snprintf(said, sizeof(said), "%s", message);
}

static int enter(void **state)
{
	(void)state;
	folder = sample_folder();
	before = getcwd(NULL, 0);
	assert_int_equal(chdir(folder), 0);
	error_set_sink(hear);
	said[0] = '\0';
	return 0;
}

static int leave(void **state)
{
	(void)state;
	error_set_sink(NULL);
	assert_int_equal(chdir(before), 0);
	free(before);
	sample_folder_remove(folder);
	return 0;
}

static void check_said(const char *part)
{
	if (!strstr(said, part))
		fail_msg("said:   %s\nwanted: ... %s ...", said, part);
}

static bool is_there(const char *path, const char *name)
{
	char *whole = files_join(path, name);
	bool there = access(whole, F_OK) == 0;

	free(whole);
	return there;
}

/* CNNBENCH_GOLDEN=write makes the wanted files anew. */
static void check_golden(const char *name, const char *golden)
{
	char *got = files_read(name, 1 << 20, NULL);
	char *path = memory_text("%s/tests/data/%s", before, golden);

	assert_non_null(got);
	if (getenv("CNNBENCH_GOLDEN"))
		assert_int_equal(files_write(path, got, strlen(got)), 0);
	char *wanted = files_read(path, 1 << 20, NULL);
	assert_non_null(wanted);
	if (strcmp(got, wanted) != 0)
		fail_msg("%s: got\n%s\nwanted\n%s", name, got, wanted);
	free(got);
	free(wanted);
	free(path);
}

static void test_files(void **state)
{
	struct results results;
	json_error_t flaw;

	(void)state;
	sample_write(".", &plan);
	assert_int_equal(results_read(&results, "."), 0);
	assert_int_equal(report_write(".", &results), 0);
	check_golden("metrics_c_cpu-isa-avx2.csv", "metrics.csv");
	check_golden("metrics_-c--cuda-.csv", "metrics-quoted.csv");
	check_golden("summary.csv", "summary.csv");
	check_golden("journal.jsonl", "journal.jsonl"); /* which tests/cli/test_compare.sh reads */
	assert_false(is_there(".", "metrics_numba_cuda.csv"));
	json_t *run = json_load_file("run.json", JSON_REJECT_DUPLICATES, &flaw);
	json_t *record = results_record(&results);
	assert_true(json_equal(run, record));
	json_decref(record);
	json_decref(run);
	results_free(&results);
}

static void test_unwritable(void **state)
{
	struct results results;

	(void)state;
	sample_write(".", &plan);
	assert_int_equal(results_read(&results, "."), 0);
	assert_int_equal(report_write("gone", &results), -1);
	check_said("gone/metrics_");
	results_free(&results);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, enter, leave),
		cmocka_unit_test_setup_teardown(test_unwritable, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
