/* SPDX-License-Identifier: MIT */
#include "cli/run_options.h"

#include "core/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct candidate items[] = {
	{.label = (char *)"c_cpu:isa=avx2", .ready = true},
	{.label = (char *)"gone", .ready = false},
	{.label = (char *)"c_cpu", .ready = true},
};
static const struct selection selection = {items, 3};

static struct options *parse(const char *const *words)
{
	struct options *options = options_new(run_options);
	char *argv[16];
	int argc = 0;
	for (; words[argc]; argc++)
		argv[argc] = (char *)words[argc];
	assert_int_equal(options_parse(options, argc, argv), 0);
	return options;
}

static void test_repeating(void **state)
{
	static const struct {
		const char *words[12], *dataset, *command;
	} cases[] = {
		{{"--threads", "2"},
	     "mnist",
	     "cnnbench run --platform c_cpu:isa=avx2,c_cpu --dataset mnist --seed 1 --threads 2"},
		{{"--threads=2", "--quiet", "--json", "-", "--log-dir", "x", "--require", "y"},
	     "synth",
	     "cnnbench run --platform c_cpu:isa=avx2,c_cpu --dataset synth --seed 1 --threads 2"},
		{{"--threads=2", "--dataset", "my set's", "--lr", "0.1"},
	     "my set's",
	     "cnnbench run --platform c_cpu:isa=avx2,c_cpu --dataset 'my set'\\''s' --lr 0.1 --seed 1 --threads 2"},
		{{"--threads=2", "--dataset", "../a/b", "--momentum", "0.95", "--seed", "9007199254740992",
	      "--min-time", "0.25"},
	     "b",
	     "cnnbench run --platform c_cpu:isa=avx2,c_cpu --dataset ../a/b --momentum 0.95 --seed 9007199254740992 "
	     "--threads 2 --min-time 0.25"},
		{{"--threads=2", "--check-epoch", "--runs", "2"},
	     "synth",
	     "cnnbench run --platform c_cpu:isa=avx2,c_cpu --dataset synth --seed 1 --threads 2 --runs 2 "
	     "--check-epoch"},
		{{"--threads=2", "--dataset", "my \xff set"},
	     "set",
	     "cnnbench run --platform c_cpu:isa=avx2,c_cpu --dataset 'my \xff set' --seed 1 --threads 2"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct options *options = parse(cases[i].words);
		char *command = run_options_command("cnnbench", options, &selection, cases[i].dataset);
		if (strcmp(command, cases[i].command) != 0)
			fail_msg("case %zu\ngot:    %s\nwanted: %s", i, command, cases[i].command);
		free(command);
		options_free(options);
	}
}

static void test_defaults(void **state)
{
	static const char *const none[] = {NULL};
	(void)state;
	struct options *options = parse(none);
	const struct work work = run_options_work(options);
	assert_int_equal(work.epochs, 10);
	assert_int_equal(work.batch, 512);
	assert_int_equal(work.shape.filters1, 8);
	assert_int_equal(work.shape.filters2, 16);
	assert_int_equal(work.shape.hidden, 128);
	assert_int_equal(work.shape.fsize, 3);
	assert_int_equal(work.seed, 1);
	assert_true(work.lr > 0.0099 && work.lr < 0.0101);
	assert_true(work.momentum > 0.899 && work.momentum < 0.901);
	assert_true(run_options_threads(options) >= 1);
	options_free(options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repeating),
		cmocka_unit_test(test_defaults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
