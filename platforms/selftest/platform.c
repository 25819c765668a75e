/* SPDX-License-Identifier: MIT */
/*
 * selftest: the reference's source in float32, whole and honest, or with one fault planted, or as
 * another honest program would compute it.  "cnnbench verify --self-test" runs all of them.
 */
#include "worker/platform.h"

#include "core/memory.h"
#include "core/processor.h"
#include "deviation.h"
#include "worker/arrays.h"
#include "worker/span.h"

#include <stdio.h>
#include <stdlib.h>

static const struct option_spec options_of_selftest[] = {
	{.name = "fault",
     .type = OPTION_CHOICE,
     .fallback = "none",
     .choices = fault_choices,
     .value = "NAME",
     .help = "what it does wrong: each must be refused"},
	{.name = "variant",
     .type = OPTION_CHOICE,
     .fallback = "none",
     .choices = variant_choices,
     .value = "NAME",
     .help = "another honest way to compute: each must be verified"},
	PLATFORM_THREADS,
	{.name = NULL},
};

/* What the platform's net borrows. */
static struct {
	uint8_t *train_images, *train_labels, *test_images, *test_labels;
	float *init;
} arrays;

static int selftest_probe(const struct options *options, struct device_info *out, char *why,
                          size_t size)
{
	const char *fault = options_text(options, "fault"), *variant = options_text(options, "variant");

	*out = (struct device_info){.kind = "cpu"};
	processor_name(out->device, sizeof(out->device));
	if (deviation_find(faults, fault) && deviation_find(variants, variant)) {
		snprintf(why, size, "fault=%s and variant=%s exclude each other", fault, variant);
		snprintf(out->help, sizeof(out->help), "give one of them");
		return -1;
	}
	snprintf(out->variant, sizeof(out->variant), "%s",
	         deviation_find(faults, fault) ? fault : variant);
	return 0;
}

static void *array_new(const struct npy *array, size_t size)
{
	void *elements = memory_new(array->count, size);

	array_read(array, elements);
	return elements;
}

static struct net *selftest_open(const struct job *job, const struct options *options)
{
	const struct deviation *fault = deviation_find(faults, options_text(options, "fault"));

	span_begin("upload");
	arrays.train_images = array_new(&job->train_images, 1);
	arrays.train_labels = array_new(&job->train_labels, 1);
	arrays.test_images = array_new(&job->test_images, 1);
	arrays.test_labels = array_new(&job->test_labels, 1);
	arrays.init = array_new(&job->init, sizeof(float));
	struct net *net = net_open(&(struct net_inputs){
		.model = &job->model,
		.train = {arrays.train_images, arrays.train_labels, job->n_train},
		.test = {arrays.test_images, arrays.test_labels, job->n_test},
		.init = arrays.init,
		.batch = job->work.batch,
		.rate = (float)job->work.lr,
		.momentum = (float)job->work.momentum,
		.threads = (int)options_int(options, "threads"),
		.deviation = fault ? fault : deviation_find(variants, options_text(options, "variant")),
	});
	span_end("upload");
	return net;
}

static void selftest_close(struct net *net)
{
	net_close(net);
	free(arrays.train_images);
	free(arrays.train_labels);
	free(arrays.test_images);
	free(arrays.test_labels);
	free(arrays.init);
}

const struct platform platform = {
	.name = "selftest",
	.summary = "the reference in float32, with faults that the judge must refuse",
	.precision = "float32",
	.data = "uint8, resident",
	.compiler = PLATFORM_COMPILER,
	.flags = PLATFORM_FLAGS,
	.options = options_of_selftest,
	.probe = selftest_probe,
	.open = selftest_open,
	.train = net_train,
	.eval = net_eval,
	.read = net_read,
	.reset = net_reset,
	.close = selftest_close,
};
