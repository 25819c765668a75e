/* SPDX-License-Identifier: MIT */
#include "variant_layers.h"

#include "tied_pool.h"

#include <math.h>
#include <string.h>

/* ---- Reversed sums ---- */

static void convolution_reversed(const struct convolution *shape, const float *in,
                                 const float *weight, const float *bias, float *out)
{
	size_t in_side = shape->in_side, side = shape->out_side, fsize = shape->fsize;
	size_t taps = shape->channels * fsize * fsize;

	memset(out, 0, shape->filters * side * side * sizeof(*out));
	for (size_t f = 0; f < shape->filters; f++, out += side * side, weight += taps) {
		for (size_t tap = taps; tap-- > 0;) {
			size_t c = tap / (fsize * fsize), i = tap / fsize % fsize, j = tap % fsize;

			for (size_t y = 0; y < side; y++)
				for (size_t x = 0; x < side; x++)
					out[y * side + x] += weight[tap] * in[(c * in_side + y + i) * in_side + x + j];
		}
		for (size_t i = 0; i < side * side; i++)
			out[i] += bias[f];
	}
}

static void convolution_back_reversed_at(const struct convolution *shape, const float *in,
                                         const float *weight, float d, float *d_weight, float *d_in)
{
	size_t in_side = shape->in_side, fsize = shape->fsize;

	for (size_t tap = shape->channels * fsize * fsize; tap-- > 0;) {
		size_t c = tap / (fsize * fsize), i = tap / fsize % fsize, j = tap % fsize;
		size_t at = (c * in_side + i) * in_side + j;

		d_weight[tap] += d * in[at];
		if (d_in)
			d_in[at] += d * weight[tap];
	}
}

static void convolution_back_reversed(const struct convolution *shape, const float *in,
                                      const float *weight, const float *d_out, float *d_weight,
                                      float *d_bias, float *d_in)
{
	size_t side = shape->out_side, taps = shape->channels * shape->fsize * shape->fsize;

	if (d_in)
		memset(d_in, 0, shape->channels * shape->in_side * shape->in_side * sizeof(*d_in));
	for (size_t i = shape->filters * side * side; i-- > 0;) {
		size_t f = i / (side * side), y = i / side % side, x = i % side;
		size_t at = y * shape->in_side + x;

		if (d_out[i] == 0)
			continue;
		d_bias[f] += d_out[i];
		convolution_back_reversed_at(shape, in + at, weight + f * taps, d_out[i],
		                             d_weight + f * taps, d_in ? d_in + at : NULL);
	}
}

static void dense_reversed(size_t inputs, size_t outputs, const float *in, const float *weight,
                           const float *bias, float *out)
{
	for (size_t o = 0; o < outputs; o++, weight += inputs) {
		float sum = 0;

		for (size_t i = inputs; i-- > 0;)
			sum += weight[i] * in[i];
		out[o] = sum + bias[o];
	}
}

static void dense_back_reversed(size_t inputs, size_t outputs, const float *in, const float *weight,
                                const float *d_out, float *d_weight, float *d_bias, float *d_in)
{
	memset(d_in, 0, inputs * sizeof(*d_in));
	for (size_t o = outputs; o-- > 0;) {
		d_bias[o] += d_out[o];
		for (size_t i = 0; i < inputs; i++) {
			d_weight[o * inputs + i] += d_out[o] * in[i];
			d_in[i] += d_out[o] * weight[o * inputs + i];
		}
	}
}

const struct layers layers_reversed = {
	.convolution = convolution_reversed,
	.convolution_back = convolution_back_reversed,
	.dense = dense_reversed,
	.dense_back = dense_back_reversed,
};

/* ---- Pairwise sums ---- */

static float pairwise_product(size_t count, const float *a, const float *b)
{
	enum { DIRECT = 8 };
	float sum = 0;

	if (count > DIRECT)
		return pairwise_product(count / 2, a, b) +
		       pairwise_product(count - count / 2, a + count / 2, b + count / 2);
	for (size_t i = 0; i < count; i++)
		sum += a[i] * b[i];
	return sum;
}

static void dense_pairwise(size_t inputs, size_t outputs, const float *in, const float *weight,
                           const float *bias, float *out)
{
	for (size_t o = 0; o < outputs; o++)
		out[o] = pairwise_product(inputs, weight + o * inputs, in) + bias[o];
}

