/* SPDX-License-Identifier: MIT */
#include "rounding.h"

#include "deviation.h"

#include <math.h>
#include <string.h>

enum {
	EXPLICIT_BITS = 23,                                       /* of float32's mantissa */
	SIDE = MODEL_SIDE,                                        /* of the largest image */
	IMAGES_MAX = MODEL_FILTERS_MAX * SIDE * SIDE,             /* floats of a layer */
	INPUTS_MAX = MODEL_FILTERS_MAX * (SIDE / 2) * (SIDE / 2), /* floats into a layer */
	POOLED_MAX = MODEL_FILTERS_MAX * (SIDE / 4) * (SIDE / 4), /* floats into fc1 */
	DENSE_MAX = POOLED_MAX > MODEL_HIDDEN_MAX ? POOLED_MAX : MODEL_HIDDEN_MAX,
};

/* Of the layers: they know no net.  Set before the threads begin. */
static int operand_bits = EXPLICIT_BITS;

/* To nearest, ties to even; finite numbers. */
static void round_to(int bits, size_t count, const float *in, float *out)
{
	const unsigned dropped = (unsigned)(EXPLICIT_BITS - bits);
	const uint32_t below_half = (1u << (dropped - 1)) - 1, kept = ~((1u << dropped) - 1);

	for (size_t i = 0; i < count; i++) {
		uint32_t word;

		memcpy(&word, &in[i], sizeof(word));
		word = (word + below_half + (word >> dropped & 1)) & kept;
		memcpy(&out[i], &word, sizeof(word));
	}
}

static void round_tensors(const struct net *net, float *weights, unsigned tensors)
{
	operand_bits = net->deviation->bits;
	for (unsigned id = 0; id < TENSOR_COUNT; id++) {
		const struct tensor *tensor = &net->inputs.model->tensors[id];

		if (tensors & 1u << id)
			round_to(operand_bits, tensor->size, weights + tensor->offset,
			         weights + tensor->offset);
	}
}

void round_weights(const struct net *net, float *weights)
{
	round_tensors(net, weights,
	              1u << CONV1_WEIGHT | 1u << CONV2_WEIGHT | 1u << FC1_WEIGHT | 1u << FC2_WEIGHT);
}

void round_convolution_weights(const struct net *net, float *weights)
{
	round_tensors(net, weights, 1u << CONV1_WEIGHT | 1u << CONV2_WEIGHT);
}

static void convolution(const struct convolution *shape, const float *in, const float *weight,
                        const float *bias, float *out)
{
	float rounded[INPUTS_MAX];

	round_to(operand_bits, shape->channels * shape->in_side * shape->in_side, in, rounded);
	layers_plain.convolution(shape, rounded, weight, bias, out);
}

static void convolution_back(const struct convolution *shape, const float *in, const float *weight,
                             const float *d_out, float *d_weight, float *d_bias, float *d_in)
{
	float rounded[INPUTS_MAX], d_rounded[IMAGES_MAX], ignored[MODEL_FILTERS_MAX] = {0};
	size_t area = shape->out_side * shape->out_side;

	round_to(operand_bits, shape->channels * shape->in_side * shape->in_side, in, rounded);
	round_to(operand_bits, shape->filters * area, d_out, d_rounded);
	layers_plain.convolution_back(shape, rounded, weight, d_rounded, d_weight, ignored, d_in);
	for (size_t i = 0; i < shape->filters * area; i++)
		d_bias[i / area] += d_out[i];
}

static void dense(size_t inputs, size_t outputs, const float *in, const float *weight,
                  const float *bias, float *out)
{
	float rounded[DENSE_MAX];

	round_to(operand_bits, inputs, in, rounded);
	layers_plain.dense(inputs, outputs, rounded, weight, bias, out);
}

static void dense_back(size_t inputs, size_t outputs, const float *in, const float *weight,
                       const float *d_out, float *d_weight, float *d_bias, float *d_in)
{
	float rounded[DENSE_MAX], d_rounded[DENSE_MAX] = {0}, ignored[DENSE_MAX] = {0};

	round_to(operand_bits, inputs, in, rounded);
	round_to(operand_bits, outputs, d_out, d_rounded);
	layers_plain.dense_back(inputs, outputs, rounded, weight, d_rounded, d_weight, ignored, d_in);
	for (size_t o = 0; o < outputs; o++)
		d_bias[o] += d_out[o];
}

const struct layers layers_rounded_convolutions = {
	.convolution = convolution,
	.convolution_back = convolution_back,
};

const struct layers layers_rounded_operands = {
	.convolution = convolution,
	.convolution_back = convolution_back,
	.dense = dense,
	.dense_back = dense_back,
};

void halve_gradient_precision(struct net *net, struct step *step)
{
	for (size_t i = 0; i < net->inputs.model->parameters; i++) {
		float *g = &step->gradient[i];

		if (fabsf(*g) < 0x1p-14f)
			*g = rintf(*g * 0x1p24f) * 0x1p-24f;
		else
			round_to(10, 1, g, g);
	}
}
