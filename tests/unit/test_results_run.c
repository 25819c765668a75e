/* SPDX-License-Identifier: MIT */
#include "results/results.h"

#include "report/comparison.h"
#include "report/export.h"
#include "results/field.h"

#include "sample_run.h"

#include <math.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct sample samples[] = {
	{.label = "a",
     .platform = "a",
     .epoch = 0.5,
     .scatter = 0.1,
     .cold = 0.1,
     .setup = 0.2,
     .accuracy = 9800,
     .ram = 100e6},
	{.label = "b:x=1",
     .platform = "b",
     .epoch = 1,
     .accuracy = 9700,
     .ram = 200e6,
     .vram = 50e6,
     .delta = true,
     .status = "timeout",
     .why = "not done after 60 s"},
	{.label = "c", .platform = "c", .reason = "no such device", .help = "buy one"},
};

static const struct sample_plan plan = {
	.samples = samples, .count = COUNT(samples), .runs = 2, .epochs = 2, .extra = 1};

static char said[4096];

static void hear(const char *message)
{
	snprintf(said, sizeof(said), "%s", message);
}

/* run.json's content of the sample. */
static json_t *make_record(const char *folder, const struct sample_plan *of)
{
	struct results results;

	sample_write(folder, of);
	assert_int_equal(results_read(&results, folder), 0);
	json_t *record = results_record(&results);
	results_free(&results);
	return record;
}

static void write_text(const char *path, const char *text, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void write_record(const char *path, const json_t *record)
{
	char *text = json_dumps(record, JSON_INDENT(1));

	assert_non_null(text);
	write_text(path, text, strlen(text));
	free(text);
}

static char *table_of(const struct results *results)
{
	struct comparison comparison;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_int_equal(comparison_make(&comparison, results, NULL), 0);
	comparison_table(&comparison, file);
	comparison.view = VIEW_ORIGINAL;
	comparison_table(&comparison, file);
	export_markdown(&comparison, file);
	json_decref(comparison_record(&comparison));
	fclose(file);
	comparison_free(&comparison);
	return text;
}

/* ---- The same from both files ---- */

static void test_round_trip(void **state)
{
	char *folder = sample_folder(), *path = files_join(folder, "sent.json");
	json_t *record = make_record(folder, &plan);
	struct results journal, run;

	(void)state;
	write_record(path, record);
	assert_int_equal(results_read(&journal, folder), 0);
	assert_int_equal(results_read(&run, path), 0);
	assert_string_equal(run.folder, path);
	json_t *again = results_record(&run);
	assert_true(json_equal(record, again));
	char *wanted = table_of(&journal), *got = table_of(&run);
	assert_string_equal(got, wanted);
	free(wanted);
	free(got);
	json_decref(again);
	json_decref(record);
	results_free(&journal);
	results_free(&run);
	free(path);
	sample_folder_remove(folder);
}

/* ---- Whatever a file holds ---- */

static int use(const char *path)
{
	struct results results;

	if (results_read(&results, path))
		return -1;
	char *text = table_of(&results);
	for (const char *at = text; *at; at++)
		if ((*at < ' ' && *at != '\n') || *at == 127)
			fail_msg("byte %d is shown: %s", *at, text);
	free(text);
	results_free(&results);
	return 0;
}

static void spoil(const char *path, json_t *whole, json_t *object, json_t *values, int counts[2])
{
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		json_t *kept = json_incref(json_object_iter_value(at)), *value, *below;
		size_t i;
		json_array_foreach (values, i, value) {
			json_object_iter_set(object, at, value);
			write_record(path, whole);
			counts[use(path) == 0]++;
		}
		json_object_iter_set_new(object, at, kept);
		below = json_is_array(kept) ? json_array_get(kept, 0) : kept;
		if (json_is_object(below))
			spoil(path, whole, below, values, counts);
	}
}

/* Each value in the place of each member: read or refused, and nothing breaks. */
static void test_spoiled(void **state)
{
	const struct sample_plan small = {.samples = samples, .count = 1, .runs = 1, .epochs = 2};
	json_t *values =
		json_pack("[n, s, s, i, I, f, b, [], {}, [i], [{}]]", "", "x\033[2J<b>|=1+1, \"\n../..", -1,
	              (json_int_t)INT64_MAX, 1e300, 1, 7);
	char *folder = sample_folder(), *path = files_join(folder, "sent.json");
	json_t *record = make_record(folder, &small);
	int counts[2] = {0, 0};

	(void)state;
	error_set_sink(hear);
	spoil(path, record, record, values, counts);
	error_set_sink(NULL);
	assert_true(counts[0] > 200); /* refused */
	assert_true(counts[1] > 200);
	json_decref(values);
	json_decref(record);
	free(path);
	sample_folder_remove(folder);
}

/* `at`: "/platforms/0/executions/0/epochs/1/train_seconds". */
static json_t *find(json_t *value, const char *at, char key[64])
{
	for (;;) {
		const size_t length = strcspn(++at, "/");
		snprintf(key, 64, "%.*s", (int)length, at);
		at += length;
		if (!*at)
			return value;
		value = json_is_array(value) ? json_array_get(value, (size_t)atoi(key))
		                             : json_object_get(value, key);
	}
}

#define EPOCH "/platforms/0/executions/0/epochs/1/"

