/* SPDX-License-Identifier: MIT */
/*
 * The layers of the reference, one sample at a time; forward and backward of each.
 *
 * Images are [channel][y][x], weights [out][in][...], all row-major.  d_x is the gradient of the
 * loss with respect to x.  Gradients of weights and biases (d_weight, d_bias) are added to what is
 * there, as they are sums over samples; all other results are overwritten.
 */
#ifndef CORE_REFERENCE_LAYERS_H
#define CORE_REFERENCE_LAYERS_H

#include <stddef.h>
#include <stdint.h>

/* The type of all numbers. */
#ifndef REAL
#define REAL double
#endif

/* A valid convolution with stride 1: channels x in_side^2 -> filters x out_side^2. */
struct convolution {
	size_t channels, filters, fsize, in_side, out_side;
};

/* Standardised pixels. */
void input_forward(const uint8_t *pixels, REAL *out);

void convolution_forward(const struct convolution *shape, const REAL *in, const REAL *weight,
                         const REAL *bias, REAL *out);
/* d_in may be NULL: the network's input needs no gradient. */
void convolution_backward(const struct convolution *shape, const REAL *in, const REAL *weight,
                          const REAL *d_out, REAL *d_weight, REAL *d_bias, REAL *d_in);

void relu_forward(size_t count, const REAL *in, REAL *out);
void relu_backward(size_t count, const REAL *out, const REAL *d_out, REAL *d_in);

/* Max pooling 2x2, stride 2; an odd last row and column are dropped.  winner[i] is where output i
 * was found in `in`: of several maxima the first in row-major order. */
void pool_forward(size_t channels, size_t in_side, const REAL *in, REAL *out, uint32_t *winner);
void pool_backward(size_t channels, size_t in_side, const REAL *d_out, const uint32_t *winner,
                   REAL *d_in);

void dense_forward(size_t inputs, size_t outputs, const REAL *in, const REAL *weight,
                   const REAL *bias, REAL *out);
void dense_backward(size_t inputs, size_t outputs, const REAL *in, const REAL *weight,
                    const REAL *d_out, REAL *d_weight, REAL *d_bias, REAL *d_in);

/* The cross-entropy of softmax(logits) against the label; returned.  d_logits is its gradient. */
REAL loss_forward(const REAL *logits, int label, REAL *probabilities);
void loss_backward(const REAL *probabilities, int label, REAL *d_logits);

/* The class with the largest logit, the first of several. */
int loss_prediction(const REAL *logits);

#endif
