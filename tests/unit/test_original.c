/* SPDX-License-Identifier: MIT */
#include "results/original.h"

#include "report/comparison.h"

#include "sample_run.h"

#include <math.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define FIXTURE "tests/data/original"
#define HEADER                                                                                     \
	"Platform,Epoch,Epoch Time (s),Train Loss,Train Accuracy,Test Accuracy,Throughput "            \
	"(samples/s),Timestamp,System RAM Used (MB),Process RAM Used (MB),GPU VRAM Used (MB)"
#define LINE "a,1,2.5,0.5,0.9,0.95,24000,2025-03-01 12:00:00,5000,100,-1\n"

static char said[4096];

static void hear(const char *message)
{
	snprintf(said, sizeof(said), "%s", message);
}

static void check(const char *what, double got, double wanted)
{
	if (isnan(wanted) ? isnan(got) : fabs(got - wanted) <= 1e-9 * fmax(1, fabs(wanted)))
		return;
	fail_msg("%s: got %.12g, wanted %.12g", what, got, wanted);
}

/* Made by a spreadsheet of the fixture: AVERAGE, SUM and MAX of its columns. */
static void test_fixture(void **state)
{
	struct results results;
	struct comparison comparison;

	(void)state;
	assert_true(original_found(FIXTURE));
	assert_int_equal(results_read(&results, FIXTURE), 0);
	assert_true(results.original);
	assert_int_equal(results.n_contestants, 5);
	check("samples of an epoch", results.n_train, 60000);
	assert_int_equal(comparison_make(&comparison, &results, NULL), 0);
	assert_null(comparison.reference);
	for (size_t i = 0; i < comparison.n_rows; i++) {
		const struct row *row = &comparison.rows[i];
		assert_int_equal(row->contestant->status, STATUS_UNVERIFIED_CSV);
		assert_false(row->ranked);
		assert_int_equal(row->ratio.n, 0);
		assert_int_equal(row->averages.last_epoch, 10);
	}
	assert_string_equal(comparison.rows[0].name, "pytorch_cuda");
	const struct averages *averages = &comparison.rows[0].averages;
	check("average epoch", averages->epoch_seconds, 1.12595);
	check("training", averages->train_seconds, 11.2595);
	check("throughput", averages->throughput, 67617.125);
	check("final accuracy", averages->final_test_accuracy, 0.981845);
	check("best accuracy", averages->best_test_accuracy, 0.981845);
	check("RAM", averages->rss, 2313.375 * 1e6);
	check("VRAM", averages->max_vram, 890e6);
	check("VRAM that was not measured", comparison.rows[2].averages.max_vram, UNMEASURED);
	comparison_free(&comparison);
	results_free(&results);
}

static void test_table(void **state)
{
	struct results results;
	struct comparison comparison;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(results_read(&results, FIXTURE), 0);
	assert_int_equal(comparison_make(&comparison, &results, NULL), 0);
	comparison_table(&comparison, file);
	fputc('\n', file);
	comparison.view = VIEW_ORIGINAL;
	comparison_table(&comparison, file);
	fclose(file);
	if (getenv("CNNBENCH_GOLDEN"))
		assert_int_equal(files_write("tests/data/table-original.txt", text, size), 0);
	char *wanted = files_read("tests/data/table-original.txt", 1 << 20, NULL);
	assert_string_equal(text, wanted);
	free(wanted);
	free(text);
	comparison_free(&comparison);
	results_free(&results);
}

/* ---- Files of all sorts ---- */

