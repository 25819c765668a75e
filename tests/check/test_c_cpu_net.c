/* SPDX-License-Identifier: MIT */
/*
 * The net of c_cpu against the float64 reference, without a runner, a worker or a library: this can be
 * linked for another processor with its libc alone.  tests/cli/test_arm64.sh runs it under qemu.
 *
 *   test_c_cpu_net [ISA...]      default: all that work here
 *
 * Writes TAP.  Each instruction set and way of conv2 trains each shape of c_cpu_cases.h for an epoch of two
 * full batches and a partial one, at 1, 2, 3, 7 and 64 threads (large shapes: one small batch, 1 and 3): the
 * weights of one thread keep the judge's bound, those of the others are the same bits.
 */
#include "../../platforms/c_cpu/isa.h"
#include "../../platforms/c_cpu/net.h"
#include "c_cpu_cases.h"
#include "core/bound.h"
#include "core/error.h"
#include "core/job.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/reference.h"
#include "core/verification.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum {
	SAMPLES = 40,
	TEST_SAMPLES = 12,
	BATCH = 18,
	FEW = 8,
};

static const int thread_counts[] = {1, 3, 2, 7, 64};
static const double lr = 0.01, momentum = 0.9;

static int checks;

/* ---- The work ---- */

struct task {
	struct job job;
	char *folder;
	uint8_t *images, *labels; /* the test set is the first of them */
	float *init;
	uint32_t order[SAMPLES];
	size_t trained; /* samples of the epoch */
	double *wanted; /* weights */
	struct reference_stats train, eval;
};

/* A million multiply-adds a sample: few samples and two thread counts are enough. */
static bool is_large(const struct task *task)
{
	return task->job.model.multiply_adds_step > 1000 * 1000;
}

static struct npy array_new(const struct task *task, const char *name, enum npy_type type,
                            size_t count, size_t pixels, const void *data)
{
	const size_t dims[2] = {count, pixels};
	struct npy array;
	char *path = memory_text("%s/%s.npy", task->folder, name);

	if (npy_write(path, type, pixels > 1 ? 2 : 1, dims, data) != 0 || npy_open(&array, path) != 0)
		exit(EXIT_USAGE);
	free(path);
	return array;
}

static void array_free(struct npy *array)
{
	unlink(array->path);
	npy_close(array);
}

/* Random ink in a rectangle on an empty ground, as digits have it. */
static void samples_draw(struct task *task, struct random *random)
{
	task->images = memory_new(SAMPLES, MODEL_PIXELS);
	task->labels = memory_new(SAMPLES, 1);
	for (size_t i = 0; i < SAMPLES; i++) {
		size_t left = (size_t)random_below(random, 14), top = (size_t)random_below(random, 14);

		task->labels[i] = (uint8_t)random_below(random, MODEL_CLASSES);
		for (size_t at = 0; at < 14 * 14; at++)
			task->images[i * MODEL_PIXELS + (top + at / 14) * MODEL_SIDE + left + at % 14] =
				(uint8_t)random_below(random, 256);
	}
}

/* The next sample that is clear of ties by the weights as they are. */
static uint32_t sample_choose(struct reference *reference, const struct reference_data *data,
                              struct random *random)
{
	for (int try = 0; try < 1000; try++) {
		uint32_t sample = (uint32_t)random_below(random, SAMPLES);
		double margin;

		reference_margins(reference, data, &sample, 1, &margin);
		if (margin > VERIFICATION_MARGIN)
			return sample;
	}
	die("no sample is clear of ties; take another seed");
}

static void reference_walk(struct task *task, struct random *random)
{
	const struct reference_data data = {task->images, task->labels, SAMPLES};
	struct reference *reference = reference_new(&task->job.model, 1);
	struct reference_stats step;

	reference_set_float(reference, task->init);
	for (size_t first = 0; first < task->trained; first += BATCH) {
		size_t rest = task->trained - first, count = rest < BATCH ? rest : BATCH;

		for (size_t i = 0; i < count; i++)
			task->order[first + i] = sample_choose(reference, &data, random);
		reference_step(reference, &data, task->order + first, count, lr, momentum, &step);
		task->train.correct += step.correct;
		task->train.loss += step.loss * (double)count / (double)task->trained;
	}
	reference_eval(reference, &data, NULL, TEST_SAMPLES, &task->eval);
	reference_get(reference, task->wanted);
	reference_free(reference);
}

static void task_open(struct task *task, struct shape shape)
{
	struct random random = random_stream(1, "c_cpu_net", 0);
	struct job *job = &task->job;

	const char *temp = getenv("TMPDIR");

	*task = (struct task){.folder = memory_text("%s/c_cpu_net.XXXXXX", temp ? temp : "/tmp")};
	if (mkdtemp(task->folder) == NULL || model_init(&job->model, shape) != 0)
		exit(EXIT_USAGE);
	job->work = (struct work){.shape = shape, .batch = BATCH, .lr = lr, .momentum = momentum};
	job->n_train = SAMPLES;
	task->trained = is_large(task) ? FEW : SAMPLES;
	job->n_test = TEST_SAMPLES;
	samples_draw(task, &random);
	task->init = memory_new(job->model.parameters, sizeof(*task->init));
	task->wanted = memory_new(job->model.parameters, sizeof(*task->wanted));
	model_init_weights(&job->model, 1, task->init);
	job->train_images = array_new(task, "images", NPY_U8, SAMPLES, MODEL_PIXELS, task->images);
	job->train_labels = array_new(task, "labels", NPY_U8, SAMPLES, 1, task->labels);
	job->test_images = array_new(task, "test", NPY_U8, TEST_SAMPLES, MODEL_PIXELS, task->images);
	job->test_labels = array_new(task, "test_labels", NPY_U8, TEST_SAMPLES, 1, task->labels);
	job->init = array_new(task, "init", NPY_F32, job->model.parameters, 1, task->init);
	reference_walk(task, &random);
}

