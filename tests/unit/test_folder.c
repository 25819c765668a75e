/* SPDX-License-Identifier: MIT */
#include "results/folder.h"

#include "sample_run.h"

#include <sys/stat.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

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
	assert_int_equal(files_make_folder("job"), 0);
	assert_int_equal(files_write("job/job.json", "{\"version\":1}\n", 14), 0);
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

static void check_latest(const char *path)
{
	char target[256];
	ssize_t size = readlink("results/latest", target, sizeof(target) - 1);

	assert_true(size > 0);
	target[size] = '\0';
	assert_string_equal(target, path + strlen("results/"));
}

static void test_dated(void **state)
{
	char *paths[5];

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) { /* some of them in the same second */
		paths[i] = folder_create(NULL, "my digits/\xc3\xa4", "job");
		assert_non_null(paths[i]);
		assert_int_equal(strncmp(paths[i], "results/2", 9), 0);
		assert_non_null(strstr(paths[i], "Z_my-digits---"));
		assert_true(is_there(paths[i], "logs"));
		assert_true(is_there(paths[i], "job.json"));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(paths[i], paths[k]);
		folder_point_latest(paths[i]);
		check_latest(paths[i]);
	}
	for (size_t i = 0; i < COUNT(paths); i++)
		free(paths[i]);
}

/* A run that cannot begin leaves nothing, and the link to the run before it as it was. */
static void test_discarded(void **state)
{
	char *good = folder_create(NULL, "mnist", "job");

	(void)state;
	folder_point_latest(good);
	char *path = folder_create(NULL, "mnist", "job");
	folder_discard(path, path);
	assert_false(files_is_folder(path));
	check_latest(good);
	free(path);
	free(good);
	assert_int_equal(files_make_folder("mine/logs"), 0);
	assert_int_equal(files_write("mine/logs/kept", "", 0), 0);
	path = folder_create("mine", "mnist", "job");
	folder_discard(path, NULL);
	assert_true(is_there("mine/logs", "kept"));
	assert_false(is_there("mine", "job.json"));
	free(path);
}

/* Parents that were made go too, those that were there stay. */
static void test_discarded_parents(void **state)
{
	(void)state;
	assert_int_equal(files_make_folder("there"), 0);
	char *made = folder_missing("there/new/deep/d");
	assert_string_equal(made, "there/new");
	assert_null(folder_missing("there"));
	assert_null(folder_missing("/"));
	char *path = folder_create("there/new/deep/d", "mnist", "job");
	folder_discard(path, made);
	assert_false(files_is_folder("there/new"));
	assert_true(files_is_folder("there"));
	assert_null(folder_create("there/new/deep/d", "mnist", "no such job"));
	assert_false(files_is_folder("there/new"));
	free(path);
	free(made);
}

/* A folder in the place of the link is not ours to remove; the run goes on. */
static void test_latest_is_a_folder(void **state)
{
	(void)state;
	assert_int_equal(files_make_folder("results/latest"), 0);
	char *path = folder_create(NULL, "mnist", "job");
	assert_non_null(path);
	folder_point_latest(path);
	assert_true(files_is_folder("results/latest"));
	free(path);
}

static void test_results_is_a_file(void **state)
{
	(void)state;
	assert_int_equal(files_write("results", "", 0), 0);
	assert_null(folder_create(NULL, "mnist", "job"));
	check_said("results");
	check_said("--log-dir");
}

static void test_chosen(void **state)
{
	char *path = folder_create("a/b c", "mnist", "job");

	(void)state;
	assert_string_equal(path, "a/b c");
	assert_true(is_there(path, "logs"));
	free(path);
	assert_int_equal(files_write("a/b c/notes.txt", "mine", 4), 0);
	path = folder_create("a/b c", "mnist", "job"); /* no run in it yet */
	assert_string_equal(path, "a/b c");
	assert_false(is_there(".", "results"));
	free(path);
}

static void test_chosen_is_used(void **state)
{
	static const char *const files[] = {"journal.jsonl", "run.json", "summary.csv",
	                                    "metrics_c_cpu.csv"};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		assert_int_equal(files_make_folder("used"), 0);
		char *file = files_join("used", files[i]);
		assert_int_equal(files_write(file, "x", 1), 0);
		free(file);
		assert_null(folder_create("used", "mnist", "job"));
		check_said("used: holds a run already: choose another --log-dir");
		assert_int_equal(files_remove_folder("used"), 0);
	}
}

static void test_chosen_is_a_file(void **state)
{
	(void)state;
	assert_int_equal(files_write("file", "", 0), 0);
	assert_null(folder_create("file", "mnist", "job"));
	check_said("file: ");
	assert_null(folder_create("file/below", "mnist", "job"));
	check_said("file");
}

static void test_no_job(void **state)
{
	(void)state;
	assert_null(folder_create("new", "mnist", "nowhere"));
	check_said("nowhere/job.json");
	assert_false(is_there(".", "new")); /* nothing half done is left */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(test_dated),
		TEST(test_discarded),
		TEST(test_discarded_parents),
		TEST(test_latest_is_a_folder),
		TEST(test_results_is_a_file),
		TEST(test_chosen),
		TEST(test_chosen_is_used),
		TEST(test_chosen_is_a_file),
		TEST(test_no_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
