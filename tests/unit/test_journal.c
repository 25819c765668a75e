/* SPDX-License-Identifier: MIT */
#include "results/journal.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define RUN "{\"record\":\"run\",\"schema\":\"cnnbench-journal-1\"}\n"

static char folder[4096];
static char said[4096];

static void hear(const char *message)
{
	snprintf(said, sizeof(said), "%s", message);
}

static int folder_make(void **state)
{
	const char *temp = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/journal.XXXXXX", temp ? temp : "/tmp");
	error_set_sink(hear);
	said[0] = '\0';
	return mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void **state)
{
	(void)state;
	error_set_sink(NULL);
	return files_remove_folder(folder);
}

static void check_said(const char *part)
{
	if (!strstr(said, part))
		fail_msg("said:   %s\nwanted: ... %s ...", said, part);
}

static void write_journal(const char *bytes, size_t size)
{
	char *path = files_join(folder, JOURNAL_FILE);

	assert_int_equal(files_write(path, bytes, size), 0);
	free(path);
}

static json_t *record_of(int number)
{
	return json_pack("{s:s, s:s, s:i}", "record", number ? "round" : "run", "schema",
	                 JOURNAL_SCHEMA, "ns", number);
}

static void test_round_trip(void **state)
{
	struct journal *journal = journal_create(folder, 1 << 20);

	(void)state;
	assert_non_null(journal);
	for (int i = 0; i < 100; i++)
		assert_int_equal(journal_append(journal, record_of(i)), 0);
	json_t *records = journal_read(folder); /* while it is still being written */
	journal_close(journal);
	assert_int_equal(json_array_size(records), 100);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(json_integer_value(json_object_get(json_array_get(records, i), "ns")), i);
	json_decref(records);
}

static void test_refuses_second_run(void **state)
{
	struct journal *journal = journal_create(folder, 0);

	(void)state;
	assert_non_null(journal);
	journal_append(journal, record_of(0));
	journal_close(journal);
	assert_null(journal_create(folder, 1 << 20));
	check_said("holds a run already: choose another --log-dir");
	json_t *records = journal_read(folder); /* and left it as it was */
	assert_int_equal(json_array_size(records), 1);
	json_decref(records);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit on file sizes stands for a full disk: both let a write come short. */
static void test_no_room(void **state)
{
	char *path = files_join(folder, JOURNAL_FILE);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	limit_files(100000);
	assert_null(journal_create(folder, 1 << 20));
	limit_files(RLIM_INFINITY);
	check_said("no room for the results");
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

static void test_full_later(void **state)
{
	struct journal *journal = journal_create(folder, 0);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(journal_append(journal, record_of(0)), 0);
	limit_files(80);
	assert_int_equal(journal_append(journal, record_of(1)), -1);
	limit_files(RLIM_INFINITY);
	check_said("cannot be written");
	assert_int_equal(journal_append(journal, record_of(2)), 0);
	journal_close(journal);
	json_t *records = journal_read(folder);
	assert_int_equal(json_array_size(records), 2); /* the torn one is gone */
	json_decref(records);
}

static void test_no_such_folder(void **state)
{
	(void)state;
	assert_null(journal_create("/nowhere/at/all", 0));
	check_said("cannot be written: No such file or directory");
	assert_null(journal_read("/nowhere/at/all"));
	check_said("/nowhere/at/all: no results here");
}

/* What a journal may hold, and the number of records read, or -1 and what is said. */
static const struct {
	const char *bytes;
	int records;
	const char *said;
} contents[] = {
	{RUN, 1, ""},
	{RUN "{\"record\":\"end\"}\n", 2, ""},
	{RUN "{\"record\":\"end\"}", 2, ""}, /* whole but for its newline */
	{RUN "{\"record\":\"e", 1, ""},
	{RUN "7", 1, ""},
	{RUN "{\"rec\n{\"record\":\"end\"}\n", -1, "line 2 is damaged"},
	{RUN "\n{\"record\":\"end\"}\n", -1, "line 2 is damaged"},
	{RUN "[]\n", -1, "line 2 is damaged: it has no \"record\""},
	{RUN "{\"record\":7}\n", -1, "line 2 is damaged: it has no \"record\""},
	{RUN "{\"record\":\"end\",\"record\":\"run\"}\n", -1, "line 2 is damaged"},
	{RUN "{\"record\":\"end\"} x\n", -1, "line 2 is damaged"},
	{RUN "{\"record\":\"\\ud800\"}\n", -1, "line 2 is damaged"},
	{RUN "{\"record\":\"\xff\"}\n", -1, "line 2 is damaged"},
	{RUN "{\"record\":\"end\",\"ns\":1e999}\n", -1, "line 2 is damaged"},
	{RUN "{\"record\":\"end\",\"ns\":99999999999999999999}\n", -1, "line 2 is damaged"},
	{"", -1, "holds no record"},
	{"{\"record\":\"ru", -1, "holds no record"},
	{"{\"record\":\"end\"}\n", -1, "does not begin with a run"},
	{"{\"record\":\"run\"}\n", -1, "does not begin with a run"},
	{"{\"record\":\"run\",\"schema\":\"cnnbench-journal-9\"}\n", -1, "written by another version"},
};

static void test_contents(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		said[0] = '\0';
		write_journal(contents[i].bytes, strlen(contents[i].bytes));
		json_t *records = journal_read(folder);
		int got = records ? (int)json_array_size(records) : -1;
		json_decref(records);
		if (got != contents[i].records)
			fail_msg("case %zu: got %d records, wanted %d (%s)", i, got, contents[i].records, said);
		check_said(contents[i].said);
	}
}

/* A power cut may leave zeroes where the last record should be. */
static void test_zeroes_at_the_end(void **state)
{
	char bytes[sizeof(RUN) + 512] = RUN;

	(void)state;
	write_journal(bytes, sizeof(bytes));
	json_t *records = journal_read(folder);
	assert_int_equal(json_array_size(records), 1);
	json_decref(records);
}

static void test_deep_nesting(void **state)
{
	enum { DEPTH = 100000 };
	size_t size = strlen(RUN) + DEPTH + 1;
	char *bytes = memory_new(size, 1);

	(void)state;
	strcpy(bytes, RUN);
	memset(bytes + strlen(RUN), '[', DEPTH);
	bytes[size - 1] = '\n';
	write_journal(bytes, size);
	free(bytes);
	assert_null(journal_read(folder));
	check_said("line 2 is damaged");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),        TEST(test_refuses_second_run), TEST(test_no_room),
		TEST(test_full_later),        TEST(test_no_such_folder),     TEST(test_contents),
		TEST(test_zeroes_at_the_end), TEST(test_deep_nesting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
