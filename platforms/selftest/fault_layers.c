/* SPDX-License-Identifier: MIT */
#include "fault_layers.h"

#include "tied_pool.h"

#include <string.h>

/* ---- Input ---- */

static void input_with(const uint8_t *pixels, float *out, double mean, double deviation)
{
	for (size_t i = 0; i < MODEL_PIXELS; i++)
		out[i] = (float)((pixels[i] / 255.0 - mean) / deviation);
}

static void input_rounded(const uint8_t *pixels, float *out)
{
	input_with(pixels, out, 0.13, 0.31);
}

static void input_raw(const uint8_t *pixels, float *out)
{
	input_with(pixels, out, 0, 1);
}

static void input_without_border(const uint8_t *pixels, float *out)
{
	const size_t last = MODEL_SIDE - 1;

	layers_plain.input(pixels, out);
	for (size_t i = 0; i < MODEL_SIDE; i++) {
		out[i] = out[last * MODEL_SIDE + i] = 0;
		out[i * MODEL_SIDE] = out[i * MODEL_SIDE + last] = 0;
	}
}

const struct layers layers_rounded_input = {.input = input_rounded};
const struct layers layers_raw_input = {.input = input_raw};
const struct layers layers_ignored_border = {.input = input_without_border};

/* ---- Pool ---- */

/* The four places of output i's window in an image of side in_side; outputs count through channels. */
static void window_of(size_t in_side, size_t i, size_t window[4])
{
	size_t side = in_side / 2, c = i / (side * side), y = i / side % side, x = i % side;
	size_t first = (c * in_side + 2 * y) * in_side + 2 * x;

	window[0] = first;
	window[1] = first + 1;
	window[2] = first + in_side;
	window[3] = first + in_side + 1;
}

static void pool_average(size_t channels, size_t in_side, const float *in, float *out,
                         uint32_t *winner)
{
	size_t outputs = channels * (in_side / 2) * (in_side / 2), window[4];

	for (size_t i = 0; i < outputs; i++) {
		window_of(in_side, i, window);
		out[i] = (in[window[0]] + in[window[1]] + in[window[2]] + in[window[3]]) / 4;
		winner[i] = (uint32_t)window[0];
	}
}

static void pool_back_spread(size_t channels, size_t in_side, const float *d_out,
                             const uint32_t *winner, float *d_in)
{
	size_t outputs = channels * (in_side / 2) * (in_side / 2), window[4];

	(void)winner;
	memset(d_in, 0, channels * in_side * in_side * sizeof(*d_in));
	for (size_t i = 0; i < outputs; i++) {
		window_of(in_side, i, window);
		for (size_t k = 0; k < 4; k++)
			d_in[window[k]] = d_out[i] / 4;
	}
}

const struct layers layers_average_pool = {.pool = pool_average, .pool_back = pool_back_spread};
const struct layers layers_spread_pool = {.pool_back = pool_back_spread};
const struct layers layers_tied_pool = {.pool = tied_pool, .pool_back = tied_pool_back_full};

/* ---- ReLU ---- */

static const float leak = 1e-2f;
static size_t hidden; /* units of fc1 */

static void relu_leaky(size_t count, const float *in, float *out)
{
	for (size_t i = 0; i < count; i++)
		out[i] = in[i] <= 0 ? leak * in[i] : in[i];
}

static void relu_back_leaky(size_t count, const float *out, const float *d_out, float *d_in)
{
	for (size_t i = 0; i < count; i++)
		d_in[i] = out[i] <= 0 ? leak * d_out[i] : d_out[i];
}

void set_hidden(const struct net *net, float *weights)
{
	(void)weights;
	hidden = (size_t)net->inputs.model->shape.hidden;
}

/* A layer is known by its size; a convolution of the same size would have the fault, too. */
static void relu_back_open(size_t count, const float *out, const float *d_out, float *d_in)
{
	if (count == hidden)
		memcpy(d_in, d_out, count * sizeof(*d_in));
	else
		layers_plain.relu_back(count, out, d_out, d_in);
}

