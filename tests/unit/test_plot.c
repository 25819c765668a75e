/* SPDX-License-Identifier: MIT */
#include "report/plot.h"

#include "report/gnuplot.h"
#include "report/plot_series.h"
#include "sample_run.h"

#include <ctype.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define HUNDRED(text) text text text text text text text text text text
#define LONG_LABEL "long:" HUNDRED("0123456789") HUNDRED("abcdefghij")

/* Everything that a shell, gnuplot or its data files might take for more than a letter. */
static const char *const hostile[] = {
	"a'b''c",
	"say \"so\"",
	"back\\slash\\n\\042",
	"two\nlines\r\tand a tab",
	"'; system(\"touch hacked\"); '",
	"`touch hacked`",
	"@macro $(touch hacked) %s%n {/Bold x}_y^z",
	"# no comment",
	"<touch hacked",
	"\xc3\xbcml\xc3\xa4ut \xe6\xbc\xa2\xe5\xad\x97",
	"broken \xff\xc3",
	LONG_LABEL,
	"NaN",
	"&lt;svg>",
};

enum { HOSTILE = COUNT(hostile) };

static char *folder, *before;

static int enter(void **state)
{
	(void)state;
	folder = sample_folder();
	before = getcwd(NULL, 0);
	assert_int_equal(chdir(folder), 0);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	assert_int_equal(chdir(before), 0);
	free(before);
	sample_folder_remove(folder);
	return 0;
}

/* The label in place, once it has been through the journal, which takes only UTF-8. */
static void rename_all(struct results *results)
{
	for (size_t i = 0; i < results->n_contestants; i++) {
		free(results->contestants[i].label);
		results->contestants[i].label = memory_copy(hostile[i]);
	}
}

struct fixture {
	struct results results;
	struct comparison comparison;
	struct plot plot;
};

static void make_results(struct fixture *fixture, const struct sample *samples, size_t count,
                         int epochs, int extra)
{
	const struct sample_plan plan = {
		.samples = samples, .count = count, .runs = 3, .epochs = epochs, .extra = extra};

	sample_write(".", &plan);
	assert_int_equal(results_read(&fixture->results, "."), 0);
}

static int make_plot(struct fixture *fixture, enum plot_format format)
{
	const struct comparison *const all[] = {&fixture->comparison};

	assert_int_equal(comparison_make(&fixture->comparison, &fixture->results, NULL), 0);
	return plot_make(&fixture->plot, all, 1, format);
}

static void free_all(struct fixture *fixture)
{
	plot_free(&fixture->plot);
	comparison_free(&fixture->comparison);
	results_free(&fixture->results);
}

static const char *text_of(const struct plot *plot, const char *name)
{
	for (size_t i = 0; i < PLOT_FILES; i++)
		if (strcmp(plot->files[i].name, name) == 0)
			return plot->files[i].text;
	fail_msg("the plot has no file %s", name);
	return NULL;
}

static void check_holds(const struct plot *plot, const char *name, const char *part, bool wanted)
{
	const char *text = text_of(plot, name);

	if ((strstr(text, part) != NULL) != wanted)
		fail_msg("%s: %s in it: %s\n%s", name, wanted ? "wanted" : "unwanted", part, text);
}

static void hostile_samples(struct sample *samples, char **names)
{
	for (size_t i = 0; i < HOSTILE; i++) {
		names[i] = memory_text("p%zu", i);
		samples[i] = (struct sample){.label = names[i],
		                             .platform = names[i],
		                             .epoch = 0.1 * (double)(i + 1),
		                             .scatter = 0.05,
		                             .accuracy = 9800,
		                             .ram = 1e8};
	}
}

static void make_hostile(struct fixture *fixture, enum plot_format format)
{
	struct sample samples[HOSTILE];
	char *names[HOSTILE];

	*fixture = (struct fixture){0};
	hostile_samples(samples, names);
	make_results(fixture, samples, HOSTILE, 3, 0);
	for (size_t i = 0; i < HOSTILE; i++)
		free(names[i]);
	rename_all(&fixture->results);
	assert_int_equal(make_plot(fixture, format), 0);
}

/* The fields of a data file: as many in each line, none empty, no letter that gnuplot undoes. */
static void check_fields(const struct plot *plot, const char *name, int wanted)
{
	const char *text = text_of(plot, name);
	int fields = 1;

	for (const char *at = text; *at; at++) {
		const char last = at > text ? at[-1] : '\n';
		if ((*at == '\t' || *at == '\n') && (last == '\t' || (last == '\n' && *at == '\t')))
			fail_msg("%s: an empty field: %.40s", name, at);
		if (strchr("\"'", *at) || (*at == '\\' && !isdigit((unsigned char)at[1])))
			fail_msg("%s: %c stands as it is: %.40s", name, *at, at);
		if (*at == '\t')
			fields++;
		if (*at != '\n' || last == '\n')
			continue;
		if (fields != wanted)
			fail_msg("%s: %d fields, wanted %d", name, fields, wanted);
		fields = 1;
	}
}

