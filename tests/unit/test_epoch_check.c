/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/random.h"
#include "runner/epoch_check.h"
#include "runner/first_epoch.h"

#include <math.h>

enum { TRAIN = 40 };

static char *folder;
static struct job job;
static uint8_t images[TRAIN * MODEL_PIXELS], labels[TRAIN];

static void open_job(double lr)
{
	static char name[] = "noise";
	const struct work work = {{3, 5, 17, 2}, 2, 16, lr, 0.9, 5};
	struct dataset dataset = {.name = name,
	                          .n_train = TRAIN,
	                          .n_test = TRAIN,
	                          .train_images = images,
	                          .train_labels = labels,
	                          .test_images = images,
	                          .test_labels = labels};
	char *path;

	digest_bytes(images, sizeof(images), dataset.digest);
	path = job_write(folder, &dataset, &work, NULL);
	assert_non_null(path);
	assert_int_equal(job_open(&job, path), 0);
	free(path);
}

static int set_up(void **state)
{
	struct random random = random_stream(3, "epoch", 0);

	(void)state;
	folder = fixture_folder();
	fixture_forget();
	error_quiet(true);
	for (size_t i = 0; i < sizeof(images); i++)
		images[i] = (uint8_t)random_below(&random, 256);
	for (size_t i = 0; i < TRAIN; i++)
		labels[i] = (uint8_t)random_below(&random, 10);
	open_job(0.02);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	job_close(&job);
	fixture_remove(folder);
	return 0;
}

static void count_tells(void *context, double done)
{
	(void)done;
	++*(int *)context;
}

/* The record that the check leaves in a journal of its own. */
static json_t *check(const struct epoch_claim *claims, size_t count, bool always)
{
	const struct epoch_check order = {&job, claims, count, always, NULL};
	char *results = files_join(folder, "results");

	assert_int_equal(files_make_folder(results), 0);
	struct journal *journal = journal_create(results, 0);
	assert_non_null(journal);
	journal_append(journal, json_pack("{s:s, s:s}", "record", "run", "schema", JOURNAL_SCHEMA));
	assert_int_equal(epoch_check(&order, journal), 0);
	journal_close(journal);
	json_t *records = journal_read(results), *record = json_incref(json_array_get(records, 1));
	json_decref(records);
	files_remove_folder(results);
	free(results);
	assert_string_equal(json_string_value(json_object_get(record, "record")), "epoch_check");
	return record;
}

static void expect(json_t *record, bool checked, bool asked, const char *why, const char *refused)
{
	const json_t *list = json_object_get(record, "refused"), *item;
	char got[64] = "";
	size_t i;

	json_array_foreach (list, i, item)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%d ",
		         (int)json_integer_value(json_object_get(item, "process")));
	assert_int_equal(json_is_true(json_object_get(record, "checked")), checked);
	assert_int_equal(json_is_number(json_object_get(record, "reference")), asked);
	assert_string_equal(got, refused);
	if (!strstr(json_string_value(json_object_get(record, "why")), why))
		fail_msg("got \"%s\", wanted \"%s\" in it",
		         json_string_value(json_object_get(record, "why")), why);
	json_decref(record);
}

static double true_loss(void)
{
	struct first_epoch epoch;

	assert_int_equal(first_epoch_train(&job, 1, NULL, &epoch), 0);
	assert_true(epoch.loss > 1 && epoch.loss < 10);
	assert_true(epoch.control != epoch.loss && fabs(epoch.control / epoch.loss - 1) < 1e-5);
	return epoch.loss;
}

static void test_reference_is_asked_once_a_job(void **state)
{
	struct first_epoch first, second;
	int tells = 0;
	const struct job_progress progress = {&tells, count_tells};

	(void)state;
	assert_int_equal(first_epoch_train(&job, 1, &progress, &first), 0);
	assert_int_equal(tells, 3); /* 16 + 16 + 8 samples */
	assert_int_equal(first_epoch_train(&job, 3, &progress, &second), 0);
	assert_int_equal(tells, 3);
	assert_memory_equal(&first, &second, sizeof(first));
}

