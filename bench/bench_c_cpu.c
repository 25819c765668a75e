/* SPDX-License-Identifier: MIT */
/*
 * How fast c_cpu trains the default shape, and where the time goes.
 *
 *   bench_c_cpu [ISA [THREADS [EPOCHS]]]      default: auto 2 9
 *
 * Prints samples/s (median and best of the epochs) at 1 .. THREADS threads, then the time of every
 * kernel by itself: one thread, whose table of kernels is wrapped in calls of the clock.  GFLOP/s
 * counts 2 operations for each of the 672,960 multiply-adds that a step would take if done densely;
 * c_cpu executes about 364,000 of them.  Images are random digits' worth of ink, not digits.
 */
#include "../platforms/c_cpu/isa.h"
#include "../platforms/c_cpu/net.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/job.h"
#include "core/memory.h"
#include "core/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLES = 24000, BATCH = 512, EPOCHS_MAX = 99 };

static double seconds_now(void)
{
	return 1e-9 * (double)clock_ns();
}

/* ---- The work ---- */

/* A bar of random ink for each class at a place of its own, on an empty ground. */
static void image_draw(struct random *random, uint8_t *image, int label)
{
	memset(image, 0, MODEL_PIXELS);
	for (int y = 4; y < 24; y++) {
		int x = 4 + label + (int)random_below(random, 3) + (label % 2 ? y / 4 : -y / 8);
		for (int i = 0; i < 6; i++)
			image[y * MODEL_SIDE + x + i] = (uint8_t)random_below(random, 256);
	}
}

