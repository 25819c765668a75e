/* SPDX-License-Identifier: MIT */
#include "runner/selection.h"

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

/* Answers a probe; refuses isa=never; says its arguments in "variant". */
#define VARIED(table, variants)                                                                                                                   \
	"#!/bin/sh\n"                                                                                                                                 \
	"case \"$*\" in *isa=never*) echo '{\"event\":\"unavailable\",\"reason\":\"never\",\"help\":\"\"}' >&3; exit 0;; esac\n"                      \
	"echo '{\"event\":\"hello\",\"protocol\":1,\"platform\":\"'\"${0##*worker-}\"'\",\"summary\":\"s\",\"device\":\"d\",\"device_kind\":\"cpu\"," \
	"\"simulated\":false,\"variant\":\"'\"$*\"'\",\"precision\":\"float32\",\"data\":\"d\",\"compiler\":\"\",\"flags\":\"\","                     \
	"\"libraries\":\"\",\"options\":{},\"specs\":" table ",\"variants\":" variants "}' >&3\n"                                                     \
	"echo '{\"event\":\"done\"}' >&3\n"
#define WORKER(table) VARIED("[" table "]", "[]")
#define THREADS                                                                                    \
	"{\"name\":\"threads\",\"type\":\"int\",\"min\":1,\"max\":8,\"default\":\"1\",\"help\":\"h\"}"
#define ISA                                                                                        \
	"{\"name\":\"isa\",\"type\":\"choice\",\"choices\":\"auto|avx2|never\",\"default\":\"auto\",\"help\":\"h\"}"
#define FAST "{\"name\":\"fast\",\"type\":\"flag\",\"help\":\"h\"}"

static const struct {
	const char *name, *script;
	mode_t mode;
} workers[] = {
	{"c_cpu",
     VARIED("[" THREADS "," ISA "," FAST "]",
            "[\"fast\",\"threads=2\",\"isa=never\",\"isa=avx2+fast\"]"),
     0755},
	{"numba_cpu", WORKER(THREADS), 0755},
	{"plain", WORKER(""), 0755},
	{"gone",
     "#!/bin/sh\necho '{\"event\":\"unavailable\",\"reason\":\"no GPU\",\"help\":\"buy one\"}' >&3\n",
     0755},
	{"locked", "#!/bin/sh\n", 0644},
	{"crash", "#!/bin/sh\nkill -SEGV $$\n", 0755},
	{"silent", "#!/bin/sh\nexit 3\n", 0755},
	{"torn", "#!/bin/sh\nprintf '{\"event\":' >&3\n", 0755},
	{"flood", "#!/bin/sh\nexec yes >&3\n", 0755},
	{"table", WORKER("{\"name\":\"x\",\"type\":\"what\",\"help\":\"h\"}"), 0755},
	{"strange", VARIED("[" FAST "]", "[\"fast\",\"slow\"]"), 0755},
	{"comma", VARIED("[" FAST "]", "[\"fast,fast\"]"), 0755},
	{"number", VARIED("[" FAST "]", "[1]"), 0755},
	{"tableless", VARIED("[]", "[\"fast\"]"), 0755},
	{"other", "#!/bin/sh\nexec \"${0%/*}/worker-plain\"\n", 0755},
	{"late", "#!/bin/sh\necho '{\"event\":\"done\"}' >&3\n", 0755},
};

static char folder[PATH_MAX];
static char said[4096];
static struct catalog catalog;

static void hear(const char *message)
{
	snprintf(said, sizeof(said), "%s", message);
}

static int write_workers(void)
{
	for (size_t i = 0; i < sizeof(workers) / sizeof(*workers); i++) {
		char *path = memory_text("%s/worker-%s", folder, workers[i].name);
		const int bad = files_write(path, workers[i].script, strlen(workers[i].script)) ||
		                chmod(path, workers[i].mode);
		free(path);
		if (bad)
			return -1;
	}
	return 0;
}

static int set_up(void **state)
{
	const char *temp = getenv("TMPDIR");
	(void)state;
	snprintf(folder, sizeof(folder), "%s/selection.XXXXXX", temp ? temp : "/tmp");
	if (!mkdtemp(folder) || write_workers() != 0)
		return -1;
	setenv("CNNBENCH_PATH", folder, 1);
	const int result = catalog_find(&catalog);
	error_set_sink(hear);
	return result;
}

