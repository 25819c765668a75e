/* SPDX-License-Identifier: MIT */
#include "runner/catalog.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[PATH_MAX];
static char said[4096];

static void hear(const char *message)
{
	snprintf(said, sizeof(said), "%s", message);
}

static void make_folder(const char *name, mode_t mode)
{
	char *path = files_join(folder, name);
	assert_int_equal(files_make_folder(path), 0);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static void make_worker(const char *name)
{
	char *path = files_join(folder, name);
	assert_int_equal(files_write(path, "#!/bin/sh\n", 10), 0);
	assert_int_equal(chmod(path, 0755), 0);
	free(path);
}

/* `format` with every %s the test's folder. */
static void set_path(const char *format)
{
	char path[3 * PATH_MAX] = "";
	for (const char *at = format, *next; at; at = next) {
		next = strchr(at, '%');
		const int length = next ? (int)(next - at) : (int)strlen(at);
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "%.*s%s", length, at,
		         next ? folder : "");
		next = next ? next + 1 : NULL;
	}
	setenv("CNNBENCH_PATH", path, 1);
}

static int set_up(void **state)
{
	const char *temp = getenv("TMPDIR");
	char template[PATH_MAX];
	(void)state;
	snprintf(template, sizeof(template), "%s/catalog.XXXXXX", temp ? temp : "/tmp");
	if (!mkdtemp(template) || !realpath(template, folder))
		return -1;
	error_set_sink(hear);
	said[0] = '\0';
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	error_set_sink(NULL);
	unsetenv("CNNBENCH_PATH");
	return files_remove_folder(folder);
}

static void test_names(void **state)
{
	static const char *const files[] = {"worker-a",     "worker-B_2", "worker-",
	                                    "worker-a.txt", "worker-a b", "worker-\xc3\xa4",
	                                    "aworker-x",    "workers-x"};
	struct catalog catalog;
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		make_worker(files[i]);
	make_folder("worker-folder", 0755);
	set_path("%");
	assert_int_equal(catalog_find(&catalog), 0);
	assert_int_equal(catalog.count, 2);
	assert_string_equal(catalog.entries[0].name, "B_2");
	assert_string_equal(catalog.entries[1].name, "a");
	assert_ptr_equal(catalog_lookup(&catalog, "a"), &catalog.entries[1]);
	assert_null(catalog_lookup(&catalog, "b"));
	catalog_free(&catalog);
}

static void test_first_one_counts(void **state)
{
	struct catalog catalog;
	(void)state;
	make_folder("one", 0755);
	make_folder("two", 0755);
	make_worker("one/worker-x");
	make_worker("two/worker-x");
	make_worker("two/worker-y");
	set_path(":%/two::%/one:");
	assert_int_equal(catalog_find(&catalog), 0);
	assert_int_equal(catalog.count, 2);
	assert_non_null(strstr(catalog.entries[0].path, "/two/worker-x"));
	catalog_free(&catalog);
}

static void refuse(const char *path, const char *part)
{
	struct catalog catalog;
	said[0] = '\0';
	set_path(path);
	if (catalog_find(&catalog) == 0)
		fail_msg("%s was taken", path);
	assert_int_equal(catalog.count, 0);
	if (!strstr(said, part))
		fail_msg("%s\nsaid:   %s\nwanted: ... %s ...", path, said, part);
}

static void test_refused_folders(void **state)
{
	(void)state;
	make_folder("open", 0777);
	make_folder("group", 0775);
	make_folder("sticky", 01777);
	make_folder("above", 0755);
	make_folder("above/fine", 0755);
	make_worker("file");
	refuse("relative/folder", "is not an absolute path");
	refuse("%/missing", "No such file");
	refuse("%/file", "not a folder");
	refuse("%/open", "chmod go-w");
	refuse("%/group", "chmod go-w");
	refuse("%/sticky", "chmod go-w");
	make_folder("above", 0777);
	refuse("%/above/fine", "chmod o-w");
	make_folder("above", 01777);
	set_path("%/above/fine");
	struct catalog catalog;
	assert_int_equal(catalog_find(&catalog), 0);
	catalog_free(&catalog);
}

/* A worker of one's own, which comes before one of its name that was found. */
static void test_added(void **state)
{
	struct catalog catalog;
	(void)state;
	make_folder("found", 0755);
	make_folder("own", 0755);
	make_worker("found/worker-mine");
	make_worker("own/worker-mine");
	make_worker("own/worker-alpha");
	set_path("%/found");
	assert_int_equal(catalog_find(&catalog), 0);
	char *mine = files_join(folder, "own/worker-mine"), *none = files_join(folder, "own/worker-no");
	char *alpha = files_join(folder, "own/../own/worker-alpha");
	assert_string_equal(catalog_add(&catalog, mine), "mine");
	assert_string_equal(catalog_lookup(&catalog, "mine")->path, mine);
	assert_string_equal(catalog_add(&catalog, alpha), "alpha");
	assert_int_equal(catalog.count, 2);
	assert_string_equal(catalog.entries[0].name, "alpha");
	assert_non_null(strstr(catalog.entries[0].path, "/own/worker-alpha"));
	assert_null(strstr(catalog.entries[0].path, ".."));
	assert_null(catalog_add(&catalog, none));
	assert_non_null(strstr(said, "give the path of a worker"));
	assert_int_equal(catalog.count, 2);
	catalog_free(&catalog);
	free(mine);
	free(none);
	free(alpha);
}

static void test_hidden(void **state)
{
	struct catalog catalog;
	(void)state;
	make_worker("worker-selftest");
	make_worker("worker-selftests");
	set_path("%");
	assert_int_equal(catalog_find(&catalog), 0);
	assert_true(catalog_lookup(&catalog, CATALOG_SELFTEST)->hidden);
	assert_false(catalog_lookup(&catalog, "selftests")->hidden);
	catalog_free(&catalog);
}

static void test_foreign_folder(void **state)
{
	(void)state;
	if (getuid() != 0) {
		print_message("# only root can give a folder to another user\n");
		skip();
	}
	make_folder("foreign", 0755);
	char *path = files_join(folder, "foreign");
	assert_int_equal(chown(path, 12345, 0), 0);
	free(path);
	refuse("%/foreign", "belongs to another user");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_names), TEST(test_first_one_counts), TEST(test_refused_folders),
		TEST(test_added), TEST(test_hidden),           TEST(test_foreign_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