static void task_close(struct task *task)
{
	struct job *job = &task->job;
	struct npy *arrays[] = {&job->train_images, &job->train_labels, &job->test_images,
	                        &job->test_labels, &job->init};

	for (size_t i = 0; i < LENGTH(arrays); i++)
		array_free(arrays[i]);
	rmdir(task->folder);
	free(task->folder);
	free(task->images);
	free(task->labels);
	free(task->init);
	free(task->wanted);
}

/* ---- Comparing ---- */

struct result {
	float *weights;
	struct stats train, eval;
};

static struct result result_of(const struct task *task, const struct kernels *kernels, int threads)
{
	struct result result = {memory_new(task->job.model.parameters, sizeof(float)), {0}, {0}};
	struct net *net = net_open(&task->job, kernels, threads);

	net_train(net, task->order, task->trained, &result.train);
	net_eval(net, &result.eval);
	net_read(net, result.weights);
	net_close(net);
	return result;
}

/* One prediction may differ, where two logits are nearly the same. */
static bool stats_hold(const struct stats *got, const struct reference_stats *wanted)
{
	return fabs(got->loss - wanted->loss) <= 2e-5 * (1 + wanted->loss) &&
	       llabs((long long)got->correct - (long long)wanted->correct) <= 1;
}

static bool weights_hold(const struct task *task, const float *weights)
{
	struct distance distances[TENSOR_COUNT];
	bool hold = true;

	bound_measure(&task->job.model, weights, task->wanted, task->init, distances);
	for (int id = 0; id < TENSOR_COUNT; id++) {
		if (bound_holds(&distances[id]))
			continue;
		printf("# %s is off by %.3g; the bound is %.3g\n", task->job.model.tensors[id].name,
		       distances[id].difference, bound_allowed(&distances[id]));
		hold = false;
	}
	return hold;
}

static bool same_bits(const struct task *task, const struct result *a, const struct result *b)
{
	return memcmp(a->weights, b->weights, task->job.model.parameters * sizeof(float)) == 0 &&
	       memcmp(&a->train.loss, &b->train.loss, sizeof(double)) == 0 &&
	       memcmp(&a->eval.loss, &b->eval.loss, sizeof(double)) == 0 &&
	       a->train.correct == b->train.correct && a->eval.correct == b->eval.correct;
}

static void tap(bool right, const char *name, const struct task *task,
                const struct kernels *kernels, int threads)
{
	const struct shape *s = &task->job.work.shape;

	printf("%sok %d - %s, isa=%s, conv=%s, shape %d/%d/%d, fsize %d, threads=%d\n",
	       right ? "" : "not ", ++checks, name, kernels->name, kernels->conv, s->filters1,
	       s->filters2, s->hidden, s->fsize, threads);
}

static void check(const struct task *task, const struct kernels *kernels)
{
	const size_t counts = is_large(task) ? 2 : LENGTH(thread_counts);
	struct result one = result_of(task, kernels, thread_counts[0]);

	tap(weights_hold(task, one.weights), "weights as the reference's", task, kernels, 1);
	tap(stats_hold(&one.train, &task->train) && stats_hold(&one.eval, &task->eval),
	    "losses as the reference's", task, kernels, 1);
	for (size_t i = 1; i < counts; i++) {
		struct result other = result_of(task, kernels, thread_counts[i]);

		tap(same_bits(task, &one, &other), "the same bits as one thread", task, kernels,
		    thread_counts[i]);
		free(other.weights);
	}
	free(one.weights);
}

/* Both ways of conv2 where both are possible. */
static void check_isa(const struct task *task, const char *isa, bool must)
{
	char why[256];
	const struct shape *shape = &task->job.work.shape;
	const struct kernels *kernels = isa_choose(isa, why, sizeof(why));

	if (kernels == NULL && must)
		die("%s", why);
	if (kernels == NULL)
		return;
	check(task, kernels);
	kernels = conv_choose(kernels, "winograd", shape, why, sizeof(why));
	if (kernels != NULL)
		check(task, kernels);
}

int main(int count, char **given)
{
	static const char *const all[] = {"avx512", "avx2", "neon", "generic", "generic16"};

	for (size_t s = 0; s < LENGTH(c_cpu_cases); s++) {
		struct task task;

		task_open(&task, c_cpu_cases[s].shape);
		for (int i = 1; i < count; i++)
			check_isa(&task, given[i], true);
		for (size_t i = 0; count == 1 && i < LENGTH(all); i++)
			check_isa(&task, all[i], false);
		task_close(&task);
	}
	printf("1..%d\n", checks);
	return 0;
}