static int tear_down(void **state)
{
	(void)state;
	error_set_sink(NULL);
	catalog_free(&catalog);
	return files_remove_folder(folder);
}

static void test_labels(void **state)
{
	static const struct {
		const char *text, *label, *file;
	} cases[] = {
		{"c_cpu", "c_cpu", "c_cpu"},
		{"cpu_numba", "numba_cpu", "numba_cpu"},
		{"c_cpu:isa=auto", "c_cpu", "c_cpu"},
		{"c_cpu:threads=2", "c_cpu", "c_cpu"}, /* --threads of this test */
		{"c_cpu:threads=1", "c_cpu:threads=1", "c_cpu-threads-1"},
		{"c_cpu:threads=1+isa=avx2", "c_cpu:isa=avx2+threads=1", "c_cpu-isa-avx2-threads-1"},
		{"c_cpu:fast+isa=avx2", "c_cpu:fast+isa=avx2", "c_cpu-fast-isa-avx2"},
		{"c_cpu:fast=true", "c_cpu:fast", "c_cpu-fast"},
		{"c_cpu:fast=false", "c_cpu", "c_cpu"},
	};
	struct selection selection;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (selection_make(&selection, &catalog, cases[i].text, 2) != 0)
			fail_msg("%s: %s", cases[i].text, said);
		assert_int_equal(selection.count, 1);
		assert_string_equal(selection.items[0].label, cases[i].label);
		assert_string_equal(selection.items[0].file, cases[i].file);
		assert_true(selection.items[0].named);
		assert_true(selection.items[0].ready);
		selection_free(&selection);
	}
}

static void test_usage_errors(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"c_cpuu", "did you mean 'c_cpu'?"},
		{"zzzzzzzz", "'cnnbench list' shows all"},
		{"", "empty name"},
		{"c_cpu,", "empty name"},
		{"c_cpu:", "empty list"},
		{"all:threads=1", "'all' takes no options"},
		{"all+best:threads=1", "'all+best' takes no options"},
		{"all+bset", "did you mean 'all+best'?"},
		{"all+", "there is no platform 'all+'"},
		{"c_cpu:isaa=avx2", "isa"},
		{"c_cpu:isa=mmx", "isa"},
		{"c_cpu:threads=9", "8"},
		{"c_cpu:threads", "threads"},
		{"c_cpu:threads=1+", ""},
		{"plain:x=1", "x"},
		{"c_cpu,c_cpu", "stands there twice"},
		{"c_cpu,c_cpu:threads=2", "stands there twice"},
		{"numba_cpu,cpu_numba", "stands there twice"},
		{"plain,all", "stands there twice"},
		{"plain,all+best", "stands there twice"},
		{"all+best,c_cpu:fast", "stands there twice"},
	};
	struct selection selection;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		said[0] = '\0';
		if (selection_make(&selection, &catalog, cases[i].text, 2) == 0)
			fail_msg("%s was taken", cases[i].text);
		if (!*said || !strstr(said, cases[i].said))
			fail_msg("%s\nsaid:   %s\nwanted: ... %s ...", cases[i].text, said, cases[i].said);
	}
}

static void test_unready(void **state)
{
	static const struct {
		const char *name, *reason, *help;
	} cases[] = {
		{"gone", "no GPU", "buy one"},
		{"locked", "not executable", "chmod +x"},
		{"crash", "signal 11", "--probe"},
		{"silent", "exit code 3", "--probe"},
		{"torn", "", "--probe"},
		{"flood", "line 1", "--probe"},
		{"table", "entry 1", "author"},
		{"late", "", "--probe"},
		{"strange", "list of variants: slow", "author"},
		{"comma", "variants, entry 1", "author"},
		{"number", "variants, entry 1", "author"},
		{"tableless", "list of variants: fast", "author"},
		{"other", "called as \"other\"", "--probe"},
	};
	struct selection selection;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(selection_make(&selection, &catalog, cases[i].name, 2), 0);
		const struct candidate *candidate = selection.items;
		if (candidate->ready)
			fail_msg("%s is ready", cases[i].name);
		if (!strstr(candidate->reason, cases[i].reason) || !strstr(candidate->help, cases[i].help))
			fail_msg("%s: got %s, %s\nwanted %s, %s", cases[i].name, candidate->reason,
			         candidate->help, cases[i].reason, cases[i].help);
		assert_non_null(candidate->label);
		assert_non_null(candidate->file);
		selection_free(&selection);
	}
}

