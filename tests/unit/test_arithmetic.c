/* SPDX-License-Identifier: MIT */
/* Shares of the processors' peak, and the peak itself. */
#include "report/arithmetic.h"

#include "runner/peak.h"
#include "sample_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* One second for 60,000 samples: 60,000 times 2 x 672,960 operations. */
static const double flops = 60000.0 * 2 * 672960;

static void put_peak(json_t *run)
{
	json_object_set_new(run, "fma_peak",
	                    json_pack("{s:i, s:s, s:f}", "threads", 2, "isa", "avx2", "flops", 1e11));
}

static void put_hostile_peak(json_t *run)
{
	json_object_set_new(run, "fma_peak", json_pack("{s:i, s:i}", "threads", 0, "flops", 1));
}

/* `threads`: that the platform says it has; 0: nothing.  share NAN: none; `said`: under the table. */
static const struct {
	void (*alter)(json_t *run);
	int threads;
	double vram, flops, share;
	const char *said;
} cases[] = {
	{put_peak, 2, 0, 80755200000, 0.807552, "peak of multiply-adds: 100 GFLOP/s (avx2, 2 threads)"},
	{put_peak, 1, 0, 80755200000, 1.615104, "training, counted densely: a 162%"},
	{put_peak, 0, 0, 80755200000, (double)NAN, NULL},
	{put_peak, 2, 1e9, 80755200000, (double)NAN, NULL}, /* a GPU */
	{NULL, 2, 0, 80755200000, (double)NAN, NULL},
	{put_hostile_peak, 2, 0, 80755200000, (double)NAN, NULL},
};

static char *line_of(const struct comparison *comparison)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	arithmetic_print(comparison, file);
	fclose(file);
	return text;
}

static bool same(double a, double b)
{
	return isnan(a) ? isnan(b) : fabs(a - b) <= 1e-9 * fabs(b);
}

static void check_case(size_t i)
{
	const struct sample one = {
		.label = "a", .platform = "a", .epoch = 1, .ram = 1e6, .vram = cases[i].vram};
	const struct sample_plan plan = {
		.samples = &one, .count = 1, .runs = 1, .epochs = 2, .alter = cases[i].alter};
	char *folder = sample_folder();
	struct results results;
	struct comparison comparison;

	sample_write(folder, &plan);
	assert_int_equal(results_read(&results, folder), 0);
	if (cases[i].threads)
		json_object_set_new(results.contestants[0].executions[0].hello, "options",
		                    json_pack("{s:i}", "threads", cases[i].threads));
	assert_int_equal(comparison_make(&comparison, &results, NULL), 0);
	const struct arithmetic got = arithmetic_of(&comparison.rows[0]);
	char *text = line_of(&comparison);
	if (!same(got.flops, cases[i].flops) || !same(got.share, cases[i].share))
		fail_msg("case %zu: got %g, share %g", i, got.flops, got.share);
	if (cases[i].said ? !strstr(text, cases[i].said) : *text)
		fail_msg("case %zu: got '%s'", i, text);
	free(text);
	comparison_free(&comparison);
	results_free(&results);
	sample_folder_remove(folder);
}

static void test_shares(void **state)
{
	(void)state;
	assert_true(same(flops, cases[0].flops));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(i);
}

/* No processor does less than a billion operations a second, nor more than a million billions. */
static void test_peak(void **state)
{
	json_t *peak = peak_record(2);

	(void)state;
	if (!json_is_null(peak)) {
		const double most = json_real_value(json_object_get(peak, "flops"));
		const json_t *isas = json_object_get(peak, "isas");
		const char *isa = json_string_value(json_object_get(peak, "isa"));
		assert_int_equal(json_integer_value(json_object_get(peak, "threads")), 2);
		assert_true(most > 1e9 && most < 1e15);
		assert_true(json_real_value(json_object_get(isas, isa)) == most);
	}
	json_decref(peak);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_peak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
