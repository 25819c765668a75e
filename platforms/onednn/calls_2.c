/* SPDX-License-Identifier: MIT */
/* oneDNN 2: an operation is described first, and a primitive descriptor made from that. */
#include "calls.h"

#include "core/memory.h"

#include <stdint.h>
#include <stdlib.h>

static const dnnl_dims_t ones = {1, 1}, zeros = {0, 0}, twos = {2, 2};

LAYOUT layout_new(int rank, const dnnl_dim_t *dims, dnnl_format_tag_t tag)
{
	dnnl_memory_desc_t *layout = memory_new(1, sizeof(*layout));

	must(dnnl_memory_desc_init_by_tag(layout, rank, dims, dnnl_f32, tag), "layout");
	return layout;
}

LAYOUT layout_part(LAYOUT whole, int rank, const dnnl_dim_t *dims, const dnnl_dim_t *offsets)
{
	dnnl_memory_desc_t *layout = memory_new(1, sizeof(*layout));

	(void)rank;
	must(dnnl_memory_desc_init_submemory(layout, whole, dims, offsets), "part of a layout");
	return layout;
}

void layout_free(LAYOUT layout)
{
	free((void *)(uintptr_t)layout);
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
	must(dnnl_post_ops_append_eltwise(behind, 1.0F, dnnl_eltwise_relu, 0.0F, 0.0F), "fused ReLU");
	must(dnnl_primitive_attr_set_post_ops(attributes, behind), "fused ReLU");
	must(dnnl_post_ops_destroy(behind), "fused ReLU");
	return attributes;
}

static dnnl_primitive_desc_t described(const struct call *call, const_dnnl_op_desc_t operation,
                                       const char *what)
{
	dnnl_primitive_desc_t made;

	must(dnnl_primitive_desc_create(&made, operation, call->attributes, call->engine, call->hint),
	     what);
	return made;
}

dnnl_primitive_desc_t conv_forward(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_convolution_desc_t operation;

	must(dnnl_convolution_forward_desc_init(&operation, call->kind, dnnl_convolution_direct, t[0],
	                                        t[1], t[2], t[3], ones, zeros, zeros),
	     "convolution");
	return described(call, &operation, "convolution");
}

dnnl_primitive_desc_t conv_data(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_convolution_desc_t operation;

	must(dnnl_convolution_backward_data_desc_init(&operation, dnnl_convolution_direct, t[0], t[1],
	                                              t[2], ones, zeros, zeros),
	     "convolution's input");
	return described(call, &operation, "convolution's input");
}

dnnl_primitive_desc_t conv_weights(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_convolution_desc_t operation;

	must(dnnl_convolution_backward_weights_desc_init(&operation, dnnl_convolution_direct, t[0],
	                                                 t[1], t[2], t[3], ones, zeros, zeros),
	     "convolution's weights");
	return described(call, &operation, "convolution's weights");
}

dnnl_primitive_desc_t dense_forward(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_inner_product_desc_t operation;

	must(dnnl_inner_product_forward_desc_init(&operation, call->kind, t[0], t[1], t[2], t[3]),
	     "dense layer");
	return described(call, &operation, "dense layer");
}

dnnl_primitive_desc_t dense_data(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_inner_product_desc_t operation;

	must(dnnl_inner_product_backward_data_desc_init(&operation, t[0], t[1], t[2]),
	     "dense layer's input");
	return described(call, &operation, "dense layer's input");
}

dnnl_primitive_desc_t dense_weights(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_inner_product_desc_t operation;

	must(dnnl_inner_product_backward_weights_desc_init(&operation, t[0], t[1], t[2], t[3]),
	     "dense layer's weights");
	return described(call, &operation, "dense layer's weights");
}

dnnl_primitive_desc_t pool_forward(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_pooling_desc_t operation;

	must(dnnl_pooling_forward_desc_init(&operation, call->kind, dnnl_pooling_max, t[0], t[1], twos,
	                                    twos, zeros, zeros),
	     "pool");
	return described(call, &operation, "pool");
}

dnnl_primitive_desc_t pool_data(const struct call *call)
{
	LAYOUT const *t = call->tensors;
	dnnl_pooling_desc_t operation;

	must(dnnl_pooling_backward_desc_init(&operation, dnnl_pooling_max, t[0], t[1], twos, twos,
	                                     zeros, zeros),
	     "pool's input");
	return described(call, &operation, "pool's input");
}

dnnl_primitive_desc_t relu_forward(const struct call *call)
{
	dnnl_eltwise_desc_t operation;

	must(dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_training,
	                                    dnnl_eltwise_relu_use_dst_for_bwd, call->tensors[0], 0.0F,
	                                    0.0F),
	     "ReLU");
	return described(call, &operation, "ReLU");
}

dnnl_primitive_desc_t relu_data(const struct call *call)
{
	dnnl_eltwise_desc_t operation;

	must(dnnl_eltwise_backward_desc_init(&operation, dnnl_eltwise_relu_use_dst_for_bwd,
	                                     call->tensors[1], call->tensors[0], 0.0F, 0.0F),
	     "ReLU's input");
	return described(call, &operation, "ReLU's input");
}