static void test_platforms_that_agree(void **state)
{
	const struct epoch_claim claims[] = {{"a", 1, 2}, {"a", 3, 2}, {"b", 2, 2.0002}};

	(void)state; /* of the job's true loss nobody knows */
	expect(check(claims, 3, false), true, false, "losses of 2 platforms", "");
}

static void test_one_platform_alone(void **state)
{
	const double loss = true_loss();
	const struct epoch_claim right[] = {{"a", 1, loss}, {"a", 2, loss * 1.0001}};
	const struct epoch_claim wrong[] = {{"a", 1, loss * 1.001}};

	(void)state;
	expect(check(right, 2, false), false, false, "only one platform", "");
	expect(check(right, 2, true), true, true, "the reference trained epoch 1", "");
	expect(check(wrong, 1, false), false, false, "only one platform", "");
	expect(check(wrong, 1, true), true, true, "the reference trained epoch 1", "1 ");
}

static void test_reference_decides_between_platforms(void **state)
{
	const double loss = true_loss();
	const struct epoch_claim claims[] = {
		{"a", 1, loss}, {"a", 4, loss}, {"b", 2, loss * 1.0005}, {"c", 3, (double)NAN}};

	(void)state;
	expect(check(claims, 2, false), false, false, "only one platform", "");
	expect(check(claims, 3, false), true, true, "the reference trained epoch 1", "2 ");
	expect(check(claims, 4, false), true, true, "the reference trained epoch 1", "2 3 ");
}

/* A program that agrees with itself shows nothing; "c_cpu2" is another one. */
static void test_one_program_in_two_forms(void **state)
{
	const struct epoch_claim forms[] = {{"c_cpu", 1, 2}, {"c_cpu:threads=1", 2, 2}};
	const struct epoch_claim others[] = {{"c_cpu", 1, 2}, {"c_cpu2", 2, 2}};

	(void)state;
	expect(check(forms, 2, false), false, false, "all platforms are one program", "");
	expect(check(others, 2, false), true, false, "of 2 platforms agree", "");
}

/* What another program wrote there is not believed. */
static void test_kept_epoch_is_sealed(void **state)
{
	static const char *const forged[] = {"{}", "{\"loss\": 1.5, \"control\": 1.5}", "no JSON",
	                                     "{\"loss\": 1.5, \"control\": 1.5, \"seal\": \"00\"}"};
	const double loss = true_loss();
	char *kept = job_reference_folder(&job), *path = files_join(kept, "first_epoch.json");

	(void)state;
	for (size_t i = 0; i < COUNT(forged); i++) {
		assert_int_equal(files_write(path, forged[i], strlen(forged[i])), 0);
		assert_true(true_loss() == loss);
	}
	free(path);
	free(kept);
}

/* The majority may be wrong. */
static void test_majority_does_not_decide(void **state)
{
	const double loss = true_loss();
	const struct epoch_claim claims[] = {
		{"a", 1, loss * 0.9}, {"b", 2, loss * 0.9}, {"c", 3, loss}};

	(void)state;
	expect(check(claims, 3, false), true, true, "the reference trained epoch 1", "1 2 ");
}

/* Where the reference diverges, no loss is held against anything. */
static void test_divergence_of_the_reference(void **state)
{
	const struct epoch_claim claims[] = {{"a", 1, 3}};

	(void)state;
	job_close(&job);
	open_job(1e30);
	expect(check(claims, 1, true), false, false, "the reference diverges", "");
	expect(check(claims, 1, true), false, false, "the reference diverges", ""); /* as it is kept */
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_reference_is_asked_once_a_job),
		CASE(test_platforms_that_agree),
		CASE(test_one_platform_alone),
		CASE(test_reference_decides_between_platforms),
		CASE(test_majority_does_not_decide),
		CASE(test_one_program_in_two_forms),
		CASE(test_kept_epoch_is_sealed),
		CASE(test_divergence_of_the_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
