/* SPDX-License-Identifier: MIT */
/*
 * The reference in float32 once more (core/reference.h has the manual), with layers_active for
 * its layers: those are the process's, so that one engine works at a time.
 */
#ifndef SELFTEST_ENGINE_H
#define SELFTEST_ENGINE_H

#include "core/reference.h"

struct engine;

struct engine *engine_new(const struct model *model, int threads);
void engine_free(struct engine *engine);
void engine_set_float(struct engine *engine, const float *weights);
void engine_gradient(struct engine *engine, const struct reference_data *data,
                     const uint32_t *index, size_t n, double *gradient,
                     struct reference_stats *stats);
void engine_eval(struct engine *engine, const struct reference_data *data, const uint32_t *index,
                 size_t n, struct reference_stats *stats);

#endif