const struct layers layers_leaky_relu = {.relu = relu_leaky, .relu_back = relu_back_leaky};
const struct layers layers_open_relu = {.relu_back = relu_back_open};

/* ---- Kernels ---- */

static const float *flipped; /* conv2's kernels */

/* Turns each kernel by 180 degrees: back to front. */
static void flip(const struct tensor *tensor, const float *from, float *to)
{
	size_t area = tensor->dims[2] * tensor->dims[3];

	for (size_t i = 0; i < tensor->size; i++)
		to[i] = from[i / area * area + (area - 1 - i % area)];
}

static void flip_in_place(const struct net *net, float *vector)
{
	static const enum tensor_id kernels[] = {CONV1_WEIGHT, CONV2_WEIGHT};

	for (size_t k = 0; k < sizeof(kernels) / sizeof(kernels[0]); k++) {
		const struct tensor *tensor = &net->inputs.model->tensors[kernels[k]];
		float *at = vector + tensor->offset;

		flip(tensor, at, net->scratch);
		memcpy(at, net->scratch, tensor->size * sizeof(*at));
	}
}

void flip_kernels(const struct net *net, float *weights)
{
	flip_in_place(net, weights);
}

void flip_kernels_gradient(struct net *net, struct step *step)
{
	flip_in_place(net, step->gradient);
}

void keep_flipped_kernels(const struct net *net, float *weights)
{
	const struct tensor *conv2 = &net->inputs.model->tensors[CONV2_WEIGHT];

	flip(conv2, weights + conv2->offset, net->scratch);
	flipped = net->scratch;
}

/* On the way back the weights serve d_in alone, which the first convolution has not. */
static void convolution_back_flipped(const struct convolution *shape, const float *in,
                                     const float *weight, const float *d_out, float *d_weight,
                                     float *d_bias, float *d_in)
{
	layers_plain.convolution_back(shape, in, d_in ? flipped : weight, d_out, d_weight, d_bias,
	                              d_in);
}

const struct layers layers_flipped_back = {.convolution_back = convolution_back_flipped};

/* ---- Flatten ---- */

/*
 * fc1's input i, (channel, y, x), in the other order: (y * side + x) * channels + channel.  The fault's
 * layer multiplies input i by the weight at turned(i), and so do the gradients.
 */
static size_t turned(const struct model *model, size_t i)
{
	size_t area = (size_t)(model->pool2_side * model->pool2_side);

	return i % area * (size_t)model->shape.filters2 + i / area;
}

void transpose_flatten(const struct net *net, float *weights)
{
	const struct model *model = net->inputs.model;
	float *fc1 = weights + model->tensors[FC1_WEIGHT].offset;

	for (size_t o = 0; o < (size_t)model->shape.hidden; o++, fc1 += model->flat) {
		memcpy(net->scratch, fc1, model->flat * sizeof(*fc1));
		for (size_t i = 0; i < model->flat; i++)
			fc1[i] = net->scratch[turned(model, i)];
	}
}

void transpose_flatten_gradient(struct net *net, struct step *step)
{
	const struct model *model = net->inputs.model;
	float *fc1 = step->gradient + model->tensors[FC1_WEIGHT].offset;

	for (size_t o = 0; o < (size_t)model->shape.hidden; o++, fc1 += model->flat) {
		memcpy(net->scratch, fc1, model->flat * sizeof(*fc1));
		for (size_t i = 0; i < model->flat; i++)
			fc1[turned(model, i)] = net->scratch[i];
	}
}

/* ---- Loss ---- */

static void loss_back_smoothed(const float *probabilities, int label, float *d_logits)
{
	const float spread = 0.1f;

	for (int i = 0; i < MODEL_CLASSES; i++)
		d_logits[i] = probabilities[i] - (i == label ? 1 - spread : 0) - spread / MODEL_CLASSES;
}

const struct layers layers_smoothed_loss = {.loss_back = loss_back_smoothed};
