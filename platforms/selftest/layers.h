/* SPDX-License-Identifier: MIT */
/* The reference's layers (core/reference_layers.h) in float32, as a table whose members a fault or a
 * variant replaces. */
#ifndef SELFTEST_LAYERS_H
#define SELFTEST_LAYERS_H

#define REAL float
#include "core/reference_layers.h"

#include <stdbool.h>

/* In a deviation a member that is NULL stands for the plain one. */
struct layers {
	void (*input)(const uint8_t *pixels, float *out);
	void (*convolution)(const struct convolution *shape, const float *in, const float *weight,
	                    const float *bias, float *out);
	void (*convolution_back)(const struct convolution *shape, const float *in, const float *weight,
	                         const float *d_out, float *d_weight, float *d_bias, float *d_in);
	void (*relu)(size_t count, const float *in, float *out);
	void (*relu_back)(size_t count, const float *out, const float *d_out, float *d_in);
	void (*pool)(size_t channels, size_t in_side, const float *in, float *out, uint32_t *winner);
	void (*pool_back)(size_t channels, size_t in_side, const float *d_out, const uint32_t *winner,
	                  float *d_in);
	void (*dense)(size_t inputs, size_t outputs, const float *in, const float *weight,
	              const float *bias, float *out);
	void (*dense_back)(size_t inputs, size_t outputs, const float *in, const float *weight,
	                   const float *d_out, float *d_weight, float *d_bias, float *d_in);
	float (*loss)(const float *logits, int label, float *probabilities);
	void (*loss_back)(const float *probabilities, int label, float *d_logits);
	int (*prediction)(const float *logits);
};

extern const struct layers layers_plain;
extern const struct layers layers_fused; /* contracted: for some processors only */

/* What the engine works with.  Set before its threads begin. */
extern struct layers layers_active;

/* The plain layers, or the fused ones where this processor has them, but the members of `changed` that
 * are not NULL in their place.  `changed` NULL: none. */
void layers_use(bool fused, const struct layers *changed);

#endif