static void test_hostile_labels(void **state)
{
	struct fixture fixture;

	(void)state;
	make_hostile(&fixture, PLOT_PNG);
	check_fields(&fixture.plot, "text.tsv", 4);
	check_fields(&fixture.plot, "legend.tsv", 4);
	check_fields(&fixture.plot, "epochs.tsv", 4);
	check_fields(&fixture.plot, "bars.tsv", 7);
	check_holds(&fixture.plot, "legend.tsv", "a\\047b\\047\\047c (verified)\n", true);
	check_holds(&fixture.plot, "legend.tsv", "say \\042so\\042 (verified)\n", true);
	check_holds(&fixture.plot, "legend.tsv", "back\\134slash\\134n\\134042 (verified)\n", true);
	check_holds(&fixture.plot, "legend.tsv", "two\\134x0alines\\134x0d and a tab (verified)\n",
	            true);
	check_holds(&fixture.plot, "legend.tsv", "\xe6\xbc\xa2\xe5\xad\x97 (verified)\n", true);
	check_holds(&fixture.plot, "legend.tsv", "broken \\134xff\\134xc3 (verified)\n", true);
	check_holds(&fixture.plot, "legend.tsv", "\xe2\x80\xa6", true); /* the long one is shortened */
	check_holds(&fixture.plot, "legend.tsv", "abcdefghij (verified)\n", true);
	free_all(&fixture);
}

/* The script is the same whatever the labels are. */
static void test_script_knows_no_label(void **state)
{
	struct fixture plain = {0}, renamed;
	struct sample samples[HOSTILE];
	char *names[HOSTILE];

	(void)state;
	make_hostile(&renamed, PLOT_PNG);
	assert_int_equal(unlink("journal.jsonl"), 0);
	hostile_samples(samples, names);
	make_results(&plain, samples, HOSTILE, 3, 0);
	for (size_t i = 0; i < HOSTILE; i++)
		check_holds(&renamed.plot, PLOT_SCRIPT, hostile[i], strcmp(hostile[i], "NaN") == 0);
	/* The width of what stands before the bars depends on the longest label: give both one as long. */
	free(plain.results.contestants[0].label);
	plain.results.contestants[0].label = memory_copy(LONG_LABEL);
	assert_int_equal(make_plot(&plain, PLOT_PNG), 0);
	assert_string_equal(text_of(&plain.plot, PLOT_SCRIPT), text_of(&renamed.plot, PLOT_SCRIPT));
	for (size_t i = 0; i < HOSTILE; i++)
		free(names[i]);
	free_all(&plain);
	free_all(&renamed);
}

static const struct sample mixed[] = {
	{.label = "c_cpu", .platform = "c_cpu", .epoch = 0.5, .accuracy = 9871, .ram = 1e8},
	{.label = "c_cuda", .platform = "c_cuda", .epoch = 0.02, .accuracy = 9871, .ram = 1e8},
	{.label = "c_cpu:threads=1", .platform = "c_cpu", .epoch = 1, .accuracy = 9871, .ram = 1e8},
	{.label = "liar",
     .platform = "liar",
     .epoch = 0.01,
     .accuracy = 9871,
     .ram = 1e8,
     .status = "not_verified",
     .why = "it is another network"},
	{.label = "half",
     .platform = "half",
     .epoch = 0.3,
     .accuracy = 9871,
     .ram = 1e8,
     .precision = "bfloat16"},
	{.label = "lost",
     .platform = "lost",
     .epoch = 0.3,
     .accuracy = 980,
     .ram = 1e8,
     .diverges = true,
     .status = "diverged",
     .why = "its loss is not finite"},
	{.label = "absent", .platform = "absent", .reason = "no driver"},
};

