/* SPDX-License-Identifier: MIT */
/*
 * worker-selftest, run as a process on small jobs as the runner writes them: every variant stays 5 times
 * below the judge's bound, every fault at least 5 times above it.  Above it by any part is enough for
 * those that are called weak.
 */
#include "../../platforms/selftest/deviation.h"
#include "../unit/fixture.h"
#include "core/bound.h"
#include "core/job.h"
#include "core/synth.h"

#include <math.h>

static const double wanted = 5;

/* Winograd's kernels have 2 or 3 pixels a side; five steps a row, the last one of 22 samples. */
enum { TRAIN = 150, TEST = 20, BATCH = 32 };
static const struct shape shapes[] = {{3, 5, 17, 2}, {4, 6, 20, 3}};

static char *folder, *worker;

/* ---- A job and what the reference makes of it ---- */

struct fixture_job {
	struct job job;
	float *init;
	double *reference;
};

static struct fixture_job jobs[COUNT(shapes)];

static void dataset_draw(struct dataset *dataset)
{
	*dataset = (struct dataset){
		.name = memory_copy("digits"),
		.n_train = TRAIN,
		.n_test = TEST,
		.train_images = memory_new(TRAIN, MODEL_PIXELS),
		.train_labels = memory_new(TRAIN, 1),
		.test_images = memory_new(TEST, MODEL_PIXELS),
		.test_labels = memory_new(TEST, 1),
	};
	synth_draw(0, TRAIN, dataset->train_images, dataset->train_labels);
	synth_draw(SYNTH_TRAIN, TEST, dataset->test_images, dataset->test_labels);
	digest_bytes(dataset->train_images, TRAIN * MODEL_PIXELS, dataset->digest);
}

static void job_make(struct fixture_job *made, const struct shape *shape)
{
	const struct work work = {
		.shape = *shape, .epochs = 0, .batch = BATCH, .lr = 0.01, .momentum = 0.9, .seed = 1};
	char *cache = files_join(folder, "cache");
	struct dataset dataset;

	dataset_draw(&dataset);
	char *path = job_write(cache, &dataset, &work, NULL);
	assert_non_null(path);
	assert_int_equal(job_open(&made->job, path), 0);
	size_t parameters = made->job.model.parameters;
	made->init = memory_new(parameters, sizeof(*made->init));
	made->reference = memory_new(parameters, sizeof(*made->reference));
	assert_int_equal(npy_read(&made->job.init, 0, parameters, made->init), 0);
	assert_int_equal(npy_read(&made->job.reference, 0, parameters, made->reference), 0);
	dataset_free(&dataset);
	free(cache);
	free(path);
}

/* ---- Running the worker ---- */

