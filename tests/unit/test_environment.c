/* SPDX-License-Identifier: MIT */
#include "runner/environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum fate { KEPT, TOLD, DROPPED };

static const struct {
	const char *entry;
	enum fate fate;
} cases[] = {
	{"PATH=/bin", KEPT},
	{"HOME=/home/u", KEPT},
	{"LD_LIBRARY_PATH=/opt/lib", KEPT},
	{"CUDA_VISIBLE_DEVICES=1", KEPT},
	{"NUMBA_ENABLE_CUDASIM=1", KEPT},
	{"OCL_ICD_VENDORS=/etc/x", KEPT},
	{"CNNBENCH_DATA=/data", KEPT},
	{"CNNBENCH_=", KEPT},
	{"XDG_CACHE_HOME=", KEPT},
	{"LD_PRELOAD=libx.so", TOLD},
	{"OMP_NUM_THREADS=1", TOLD},
	{"MKL_NUM_THREADS=1", TOLD},
	{"MALLOC_ARENA_MAX=1", TOLD},
	{"PYTHONPATH=/x", TOLD},
	{"NUMBA_NUM_THREADS=1", TOLD},
	{"CUDA_LAUNCH_BLOCKING=1", TOLD},
	{"GLIBC_TUNABLES=x=y", TOLD},
	{"PATHS=/bin", DROPPED},
	{"PAT=/bin", DROPPED},
	{"EDITOR=vi", DROPPED},
	{"OMP=1", DROPPED},
	{"=odd", DROPPED},
	{"noequals", DROPPED},
};
enum { CASES = sizeof(cases) / sizeof(*cases) };

static bool is_kept(const struct environment *environment, const char *entry)
{
	for (char **kept = environment->kept; *kept; kept++)
		if (strcmp(*kept, entry) == 0)
			return true;
	return false;
}

static bool is_told(const struct environment *environment, const char *entry)
{
	const size_t length = strcspn(entry, "=");
	for (size_t i = 0; i < environment->n_removed; i++)
		if (strlen(environment->removed[i]) == length &&
		    strncmp(environment->removed[i], entry, length) == 0)
			return true;
	return false;
}

static void test_fates(void **state)
{
	char *from[CASES + 1] = {NULL};
	struct environment environment;
	(void)state;
	for (int i = 0; i < CASES; i++)
		from[i] = (char *)cases[i].entry;
	environment_cut(&environment, from);
	for (int i = 0; i < CASES; i++) {
		const bool kept = is_kept(&environment, cases[i].entry),
				   told = is_told(&environment, cases[i].entry);
		const enum fate got = kept ? KEPT : told ? TOLD : DROPPED;
		if (got != cases[i].fate || (kept && told))
			fail_msg("%s: got %d, wanted %d", cases[i].entry, got, cases[i].fate);
	}
	environment_free(&environment);
}

static void test_removed_are_sorted(void **state)
{
	char *const from[] = {(char *)"OMP_B=1", (char *)"MKL_A=1", (char *)"OMP_A=1", NULL};
	struct environment environment;
	(void)state;
	environment_cut(&environment, from);
	assert_int_equal(environment.n_removed, 3);
	assert_string_equal(environment.removed[0], "MKL_A");
	assert_string_equal(environment.removed[1], "OMP_A");
	assert_string_equal(environment.removed[2], "OMP_B");
	environment_free(&environment);
}

static void test_empty_and_own(void **state)
{
	char *const from[] = {NULL};
	struct environment environment;
	(void)state;
	environment_cut(&environment, from);
	assert_null(environment.kept[0]);
	assert_int_equal(environment.n_removed, 0);
	environment_free(&environment);
	setenv("CNNBENCH_OWN", "yes", 1);
	environment_cut(&environment, NULL);
	assert_true(is_kept(&environment, "CNNBENCH_OWN=yes"));
	environment_free(&environment);
}

static void test_free_of_nothing(void **state)
{
	struct environment zeroed = {0}, cut;
	char *const from[] = {(char *)"PATH=/bin", (char *)"OMP_A=1", NULL};
	(void)state;
	environment_free(&zeroed);
	environment_cut(&cut, from);
	environment_free(&cut);
	environment_free(&cut);
	assert_null(cut.kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fates),
		cmocka_unit_test(test_removed_are_sorted),
		cmocka_unit_test(test_empty_and_own),
		cmocka_unit_test(test_free_of_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