static void test_series(void **state)
{
	static const struct {
		const char *name;
		bool ranked;
		int variant;
	} wanted[] = {
		{"c_cuda (verified)", true, 0},          {"c_cpu (verified)", true, 0},
		{"c_cpu:threads=1 (verified)", true, 1}, {"half (verified, not ranked)", false, -1},
		{"lost (diverged)", false, -1},          {"liar (not_verified)", false, -1},
	};
	struct fixture fixture = {0};
	const struct comparison *const all[] = {&fixture.comparison};
	struct plot_set set;

	(void)state;
	make_results(&fixture, mixed, COUNT(mixed), 2, 3);
	assert_int_equal(make_plot(&fixture, PLOT_PNG), 0);
	plot_set_make(&set, all, 1);
	assert_int_equal(set.count, COUNT(wanted));
	assert_int_equal(set.n_ranked, 3);
	assert_string_equal(set.left_out, "absent (unavailable)");
	for (size_t i = 0; i < set.count; i++) {
		const struct plot_series *series = &set.series[i];
		assert_string_equal(series->name, wanted[i].name);
		assert_int_equal(i < set.n_ranked, wanted[i].ranked);
		if (wanted[i].variant >= 0)
			assert_int_equal(series->variant, wanted[i].variant);
		/* No extra epochs; an epoch of the process that diverged counts for nothing but time. */
		assert_int_equal(series->points[series->n_points - 1].epoch, series->n_points);
		assert_true(series->n_points <= 2);
		assert_true(series->points[0].seconds > 0);
	}
	assert_true(isnan(set.series[4].points[0].accuracy));
	assert_true(fabs(set.series[0].points[0].accuracy - 0.9721) < 1e-9);
	assert_true(fabs(set.series[0].mean - 60000 / 0.02) < 1);
	plot_set_free(&set);
	free_all(&fixture);
}

static void test_look(void **state)
{
	struct fixture fixture = {0};

	(void)state;
	make_results(&fixture, mixed, COUNT(mixed), 2, 0);
	assert_int_equal(make_plot(&fixture, PLOT_SVG), 0);
	check_holds(&fixture.plot, PLOT_SCRIPT, "set terminal svg", true);
	check_holds(&fixture.plot, PLOT_SCRIPT, "epoch time, s (log scale)", true);
	check_holds(&fixture.plot, PLOT_SCRIPT, "set logscale y", true);
	check_holds(&fixture.plot, PLOT_SCRIPT, "set ytics (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)", true);
	check_holds(&fixture.plot, PLOT_SCRIPT, "not ranked", true);
	check_holds(&fixture.plot, PLOT_SCRIPT, "fs empty", true);
	check_holds(&fixture.plot, "text.tsv", "Not drawn: absent (unavailable)", true);
	check_holds(&fixture.plot, "text.tsv", "mnist, 60000 + 10000 images; 8 and 16 filters", true);
	check_holds(&fixture.plot, "text.tsv", "batch 512", true);
	check_holds(&fixture.plot, "text.tsv", "Example CPU 9000, 8 cores", true);
	check_holds(&fixture.plot, "text.tsv", "2026-11-22T20:58:42Z", true);
	check_holds(&fixture.plot, "bars.tsv", "\t3.00M\tc_cuda\n", true);
	check_holds(&fixture.plot, "bars.tsv", "\t60.0k\tc_cpu:threads=1\n", true);
	free_all(&fixture);
}

/* Alike platforms: no logarithm, nothing about ranks. */
static void test_plain_look(void **state)
{
	struct fixture fixture = {0};

	(void)state;
	make_results(&fixture, mixed, 1, 1, 0);
	assert_int_equal(make_plot(&fixture, PLOT_PNG), 0);
	check_holds(&fixture.plot, PLOT_SCRIPT, "set terminal pngcairo", true);
	check_holds(&fixture.plot, PLOT_SCRIPT, "log scale", false);
	check_holds(&fixture.plot, PLOT_SCRIPT, "\nset logscale", false);
	check_holds(&fixture.plot, PLOT_SCRIPT, "not ranked", false);
	check_holds(&fixture.plot, "bars.tsv", "\t120k (first epoch)\tc_cpu\n", true);
	free_all(&fixture);
}

/* As far apart as no two platforms are: gnuplot's axes would end. */
static void test_far_apart(void **state)
{
	struct fixture fixture = {0};

	(void)state;
	make_results(&fixture, mixed, 2, 2, 0);
	for (size_t i = 0; i < 3; i++)
		for (size_t e = 0; e < 2; e++)
			fixture.results.contestants[1].executions[i].epochs[e].train_seconds = 1e-300;
	assert_int_equal(make_plot(&fixture, PLOT_PNG), 0);
	check_holds(&fixture.plot, PLOT_SCRIPT, "log scale", false);
	check_holds(&fixture.plot, PLOT_SCRIPT, "inf", false);
	free_all(&fixture);
}