static struct npy array_new(const char *folder, const char *name, enum npy_type type, size_t count,
                            size_t pixels, const void *data)
{
	const size_t dims[2] = {count, pixels};
	struct npy array;
	char *path = memory_text("%s/%s.npy", folder, name);

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

static struct job job_new(const char *folder)
{
	struct job job = {
		.work = {.shape = {8, 16, 128, 3}, .batch = BATCH, .lr = 0.01, .momentum = 0.9},
		.n_train = SAMPLES,
		.n_test = BATCH,
	};
	struct random random = random_stream(1, "bench", 0);
	uint8_t *images = memory_new(SAMPLES, MODEL_PIXELS), *labels = memory_new(SAMPLES, 1);

	for (size_t i = 0; i < SAMPLES; i++) {
		labels[i] = (uint8_t)random_below(&random, MODEL_CLASSES);
		image_draw(&random, images + i * MODEL_PIXELS, labels[i]);
	}
	if (model_init(&job.model, job.work.shape) != 0)
		exit(EXIT_USAGE);
	float *init = memory_new(job.model.parameters, sizeof(*init));
	model_init_weights(&job.model, 1, init);
	job.train_images = array_new(folder, "train", NPY_U8, SAMPLES, MODEL_PIXELS, images);
	job.train_labels = array_new(folder, "train_labels", NPY_U8, SAMPLES, 1, labels);
	job.test_images = array_new(folder, "test", NPY_U8, BATCH, MODEL_PIXELS, images);
	job.test_labels = array_new(folder, "test_labels", NPY_U8, BATCH, 1, labels);
	job.init = array_new(folder, "init", NPY_F32, job.model.parameters, 1, init);
	free(images);
	free(labels);
	free(init);
	return job;
}

static void job_free(struct job *job)
{
	array_free(&job->train_images);
	array_free(&job->train_labels);
	array_free(&job->test_images);
	array_free(&job->test_labels);
	array_free(&job->init);
}

/* ---- Time by kernel ---- */

enum phase {
	CONV1,
	CONV2,
	FC1,
	FC2,
	HEAD,
	DENSE_BACK,
	CONV2_GRADIENT,
	CONV2_INPUT,
	CONV1_GRADIENT,
	DENSE_UPDATE,
	PANELS,
	PHASES,
};

static const char *const phase_names[PHASES] = {
	"bytes, conv1, pool",
	"conv2, pool",
	"fc1",
	"fc2",
	"softmax, loss",
	"fc2 and fc1, delta",
	"conv2, weights",
	"conv2, delta",
	"conv1, weights",
	"fc1 and fc2, weights, update",
	"panels in and out",
};

static const struct kernels *inner;
static double phase_seconds[PHASES];
static uint64_t phase_calls[PHASES];

#define TIMED(phase, call)                                                                         \
	double start = seconds_now();                                                                  \
	inner->call;                                                                                   \
	phase_seconds[phase] += seconds_now() - start;                                                 \
	phase_calls[phase]++

static void timed_conv1_forward(const struct plan *plan, const uint8_t *image, const float *weight,
                                const float *bias, float *scratch, float *map1, uint8_t *cell1)
{
	TIMED(CONV1, conv1_forward(plan, image, weight, bias, scratch, map1, cell1));
}

static void timed_conv1_gradient(const struct plan *plan, const uint8_t *image, const float *map1,
                                 const uint8_t *cell1, const float *delta, float *scratch,
                                 float *pairs, float *weight, float *bias)
{
	TIMED(CONV1_GRADIENT,
	      conv1_gradient(plan, image, map1, cell1, delta, scratch, pairs, weight, bias));
}

static void timed_conv2_forward(const struct plan *plan, const float *map1, int32_t base,
                                const float *weight, const float *bias, float *flat,
                                struct marks marks)
{
	TIMED(CONV2, conv2_forward(plan, map1, base, weight, bias, flat, marks));
}

static void timed_conv2_gradient(const struct plan *plan, int samples, const float *base,
                                 struct marks marks, const float *delta, float *weight, float *bias)
{
	TIMED(CONV2_GRADIENT, conv2_gradient(plan, samples, base, marks, delta, weight, bias));
}

static void timed_conv2_input(const struct plan *plan, struct marks marks, const float *delta,
                              const float *weight, float *delta_map1)
{
	TIMED(CONV2_INPUT, conv2_input(plan, marks, delta, weight, delta_map1));
}

static void timed_dense_product(const struct product *product)
{
	enum phase phase = product->gate != NULL ? DENSE_BACK : product->relu ? FC1 : FC2;
	TIMED(phase, dense_product(product));
}

static void timed_dense_update(const float *a, const float *b, size_t rows,
                               const struct dense_block *block, struct step step)
{
	TIMED(DENSE_UPDATE, dense_update(a, b, rows, block, step));
}

static void timed_panels_put(const float *row, float *panels, size_t stride, int count)
{
	TIMED(PANELS, panels_put(row, panels, stride, count));
}

static void timed_panels_get(const float *panels, size_t stride, float *row, int count)
{
	TIMED(PANELS, panels_get(panels, stride, row, count));
}

static void timed_head(float *logits, int rows, const uint8_t *label, float scale, double *loss,
                       uint8_t *hit)
{
	TIMED(HEAD, head(logits, rows, label, scale, loss, hit));
}

static struct kernels timed_kernels(const struct kernels *kernels)
{
	struct kernels timed = *kernels;

	inner = kernels;
	timed.conv1_forward = timed_conv1_forward;
	timed.conv1_gradient = timed_conv1_gradient;
	timed.conv2_forward = timed_conv2_forward;
	timed.conv2_gradient = timed_conv2_gradient;
	timed.conv2_input = timed_conv2_input;
	timed.dense_product = timed_dense_product;
	timed.dense_update = timed_dense_update;
	timed.panels_put = timed_panels_put;
	timed.panels_get = timed_panels_get;
	timed.head = timed_head;
	return timed;
}

static double clock_cost(void)
{
	double start = seconds_now(), end = start;
	for (int i = 0; i < 100000; i++)
		end = seconds_now();
	return (end - start) / 100000;
}

/* The best epoch of each kernel. */
static void phases_print(const struct job *job, const struct kernels *kernels,
                         const uint32_t *order, int epochs)
{
	struct kernels timed = timed_kernels(kernels);
	struct net *net = net_open(job, &timed, 1);
	double best[PHASES], cost = clock_cost();
	struct stats stats;

	for (int epoch = 0; epoch < epochs; epoch++) {
		memset(phase_seconds, 0, sizeof(phase_seconds));
		memset(phase_calls, 0, sizeof(phase_calls));
		net_train(net, order, SAMPLES, &stats);
		for (int phase = 0; phase < PHASES; phase++) {
			double seconds = phase_seconds[phase] - (double)phase_calls[phase] * cost;
			if (epoch == 0 || seconds < best[phase])
				best[phase] = seconds;
		}
	}
	net_close(net);
	printf("%s, one thread, ns a sample, best of %d epochs:\n", kernels->name, epochs);
	for (int phase = 0; phase < PHASES; phase++)
		printf("  %-30s %8.0f\n", phase_names[phase], best[phase] / SAMPLES * 1e9);
}

/* ---- Samples a second ---- */

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void speed_print(const struct job *job, const struct kernels *kernels, const uint32_t *order,
                        int threads, int epochs)
{
	struct net *net = net_open(job, kernels, threads);
	double seconds[EPOCHS_MAX];
	struct stats stats;

	net_train(net, order, SAMPLES, &stats); /* warm */
	for (int epoch = 0; epoch < epochs; epoch++) {
		double start = seconds_now();
		net_train(net, order, SAMPLES, &stats);
		seconds[epoch] = seconds_now() - start;
	}
	net_close(net);
	qsort(seconds, (size_t)epochs, sizeof(*seconds), compare_doubles);
	double median = SAMPLES / seconds[epochs / 2];
	printf("%s, %d thread%s: %.0f samples/s (best %.0f), %.1f GFLOP/s counted densely; loss %.4f\n",
	       kernels->name, threads, threads == 1 ? "" : "s", median, SAMPLES / seconds[0],
	       2e-9 * (double)job->model.multiply_adds_step * median, stats.loss);
}

static int argument(char **argv, int argc, int index, int fallback, int max)
{
	int value = index < argc ? atoi(argv[index]) : fallback;
	return value < 1 ? 1 : value > max ? max : value;
}

int main(int argc, char **argv)
{
	char why[256], folder[] = "/tmp/cnnbench-bench-XXXXXX";
	const struct kernels *kernels = isa_choose(argc > 1 ? argv[1] : "auto", why, sizeof(why));
	int threads = argument(argv, argc, 2, 2, 1024), epochs = argument(argv, argc, 3, 9, EPOCHS_MAX);

	if (kernels == NULL || mkdtemp(folder) == NULL) {
		fprintf(stderr, "bench_c_cpu: %s\n", kernels == NULL ? why : "cannot write in /tmp");
		return EXIT_USAGE;
	}
	struct job job = job_new(folder);
	uint32_t *order = memory_new(SAMPLES, sizeof(*order));
	struct random random = random_stream(1, "order", 0);
	random_permutation(&random, order, SAMPLES);

	for (int t = 1; t <= threads; t *= 2)
		speed_print(&job, kernels, order, t, epochs);
	phases_print(&job, kernels, order, epochs);
	job_free(&job);
	free(order);
	rmdir(folder);
	return EXIT_FINE;
}
