/* SPDX-License-Identifier: MIT */
/*
 * Weights and momentum, each tensor in the layout that the first forward primitive asked for.  They
 * stay in it; only `read` and `reset` know the model's.  What a layout pads is zero, and stays so:
 * gradients are zero there.
 */
#ifndef ONEDNN_PARAMETERS_H
#define ONEDNN_PARAMETERS_H

#include "sequence.h"

#include "core/model.h"

struct parameters {
	const struct model *model;
	dnnl_stream_t stream;
	struct store store;
	struct sequence in, out; /* between the model's layout and ours */
	float *plain;            /* the model's vector of parameters */
	dnnl_memory_t weight[TENSOR_COUNT];
	float *velocity[TENSOR_COUNT];
	size_t floats[TENSOR_COUNT]; /* with padding */
};

void parameters_open(struct parameters *parameters, const struct model *model, dnnl_engine_t engine,
                     dnnl_stream_t stream);
/* The tensor, made in that layout if it is the first call for it. */
dnnl_memory_t parameters_tensor(struct parameters *parameters, enum tensor_id id, LAYOUT layout);
/* After the last tensor was made. */
void parameters_finish(struct parameters *parameters);
void parameters_set(struct parameters *parameters, const float *init); /* momentum: zero */
void parameters_get(struct parameters *parameters, float *weights);
/* v = momentum v + g; w -= rate v; g: the sum of `terms` arrays. */
void parameters_update(struct parameters *parameters, enum tensor_id id, float *const *gradients,
                       size_t terms, float rate, float momentum);
void parameters_close(struct parameters *parameters);

/* The tensor's dimensions as oneDNN has them: fc1.weight has rank 4, its input being maps. */
int tensor_dims(const struct model *model, enum tensor_id id, dnnl_dim_t dims[4]);
/* The layout of arrays in C. */
dnnl_format_tag_t plain_tag(int rank);

#endif