static void test_nothing_to_draw(void **state)
{
	struct fixture fixture = {0};

	(void)state;
	make_results(&fixture, &mixed[COUNT(mixed) - 1], 1, 2, 0);
	assert_int_equal(make_plot(&fixture, PLOT_PNG), -1);
	free_all(&fixture);
}

static void test_two_comparisons(void **state)
{
	struct fixture fixture = {0};
	const struct comparison *const twice[] = {&fixture.comparison, &fixture.comparison};

	(void)state;
	make_results(&fixture, mixed, 2, 2, 0);
	assert_int_equal(comparison_make(&fixture.comparison, &fixture.results, NULL), 0);
	assert_int_equal(plot_make(&fixture.plot, twice, 2, PLOT_PNG), 0);
	check_holds(&fixture.plot, "text.tsv", "\t[1] Example CPU 9000", true);
	check_holds(&fixture.plot, "text.tsv", "\t[2] Example CPU 9000", true);
	check_holds(&fixture.plot, "legend.tsv", "\tc_cpu [1] (verified)\n", true);
	check_holds(&fixture.plot, "legend.tsv", "\tc_cpu [2] (verified)\n", true);
	check_holds(&fixture.plot, "bars.tsv", "\tc_cpu [2]\n", true);
	free_all(&fixture);
}

static void test_many(void **state)
{
	enum { MANY = PLOT_SERIES_MAX + 3 };
	struct sample samples[MANY];
	char *names[MANY];
	struct fixture fixture = {0};

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		names[i] = memory_text("p%zu", i);
		samples[i] = mixed[0];
		samples[i].label = samples[i].platform = names[i];
		samples[i].epoch = 0.1 * (double)(i + 1);
	}
	make_results(&fixture, samples, MANY, 2, 0);
	assert_int_equal(make_plot(&fixture, PLOT_PNG), 0);
	check_holds(&fixture.plot, "text.tsv",
	            "Not drawn: p20 (verified), p21 (verified), p22 (verified)", true);
	free_all(&fixture);
	for (size_t i = 0; i < MANY; i++)
		free(names[i]);
}

/* Sixteen long names stand in two columns, their beginnings and ends kept: one column would take a third of
 * the picture. */
static void test_long_legend(void **state)
{
	enum { MANY = 16 };
	struct sample samples[MANY];
	char *names[MANY];
	struct fixture fixture = {0};

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		names[i] = memory_text("p%zu:" HUNDRED("0123456789") "=%zu", i, i);
		samples[i] = mixed[0];
		samples[i].platform = "p";
		samples[i].label = names[i];
	}
	make_results(&fixture, samples, MANY, 2, 0);
	assert_int_equal(make_plot(&fixture, PLOT_PNG), 0);
	check_holds(&fixture.plot, "legend.tsv", "789=15 (verified)\n", true);
	int columns = 0, last = -1, x;
	for (const char *line = text_of(&fixture.plot, "legend.tsv"); *line;
	     line += strcspn(line, "\n") + 1) {
		assert_int_equal(sscanf(line, "%d", &x), 1);
		columns += x != last;
		last = x;
	}
	assert_int_equal(columns, 2);
	free_all(&fixture);
	for (size_t i = 0; i < MANY; i++)
		free(names[i]);
}

/* A platform keeps its colour in all plots, and no two of the plan share one. */
static void test_colours(void **state)
{
	static const char *const names[] = {"c_cpu",      "c_cuda",      "c_opencl",     "numba_cpu",
	                                    "numba_cuda", "pytorch_cpu", "pytorch_cuda", "pytorch_mps"};
	static const int wanted[] = {4, 2, 3, 1, 5, 8, 6, 7};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(plot_colour(names[i]), wanted[i]);
}

/* ---- The child ---- */

static char *path_before;

/* A program called gnuplot, alone in PATH but for what a shell script needs. */
static void fake_gnuplot(const char *script)
{
	char *place = memory_text("%s/bin:/usr/bin:/bin", folder);

	assert_int_equal(mkdir("bin", 0755), 0);
	assert_int_equal(files_write("bin/gnuplot", script, strlen(script)), 0);
	assert_int_equal(chmod("bin/gnuplot", 0755), 0);
	path_before = memory_copy(getenv("PATH"));
	setenv("PATH", place, 1);
	free(place);
}

static void restore_path(void)
{
	setenv("PATH", path_before, 1);
	free(path_before);
	path_before = NULL;
}

