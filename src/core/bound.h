/* SPDX-License-Identifier: MIT */
/*
 * The bound by which weights are judged.  For every tensor, Euclidean norms over its elements:
 *
 *     ||w - ref||  <=  BOUND_CHANGE ||ref - w0||  +  BOUND_ROUNDING ||ref||
 *
 * w: a worker's weights after the verification; ref: the reference's; w0: the initial ones.  The first
 * term allows float32's errors in the gradients, the second its rounding of the weights themselves.
 * docs/METHOD.md derives it; bench/verification_study measures both constants.
 */
#ifndef CORE_BOUND_H
#define CORE_BOUND_H

#include "core/model.h"

#include <stdbool.h>

#define BOUND_CHANGE 3e-5
#define BOUND_ROUNDING (16 * 0x1p-24)

/* Where the rounding term is more than this part of the change (by default, learning rates below some
 * 3e-5), it hides what a dropped sample does: 5e-3 of the change. */
#define BOUND_SHARP 5e-3

/* Of one tensor. */
struct distance {
	double difference; /* ||w - ref||; not finite where an element of w is not */
	double change;     /* ||ref - w0|| */
	double size;       /* ||ref|| */
};

/* Of all tensors.  `weights`, `reference`: P numbers; `init`: the initial weights as the job has them. */
void bound_measure(const struct model *model, const float *weights, const double *reference,
                   const float *init, struct distance out[TENSOR_COUNT]);

double bound_allowed(const struct distance *distance); /* the right side of the bound */
bool bound_holds(const struct distance *distance);     /* never where something is not finite */
bool bound_is_sharp(const struct distance *distance);  /* never where nothing changes */

/* difference/change and allowed/change: what people read.  NAN where nothing changes. */
double bound_measured(const struct distance *distance);
double bound_relative(const struct distance *distance);

#endif
