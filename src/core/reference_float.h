/* SPDX-License-Identifier: MIT */
/*
 * The reference in float32: the same source (core/reference.h), the same order of sums, other names.
 * Its distance from the float64 reference is what rounding alone makes of a job.
 */
#ifndef CORE_REFERENCE_FLOAT_H
#define CORE_REFERENCE_FLOAT_H

#include "core/reference.h"

struct reference_float;

struct reference_float *reference_float_new(const struct model *model, int threads);
void reference_float_free(struct reference_float *reference);
void reference_float_set(struct reference_float *reference, const double *weights);
void reference_float_set_float(struct reference_float *reference, const float *weights);
void reference_float_get(const struct reference_float *reference, double *weights);
void reference_float_get_float(const struct reference_float *reference, float *weights);
void reference_float_step(struct reference_float *reference, const struct reference_data *data,
                          const uint32_t *index, size_t n, double lr, double momentum,
                          struct reference_stats *stats);

#endif
