/* SPDX-License-Identifier: MIT */
/* The judge, before whom a worker's files and claims are laid as a test wants them. */
#include "fixture.h"

#include "core/npy.h"
#include "core/random.h"
#include "core/reference.h"
#include "runner/judge.h"

#include <math.h>
#include <sys/stat.h>

enum { TRAIN = 70, TEST = 20, PARAMETERS_MAX = 5000 };

/* A job, and what an honest worker would bring. */
struct bench {
	char *cache, *verify_path, *final_path;
	uint8_t *images, labels[TRAIN];
	struct job job;
	struct judge *judge;
	float init[PARAMETERS_MAX], verify[PARAMETERS_MAX], final[PARAMETERS_MAX];
	size_t correct;
	bool diverged;
	struct judgement judgement;
};

static const struct work standard = {{3, 5, 17, 2}, 1, 16, 0.02, 0.9, 5};

static void paint(struct bench *bench)
{
	struct random random = random_stream(11, "judge", 0);

	bench->images = memory_new(TRAIN * MODEL_PIXELS, 1);
	for (size_t i = 0; i < TRAIN * MODEL_PIXELS; i++)
		bench->images[i] = (uint8_t)random_below(&random, 256);
	for (size_t i = 0; i < TRAIN; i++)
		bench->labels[i] = (uint8_t)random_below(&random, 10);
}

static void write_job(struct bench *bench, const struct work *work)
{
	static char name[] = "noise";
	struct dataset dataset = {.name = name,
	                          .n_train = TRAIN,
	                          .n_test = TEST,
	                          .train_images = bench->images,
	                          .train_labels = bench->labels,
	                          .test_images = bench->images,
	                          .test_labels = bench->labels};

	digest_bytes(bench->images, TRAIN * MODEL_PIXELS, dataset.digest);
	char *folder = job_write(bench->cache, &dataset, work, NULL);
	assert_non_null(folder);
	assert_int_equal(job_open(&bench->job, folder), 0);
	free(folder);
	assert_true(bench->job.model.parameters <= PARAMETERS_MAX);
}

static size_t count_correct(const struct bench *bench, const float *weights)
{
	const struct reference_data data = {bench->images, bench->labels, TEST};
	struct reference *reference = reference_new(&bench->job.model, 1);
	struct reference_stats stats;

	reference_set_float(reference, weights);
	reference_eval(reference, &data, NULL, TEST, &stats);
	reference_free(reference);
	return stats.correct;
}

static void bench_open(struct bench *bench, const struct work *work)
{
	double rows[2 * PARAMETERS_MAX];

	memset(bench, 0, sizeof(*bench));
	bench->cache = fixture_folder();
	bench->verify_path = files_join(bench->cache, "verify.npy");
	bench->final_path = files_join(bench->cache, "final.npy");
	fixture_forget();
	paint(bench);
	write_job(bench, work);
	bench->judge = judge_new(&bench->job, 2);
	assert_non_null(bench->judge);
	assert_int_equal(npy_read(&bench->job.init, 0, bench->job.init.count, bench->init), 0);
	assert_int_equal(npy_read(&bench->job.reference, 0, bench->job.reference.count, rows), 0);
	for (size_t i = 0; i < bench->job.model.parameters; i++)
		bench->verify[i] = (float)rows[i];
	memcpy(bench->final, work->epochs ? bench->verify : bench->init, sizeof(bench->final));
	bench->correct = count_correct(bench, bench->final);
}

static void bench_close(struct bench *bench)
{
	json_decref(bench->judgement.certificate);
	judge_free(bench->judge);
	job_close(&bench->job);
	fixture_remove(bench->cache);
	free(bench->verify_path);
	free(bench->final_path);
	free(bench->images);
}

static int judge(struct bench *bench)
{
	const size_t count = bench->job.model.parameters;
	const struct claim claim = {bench->verify_path, bench->final_path, bench->job.work.epochs > 0,
	                            bench->correct, bench->diverged};

	assert_int_equal(npy_write(bench->verify_path, NPY_F32, 1, &count, bench->verify), 0);
	assert_int_equal(npy_write(bench->final_path, NPY_F32, 1, &count, bench->final), 0);
	json_decref(bench->judgement.certificate);
	return judge_claim(bench->judge, &claim, &bench->judgement);
}

