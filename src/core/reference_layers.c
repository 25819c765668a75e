/* SPDX-License-Identifier: MIT */
#include "core/reference_layers.h"

#include "core/model.h"

#include <math.h>
#include <string.h>

/*
 * Input: out[i] = (pixel[i] / 255 - mean) / deviation.
 */
void input_forward(const uint8_t *pixels, REAL *out)
{
	for (size_t i = 0; i < MODEL_PIXELS; i++)
		out[i] = (REAL)(((double)pixels[i] / 255.0 - MODEL_MEAN) / MODEL_DEVIATION);
}

/*
 * Convolution:
 *     out[f][y][x] = bias[f] + sum over c, i, j of weight[f][c][i][j] * in[c][y + i][x + j]
 *
 * The loop over pixels is the innermost: it is the same sum, in the order c, i, j for every pixel,
 * so that identical patches give identical bits.
 */
void convolution_forward(const struct convolution *shape, const REAL *in, const REAL *weight,
                         const REAL *bias, REAL *out)
{
	size_t in_side = shape->in_side, side = shape->out_side, area = side * side;

	for (size_t f = 0; f < shape->filters; f++, out += area) {
		for (size_t i = 0; i < area; i++)
			out[i] = bias[f];
		for (size_t c = 0; c < shape->channels; c++)
			for (size_t i = 0; i < shape->fsize; i++)
				for (size_t j = 0; j < shape->fsize; j++, weight++)
					for (size_t y = 0; y < side; y++)
						for (size_t x = 0; x < side; x++)
							out[y * side + x] +=
								*weight * in[(c * in_side + y + i) * in_side + x + j];
	}
}

/* What one element d = d_out[f][y][x] adds, with in and d_in at (y, x) of channel 0 and weight and
 * d_weight at filter f. */
static void convolution_backward_at(const struct convolution *shape, const REAL *in,
                                    const REAL *weight, REAL d, REAL *d_weight, REAL *d_in)
{
	size_t area = shape->in_side * shape->in_side;

	for (size_t c = 0; c < shape->channels; c++)
		for (size_t i = 0; i < shape->fsize; i++)
			for (size_t j = 0; j < shape->fsize; j++, weight++, d_weight++) {
				size_t at = c * area + i * shape->in_side + j;

				*d_weight += d * in[at];
				if (d_in)
					d_in[at] += d * *weight;
			}
}

/*
 *     d_bias[f]            += sum over y, x of d_out[f][y][x]
 *     d_weight[f][c][i][j] += sum over y, x of d_out[f][y][x] * in[c][y + i][x + j]
 *     d_in[c][y + i][x + j] = sum over f, i, j of d_out[f][y][x] * weight[f][c][i][j]
 *
 * Behind a pool at least three of four d_out are zero; they add nothing and are skipped.
 */
void convolution_backward(const struct convolution *shape, const REAL *in, const REAL *weight,
                          const REAL *d_out, REAL *d_weight, REAL *d_bias, REAL *d_in)
{
	size_t in_side = shape->in_side, side = shape->out_side;
	size_t filter = shape->channels * shape->fsize * shape->fsize;

	if (d_in)
		memset(d_in, 0, shape->channels * in_side * in_side * sizeof(*d_in));
	for (size_t f = 0; f < shape->filters; f++)
		for (size_t y = 0; y < side; y++)
			for (size_t x = 0; x < side; x++) {
				REAL d = d_out[(f * side + y) * side + x];
				size_t at = y * in_side + x;

				if (d == 0)
					continue;
				d_bias[f] += d;
				convolution_backward_at(shape, in + at, weight + f * filter, d,
				                        d_weight + f * filter, d_in ? d_in + at : NULL);
			}
}

/*
 * ReLU: out = in where in > 0, else 0.  Written so that what is not a number stays so.
 */
void relu_forward(size_t count, const REAL *in, REAL *out)
{
	for (size_t i = 0; i < count; i++)
		out[i] = in[i] <= 0 ? 0 : in[i];
}

void relu_backward(size_t count, const REAL *out, const REAL *d_out, REAL *d_in)
{
	for (size_t i = 0; i < count; i++)
		d_in[i] = out[i] <= 0 ? 0 : d_out[i];
}

/*
 * Pool: out[c][y][x] = max of in[c][2y + i][2x + j], i and j in {0, 1}
 */
static size_t pool_winner(const REAL *in, size_t first, size_t in_side)
{
	const size_t window[] = {first, first + 1, first + in_side, first + in_side + 1};
	size_t best = first;

	for (size_t i = 1; i < 4; i++)
		if (in[window[i]] > in[best])
			best = window[i];
	return best;
}

void pool_forward(size_t channels, size_t in_side, const REAL *in, REAL *out, uint32_t *winner)
{
	size_t side = in_side / 2;

	for (size_t c = 0; c < channels; c++)
		for (size_t y = 0; y < side; y++)
			for (size_t x = 0; x < side; x++) {
				size_t best = pool_winner(in, (c * in_side + 2 * y) * in_side + 2 * x, in_side);

				*out++ = in[best];
				*winner++ = (uint32_t)best;
			}
}

