/* SPDX-License-Identifier: MIT */
/* oneDNN 3: a primitive descriptor is made in one call; memory descriptors are opaque. */
#include "calls.h"

#include <stdint.h>

static const dnnl_dims_t ones = {1, 1}, zeros = {0, 0}, twos = {2, 2};

LAYOUT layout_new(int rank, const dnnl_dim_t *dims, dnnl_format_tag_t tag)
{
	dnnl_memory_desc_t layout;

	must(dnnl_memory_desc_create_with_tag(&layout, rank, dims, dnnl_f32, tag), "layout");
	return layout;
}

LAYOUT layout_part(LAYOUT whole, int rank, const dnnl_dim_t *dims, const dnnl_dim_t *offsets)
{
	dnnl_memory_desc_t layout;

	(void)rank;
	must(dnnl_memory_desc_create_submemory(&layout, whole, dims, offsets), "part of a layout");
	return layout;
}

void layout_free(LAYOUT layout)
{
	if (layout != NULL)
		must(dnnl_memory_desc_destroy((dnnl_memory_desc_t)(uintptr_t)layout), "layout");
}

dnnl_primitive_attr_t attributes_new(bool relu)
{
	dnnl_primitive_attr_t attributes;
	dnnl_post_ops_t behind;

	must(dnnl_primitive_attr_create(&attributes), "attributes");
	must(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user),
	     "scratchpad");
	must(dnnl_primitive_attr_set_fpmath_mode(attributes, dnnl_fpmath_mode_strict),
	     "strict float32");
	if (!relu)
		return attributes;
	must(dnnl_post_ops_create(&behind), "fused ReLU");
	must(dnnl_post_ops_append_eltwise(behind, dnnl_eltwise_relu, 0.0F, 0.0F), "fused ReLU");
	must(dnnl_primitive_attr_set_post_ops(attributes, behind), "fused ReLU");
	must(dnnl_post_ops_destroy(behind), "fused ReLU");
	return attributes;
}

dnnl_primitive_desc_t conv_forward(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_primitive_desc_t made;

	must(dnnl_convolution_forward_primitive_desc_create(
			 &made, call->engine, call->kind, dnnl_convolution_direct, t[0], t[1], t[2], t[3], ones,
			 zeros, zeros, zeros, call->attributes),
	     "convolution");
	return made;
}

dnnl_primitive_desc_t conv_data(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_primitive_desc_t made;

	must(dnnl_convolution_backward_data_primitive_desc_create(
			 &made, call->engine, dnnl_convolution_direct, t[0], t[1], t[2], ones, zeros, zeros,
			 zeros, call->hint, call->attributes),
	     "convolution's input");
	return made;
}

dnnl_primitive_desc_t conv_weights(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_primitive_desc_t made;

	must(dnnl_convolution_backward_weights_primitive_desc_create(
			 &made, call->engine, dnnl_convolution_direct, t[0], t[1], t[2], t[3], ones, zeros,
			 zeros, zeros, call->hint, call->attributes),
	     "convolution's weights");
	return made;
}

dnnl_primitive_desc_t dense_forward(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_primitive_desc_t made;

	must(dnnl_inner_product_forward_primitive_desc_create(&made, call->engine, call->kind, t[0],
	                                                      t[1], t[2], t[3], call->attributes),
	     "dense layer");
	return made;
}

dnnl_primitive_desc_t dense_data(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_primitive_desc_t made;

	must(dnnl_inner_product_backward_data_primitive_desc_create(&made, call->engine, t[0], t[1],
	                                                            t[2], call->hint, call->attributes),
	     "dense layer's input");
	return made;
}

dnnl_primitive_desc_t dense_weights(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_primitive_desc_t made;

	must(dnnl_inner_product_backward_weights_primitive_desc_create(
			 &made, call->engine, t[0], t[1], t[2], t[3], call->hint, call->attributes),
	     "dense layer's weights");
	return made;
}

dnnl_primitive_desc_t pool_forward(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_primitive_desc_t made;

	must(dnnl_pooling_forward_primitive_desc_create(&made, call->engine, call->kind,
	                                                dnnl_pooling_max, t[0], t[1], twos, twos, zeros,
	                                                zeros, zeros, call->attributes),
	     "pool");
	return made;
}

dnnl_primitive_desc_t pool_data(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_primitive_desc_t made;

	must(dnnl_pooling_backward_primitive_desc_create(&made, call->engine, dnnl_pooling_max, t[0],
	                                                 t[1], twos, twos, zeros, zeros, zeros,
	                                                 call->hint, call->attributes),
	     "pool's input");
	return made;
}

dnnl_primitive_desc_t relu_forward(const struct call *call)
{
	dnnl_primitive_desc_t made;

	must(dnnl_eltwise_forward_primitive_desc_create(
			 &made, call->engine, dnnl_forward_training, dnnl_eltwise_relu_use_dst_for_bwd,
			 call->tensors[0], call->tensors[0], 0.0F, 0.0F, call->attributes),
	     "ReLU");
	return made;
}

dnnl_primitive_desc_t relu_data(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_primitive_desc_t made;

	must(dnnl_eltwise_backward_primitive_desc_create(
			 &made, call->engine, dnnl_eltwise_relu_use_dst_for_bwd, t[1], t[1], t[0], 0.0F, 0.0F,
			 call->hint, call->attributes),
	     "ReLU's input");
	return made;
}