static void check_fake(const char *script, int seconds, const char *wanted)
{
	struct fixture fixture = {0};
	char why[GNUPLOT_WHY] = "", *picture;
	size_t size;

	make_results(&fixture, mixed, 2, 2, 0);
	assert_int_equal(make_plot(&fixture, PLOT_PNG), 0);
	fake_gnuplot(script);
	int result = gnuplot_draw(&fixture.plot, seconds, &picture, &size, why);
	restore_path();
	assert_int_equal(result, wanted ? -1 : 0);
	if (wanted && !strstr(why, wanted))
		fail_msg("said:   %s\nwanted: ... %s ...", why, wanted);
	assert_null(strchr(why, '\n'));
	free(picture);
	free_all(&fixture);
}

static void test_child_draws(void **state)
{
	(void)state;
	check_fake("#!/bin/sh\n[ \"$1\" = -d ] && [ -f epochs.tsv ] && [ -z \"$SECRET\" ] &&\n"
	           "printf '\\211PNG\\r\\n\\032\\nrest' >picture\n",
	           30, NULL);
}

static void test_child_fails(void **state)
{
	(void)state;
	check_fake("#!/bin/sh\necho 'plot x' >&2\necho '  ^' >&2\n"
	           "echo 'line 7: undefined function' >&2\necho >&2\nexit 1\n",
	           30, "gnuplot failed: line 7: undefined function");
}

static void test_child_has_no_terminal(void **state)
{
	(void)state;
	check_fake("#!/bin/sh\necho 'no terminal for PNG' >&2\n", 30,
	           "cannot write PNG: install gnuplot (apt-get install");
}

static void test_child_writes_rubbish(void **state)
{
	(void)state;
	check_fake("#!/bin/sh\necho rubbish >picture\n", 30, "gnuplot failed: it printed nothing");
}

static void test_child_is_killed(void **state)
{
	(void)state;
	check_fake("#!/bin/sh\nkill -SEGV $$\n", 30, "gnuplot failed");
}

static void test_child_hangs(void **state)
{
	(void)state;
	check_fake("#!/bin/sh\nexec sleep 300\n", 1, "had not finished after 1 s");
}

static void test_no_child(void **state)
{
	struct fixture fixture = {0};
	char why[GNUPLOT_WHY] = "", *picture;
	size_t size;

	(void)state;
	make_results(&fixture, mixed, 2, 2, 0);
	assert_int_equal(make_plot(&fixture, PLOT_PNG), 0);
	path_before = memory_copy(getenv("PATH"));
	setenv("PATH", folder, 1);
	int result = gnuplot_draw(&fixture.plot, 30, &picture, &size, why);
	restore_path();
	assert_int_equal(result, -1);
	if (!strstr(why, "install gnuplot (apt-get install gnuplot-nox"))
		fail_msg("said: %s", why);
	free_all(&fixture);
}

/* gnuplot itself, with the hostile labels: nothing of them is run, and the picture is whole. */
static void test_gnuplot(void **state)
{
	static const enum plot_format formats[] = {PLOT_PNG, PLOT_SVG};
	char why[GNUPLOT_WHY] = "", *picture;
	size_t size;

	(void)state;
	if (system("command -v gnuplot >/dev/null") != 0)
		skip();
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct fixture fixture;
		unlink("journal.jsonl");
		make_hostile(&fixture, formats[i]);
		if (gnuplot_draw(&fixture.plot, 60, &picture, &size, why))
			fail_msg("%s", why);
		if (formats[i] == PLOT_SVG) {
			assert_non_null(strstr(picture, "a'b''c (verified)"));
			assert_non_null(strstr(picture, "back\\slash\\n\\042 (verified)"));
			assert_non_null(strstr(picture, "'; system("));
			assert_non_null(strstr(picture, "@macro $(touch hacked) %s%n {/Bold x}_y^z"));
			assert_non_null(strstr(picture, "# no comment (verified)"));
			assert_non_null(strstr(picture, "&lt;touch hacked"));
			assert_non_null(strstr(picture, "</svg>"));
		}
		assert_int_equal(access("hacked", F_OK), -1);
		free(picture);
		free_all(&fixture);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hostile_labels),
		TEST(test_script_knows_no_label),
		TEST(test_series),
		TEST(test_look),
		TEST(test_plain_look),
		TEST(test_far_apart),
		TEST(test_nothing_to_draw),
		TEST(test_long_legend),
		TEST(test_two_comparisons),
		TEST(test_many),
		TEST(test_colours),
		TEST(test_child_draws),
		TEST(test_child_fails),
		TEST(test_child_has_no_terminal),
		TEST(test_child_writes_rubbish),
		TEST(test_child_is_killed),
		TEST(test_child_hangs),
		TEST(test_no_child),
		TEST(test_gnuplot),
	};

	setenv("SECRET", "of the user's environment", 1);
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
