/* SPDX-License-Identifier: MIT */
/* fc1 and fc2, of the whole batch.  fc1 reads maps, [sample][channel][y][x] in any layout. */
#include "stack_inside.h"

static dnnl_primitive_desc_t plan_layer(struct builder *builder, enum tensor_id weight,
                                        LAYOUT source, LAYOUT result, bool relu)
{
	LAYOUT weights = tensor_any(builder, weight);
	LAYOUT bias = tensor_any(builder, (enum tensor_id)(weight + 1));
	dnnl_primitive_desc_t layer =
		described(builder, dense_forward,
	              &(struct call){.attributes = relu ? builder->fused : NULL,
	                             .tensors = {source, weights, bias, result}});

	layout_free(weights);
	layout_free(bias);
	return layer;
}

void dense_plan(struct builder *builder)
{
	const struct model *model = builder->parameters->model;
	struct stack *stack = builder->stack;
	const dnnl_dim_t samples = (dnnl_dim_t)stack->samples, side = model->pool2_side;
	LAYOUT flat = layout_new(4, (dnnl_dim_t[]){samples, model->shape.filters2, side, side},
	                         dnnl_format_tag_any);
	LAYOUT hidden = layout_new(2, (dnnl_dim_t[]){samples, model->shape.hidden}, dnnl_ab);
	LAYOUT logits = layout_new(2, (dnnl_dim_t[]){samples, MODEL_CLASSES}, dnnl_ab);

	builder->fc1 = plan_layer(builder, FC1_WEIGHT, flat, hidden, true);
	builder->fc2 = plan_layer(builder, FC2_WEIGHT, hidden, logits, false);
	builder->flat = store_memory(&stack->store, wanted(builder->fc1, dnnl_query_src_md, 0));
	builder->hidden = store_memory(&stack->store, hidden);
	builder->logits = store_memory(&stack->store, logits);
	stack->logits = memory_data(builder->logits);
	layout_free(flat);
	layout_free(hidden);
	layout_free(logits);
}

static void build_layer(struct builder *builder, dnnl_primitive_desc_t layer, enum tensor_id weight,
                        dnnl_memory_t source, dnnl_memory_t result)
{
	struct sequence *forward = &builder->stack->forward;
	const enum tensor_id bias = (enum tensor_id)(weight + 1);
	dnnl_memory_t weights =
		weight_as(builder, forward, weight, wanted(layer, dnnl_query_weights_md, 0));
	dnnl_memory_t biases =
		weight_as(builder, forward, bias, wanted(layer, dnnl_query_weights_md, 1));

	sequence_add(forward, &builder->stack->store, layer,
	             (const dnnl_exec_arg_t[]){{DNNL_ARG_SRC, source},
	                                       {DNNL_ARG_WEIGHTS, weights},
	                                       {DNNL_ARG_BIAS, biases},
	                                       {DNNL_ARG_DST, result},
	                                       {0, NULL}});
}

void dense_build_forward(struct builder *builder)
{
	build_layer(builder, builder->fc1, FC1_WEIGHT, builder->flat, builder->hidden);
	build_layer(builder, builder->fc2, FC2_WEIGHT, builder->hidden, builder->logits);
}

static void build_weights(struct builder *builder, dnnl_primitive_desc_t layer,
                          enum tensor_id weight, dnnl_memory_t source, dnnl_memory_t delta)
{
	struct store *store = &builder->stack->store;
	LAYOUT any = tensor_any(builder, weight);
	LAYOUT bias = tensor_any(builder, (enum tensor_id)(weight + 1));
	dnnl_primitive_desc_t weights = described(
		builder, dense_weights,
		&(struct call){.hint = layer,
	                   .tensors = {memory_layout(source), any, bias, memory_layout(delta)}});
	dnnl_memory_t d_weight = store_memory(store, wanted(weights, dnnl_query_diff_weights_md, 0));
	dnnl_memory_t d_bias = store_memory(store, bias);

	sequence_add(&builder->stack->backward, store, weights,
	             (const dnnl_exec_arg_t[]){{DNNL_ARG_SRC, source},
	                                       {DNNL_ARG_DIFF_DST, delta},
	                                       {DNNL_ARG_DIFF_WEIGHTS, d_weight},
	                                       {DNNL_ARG_DIFF_BIAS, d_bias},
	                                       {0, NULL}});
	gradient_add(builder, weight, d_weight);
	gradient_add(builder, (enum tensor_id)(weight + 1), d_bias);
	layout_free(any);
	layout_free(bias);
}

/* The delta of the layer's source, gated by the ReLU that made it, in the source's layout. */
static dnnl_memory_t build_data(struct builder *builder, dnnl_primitive_desc_t layer,
                                enum tensor_id weight, dnnl_memory_t source, dnnl_memory_t delta)
{
	struct sequence *backward = &builder->stack->backward;
	LAYOUT any = tensor_any(builder, weight);
	dnnl_primitive_desc_t data =
		described(builder, dense_data,
	              &(struct call){.hint = layer,
	                             .tensors = {memory_layout(source), any, memory_layout(delta)}});
	dnnl_memory_t weights =
		weight_as(builder, backward, weight, wanted(data, dnnl_query_weights_md, 0));
	dnnl_memory_t d_source = store_memory(&builder->stack->store, memory_layout(source));

	sequence_add(backward, &builder->stack->store, data,
	             (const dnnl_exec_arg_t[]){{DNNL_ARG_DIFF_DST, delta},
	                                       {DNNL_ARG_WEIGHTS, weights},
	                                       {DNNL_ARG_DIFF_SRC, d_source},
	                                       {0, NULL}});
	layout_free(any);
	return gate(builder, source, d_source);
}

void dense_build_backward(struct builder *builder)
{
	dnnl_memory_t delta = builder->logits;

	build_weights(builder, builder->fc2, FC2_WEIGHT, builder->hidden, delta);
	delta = build_data(builder, builder->fc2, FC2_WEIGHT, builder->hidden, delta);
	build_weights(builder, builder->fc1, FC1_WEIGHT, builder->flat, delta);
	builder->delta_flat = build_data(builder, builder->fc1, FC1_WEIGHT, builder->flat, delta);
}
