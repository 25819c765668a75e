/* SPDX-License-Identifier: MIT */
#include "variant_steps.h"

#include <string.h>

void reverse_samples(struct net *net, struct step *step)
{
	(void)net;
	for (size_t i = 0, j = step->count - 1; i < j; i++, j--) {
		uint32_t sample = step->index[i];

		step->index[i] = step->index[j];
		step->index[j] = sample;
	}
}

static void stats_add(struct reference_stats *sum, const struct reference_stats *part)
{
	double samples = (double)(sum->samples + part->samples);

	sum->loss = (sum->loss * (double)sum->samples + part->loss * (double)part->samples) / samples;
	sum->samples += part->samples;
	sum->correct += part->correct;
}

/* The means of `share` samples each, the last of fewer, weighted and added in float32. */
static void compute_shares(struct net *net, struct step *step, size_t share)
{
	size_t parameters = net->inputs.model->parameters;
	struct reference_stats part;

	memset(step->gradient, 0, parameters * sizeof(float));
	for (size_t first = 0; first < step->count; first += share) {
		size_t left = step->count - first, count = left < share ? left : share;
		float weight = (float)count / (float)step->count;

		net_gradient(net, step, first, count, &part);
		for (size_t i = 0; i < parameters; i++)
			step->gradient[i] += weight * (float)net->mean[i];
		stats_add(&step->stats, &part);
	}
}

void compute_micro_batches(struct net *net, struct step *step)
{
	compute_shares(net, step, 32);
}

void compute_three_shares(struct net *net, struct step *step)
{
	compute_shares(net, step, (step->count + 2) / 3);
}

/* The engine's sums are of float32; so it gets few samples at a time. */
void compute_in_double(struct net *net, struct step *step)
{
	enum { SHARE = 16 };
	size_t parameters = net->inputs.model->parameters;
	struct reference_stats part;

	memset(net->sum, 0, parameters * sizeof(*net->sum));
	for (size_t first = 0; first < step->count; first += SHARE) {
		size_t left = step->count - first, count = left < SHARE ? left : SHARE;

		net_gradient(net, step, first, count, &part);
		for (size_t i = 0; i < parameters; i++)
			net->sum[i] += net->mean[i] * (double)count;
		stats_add(&step->stats, &part);
	}
	for (size_t i = 0; i < parameters; i++)
		step->gradient[i] = (float)(net->sum[i] / (double)step->count);
}

void update_rate_in_momentum(struct net *net, const struct step *step)
{
	for (size_t i = 0; i < net->inputs.model->parameters; i++) {
		float v = step->momentum * net->velocity[i] + step->rate * step->gradient[i];

		net->velocity[i] = v;
		net->weights[i] -= v;
	}
}
