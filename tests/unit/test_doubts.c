/* SPDX-License-Identifier: MIT */
#include "report/doubts.h"

#include "sample_run.h"

#include <math.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- Drift ---- */

/* Two rounds of `epochs`: seconds 1, 1 + step, 1 + 2 step ... with a disturbance of alternating sign. */
static struct drift drift_of(int epochs, double step, double disturbance)
{
	struct epoch all[2][64] = {0};
	struct execution executions[2] = {0};
	const struct contestant contestant = {
		.status = STATUS_VERIFIED, .executions = executions, .n_executions = 2};

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < epochs; i++)
			all[round][i] = (struct epoch){
				.number = i + 1,
				.train_seconds =
					i == 0 ? 9 : 1 + round + step * i + (i % 2 ? 1 : -1) * disturbance};
		executions[round] = (struct execution){
			.status = STATUS_VERIFIED, .epochs = all[round], .n_epochs = (size_t)epochs};
	}
	return doubts_drift(&contestant);
}

static const struct {
	int epochs;
	double step, disturbance;
	bool known, certain;
	int sign;
} drifts[] = {
	{10, 0, 0.001, true, false, 0},     {10, 0.02, 0.001, true, true, 1},
	{10, -0.02, 0.001, true, true, -1}, {10, 0.001, 0.1, true, false, 0},
	{3, 0.1, 0, false, false, 0},       {1, 0, 0, false, false, 0},
};

static void test_drift(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(drifts); i++) {
		const struct drift drift =
			drift_of(drifts[i].epochs, drifts[i].step, drifts[i].disturbance);
		if (isfinite(drift.change) != drifts[i].known || drift.certain != drifts[i].certain ||
		    (drifts[i].sign && drift.change * drifts[i].sign < 0.05))
			fail_msg("case %zu: change %g, certain %d", i, drift.change, drift.certain);
	}
}

/* ---- Lines ---- */

static void put(json_t *machine, const char *key, double value)
{
	json_object_set_new(machine, key, json_real(value));
}

static void busy(json_t *run)
{
	json_t *machine = json_object_get(run, "machine");

	put(machine, "usable_cores", 4);
	put(machine, "load", 2.6); /* two threads leave two cores */
}

static void idle(json_t *run)
{
	json_t *machine = json_object_get(run, "machine");

	put(machine, "usable_cores", 4);
	put(machine, "load", 2.4);
	put(machine, "swap_used_bytes", 300e6);
}

static void swapped(json_t *run)
{
	put(json_object_get(run, "machine"), "swap_used_bytes", 400e6); /* of 33.5 GB */
}

static void debugged(json_t *run) /* only the probe said it */
{
	json_t *hello = json_object_get(json_array_get(json_object_get(run, "platforms"), 0), "hello");

	json_object_set_new(hello, "flags", json_string("-g -O0"));
}

static void hostile(json_t *run)
{
	json_t *machine = json_object_get(run, "machine");

	json_object_set_new(machine, "load", json_string("2.6"));
	json_object_set_new(machine, "swap_used_bytes", json_array());
	json_object_set_new(machine, "usable_cores", json_null());
}

/* `said`: at the beginning of a line; NULL: none of the lines is there. */
static const struct {
	void (*alter)(json_t *run);
	const char *said;
} lines[] = {
	{NULL, NULL},
	{idle, NULL},
	{hostile, NULL},
	{busy, "\nload: 2.60 before 2 threads on 4 cores; the machine was busy"},
	{swapped, "\nswap: 400 MB were swapped out"},
};

static char *lines_of(const struct results *results)
{
	struct comparison comparison;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	fputc('\n', file);
	assert_int_equal(comparison_make(&comparison, results, NULL), 0);
	doubts_print(&comparison, file);
	comparison_free(&comparison);
	fclose(file);
	return text;
}

static void test_lines(void **state)
{
	static const struct sample one = {
		.label = "a", .platform = "a", .epoch = 1, .accuracy = 9800, .ram = 1e6};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		const struct sample_plan plan = {
			.samples = &one, .count = 1, .runs = 2, .epochs = 3, .alter = lines[i].alter};
		char *folder = sample_folder();
		struct results results;
		sample_write(folder, &plan);
		assert_int_equal(results_read(&results, folder), 0);
		char *text = lines_of(&results);
		if (lines[i].said ? !strstr(text, lines[i].said) : strlen(text) > 1)
			fail_msg("case %zu: got %s", i, text);
		free(text);
		results_free(&results);
		sample_folder_remove(folder);
	}
}

/* What platforms say of themselves. */
static void test_hellos(void **state)
{
	static const struct sample two[] = {
		{.label = "a", .platform = "a", .epoch = 1, .accuracy = 9800, .ram = 1e6},
		{.label = "b", .platform = "b", .epoch = 1, .accuracy = 9800, .ram = 1e6},
	};
	const struct sample_plan plan = {
		.samples = two, .count = 2, .runs = 1, .epochs = 2, .alter = debugged};
	char *folder = sample_folder();
	struct results results;

	(void)state;
	sample_write(folder, &plan);
	assert_int_equal(results_read(&results, folder), 0);
	for (int i = 0; i < 2; i++) {
		json_t *hello = results.contestants[i].executions[0].hello;
		json_object_set_new(hello, "options", json_pack("{s:i}", "threads", i + 1));
		if (i == 1)
			json_object_set_new(hello, "flags", json_string("-O2 -fsanitize=address"));
	}
	char *text = lines_of(&results);
	assert_non_null(strstr(text, "\nthreads: a 1, b 2; the CPU platforms did not have"));
	assert_non_null(strstr(text, "\ndebug build: b; compiled without optimisation"));
	free(text);
	results_free(&results);
	sample_folder_remove(folder);
}

/* From the journal, and from the run.json that is made of it. */
static void test_clock(void **state)
{
	static const struct sample three[] = {
		{.label = "hot", .platform = "a", .epoch = 1, .ram = 1e6, .clock = 4e9, .slowed = 0.03},
		{.label = "calm", .platform = "b", .epoch = 1, .ram = 1e6, .clock = 4e9, .slowed = 0.02},
		{.label = "dark", .platform = "c", .epoch = 1, .ram = 1e6},
	};
	const struct sample_plan plan = {.samples = three, .count = 3, .runs = 2, .epochs = 3};
	char *folder = sample_folder(), *path = memory_text("%s/alone.json", folder);
	struct results results[2];

	(void)state;
	sample_write(folder, &plan);
	assert_int_equal(results_read(&results[0], folder), 0);
	json_t *record = results_record(&results[0]);
	assert_int_equal(json_dump_file(record, path, 0), 0);
	assert_int_equal(results_read(&results[1], path), 0);
	for (int i = 0; i < 2; i++) {
		char *text = lines_of(&results[i]);
		assert_non_null(strstr(text, "\nclock: hot (from 3.88 to 3.64 GHz); the processor's"));
		assert_null(strstr(text, "calm"));
		assert_null(strstr(text, "dark"));
		free(text);
		results_free(&results[i]);
	}
	json_decref(record);
	free(path);
	sample_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_hellos),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