void pool_backward(size_t channels, size_t in_side, const REAL *d_out, const uint32_t *winner,
                   REAL *d_in)
{
	size_t side = in_side / 2;

	memset(d_in, 0, channels * in_side * in_side * sizeof(*d_in));
	for (size_t i = 0; i < channels * side * side; i++)
		d_in[winner[i]] = d_out[i];
}

/*
 * Dense: out[o] = bias[o] + sum over i of weight[o][i] * in[i]
 *
 * Every output is one sum in the order of i.  Some outputs are summed side by side, as each addition
 * waits for the one before it in its own sum only.
 */
enum { BESIDE = 8 };

static void dense_forward_rows(size_t rows, size_t inputs, const REAL *in, const REAL *weight,
                               const REAL *bias, REAL *out)
{
	REAL sum[BESIDE];

	for (size_t k = 0; k < rows; k++)
		sum[k] = bias[k];
	for (size_t i = 0; i < inputs; i++)
		for (size_t k = 0; k < rows; k++)
			sum[k] += weight[k * inputs + i] * in[i];
	for (size_t k = 0; k < rows; k++)
		out[k] = sum[k];
}

void dense_forward(size_t inputs, size_t outputs, const REAL *in, const REAL *weight,
                   const REAL *bias, REAL *out)
{
	size_t o = 0;

	for (; o + BESIDE <= outputs; o += BESIDE)
		dense_forward_rows(BESIDE, inputs, in, weight + o * inputs, bias + o, out + o);
	for (; o < outputs; o++)
		dense_forward_rows(1, inputs, in, weight + o * inputs, bias + o, out + o);
}

/*
 *     d_bias[o]      += d_out[o]
 *     d_weight[o][i] += d_out[o] * in[i]
 *     d_in[i]         = sum over o of d_out[o] * weight[o][i]
 */
void dense_backward(size_t inputs, size_t outputs, const REAL *in, const REAL *weight,
                    const REAL *d_out, REAL *d_weight, REAL *d_bias, REAL *d_in)
{
	memset(d_in, 0, inputs * sizeof(*d_in));
	for (size_t o = 0; o < outputs; o++) {
		d_bias[o] += d_out[o];
		for (size_t i = 0; i < inputs; i++) {
			d_weight[o * inputs + i] += d_out[o] * in[i];
			d_in[i] += d_out[o] * weight[o * inputs + i];
		}
	}
}

/* ln 2 in two parts: the first has so few bits that its product with any exponent is exact. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33

/* exp(x) for x <= 0, to some 2^-52: x = k ln 2 + r with |r| <= 0.347, and Taylor's series of exp(r)
 * to r^14 / 14!, below 5e-18.  The system's exp differs between systems in its last bit. */
static double exp_plain(double x)
{
	if (!(x >= -708)) /* below it the result is no normal number; what is no number stays so */
		return x < 0 ? 0 : x;

	double k = floor(x / (LN2_HIGH + LN2_LOW) + 0.5);
	double r = (x - k * LN2_HIGH) - k * LN2_LOW, sum = 1;
	for (int i = 14; i > 0; i--)
		sum = 1 + sum * r / i;
	return ldexp(sum, (int)k);
}

/* log(x) for x >= 1: x = m 2^k with m in [1/sqrt 2, sqrt 2], s = (m - 1) / (m + 1), and
 * log m = 2 (s + s^3/3 + ...) to s^23/23, below 1e-18 as |s| <= 0.172. */
static double log_plain(double x)
{
	int k;

	if (!(x >= 1)) /* no number */
		return x;
	double m = frexp(x, &k);

	if (m < 0.70710678118654752) {
		m *= 2;
		k--;
	}
	double s = (m - 1) / (m + 1), sum = 0;
	for (int i = 23; i > 0; i -= 2)
		sum = sum * s * s + 1.0 / i;
	return k * LN2_HIGH + (k * LN2_LOW + 2 * s * sum);
}

int loss_prediction(const REAL *logits)
{
	int best = 0;

	for (int i = 1; i < MODEL_CLASSES; i++)
		if (logits[i] > logits[best])
			best = i;
	return best;
}

/*
 * Loss: p[k] = exp(z[k] - max z) / sum over m of exp(z[m] - max z);  loss = -log p[label]
 */
REAL loss_forward(const REAL *logits, int label, REAL *probabilities)
{
	double max = (double)logits[loss_prediction(logits)], sum = 0;
	double power[MODEL_CLASSES];

	for (int i = 0; i < MODEL_CLASSES; i++)
		sum += power[i] = exp_plain((double)logits[i] - max);
	for (int i = 0; i < MODEL_CLASSES; i++)
		probabilities[i] = (REAL)(power[i] / sum);
	return (REAL)(log_plain(sum) + max - (double)logits[label]);
}

/*
 *     d_z[k] = p[k] - (k == label)
 */
void loss_backward(const REAL *probabilities, int label, REAL *d_logits)
{
	for (int i = 0; i < MODEL_CLASSES; i++)
		d_logits[i] = probabilities[i] - (REAL)(i == label);
}