/* `said` NULL: it is read. */
static const struct {
	const char *text, *said;
} files[] = {
	{HEADER "\n" LINE, NULL},
	{"\xef\xbb\xbf" HEADER "\r\na,1,2.5,0.5,0.9,0.95,24000,,,,\r\n\r\n", NULL},
	{HEADER ",Run,Extra\na,1,2.5,0.5,0.9,0.95,24000,,,,,1,false\na,1,2.5,,,,,,,,,2,true\n", NULL},
	{HEADER "\n\"a \"\"b\"\", c\",1,2.5,0.5,0.9,0.95,24000,,,,\n", NULL},
	{HEADER "\na,1,-1,-1,-1,-1,-1,,-1,-1,-1\n", NULL},
	{HEADER "\na,1,2.5,nan,0.1,0.1,24000,,,,", NULL},
	{"", "line 1: the first eleven columns are not those of the layout: missing 'Platform'"},
	{HEADER "\n", "no epoch"},
	{"time,value\n1,2\n", "the first eleven columns are not those of the layout"},
	{HEADER "\na,1,2.5\n", "line 2: fewer than eleven cells"},
	{HEADER "\na,1,fast,0.5,0.9,0.95,24000,,,,\n", "Epoch Time (s) is no number: 'fast'"},
	{HEADER "\na,1,nan,0.5,0.9,0.95,24000,,,,\n", "Epoch Time (s) is no number: 'nan'"},
	{HEADER "\na,1,0x10,0.5,0.9,0.95,24000,,,,\n", "Epoch Time (s) is no number: '0x10'"},
	{HEADER "\na,1,1e999,0.5,0.9,0.95,24000,,,,\n", "Epoch Time (s) is no number: '1e999'"},
	{HEADER "\na,1,1e30,0.5,0.9,0.95,24000,,,,\n", "Epoch Time (s) is a number that cannot be"},
	{HEADER "\na,1,-2,0.5,0.9,0.95,24000,,,,\n", "Epoch Time (s) is a number that cannot be: '-2'"},
	{HEADER "\na,1,0,0.5,0.9,0.95,24000,,,,\n", "Epoch Time (s) is a number that cannot be: '0'"},
	{HEADER "\na,1,1e-300,0.5,0.9,0.95,24000,,,,\n", "Epoch Time (s) is a number that cannot be"},
	{HEADER "\na,1,2.5,0.5,90,0.95,24000,,,,\n", "Train Accuracy is a number that cannot be: '90'"},
	{HEADER "\na,1.5,2.5,0.5,0.9,0.95,24000,,,,\n", "Epoch is no whole number"},
	{HEADER "\na,99999999999,2.5,0.5,0.9,0.95,24000,,,,\n", "Epoch is a number that cannot be"},
	{HEADER "\n" LINE LINE, "line 3: Epoch is no whole number above the one before: '1'"},
	{HEADER "\n" LINE "b,2,2.5,0.5,0.9,0.95,24000,,,,\n", "another platform in the same file: 'b'"},
	{HEADER "\n,1,2.5,0.5,0.9,0.95,24000,,,,\n", "no platform"},
	{HEADER ",Run\na,1,2.5,0.5,0.9,0.95,24000,,,,,first\n", "Run is no whole number"},
	{HEADER "\n\"a,1,2.5,0.5,0.9,0.95,24000,,,,\n", "quotes around a cell"},
	{HEADER "\n\"a\"b,1,2.5,0.5,0.9,0.95,24000,,,,\n", "quotes around a cell"},
};

static int read_text(const char *folder, const char *text)
{
	char *path = files_join(folder, "metrics_a.csv"), *table;
	struct results results;
	struct comparison comparison;
	size_t size;
	FILE *file = fopen(path, "w");

	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	free(path);
	if (results_read(&results, folder))
		return -1;
	file = open_memstream(&table, &size);
	assert_int_equal(comparison_make(&comparison, &results, NULL), 0);
	comparison_table(&comparison, file);
	json_decref(comparison_record(&comparison));
	fclose(file);
	free(table);
	comparison_free(&comparison);
	results_free(&results);
	return 0;
}

static void test_files(void **state)
{
	char *folder = sample_folder();

	(void)state;
	error_set_sink(hear);
	for (size_t i = 0; i < COUNT(files); i++) {
		const int result = read_text(folder, files[i].text);
		if (!result != !files[i].said ||
		    (result && (!strstr(said, files[i].said) || strchr(said, '\n'))))
			fail_msg("case %zu: %d, said '%s'", i, result, result ? said : "");
	}
	error_set_sink(NULL);
	sample_folder_remove(folder);
}

/* Cut anywhere, and any byte another one: read or refused. */
static void test_damaged(void **state)
{
	static const char whole[] = HEADER "\n" LINE "\"a\",2,2.5,0.5,0.9,0.95,24000,,,,\r\n";
	char *folder = sample_folder(), text[sizeof(whole)];

	(void)state;
	error_set_sink(hear);
	for (size_t i = 0; i < sizeof(whole); i++) {
		memcpy(text, whole, sizeof(whole));
		text[i] = '\0';
		read_text(folder, text);
		for (const char *byte = "\",\n\r\x80"; *byte && i + 1 < sizeof(whole); byte++) {
			memcpy(text, whole, sizeof(whole));
			text[i] = *byte;
			read_text(folder, text);
		}
	}
	error_set_sink(NULL);
	sample_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixture),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
