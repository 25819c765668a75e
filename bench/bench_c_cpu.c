/* SPDX-License-Identifier: MIT */
/*
 * How fast c_cpu trains, and how near each kernel comes to the processor's peak.
 *
 *   bench_c_cpu [--isa ISA|all] [--threads N] [--epochs N] [--json]
 *
 * For every instruction set that this processor has and every shape of the list: samples a second on one
 * thread, and on N; then the time of each part of an epoch on one thread (net_profile), the multiply-adds
 * that it executes, and their share of the peak that the runner measures for that instruction set.
 * Executed, not dense: exact savings count as not done (docs/METHOD.md, "Arithmetic").  Images are bars
 * of random ink, not digits: fewer pooled values are alive than with digits, and those are counted.  Each
 * epoch begins with the initial weights, so that all do the same work.
 */
#include "../platforms/c_cpu/isa.h"
#include "../platforms/c_cpu/net.h"
#include "../platforms/c_cpu/net_inside.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/job.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/random.h"
#include "core/statistics.h"
#include "runner/peak.h"
#include "worker/profile.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLES = 12000, BATCH = 512, EPOCHS_MAX = 99, PARTS_MAX = 32 };

static const struct shape shapes[] = {
	{8, 16, 128, 3},
	{16, 32, 256, 3},
	{8, 16, 128, 5},
	{32, 64, 512, 3},
};

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

