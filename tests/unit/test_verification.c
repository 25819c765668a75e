/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/random.h"
#include "core/reference_float.h"
#include "core/verification.h"

#include <math.h>

enum { SAMPLES = 90 };

/* A job in memory: images of noise, unless a test paints them. */
struct bench {
	struct model model;
	struct work work;
	uint8_t *images, labels[SAMPLES];
	float *init;
	struct verification_inputs inputs;
	struct verification made;
};

static void bench_open(struct bench *bench, size_t samples, size_t batch, size_t n)
{
	struct random random = random_stream(7, "verification", 0);

	bench->work = (struct work){{3, 5, 17, 2}, 1, batch, 0.05, 0.9, 3};
	assert_int_equal(model_init(&bench->model, bench->work.shape), 0);
	bench->images = memory_new(SAMPLES * MODEL_PIXELS, 1);
	for (size_t i = 0; i < SAMPLES * MODEL_PIXELS; i++)
		bench->images[i] = (uint8_t)random_below(&random, 256);
	for (size_t i = 0; i < SAMPLES; i++)
		bench->labels[i] = (uint8_t)random_below(&random, 10);
	bench->init = memory_new(bench->model.parameters, sizeof(float));
	model_init_weights(&bench->model, bench->work.seed, bench->init);
	bench->inputs = (struct verification_inputs){
		&bench->model, &bench->work, {bench->images, bench->labels, samples}, bench->init, n};
}

static void bench_close(struct bench *bench)
{
	verification_free(&bench->made);
	free(bench->images);
	free(bench->init);
}

/* Times that a sample stands in a row beyond the first, and the range of all. */
static size_t count_repeated(const struct bench *bench, size_t row)
{
	size_t seen[SAMPLES] = {0}, repeated = 0;

	for (size_t i = 0; i < bench->inputs.n; i++) {
		const uint32_t sample = bench->made.rows[row * bench->inputs.n + i];

		assert_true(sample < bench->inputs.data.count);
		repeated += seen[sample]++ > 0;
	}
	return repeated;
}

/* The smallest margin of all samples at their step, and the reference's weights after all steps. */
static double replay(const struct bench *bench, double *weights)
{
	const size_t n = bench->inputs.n, batch = bench->work.batch;
	struct reference *reference = reference_new(&bench->model, 2);
	double margins[SAMPLES], smallest = HUGE_VAL;
	struct reference_stats stats;

	reference_set_float(reference, bench->init);
	for (size_t row = 0; row < 2; row++)
		for (size_t first = 0; first < n; first += batch) {
			const uint32_t *samples = bench->made.rows + row * n + first;
			const size_t count = n - first < batch ? n - first : batch;

			reference_margins(reference, &bench->inputs.data, samples, count, margins);
			for (size_t i = 0; i < count; i++)
				smallest = fmin(smallest, margins[i]);
			reference_step(reference, &bench->inputs.data, samples, count, bench->work.lr,
			               bench->work.momentum, &stats);
		}
	reference_get(reference, weights);
	reference_free(reference);
	return smallest;
}

static void test_samples_are_clear_and_the_weights_the_references(void **state)
{
	struct bench bench;
	const double *made;

	(void)state;
	bench_open(&bench, 90, 16, 72); /* four steps of 16 and one of 8, twice */
	verification_make(&bench.made, &bench.inputs, 2, NULL);
	double *wanted = memory_new(bench.model.parameters, sizeof(*wanted));
	const double smallest = replay(&bench, wanted);
	made = bench.made.reference;
	assert_memory_equal(made, wanted, bench.model.parameters * sizeof(*wanted));
	assert_true(smallest >= VERIFICATION_MARGIN && smallest == bench.made.facts.margin);
	assert_true(count_repeated(&bench, 0) == 0 && count_repeated(&bench, 1) == 0);
	assert_int_equal(bench.made.facts.repeated, 0);
	assert_true(bench.made.facts.largest_loss > 1 && bench.made.facts.largest_loss < 10);
	free(wanted);
	bench_close(&bench);
}

static void test_control_is_the_float_reference(void **state)
{
	struct bench bench;
	double off = 0, change = 0;

	(void)state;
	bench_open(&bench, 90, 16, 72);
	verification_make(&bench.made, &bench.inputs, 1, NULL);
	const double *reference = bench.made.reference, *control = reference + bench.model.parameters;
	for (size_t i = 0; i < bench.model.parameters; i++) {
		off += pow(control[i] - reference[i], 2);
		change += pow(reference[i] - (double)bench.init[i], 2);
	}
	assert_true(off > 0 && sqrt(off / change) < 1e-5);
	bench_close(&bench);
}

