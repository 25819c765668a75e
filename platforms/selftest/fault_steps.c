/* SPDX-License-Identifier: MIT */
#include "fault_steps.h"

#include <math.h>
#include <string.h>

static void scale(const struct net *net, float *gradient, float factor)
{
	for (size_t i = 0; i < net->inputs.model->parameters; i++)
		gradient[i] *= factor;
}

static void scale_biases(const struct net *net, float *vector, float factor)
{
	static const enum tensor_id biases[] = {CONV1_BIAS, CONV2_BIAS, FC1_BIAS, FC2_BIAS};

	for (size_t b = 0; b < sizeof(biases) / sizeof(biases[0]); b++) {
		const struct tensor *tensor = &net->inputs.model->tensors[biases[b]];

		for (size_t i = 0; i < tensor->size; i++)
			vector[tensor->offset + i] *= factor;
	}
}

void reset_without_biases(struct net *net)
{
	net_reset_weights(net);
	net_reset_velocity(net);
	scale_biases(net, net->weights, 0);
}

/* ---- The samples of a call ---- */

void lose_momentum(struct net *net, struct call *call)
{
	(void)call;
	net_reset_velocity(net);
}

void drop_partial_batch(struct net *net, struct call *call)
{
	call->n -= call->n % net->inputs.batch;
}

void pad_partial_batch(struct net *net, struct call *call)
{
	for (size_t i = 0; call->n % net->inputs.batch > 0; i++)
		call->order[call->n++] = call->order[i];
}

void drop_last_sample(struct net *net, struct call *call)
{
	(void)net;
	call->n--;
}

void double_first_sample(struct net *net, struct call *call)
{
	(void)net;
	call->order[call->n - 1] = call->order[0];
}

/* The label of the call before is right again: one is wrong at a time. */
void mislabel_last_sample(struct net *net, struct call *call)
{
	const uint8_t *true_labels = net->inputs.train.labels;
	size_t last = call->order[call->n - 1];

	net->labels[net->chosen] = true_labels[net->chosen];
	net->labels[last] = (uint8_t)((true_labels[last] + 1) % MODEL_CLASSES);
	net->chosen = last;
}

void ignore_order(struct net *net, struct call *call)
{
	for (size_t i = 0; i < call->n; i++)
		call->order[i] = (uint32_t)(i % net->inputs.train.count);
}

void repeat_first_order(struct net *net, struct call *call)
{
	if (call->number == 0)
		memcpy(net->first_order, call->order, call->n * sizeof(*call->order));
	else
		memcpy(call->order, net->first_order, call->n * sizeof(*call->order));
}

/* ---- A step ---- */

void drop_momentum(struct net *net, struct step *step)
{
	(void)net;
	step->momentum = 0;
}

void weaken_momentum(struct net *net, struct step *step)
{
	(void)net;
	step->momentum *= 0.999f;
}

void raise_rate(struct net *net, struct step *step)
{
	(void)net;
	step->rate *= 1.001f;
}

void use_previous_weights(struct net *net, struct step *step)
{
	if (step->number > 0)
		step->weights = net->previous;
}

/* The second since the reset: every verification has two, one in each row at the least. */
void skip_second_step(struct net *net, struct step *step)
{
	(void)net;
	step->times = step->number == 1 ? 0 : 1;
}

void repeat_second_step(struct net *net, struct step *step)
{
	(void)net;
	step->times = step->number == 1 ? 2 : 1;
}

/* ---- The gradient ---- */

/* The place in fc1.weight of the gradient whose size is nearest to their root mean square. */
static size_t typical_weight(const struct net *net, const float *gradient)
{
	const struct tensor *fc1 = &net->inputs.model->tensors[FC1_WEIGHT];
	size_t end = fc1->offset + fc1->size, nearest = fc1->offset;
	double squares = 0;

	for (size_t i = fc1->offset; i < end; i++)
		squares += (double)gradient[i] * (double)gradient[i];
	const float typical = (float)sqrt(squares / (double)fc1->size);
	for (size_t i = fc1->offset; i < end; i++)
		if (fabsf(fabsf(gradient[i]) - typical) < fabsf(fabsf(gradient[nearest]) - typical))
			nearest = i;
	return nearest;
}

void freeze_typical_weight(struct net *net, struct step *step)
{
	if (step->number == 0)
		net->chosen = typical_weight(net, step->gradient);
	step->gradient[net->chosen] = 0;
}

void sum_gradient(struct net *net, struct step *step)
{
	scale(net, step->gradient, (float)step->count);
}

void divide_by_full_batch(struct net *net, struct step *step)
{
	scale(net, step->gradient, (float)step->count / (float)net->inputs.batch);
}

void dampen_gradient(struct net *net, struct step *step)
{
	scale(net, step->gradient, 1 - step->momentum);
}

void decay_weights(struct net *net, struct step *step)
{
	for (size_t i = 0; i < net->inputs.model->parameters; i++)
		step->gradient[i] += 1e-4f * net->weights[i];
}

void double_bias_gradient(struct net *net, struct step *step)
{
	scale_biases(net, step->gradient, 2);
}

void clip_gradient(struct net *net, struct step *step)
{
	double squares = 0;

	for (size_t i = 0; i < net->inputs.model->parameters; i++)
		squares += (double)step->gradient[i] * (double)step->gradient[i];
	if (squares > 1)
		scale(net, step->gradient, (float)(1 / sqrt(squares)));
}

void delay_gradient(struct net *net, struct step *step)
{
	for (size_t i = 0; i < net->inputs.model->parameters; i++) {
		float now = step->gradient[i];

		step->gradient[i] = step->number > 0 ? net->scratch[i] : 0;
		net->scratch[i] = now;
	}
}

/* ---- The update ---- */

void update_nesterov(struct net *net, const struct step *step)
{
	for (size_t i = 0; i < net->inputs.model->parameters; i++) {
		float v = step->momentum * net->velocity[i] + step->gradient[i];

		net->velocity[i] = v;
		net->weights[i] -= step->rate * (step->gradient[i] + step->momentum * v);
	}
}