static struct job job_new(const char *folder, struct shape shape)
{
	struct job job = {
		.work = {.shape = shape, .batch = BATCH, .lr = 0.01, .momentum = 0.9},
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

/* ---- Time by part ---- */

struct part {
	const char *layer, *direction;
	double seconds; /* of the best epoch so far */
};

static struct part parts[PARTS_MAX];
static int n_parts, heard; /* heard: in this epoch */

/* In the place of the worker's: the parts come in the same order in every epoch. */
void profile_part(const char *layer, const char *direction, double seconds)
{
	struct part *part = &parts[heard++];

	if (heard > n_parts) {
		n_parts = heard;
		*part = (struct part){layer, direction, seconds};
	}
	if (seconds < part->seconds)
		part->seconds = seconds;
}

/* Values of pool2 above zero in the last batch, a sample: only their windows are gone through backward. */
static double count_live(const struct net *net, size_t rows)
{
	const size_t panel = (size_t)net->kernels->panel;
	size_t live = 0;

	for (size_t p = 0; p < (size_t)net->flat_panels; p++)
		for (size_t i = 0; i < rows * panel; i++)
			live += net->x.data[p * net->x.stride + i] > 0;
	return (double)live / (double)rows;
}

/* Of one sample, executed; 0 of a part that has none. */
static double multiply_adds(const struct plan *plan, double live, const struct part *part)
{
	const double taps = plan->fsize * plan->fsize, window = taps * plan->filters1;
	const double pixels1 = plan->side1 * plan->side1, fc2 = plan->hidden * MODEL_CLASSES;
	const double fc1 = (double)plan->flat * plan->hidden;
	const struct {
		const char *layer, *direction;
		double count;
	} counts[] = {
		{"conv1", "forward", 4 * pixels1 * window},
		{"conv2", "forward", 4.0 * plan->positions * window * plan->filters2},
		{"fc1", "forward", fc1},
		{"fc2", "forward", fc2},
		{"fc2", "backward", fc2},
		{"fc1", "backward", fc1},
		{"conv2", "gradient", live * window},
		{"conv2", "backward", live * window},
		{"conv1", "gradient", pixels1 * window},
		{"fc1", "update", fc1},
		{"fc2", "update", fc2},
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (!strcmp(counts[i].layer, part->layer) && !strcmp(counts[i].direction, part->direction))
			return counts[i].count;
	return 0;
}

static json_t *part_record(const char *layer, const char *direction, double seconds, double count,
                           double peak)
{
	const double flops = seconds > 0 ? 2 * count * SAMPLES / seconds : 0;

	return json_pack("{s:s, s:s, s:f, s:f, s:f, s:f}", "layer", layer, "direction", direction,
	                 "ns_a_sample", 1e9 * seconds / SAMPLES, "multiply_adds", count, "flops", flops,
	                 "share_of_peak", peak > 0 ? flops / peak : 0);
}

/* The best epoch of each part on one thread, and all of them together. */
static json_t *parts_measure(const struct job *job, const struct kernels *kernels,
                             const uint32_t *order, int epochs, double peak)
{
	struct net *net = net_open(job, kernels, 1);
	double seconds = 0, count = 0;
	json_t *records = json_array();

	n_parts = 0;
	for (int epoch = 0; epoch < epochs; epoch++) {
		heard = 0;
		net_reset(net);
		net_profile(net, order, SAMPLES);
	}
	const double live = count_live(net, SAMPLES % BATCH ? SAMPLES % BATCH : BATCH);
	for (const struct part *part = parts; part < parts + n_parts; part++) {
		const double own = multiply_adds(&net->plan, live, part);
		json_array_append_new(records,
		                      part_record(part->layer, part->direction, part->seconds, own, peak));
		seconds += part->seconds;
		count += own;
	}
	json_array_append_new(records, part_record("all", "parts", seconds, count, peak));
	net_close(net);
	return records;
}

/* ---- Samples a second ---- */

static double speed_measure(const struct job *job, const struct kernels *kernels,
                            const uint32_t *order, int threads, int epochs)
{
	struct net *net = net_open(job, kernels, threads);
	double seconds[EPOCHS_MAX];
	struct stats stats;

	net_train(net, order, SAMPLES, &stats); /* warm */
	for (int epoch = 0; epoch < epochs; epoch++) {
		net_reset(net);
		double start = seconds_now();
		net_train(net, order, SAMPLES, &stats);
		seconds[epoch] = seconds_now() - start;
	}
	net_close(net);
	return SAMPLES / statistics_spread(seconds, (size_t)epochs).median;
}

/* ---- One instruction set, one shape ---- */

struct call {
	const char *isa;
	int threads, epochs;
	bool json;
};

static json_t *case_measure(const struct call *call, const struct kernels *kernels,
                            struct shape shape, double peak)
{
	char folder[] = "/tmp/cnnbench-bench-XXXXXX";

	if (mkdtemp(folder) == NULL)
		die("cannot make a folder in /tmp");
	struct job job = job_new(folder, shape);
	uint32_t *order = memory_new(SAMPLES, sizeof(*order));
	struct random random = random_stream(1, "order", 0);
	random_permutation(&random, order, SAMPLES);

	const double one = speed_measure(&job, kernels, order, 1, call->epochs);
	const double all = speed_measure(&job, kernels, order, call->threads, call->epochs);
	json_t *record = json_pack(
		"{s:s, s:[i,i,i,i], s:i, s:f, s:f, s:i, s:f, s:o}", "isa", kernels->name, "shape",
		shape.filters1, shape.filters2, shape.hidden, shape.fsize, "batch", BATCH, "peak_flops",
		peak, "samples_per_second", one, "threads", call->threads, "samples_per_second_threads",
		all, "parts", parts_measure(&job, kernels, order, call->epochs, peak));
	job_free(&job);
	free(order);
	rmdir(folder);
	return record;
}

static double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void part_print(const json_t *part)
{
	printf("  %-6s %-9s %8.0f %10.0f %9.1f %6.0f%%\n",
	       json_string_value(json_object_get(part, "layer")),
	       json_string_value(json_object_get(part, "direction")), number_of(part, "ns_a_sample"),
	       number_of(part, "multiply_adds"), 1e-9 * number_of(part, "flops"),
	       100 * number_of(part, "share_of_peak"));
}

static void case_print(const json_t *record, struct shape shape)
{
	const double one = number_of(record, "samples_per_second");
	const double all = number_of(record, "samples_per_second_threads");
	const json_t *part;
	size_t i;

	printf("%s, %d and %d filters of %dx%d, %d hidden, batch %d: %.4g samples/s on one thread, "
	       "%.4g on %.0f (%.2f times as many)\n",
	       json_string_value(json_object_get(record, "isa")), shape.filters1, shape.filters2,
	       shape.fsize, shape.fsize, shape.hidden, BATCH, one, all, number_of(record, "threads"),
	       all / one);
	printf("  one thread       ns a sample  executed   GFLOP/s  of %.0f\n",
	       1e-9 * number_of(record, "peak_flops"));
	json_array_foreach (json_object_get(record, "parts"), i, part)
		part_print(part);
}

/* ---- The call ---- */

/* The peak of one thread in that instruction set; of portable vectors the highest. */
static double peak_of(const json_t *peak, const char *isa)
{
	const json_t *own = json_object_get(json_object_get(peak, "isas"), isa);
	return json_number_value(own ? own : json_object_get(peak, "flops"));
}

static void isa_measure(const struct call *call, const char *isa, const json_t *peak,
                        json_t *records)
{
	char why[256];
	const struct kernels *kernels = isa_choose(isa, why, sizeof(why));

	if (kernels == NULL) {
		fprintf(stderr, "%s\n", why);
		return;
	}
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		json_t *record = case_measure(call, kernels, shapes[i], peak_of(peak, kernels->name));
		if (!call->json)
			case_print(record, shapes[i]);
		json_array_append_new(records, record);
	}
}

/* generic16 is for tests: it is not optimised. */
static void all_measure(const struct call *call, const json_t *peak, json_t *records)
{
	char choices[] = ISA_CHOICES, *rest = NULL;

	for (char *isa = strtok_r(choices, "|", &rest); isa; isa = strtok_r(NULL, "|", &rest))
		if (strcmp(isa, "auto") != 0 && strcmp(isa, "generic16") != 0)
			isa_measure(call, isa, peak, records);
}

int main(int argc, char **argv)
{
	static const struct option_spec specs[] = {
		{"isa", NULL, OPTION_CHOICE, 0, 0, "all", "all|" ISA_CHOICES, "ISA", "instruction set"},
		{"threads", NULL, OPTION_INT, 1, 1024, "2", NULL, "N", "threads beside one"},
		{"epochs", NULL, OPTION_INT, 1, EPOCHS_MAX, "7", NULL, "N", "epochs of 12,000 images each"},
		{"json", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL, "write JSON"},
		{0},
	};
	struct options *options = options_new(specs);

	if (options_parse(options, argc - 1, argv + 1) != 0) {
		options_help(stderr, specs);
		return EXIT_USAGE;
	}
	const struct call call = {options_text(options, "isa"), (int)options_int(options, "threads"),
	                          (int)options_int(options, "epochs"), options_flag(options, "json")};
	json_t *peak = peak_record(1), *records = json_array();

	if (strcmp(call.isa, "all") == 0)
		all_measure(&call, peak, records);
	else
		isa_measure(&call, call.isa, peak, records);
	if (call.json)
		json_dumpf(records, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	json_decref(records);
	json_decref(peak);
	options_free(options);
	return EXIT_FINE;
}