/* Its exit code; events and messages go to the file `log` of the folder. */
static int worker_run(const char *arguments)
{
	char *command = memory_text("'%s' --events 1 %s >'%s/log' 2>&1", worker, arguments, folder);
	int status = system(command);

	free(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *log_read(void)
{
	char *path = files_join(folder, "log");
	size_t size;
	char *text = files_read(path, 1 << 20, &size);

	free(path);
	return text;
}

/* The weights after the verification; `option` as in "fault=tf32". */
static float *verify(const struct fixture_job *job, const char *option, int threads)
{
	char *out = files_join(folder, "out"), *path = files_join(out, "verify.npy");
	size_t parameters = job->job.model.parameters;
	float *weights = memory_new(parameters, sizeof(*weights));
	struct npy array;

	assert_int_equal(files_make_folder(out), 0);
	char *arguments = memory_text("--job '%s' --out '%s' --option %s --option threads=%d",
	                              job->job.folder, out, option, threads);
	if (worker_run(arguments) != 0)
		fail_msg("%s: the worker failed: %s", option, log_read());
	assert_int_equal(npy_open(&array, path), 0);
	assert_int_equal(npy_read(&array, 0, parameters, weights), 0);
	npy_close(&array);
	assert_int_equal(files_remove_folder(out), 0);
	free(arguments);
	free(path);
	free(out);
	return weights;
}

/* ---- Judging it ---- */

/* The largest part of the bound that any tensor takes. */
static double share_of(const struct fixture_job *job, const char *kind, const char *name)
{
	struct distance distances[TENSOR_COUNT];
	char *option = memory_text("%s=%s", kind, name);
	float *weights = verify(job, option, 2);
	double largest = 0;

	bound_measure(&job->job.model, weights, job->reference, job->init, distances);
	for (int id = 0; id < TENSOR_COUNT; id++) {
		assert_true(bound_is_sharp(&distances[id]));
		if (isfinite(distances[id].difference))
			largest = fmax(largest, distances[id].difference / bound_allowed(&distances[id]));
		else
			largest = HUGE_VAL;
	}
	free(option);
	free(weights);
	return largest;
}

static void assert_honest(const char *name)
{
	for (size_t i = 0; i < COUNT(shapes); i++) {
		double share = share_of(&jobs[i], "variant", name);

		if (!(share * wanted <= 1))
			fail_msg("variant %s at shape %zu: got %.3g of the bound, wanted 1/%g at most", name, i,
			         share, wanted);
	}
}

static void assert_fault(const struct deviation *fault)
{
	double least = fault->weak ? 1 : wanted;

	for (size_t i = 0; i < COUNT(shapes); i++) {
		double share = share_of(&jobs[i], "fault", fault->name);

		if (!(share > least))
			fail_msg("fault %s at shape %zu: got %.3g times the bound, wanted over %g", fault->name,
			         i, share, least);
	}
}

/* ---- Tests ---- */

static void test_honest_variants_stay_below(void **state)
{
	(void)state;
	size_t count = 0;

	assert_honest("none");
	for (; variants[count].name; count++)
		assert_honest(variants[count].name);
	assert_true(count >= 6);
}

static void test_faults_stand_above(void **state)
{
	(void)state;
	size_t count = 0;

	for (; faults[count].name; count++)
		assert_fault(&faults[count]);
	assert_true(count >= 24);
}

/* A table's rows are found by name, and its choices are its rows. */
static void assert_table(const struct deviation *table, const char *choices)
{
	char *listed = memory_copy("none");

	for (size_t i = 0; table[i].name; i++) {
		char *longer = memory_text("%s|%s", listed, table[i].name);

		free(listed);
		listed = longer;
		assert_ptr_equal(deviation_find(table, table[i].name), &table[i]);
		assert_true(strlen(table[i].summary) > 0);
	}
	assert_string_equal(listed, choices);
	assert_null(deviation_find(table, "none"));
	free(listed);
}

static void test_tables(void **state)
{
	(void)state;
	assert_table(faults, fault_choices);
	assert_table(variants, variant_choices);
}

static void test_same_bits_with_any_threads(void **state)
{
	(void)state;
	float *one = verify(&jobs[0], "fault=none", 1), *three = verify(&jobs[0], "fault=none", 3);

	assert_memory_equal(one, three, jobs[0].job.model.parameters * sizeof(*one));
	free(one);
	free(three);
}

static void test_refuses_both(void **state)
{
	(void)state;
	assert_int_equal(worker_run("--probe --option fault=tf32 --option variant=fma"), 0);
	char *text = log_read();

	assert_non_null(strstr(text, "\"unavailable\""));
	assert_non_null(strstr(text, "fault=tf32 and variant=fma exclude each other"));
	free(text);
}

static int start(void **state)
{
	const char *build = getenv("CNNBENCH_BUILD");

	(void)state;
	if (!build)
		return error("CNNBENCH_BUILD names no folder with worker-selftest; run this by make test");
	worker = files_join(build, "worker-selftest");
	folder = fixture_folder();
	for (size_t i = 0; i < COUNT(shapes); i++)
		job_make(&jobs[i], &shapes[i]);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++) {
		job_close(&jobs[i].job);
		free(jobs[i].init);
		free(jobs[i].reference);
	}
	free(worker);
	fixture_remove(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_honest_variants_stay_below),
		cmocka_unit_test(test_faults_stand_above),
		cmocka_unit_test(test_same_bits_with_any_threads),
		cmocka_unit_test(test_refuses_both),
	};

	return cmocka_run_group_tests(tests, start, finish) != 0;
}
