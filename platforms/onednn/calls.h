/* SPDX-License-Identifier: MIT */
/*
 * The calls whose form differs between oneDNN 2 and 3: calls_2.c and calls_3.c, of which the build
 * compiles one.  A layout is a pointer to a memory descriptor in both.
 *
 * All maps are [sample][channel][y][x] by their dimensions, whatever their layout; all pools are 2x2
 * with stride 2; all convolutions are direct, without padding, with stride 1.  Whatever fails ends
 * the worker.
 */
#ifndef ONEDNN_CALLS_H
#define ONEDNN_CALLS_H

#include <stdbool.h>

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

#if DNNL_VERSION_MAJOR == 2
#define LAYOUT const dnnl_memory_desc_t *
#else
#define LAYOUT const_dnnl_memory_desc_t
#endif

/* Dies where `status` is not success; `what`: the call that gave it. */
void must(dnnl_status_t status, const char *what);

/* float32; "any": the primitive that is made with it chooses.  Freed with layout_free. */
LAYOUT layout_new(int rank, const dnnl_dim_t *dims, dnnl_format_tag_t tag);
/* The first `samples` of the layout. */
LAYOUT layout_part(LAYOUT whole, int rank, const dnnl_dim_t *dims, const dnnl_dim_t *offsets);
void layout_free(LAYOUT layout);

/* Scratchpads are the caller's, arithmetic is strict float32; `relu`: fused behind the operation. */
dnnl_primitive_attr_t attributes_new(bool relu);

/* What the descriptors below are made of: tensors in the order in which the functions name them. */
struct call {
	dnnl_engine_t engine;
	dnnl_prop_kind_t kind; /* of forward calls */
	const_dnnl_primitive_attr_t attributes;
	const_dnnl_primitive_desc_t hint; /* of backward calls: the forward one */
	LAYOUT tensors[4];
};

dnnl_primitive_desc_t conv_forward(const struct call *call); /* source, weight, bias, result */
dnnl_primitive_desc_t conv_data(const struct call *call);    /* d source, weight, d result */
dnnl_primitive_desc_t
conv_weights(const struct call *call); /* source, d weight, d bias, d result */
dnnl_primitive_desc_t dense_forward(const struct call *call); /* as the convolutions' */
dnnl_primitive_desc_t dense_data(const struct call *call);
dnnl_primitive_desc_t dense_weights(const struct call *call);
dnnl_primitive_desc_t pool_forward(const struct call *call); /* source, result */
dnnl_primitive_desc_t pool_data(const struct call *call);    /* d source, d result */
dnnl_primitive_desc_t relu_forward(const struct call *call); /* result, also the source */
dnnl_primitive_desc_t relu_data(const struct call *call);    /* result, d result */

#endif