static void test_threads_change_no_bit(void **state)
{
	struct bench one, three;

	(void)state;
	bench_open(&one, 60, 20, 50);
	bench_open(&three, 60, 20, 50);
	verification_make(&one.made, &one.inputs, 1, NULL);
	verification_make(&three.made, &three.inputs, 3, NULL);
	assert_memory_equal(one.made.rows, three.made.rows, 100 * sizeof(uint32_t));
	assert_memory_equal(one.made.reference, three.made.reference,
	                    2 * one.model.parameters * sizeof(double));
	bench_close(&one);
	bench_close(&three);
}

/* Pixels of one value: conv1 sees identical patches everywhere, which are no ties. */
static void test_identical_images(void **state)
{
	static const uint8_t values[] = {0, 255};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		struct bench bench;

		bench_open(&bench, 30, 8, 30);
		memset(bench.images, values[i], SAMPLES * MODEL_PIXELS);
		verification_make(&bench.made, &bench.inputs, 2, NULL);
		assert_true(bench.made.facts.margin >= VERIFICATION_MARGIN);
		assert_int_equal(count_repeated(&bench, 0) + count_repeated(&bench, 1), 0);
		bench_close(&bench);
	}
}

/* Every second image ties in a pool by 0 on 1e-7: half of the samples have to serve twice. */
static void test_too_few_clear_samples_repeat(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 12, 12, 12);
	verification_make(&bench.made, &bench.inputs, 2, NULL);
	const uint32_t kept = bench.made.rows[0];
	verification_free(&bench.made);
	/* A bias that puts a dead layer a hair's breadth from its kink: black images are near a tie. */
	for (size_t i = 0; i < bench.model.tensors[CONV1_WEIGHT].size; i++)
		bench.init[i] = 0.25f;
	for (size_t i = 0; i < bench.model.tensors[CONV1_BIAS].size; i++)
		bench.init[bench.model.tensors[CONV1_BIAS].offset + i] = (float)(0.1307 / 0.3081);
	for (uint32_t sample = 0; sample < 12; sample++)
		if (sample != kept)
			memset(bench.images + sample * MODEL_PIXELS, 0, MODEL_PIXELS);
	verification_make(&bench.made, &bench.inputs, 2, NULL);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(bench.made.rows[i], kept);
	assert_int_equal(bench.made.facts.repeated - count_repeated(&bench, 1), 11);
	assert_true(bench.made.facts.skipped >= 11);
	assert_true(bench.made.facts.margin >= VERIFICATION_MARGIN);
	bench_close(&bench);
}

static void test_no_clear_sample_is_told(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 5, 3, 5);
	for (size_t i = 0; i < bench.model.tensors[CONV1_WEIGHT].size; i++)
		bench.init[i] = 0.25f;
	for (size_t i = 0; i < bench.model.tensors[CONV1_BIAS].size; i++)
		bench.init[bench.model.tensors[CONV1_BIAS].offset + i] = (float)(0.1307 / 0.3081);
	memset(bench.images, 0, SAMPLES * MODEL_PIXELS);
	verification_make(&bench.made, &bench.inputs, 2, NULL);
	count_repeated(&bench, 0);
	assert_true(bench.made.facts.margin < VERIFICATION_MARGIN);
	bench_close(&bench);
}

static void test_small_and_large(void **state)
{
	static const struct {
		size_t samples, batch, n;
	} cases[] = {{1, 1, 1}, {1, 512, 1}, {2, 1, 2}, {5, SIZE_MAX, 5}, {90, 90, 90}, {90, 1, 5}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		bench_open(&bench, cases[i].samples, cases[i].batch, cases[i].n);
		verification_make(&bench.made, &bench.inputs, 2, NULL);
		count_repeated(&bench, 0);
		count_repeated(&bench, 1);
		assert_true(isfinite(bench.made.facts.margin));
		assert_true(isfinite(bench.made.reference[0]));
		bench_close(&bench);
	}
}

static void test_divergence_shows(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 40, 8, 36);
	bench.work.lr = 1e9;
	verification_make(&bench.made, &bench.inputs, 2, NULL);
	assert_false(bench.made.facts.largest_loss <= VERIFICATION_LOSS_MAX);
	bench_close(&bench);
}

static void keep_progress(void *context, double done)
{
	double *last = context;

	assert_true(done > *last && done <= 1);
	*last = done;
}

static void test_progress_comes_to_its_end(void **state)
{
	struct bench bench;
	double last = 0;
	const struct job_progress progress = {&last, keep_progress};

	(void)state;
	bench_open(&bench, 40, 8, 36);
	verification_make(&bench.made, &bench.inputs, 2, &progress);
	assert_true(last == 1);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_are_clear_and_the_weights_the_references),
		cmocka_unit_test(test_control_is_the_float_reference),
		cmocka_unit_test(test_threads_change_no_bit),
		cmocka_unit_test(test_identical_images),
		cmocka_unit_test(test_too_few_clear_samples_repeat),
		cmocka_unit_test(test_no_clear_sample_is_told),
		cmocka_unit_test(test_small_and_large),
		cmocka_unit_test(test_divergence_shows),
		cmocka_unit_test(test_progress_comes_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
