/* SPDX-License-Identifier: MIT */
#include "net.h"

#include "core/memory.h"
#include "head.h"
#include "parameters.h"
#include "stack.h"
#include "worker/arrays.h"
#include "worker/span.h"

#include <stdlib.h>

/* Samples that are evaluated together; divides MNIST's 10,000. */
enum { EVAL_BATCH = 500 };

struct net {
	struct model model;
	size_t batch;
	float rate, momentum;
	struct set train, test;
	float *init;
	uint8_t *labels; /* of a batch */
	dnnl_engine_t engine;
	dnnl_stream_t stream;
	struct parameters parameters;
	struct stack *stacks;
};

/* Of the OpenMP runtime that libdnnl computes with (scripts/probe links it). */
void omp_set_num_threads(int threads);

/* ---- Opening and closing ---- */

/* The stack for so many samples: made where it is the first call for it, which net_open sees to. */
static struct stack *stack_for(struct net *net, size_t samples, bool training)
{
	for (struct stack *stack = net->stacks; stack != NULL; stack = stack->next)
		if (stack->samples == samples && stack->training == training)
			return stack;

	struct stack *stack = stack_open(&net->parameters, samples, training);
	stack->next = net->stacks;
	return net->stacks = stack;
}

/* For `total` samples in batches. */
static void stacks_open(struct net *net, size_t total, size_t batch, bool training)
{
	if (total >= batch)
		stack_for(net, batch, training);
	if (total % batch != 0)
		stack_for(net, total % batch, training);
}

static size_t eval_batch(const struct net *net)
{
	return net->test.count < EVAL_BATCH ? net->test.count : EVAL_BATCH;
}

struct net *net_open(const struct job *job, int threads)
{
	struct net *net = memory_new(1, sizeof(*net));

	span_begin("upload");
	net->model = job->model;
	net->batch = job->work.batch < job->n_train ? job->work.batch : job->n_train;
	net->rate = (float)job->work.lr;
	net->momentum = (float)job->work.momentum;
	net->train = set_read(&job->train_images, &job->train_labels, job->n_train);
	net->test = set_read(&job->test_images, &job->test_labels, job->n_test);
	net->init = memory_new(net->model.parameters, sizeof(*net->init));
	array_read(&job->init, net->init);
	net->labels = memory_new(net->batch > EVAL_BATCH ? net->batch : EVAL_BATCH, 1);
	span_end("upload");

	span_begin("compile");
	omp_set_num_threads(threads);
	must(dnnl_engine_create(&net->engine, dnnl_cpu, 0), "engine");
	must(dnnl_stream_create(&net->stream, net->engine, dnnl_stream_default_flags), "stream");
	parameters_open(&net->parameters, &net->model, net->engine, net->stream);
	stacks_open(net, job->n_train, net->batch, true);
	stacks_open(net, job->n_verify, net->batch, true);
	stacks_open(net, job->n_test, eval_batch(net), false);
	parameters_finish(&net->parameters);
	net_reset(net);
	span_end("compile");
	return net;
}

void net_close(struct net *net)
{
	while (net->stacks != NULL) {
		struct stack *stack = net->stacks;
		net->stacks = stack->next;
		stack_close(stack);
	}
	parameters_close(&net->parameters);
	must(dnnl_stream_destroy(net->stream), "stream");
	must(dnnl_engine_destroy(net->engine), "engine");
	set_free(&net->train);
	set_free(&net->test);
	free(net->init);
	free(net->labels);
	free(net);
}

/* ---- Calls ---- */

/* Pixels come as bytes: a product and a sum each make them the network's input. */
static void image_standardise(const uint8_t *restrict pixels, float *restrict out)
{
	const float factor = (float)(1.0 / (255.0 * MODEL_DEVIATION));
	const float shift = (float)(MODEL_MEAN / MODEL_DEVIATION);

	for (int p = 0; p < MODEL_PIXELS; p++)
		out[p] = (float)pixels[p] * factor - shift;
}

/* order NULL: samples from, from + 1, ... */
static void batch_gather(const struct net *net, const struct set *set, const uint32_t *order,
                         size_t from, const struct stack *stack)
{
	for (size_t i = 0; i < stack->samples; i++) {
		const size_t sample = order != NULL ? order[from + i] : from + i;

		image_standardise(set->images + sample * MODEL_PIXELS, stack->images + i * MODEL_PIXELS);
		net->labels[i] = set->labels[sample];
	}
}

void net_train(struct net *net, const uint32_t *order, size_t n, struct stats *stats)
{
	*stats = (struct stats){.samples = n};
	for (size_t from = 0; from < n; from += net->batch, stats->steps++) {
		const size_t samples = n - from < net->batch ? n - from : net->batch;
		const struct stack *stack = stack_for(net, samples, true);

		batch_gather(net, &net->train, order, from, stack);
		sequence_run(&stack->forward, net->stream);
		head_rows(stack->logits, net->labels, samples, 1.0F / (float)samples, &stats->loss,
		          &stats->correct);
		sequence_run(&stack->backward, net->stream);
		for (int id = 0; id < TENSOR_COUNT; id++)
			parameters_update(&net->parameters, (enum tensor_id)id, stack->gradients[id],
			                  stack->terms[id], net->rate, net->momentum);
	}
	stats->loss /= (double)n;
}

void net_eval(struct net *net, struct stats *stats)
{
	const size_t n = net->test.count, batch = eval_batch(net);

	*stats = (struct stats){.samples = n};
	for (size_t from = 0; from < n; from += batch) {
		const size_t samples = n - from < batch ? n - from : batch;
		const struct stack *stack = stack_for(net, samples, false);

		batch_gather(net, &net->test, NULL, from, stack);
		sequence_run(&stack->forward, net->stream);
		head_rows(stack->logits, net->labels, samples, 0.0F, &stats->loss, &stats->correct);
	}
	stats->loss /= (double)n;
}

void net_read(struct net *net, float *weights)
{
	parameters_get(&net->parameters, weights);
}

void net_reset(struct net *net)
{
	parameters_set(&net->parameters, net->init);
}