static void expect(struct bench *bench, const char *status, const char *why)
{
	assert_int_equal(judge(bench), 0);
	if (strcmp(bench->judgement.status, status) || !strstr(bench->judgement.why, why))
		fail_msg("got %s: %s; wanted %s with \"%s\"", bench->judgement.status, bench->judgement.why,
		         status, why);
	assert_int_equal(bench->judgement.why[0] == '\0', !strcmp(status, "verified"));
}

static float *weight(struct bench *bench, float *weights, enum tensor_id id)
{
	return &weights[bench->job.model.tensors[id].offset];
}

/* ---- What stands ---- */

static void test_honest_work_is_verified(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &standard);
	expect(&bench, "verified", "");
	bench_close(&bench);
}

static void test_certificate(void **state)
{
	struct bench bench;
	size_t i;
	json_t *tensor;

	(void)state;
	bench_open(&bench, &standard);
	expect(&bench, "verified", "");
	const json_t *record = bench.judgement.certificate;
	const json_t *tensors = json_object_get(record, "tensors"),
				 *final = json_object_get(record, "final");
	assert_int_equal(json_array_size(tensors), TENSOR_COUNT);
	json_array_foreach (tensors, i, tensor) {
		const double measured = json_number_value(json_object_get(tensor, "measured"));
		const double allowed = json_number_value(json_object_get(tensor, "allowed"));
		const double control = json_number_value(json_object_get(tensor, "control"));

		assert_string_equal(json_string_value(json_object_get(tensor, "name")),
		                    bench.job.model.tensors[i].name);
		assert_true(measured > 0 && measured < 1e-6); /* the reference, rounded once */
		assert_true(allowed > 3e-5 && allowed < 1e-3 && control > 0 && control < allowed / 5);
		assert_true(json_is_true(json_object_get(tensor, "sharp")));
		assert_true(json_is_true(json_object_get(tensor, "holds")));
	}
	assert_int_equal(json_integer_value(json_object_get(final, "claimed")), bench.correct);
	assert_int_equal(json_integer_value(json_object_get(final, "counted")), bench.correct);
	assert_int_equal(json_integer_value(json_object_get(final, "tolerance")), 1);
	record = json_object_get(record, "verify");
	assert_int_equal(json_integer_value(json_object_get(record, "samples")), 2 * 70);
	assert_int_equal(json_integer_value(json_object_get(record, "steps")), 2 * 5);
	bench_close(&bench);
}

static void test_without_epochs(void **state)
{
	struct work work = standard;
	struct bench bench;

	(void)state;
	work.epochs = 0;
	bench_open(&bench, &work);
	expect(&bench, "verified", "");
	assert_true(json_is_null(
		json_object_get(json_object_get(bench.judgement.certificate, "final"), "claimed")));
	bench.final[0] += 1e-6f;
	expect(&bench, "not_verified", "the final weights are not the initial ones");
	bench_close(&bench);
}

/* ---- What does not ---- */

/* One element of each tensor, off by twice what is allowed, then by half of it. */
static void test_each_tensor_is_held_to_the_bound(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &standard);
	for (int id = 0; id < TENSOR_COUNT; id++) {
		struct distance distances[TENSOR_COUNT];
		double rows[2 * PARAMETERS_MAX];
		float *element = weight(&bench, bench.verify, (enum tensor_id)id), before = *element;

		npy_read(&bench.job.reference, 0, bench.job.reference.count, rows);
		bound_measure(&bench.job.model, bench.verify, rows, bench.init, distances);
		*element = before + (float)(2 * bound_allowed(&distances[id]));
		expect(&bench, "not_verified", bench.job.model.tensors[id].name);
		expect(&bench, "not_verified", "1 of 8 tensors are off");
		*element = before + (float)(0.5 * bound_allowed(&distances[id]));
		expect(&bench, "verified", "");
		*element = before;
	}
	bench_close(&bench);
}

static void test_initial_weights_are_no_training(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &standard);
	memcpy(bench.verify, bench.init, sizeof(bench.verify));
	expect(&bench, "not_verified", "8 of 8 tensors are off");
	bench_close(&bench);
}