static void test_option_that_cannot_be(void **state)
{
	struct selection selection;
	(void)state;
	assert_int_equal(selection_make(&selection, &catalog, "c_cpu:isa=never,c_cpu", 2), 0);
	assert_false(selection.items[0].ready);
	assert_string_equal(selection.items[0].reason, "never");
	assert_true(selection.items[1].ready);
	selection_free(&selection);
}

static void test_all(void **state)
{
	struct selection selection;
	(void)state;
	assert_int_equal(selection_make(&selection, &catalog, NULL, 2), 0);
	assert_int_equal(selection.count, sizeof(workers) / sizeof(*workers));
	for (size_t i = 0; i < selection.count; i++)
		assert_false(selection.items[i].named);
	selection_free(&selection);
	assert_int_equal(selection_make(&selection, &catalog, "all,c_cpu:threads=1", 2), 0);
	assert_int_equal(selection.count, sizeof(workers) / sizeof(*workers) + 1);
	selection_free(&selection);
}

/* The candidates of c_cpu: "c_cpu c_cpu:fast ", those that cannot run in brackets. */
static void check_forms(const char *text, const char *wanted)
{
	char got[256] = "";
	struct selection selection;
	if (selection_make(&selection, &catalog, text, 2) != 0)
		fail_msg("%s: %s", text, said);
	for (size_t i = 0; i < selection.count; i++) {
		const struct candidate *candidate = &selection.items[i];
		if (strcmp(candidate->platform, "c_cpu") != 0)
			continue;
		const size_t length = strlen(got);
		snprintf(got + length, sizeof(got) - length, candidate->ready ? "%s " : "(%s) ",
		         candidate->label);
		assert_false(candidate->named && !strchr(text, ':'));
	}
	if (strcmp(got, wanted) != 0)
		fail_msg("%s\ngot:    %s\nwanted: %s", text, got, wanted);
	selection_free(&selection);
}

/* threads=2 is the default form where --threads is 2. */
static void test_groups(void **state)
{
	(void)state;
	check_forms("all", "c_cpu ");
	check_forms("all+best", "c_cpu c_cpu:fast ");
	check_forms("all+variants", "c_cpu c_cpu:fast (c_cpu:isa=never) c_cpu:fast+isa=avx2 ");
	check_forms("c_cpu:fast,all+best", "c_cpu:fast c_cpu ");
}

/* "a:b" and "a-b" are two labels and would be one file. */
static void test_files_differ(void **state)
{
	struct selection selection;
	(void)state;
	assert_int_equal(selection_make(&selection, &catalog, "gone:x=1,gone:x-1,gone:X=1", 2), 0);
	assert_string_equal(selection.items[0].file, "gone-x-1");
	assert_string_equal(selection.items[1].file, "gone-x-1-2");
	assert_string_equal(selection.items[2].file, "gone-X-1-3");
	selection_free(&selection);
}

static void test_arguments(void **state)
{
	static const char *const wanted[] = {"--option", "threads=8", "--option",
	                                     "isa=avx2", "--option",  "fast=true"};
	struct selection selection;
	(void)state;
	assert_int_equal(selection_make(&selection, &catalog, "c_cpu:isa=avx2+fast", 100), 0);
	char **words = selection_arguments(selection.items);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		assert_non_null(words[i]);
		assert_string_equal(words[i], wanted[i]);
	}
	assert_null(words[sizeof(wanted) / sizeof(*wanted)]);
	const char *told = json_string_value(json_object_get(selection.items[0].hello, "variant"));
	assert_string_equal(
		told, "--probe --events 3 --option threads=8 --option isa=avx2 --option fast=true");
	memory_free_words(words);
	selection_free(&selection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),    cmocka_unit_test(test_usage_errors),
		cmocka_unit_test(test_unready),   cmocka_unit_test(test_option_that_cannot_be),
		cmocka_unit_test(test_all),       cmocka_unit_test(test_files_differ),
		cmocka_unit_test(test_arguments), cmocka_unit_test(test_groups),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down) != 0;
}