static const struct {
	const char *at, *value, *said;
} refused[] = {
	{"/schema", "\"cnnbench-run-2\"", "written by another version (cnnbench-run-2, this one reads"},
	{"/schema", "\"cnnbench-compare-1\"", "no run.json of cnnbench"},
	{"/schema", "null", "its schema is missing"},
	{EPOCH "train_seconds", "\"0.5\"",
     "platforms[0].executions[0].epochs[1].train_seconds is no number"},
	{EPOCH "train_seconds", "-1", "train_seconds is a number that cannot be"},
	{EPOCH "train_seconds", "1e300", "train_seconds is a number that cannot be"},
	{EPOCH "train_seconds", "0", "train_seconds is a number that cannot be"},
	{EPOCH "train_seconds", "1e-300", "train_seconds is a number that cannot be"},
	{EPOCH "test_accuracy", "98.1", "test_accuracy is a number that cannot be"},
	{EPOCH "epoch", "1", "epoch is not above the one before"},
	{"/platforms/0/executions/0/status", "\"splendid\"", "status is none that this version knows"},
	{"/platforms/0/executions/0/round", "0", "round is no whole number above 0"},
	{"/platforms/0/executions/0/peak_rss_bytes", "-4", "peak_rss_bytes is a number"},
	{"/platforms/0/executions", "{}", "executions is no list"},
	{"/platforms/0/executions", "[7]", "executions[0].it is no object"},
	{"/platforms/0/executions", "[]", "it has no executions"},
	{"/platforms/1/label", "\"a\"", "label is no name of its own"},
	{"/platforms", "7", "platforms is no list"},
	{"/work/batch", "\"512\"", "batch is no number"},
	{"/work/shape", "null", "filters1 is missing"},
	{"/work/dataset/n_train", "-60000", "n_train is a number that cannot be"},
	{"/work/dataset/n_train", "0", "n_train is a number that cannot be"},
	{"/work/epochs", "1.5", "epochs is a number that cannot be"},
	{"/runs", "0", "runs is a number that cannot be"},
	{"/work", "null", "epochs is missing"},
};

static void test_refused(void **state)
{
	char *folder = sample_folder(), *path = files_join(folder, "sent.json");
	json_t *record = make_record(folder, &plan);

	(void)state;
	error_set_sink(hear);
	for (size_t i = 0; i < COUNT(refused); i++) {
		char key[64];
		json_t *copy = json_deep_copy(record), *object = find(copy, refused[i].at, key);
		assert_true(json_is_object(object));
		json_object_set_new(object, key, json_loads(refused[i].value, JSON_DECODE_ANY, NULL));
		write_record(path, copy);
		said[0] = '\0';
		if (!use(path) || !strstr(said, refused[i].said) || strchr(said, '\n'))
			fail_msg("%s = %s: said '%s'", refused[i].at, refused[i].value, said);
		json_decref(copy);
	}
	error_set_sink(NULL);
	json_decref(record);
	free(path);
	sample_folder_remove(folder);
}

static const struct {
	const char *text, *said;
} texts[] = {
	{"", "damaged, or no JSON"},
	{"{", "damaged, or no JSON: line 1"},
	{"[1, 2]", "its schema is missing"},
	{"{\"a\": NaN}", "damaged, or no JSON: line 1: invalid token"},
	{"{\"a\": 1e999}", "damaged, or no JSON: line 1: real number overflow"},
	{"{\"a\": 123456789012345678901234567890}", "damaged, or no JSON: line 1: too big"},
	{"{\"a\": 1, \"a\": 2}", "damaged, or no JSON: line 1: duplicate"},
	{"{\"a\": \"\xff\"}", "damaged, or no JSON: line 1"},
	{"{\"a\": \"\\u0000\"}", "damaged, or no JSON: line 1"},
	{"<html><body>Log in</body></html>", "damaged, or no JSON: line 1"},
};

static void test_texts(void **state)
{
	char *folder = sample_folder(), *path = files_join(folder, "sent.json");

	(void)state;
	error_set_sink(hear);
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_text(path, texts[i].text, strlen(texts[i].text));
		if (!use(path) || !strstr(said, texts[i].said) || strchr(said, '\n'))
			fail_msg("'%s': said '%s'", texts[i].text, said);
	}
	error_set_sink(NULL);
	free(path);
	sample_folder_remove(folder);
}

/* `levels` lists in one another, as a member that is not read; then 17 MB of blanks. */
static void test_sizes(void **state)
{
	char *folder = sample_folder(), *path = files_join(folder, "sent.json");
	json_t *record = make_record(folder, &plan);
	const size_t large = 17000000;

	(void)state;
	error_set_sink(hear);
	for (int levels = 31; levels <= 3000; levels += levels < 33 ? 1 : 2967) {
		char *deep = memory_new((size_t)levels * 2 + 1, 1);
		memset(deep, '[', (size_t)levels);
		memset(deep + levels, ']', (size_t)levels);
		char *text = memory_text("{\"schema\": \"cnnbench-run-1\", \"deep\": %s}", deep);
		write_text(path, text, strlen(text));
		assert_int_not_equal(use(path), 0);
		if (!strstr(said, levels < 32    ? "is missing"
		                  : levels < 100 ? "more than 32 levels deep"
		                                 : "maximum parsing depth"))
			fail_msg("%d levels: said '%s'", levels, said);
		free(text);
		free(deep);
	}
	write_record(path, record);
	char *kept = files_read(path, 1 << 20, NULL), *text = memory_new(large, 1);
	memset(text, ' ', large);
	memcpy(text, kept, strlen(kept));
	write_text(path, text, large);
	assert_int_not_equal(use(path), 0);
	assert_non_null(strstr(said, "larger than 16777216 bytes"));
	error_set_sink(NULL);
	free(kept);
	free(text);
	json_decref(record);
	free(path);
	sample_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_texts),      cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_spoiled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