static void test_what_is_no_number_never_passes(void **state)
{
	static const double wild[] = {(double)NAN, HUGE_VAL, -HUGE_VAL};
	struct bench bench;

	(void)state;
	bench_open(&bench, &standard);
	for (size_t i = 0; i < COUNT(wild); i++) {
		float *element = weight(&bench, bench.verify, FC1_BIAS) + 3, before = *element;

		*element = (float)wild[i];
		expect(&bench, "not_verified", "in fc1.bias, is not finite after the verification");
		*element = before;
		before = *weight(&bench, bench.final, CONV2_WEIGHT);
		*weight(&bench, bench.final, CONV2_WEIGHT) = (float)wild[i];
		expect(&bench, "not_verified", "in conv2.weight, is not finite, though every loss was");
		*weight(&bench, bench.final, CONV2_WEIGHT) = before;
	}
	expect(&bench, "verified", "");
	bench_close(&bench);
}

/* One of twenty may differ: 3e-4 of them, rounded up. */
static void test_claimed_accuracy(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &standard);
	const size_t right = bench.correct;
	for (size_t claimed = 0; claimed <= TEST; claimed++) {
		const size_t off = claimed > right ? claimed - right : right - claimed;

		bench.correct = claimed;
		if (off <= 1)
			expect(&bench, "verified", "");
		else
			expect(&bench, "not_verified", "they may differ by 1");
	}
	bench_close(&bench);
}

static void test_diverged_training_is_no_fault_of_the_weights(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &standard);
	bench.diverged = true;
	bench.final[0] = NAN;
	expect(&bench, "diverged", "a loss is not finite");
	*weight(&bench, bench.verify, FC2_BIAS) += 1;
	expect(&bench, "not_verified", "fc2.bias");
	bench_close(&bench);
}

static void test_file_that_is_gone(void **state)
{
	struct bench bench;
	const struct claim claim = {"/nowhere/verify.npy", "/nowhere/final.npy", true, 0, false};

	(void)state;
	bench_open(&bench, &standard);
	assert_int_equal(judge_claim(bench.judge, &claim, &bench.judgement), -1);
	fixture_expect("gone", "/nowhere/verify.npy");
	bench_close(&bench);
}

/* ---- Jobs that tell nothing ---- */

static void test_unsharp_jobs(void **state)
{
	static const struct {
		double lr, momentum;
		const char *status, *why;
	} cases[] = {
		{0, 0.9, "not_sharp", "this job does not change conv1.weight"},
		{1e-9, 0.9, "not_sharp", "so little that rounding hides a fault; a larger --lr"},
		{1e9, 0.9, "diverged", "so does the reference"},
		{0.02, 1, "verified", ""},
		{0.02, 0, "verified", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct work work = standard;
		struct bench bench;

		work.lr = cases[i].lr;
		work.momentum = cases[i].momentum;
		bench_open(&bench, &work);
		expect(&bench, cases[i].status, cases[i].why);
		bench_close(&bench);
	}
}

/* A bias that puts black images on a kink: no step has a sample that is clear of ties, and whatever a
 * worker brings, it is neither right nor wrong. */
static void test_jobs_without_a_clear_sample(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &standard);
	bench.job.verification.margin = 1e-7;
	expect(&bench, "not_sharp", "no sample that is clear of ties");
	*weight(&bench, bench.verify, CONV1_BIAS) += 1;
	expect(&bench, "not_sharp", "no sample that is clear of ties");
	size_t i;
	json_t *tensor;
	json_array_foreach (json_object_get(bench.judgement.certificate, "tensors"), i, tensor)
		assert_false(json_is_true(json_object_get(tensor, "sharp")));
	bench_close(&bench);
}

/* With a small rate a fault still shows where it is larger than rounding. */
static void test_gross_faults_show_in_unsharp_jobs(void **state)
{
	struct work work = standard;
	struct bench bench;

	(void)state;
	work.lr = 1e-9;
	bench_open(&bench, &work);
	*weight(&bench, bench.verify, CONV1_BIAS) += 1e-3f;
	expect(&bench, "not_verified", "conv1.bias");
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest_work_is_verified),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_without_epochs),
		cmocka_unit_test(test_each_tensor_is_held_to_the_bound),
		cmocka_unit_test(test_initial_weights_are_no_training),
		cmocka_unit_test(test_what_is_no_number_never_passes),
		cmocka_unit_test(test_claimed_accuracy),
		cmocka_unit_test(test_diverged_training_is_no_fault_of_the_weights),
		cmocka_unit_test(test_file_that_is_gone),
		cmocka_unit_test(test_unsharp_jobs),
		cmocka_unit_test(test_jobs_without_a_clear_sample),
		cmocka_unit_test(test_gross_faults_show_in_unsharp_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