const struct layers layers_pairwise = {.dense = dense_pairwise};

/* ---- Sums in float64 ---- */

static void convolution_double(const struct convolution *shape, const float *in,
                               const float *weight, const float *bias, float *out)
{
	size_t in_side = shape->in_side, side = shape->out_side, area = side * side;
	double sum[MODEL_PIXELS];

	for (size_t f = 0; f < shape->filters; f++, out += area) {
		for (size_t i = 0; i < area; i++)
			sum[i] = (double)bias[f];
		for (size_t c = 0; c < shape->channels; c++)
			for (size_t i = 0; i < shape->fsize; i++)
				for (size_t j = 0; j < shape->fsize; j++, weight++)
					for (size_t y = 0; y < side; y++)
						for (size_t x = 0; x < side; x++)
							sum[y * side + x] +=
								(double)*weight *
								(double)in[(c * in_side + y + i) * in_side + x + j];
		for (size_t i = 0; i < area; i++)
			out[i] = (float)sum[i];
	}
}

static void dense_double(size_t inputs, size_t outputs, const float *in, const float *weight,
                         const float *bias, float *out)
{
	for (size_t o = 0; o < outputs; o++, weight += inputs) {
		double sum = (double)bias[o];

		for (size_t i = 0; i < inputs; i++)
			sum += (double)weight[i] * (double)in[i];
		out[o] = (float)sum;
	}
}

const struct layers layers_double = {.convolution = convolution_double, .dense = dense_double};

/* ---- Input ---- */

static void input_float(const uint8_t *pixels, float *out)
{
	for (size_t i = 0; i < MODEL_PIXELS; i++)
		out[i] = ((float)pixels[i] / 255.f - (float)MODEL_MEAN) / (float)MODEL_DEVIATION;
}

static void input_shifted(const uint8_t *pixels, float *out)
{
	for (size_t i = 0; i < MODEL_PIXELS; i++)
		out[i] = (float)(pixels[i] / 255.0 - MODEL_MEAN);
}

/* conv1(x / deviation) with weights w is conv1(x) with weights w / deviation; and d_w follows. */
static void divide_conv1(const struct net *net, float *vector)
{
	const struct tensor *conv1 = &net->inputs.model->tensors[CONV1_WEIGHT];

	for (size_t i = 0; i < conv1->size; i++)
		vector[conv1->offset + i] /= (float)MODEL_DEVIATION;
}

void fold_scale(const struct net *net, float *weights)
{
	divide_conv1(net, weights);
}

void fold_scale_gradient(struct net *net, struct step *step)
{
	divide_conv1(net, step->gradient);
}

const struct layers layers_float_input = {.input = input_float};
const struct layers layers_shifted_input = {.input = input_shifted};

/* ---- Loss ---- */

static float loss_float(const float *logits, int label, float *probabilities)
{
	float max = logits[layers_plain.prediction(logits)], sum = 0;

	for (int i = 0; i < MODEL_CLASSES; i++)
		sum += probabilities[i] = expf(logits[i] - max);
	for (int i = 0; i < MODEL_CLASSES; i++)
		probabilities[i] /= sum;
	return logf(sum) + max - logits[label];
}

const struct layers layers_float_loss = {.loss = loss_float};

/* ---- Ties ---- */

static void pool_last(size_t channels, size_t in_side, const float *in, float *out,
                      uint32_t *winner)
{
	layers_plain.pool(channels, in_side, in, out, winner);
	for (size_t i = 0; i < channels * (in_side / 2) * (in_side / 2); i++) {
		size_t side = in_side / 2, c = i / (side * side), y = i / side % side, x = i % side;
		size_t first = (c * in_side + 2 * y) * in_side + 2 * x;
		const size_t window[] = {first, first + 1, first + in_side, first + in_side + 1};

		for (size_t k = 0; k < 4; k++)
			if (in[window[k]] == out[i])
				winner[i] = (uint32_t)window[k];
	}
}

const struct layers layers_last_maximum = {.pool = pool_last};
const struct layers layers_shared_ties = {.pool = tied_pool, .pool_back = tied_pool_back_shared};
