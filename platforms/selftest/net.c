/* SPDX-License-Identifier: MIT */
#include "net.h"

#include "core/memory.h"
#include "deviation.h"

#include <stdlib.h>
#include <string.h>

static const struct deviation nothing = {.name = "none"};

/* ---- Life ---- */

void net_reset_weights(struct net *net)
{
	memcpy(net->weights, net->inputs.init, net->inputs.model->parameters * sizeof(float));
}

void net_reset_velocity(struct net *net)
{
	memset(net->velocity, 0, net->inputs.model->parameters * sizeof(float));
}

void net_reset(struct net *net)
{
	net->calls = net->steps = 0;
	if (net->deviation->reset) {
		net->deviation->reset(net);
		return;
	}
	net_reset_weights(net);
	net_reset_velocity(net);
}

/* A batch of the first samples, as platforms that compile or tune do it. */
static void warm_up(struct net *net)
{
	const struct net_inputs *in = &net->inputs;
	size_t n = in->batch < in->train.count ? in->batch : in->train.count;
	uint32_t *order = memory_new(n, sizeof(*order));
	struct stats ignored;

	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	net_train(net, order, n, &ignored);
	free(order);
}

static void net_allocate(struct net *net)
{
	size_t parameters = net->inputs.model->parameters, count = net->inputs.train.count;
	float **const vectors[] = {&net->weights,  &net->velocity, &net->previous,
	                           &net->gradient, &net->seen,     &net->scratch};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		*vectors[i] = memory_new(parameters, sizeof(float));
	net->mean = memory_new(parameters, sizeof(*net->mean));
	net->sum = memory_new(parameters, sizeof(*net->sum));
	net->order = memory_new(count + net->inputs.batch, sizeof(*net->order));
	net->first_order = memory_new(count, sizeof(*net->first_order));
	net->labels = memory_new(count, 1);
	memcpy(net->labels, net->inputs.train.labels, count);
	net->train = net->inputs.train;
	net->train.labels = net->labels;
}

struct net *net_open(const struct net_inputs *inputs)
{
	struct net *net = memory_new(1, sizeof(*net));

	net->inputs = *inputs;
	net->deviation = inputs->deviation ? inputs->deviation : &nothing;
	layers_use(net->deviation->fused, net->deviation->layers);
	net->engine = engine_new(inputs->model, inputs->threads);
	net_allocate(net);
	net_reset_weights(net);
	if (net->deviation->warm_up)
		warm_up(net);
	net_reset(net);
	return net;
}

void net_close(struct net *net)
{
	float *const vectors[] = {net->weights,  net->velocity, net->previous,
	                          net->gradient, net->seen,     net->scratch};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		free(vectors[i]);
	engine_free(net->engine);
	free(net->mean);
	free(net->sum);
	free(net->order);
	free(net->first_order);
	free(net->labels);
	free(net);
}

/* ---- A step ---- */

static void engine_see(struct net *net, const float *weights)
{
	memcpy(net->seen, weights, net->inputs.model->parameters * sizeof(float));
	if (net->deviation->enter)
		net->deviation->enter(net, net->seen);
	engine_set_float(net->engine, net->seen);
}

void net_gradient(struct net *net, const struct step *step, size_t first, size_t count,
                  struct reference_stats *stats)
{
	engine_gradient(net->engine, &net->train, step->index + first, count, net->mean, stats);
}

static void compute(struct net *net, struct step *step)
{
	engine_see(net, step->weights);
	if (net->deviation->compute) {
		net->deviation->compute(net, step);
		return;
	}
	net_gradient(net, step, 0, step->count, &step->stats);
	for (size_t i = 0; i < net->inputs.model->parameters; i++)
		step->gradient[i] = (float)net->mean[i];
}

static void freeze(const struct net *net, float *gradient)
{
	for (unsigned id = 0; id < TENSOR_COUNT; id++)
		if (net->deviation->frozen & 1u << id)
			memset(gradient + net->inputs.model->tensors[id].offset, 0,
			       net->inputs.model->tensors[id].size * sizeof(float));
}

void net_update(struct net *net, const struct step *step)
{
	for (size_t i = 0; i < net->inputs.model->parameters; i++) {
		float v = step->momentum * net->velocity[i] + step->gradient[i];

		net->velocity[i] = v;
		net->weights[i] -= step->rate * v;
	}
}

static void step_once(struct net *net, struct step *step)
{
	const struct deviation *deviation = net->deviation;

	compute(net, step);
	freeze(net, step->gradient);
	if (deviation->gradient)
		deviation->gradient(net, step);
	memcpy(net->previous, net->weights, net->inputs.model->parameters * sizeof(float));
	(deviation->update ? deviation->update : net_update)(net, step);
}

static struct step step_at(struct net *net, struct call *call, size_t first)
{
	size_t left = call->n - first, batch = net->inputs.batch;

	return (struct step){.index = call->order + first,
	                     .count = left < batch ? left : batch,
	                     .number = net->steps++,
	                     .times = 1,
	                     .weights = net->weights,
	                     .rate = net->inputs.rate,
	                     .momentum = net->inputs.momentum,
	                     .gradient = net->gradient};
}

/* ---- Calls ---- */

/* What is reported counts as if nothing deviated: a fault does not give itself away. */
void net_train(struct net *net, const uint32_t *order, size_t n, struct stats *stats)
{
	const struct deviation *deviation = net->deviation;
	struct call call = {net->order, n, net->calls++};
	double loss = 0, samples = 0;

	memcpy(call.order, order, n * sizeof(*order));
	if (deviation->call)
		deviation->call(net, &call);
	*stats = (struct stats){.samples = n, .steps = (n + net->inputs.batch - 1) / net->inputs.batch};
	for (size_t first = 0; first < call.n; first += net->inputs.batch) {
		struct step step = step_at(net, &call, first);

		if (deviation->step)
			deviation->step(net, &step);
		for (unsigned i = 0; i < step.times; i++)
			step_once(net, &step);
		stats->correct += step.stats.correct;
		loss += step.stats.loss * (double)step.stats.samples;
		samples += (double)step.stats.samples;
	}
	stats->loss = samples > 0 ? loss / samples : 0;
	stats->correct = stats->correct < n ? stats->correct : n;
}

void net_eval(struct net *net, struct stats *stats)
{
	struct reference_stats found;

	engine_see(net, net->weights);
	engine_eval(net->engine, &net->inputs.test, NULL, net->inputs.test.count, &found);
	*stats = (struct stats){.samples = found.samples, .correct = found.correct, .loss = found.loss};
}

void net_read(struct net *net, float *weights)
{
	memcpy(weights, net->weights, net->inputs.model->parameters * sizeof(float));
}
