/* SPDX-License-Identifier: MIT */
/* conv1, pool1, conv2, pool2, of one block of samples. */
#include "stack_inside.h"

/* ---- Layouts and memories ---- */

/* A map of the block in any layout; to be freed. */
static LAYOUT map_any(const struct block *block, int channels, int side)
{
	return layout_new(4, (dnnl_dim_t[]){(dnnl_dim_t)block->samples, channels, side, side},
	                  dnnl_format_tag_any);
}

/* The first block is the largest: its buffer is large enough for all. */
static dnnl_memory_t passing_map(struct builder *builder, enum passing which, LAYOUT layout)
{
	struct store *store = &builder->stack->store;

	if (builder->passing[which] == NULL)
		builder->passing[which] = store_bytes(store, dnnl_memory_desc_get_size(layout));
	return store_view(store, layout, builder->passing[which]);
}

/* The block's part of a map of the whole batch: as a memory of the block's own layout where that is a
 * contiguous part of the whole, which it nearly always is; else NULL. */
static dnnl_memory_t part_in_place(struct builder *builder, const struct block *block,
                                   dnnl_memory_t whole, LAYOUT own)
{
	const struct model *model = builder->parameters->model;
	const dnnl_dim_t side = model->pool2_side;
	const dnnl_dim_t dims[] = {(dnnl_dim_t)block->samples, model->shape.filters2, side, side};
	LAYOUT part = layout_part(memory_layout(whole), 4, dims, (dnnl_dim_t[]){0, 0, 0, 0});
	const bool same = dnnl_memory_desc_equal(part, own) != 0;
	const size_t bytes = dnnl_memory_desc_get_size(own) / block->samples * block->from;

	layout_free(part);
	return same ? store_view(&builder->stack->store, own, (char *)memory_data(whole) + bytes)
	            : NULL;
}

/* The same as a memory that only reorders can read and write. */
static dnnl_memory_t part_of(struct builder *builder, const struct block *block,
                             dnnl_memory_t whole)
{
	const struct model *model = builder->parameters->model;
	const dnnl_dim_t side = model->pool2_side;
	const dnnl_dim_t dims[] = {(dnnl_dim_t)block->samples, model->shape.filters2, side, side};
	LAYOUT part = layout_part(memory_layout(whole), 4, dims,
	                          (dnnl_dim_t[]){(dnnl_dim_t)block->from, 0, 0, 0});
	dnnl_memory_t view = store_view(&builder->stack->store, part, memory_data(whole));

	layout_free(part);
	return view;
}

/* ---- Forward ---- */

static dnnl_primitive_desc_t conv_plan(struct builder *builder, enum tensor_id weight,
                                       LAYOUT source, LAYOUT result)
{
	LAYOUT weights = tensor_any(builder, weight);
	LAYOUT bias = tensor_any(builder, (enum tensor_id)(weight + 1));
	dnnl_primitive_desc_t conv = described(
		builder, conv_forward,
		&(struct call){.attributes = builder->fused, .tensors = {source, weights, bias, result}});

	layout_free(weights);
	layout_free(bias);
	return conv;
}

static dnnl_memory_t conv_build(struct builder *builder, dnnl_primitive_desc_t conv,
                                enum tensor_id weight, dnnl_memory_t source, enum passing result)
{
	struct sequence *forward = &builder->stack->forward;
	struct store *store = &builder->stack->store;
	const enum tensor_id bias = (enum tensor_id)(weight + 1);
	const dnnl_exec_arg_t arguments[] = {
		{DNNL_ARG_SRC, sequence_as(forward, store, source, wanted(conv, dnnl_query_src_md, 0))},
		{DNNL_ARG_WEIGHTS,
	     weight_as(builder, forward, weight, wanted(conv, dnnl_query_weights_md, 0))},
		{DNNL_ARG_BIAS, weight_as(builder, forward, bias, wanted(conv, dnnl_query_weights_md, 1))},
		{DNNL_ARG_DST, passing_map(builder, result, wanted(conv, dnnl_query_dst_md, 0))},
		{0, NULL},
	};

	sequence_add(forward, store, conv, arguments);
	return arguments[3].memory;
}

/* `workspace`: made where training wants it, else NULL. */
static void pool_build(struct builder *builder, dnnl_primitive_desc_t pool, dnnl_memory_t source,
                       dnnl_memory_t result, dnnl_memory_t *workspace)
{
	struct store *store = &builder->stack->store;

	*workspace = builder->stack->training
	                 ? store_memory(store, wanted(pool, dnnl_query_workspace_md, 0))
	                 : NULL;
	sequence_add(&builder->stack->forward, store, pool,
	             (const dnnl_exec_arg_t[]){{DNNL_ARG_SRC, source},
	                                       {DNNL_ARG_DST, result},
	                                       {DNNL_ARG_WORKSPACE, *workspace},
	                                       {0, NULL}});
}

static dnnl_primitive_desc_t pool_plan(struct builder *builder, const struct block *block,
                                       dnnl_primitive_desc_t conv, int channels, int side)
{
	LAYOUT result = map_any(block, channels, side);
	dnnl_primitive_desc_t pool =
		described(builder, pool_forward,
	              &(struct call){.tensors = {wanted(conv, dnnl_query_dst_md, 0), result}});

	layout_free(result);
	return pool;
}

static void layer1_build(struct builder *builder, struct block *block)
{
	const struct model *model = builder->parameters->model;
	struct stack *stack = builder->stack;
	const dnnl_dim_t dims[] = {(dnnl_dim_t)block->samples, 1, MODEL_SIDE, MODEL_SIDE};
	LAYOUT plain = layout_new(4, dims, dnnl_abcd);
	LAYOUT result = map_any(block, model->shape.filters1, model->conv1_side);

	block->image = store_view(&stack->store, plain, stack->images + block->from * MODEL_PIXELS);
	block->conv1 = conv_plan(builder, CONV1_WEIGHT, plain, result);
	block->pool1 =
		pool_plan(builder, block, block->conv1, model->shape.filters1, model->pool1_side);
	layout_free(plain);
	layout_free(result);

	block->map1 = store_memory(&stack->store, wanted(block->pool1, dnnl_query_dst_md, 0));
	dnnl_memory_t map = conv_build(builder, block->conv1, CONV1_WEIGHT, block->image, CONV1_MAP);
	pool_build(builder, block->pool1, map, block->map1, &block->workspace1);
}

static void layer2_build(struct builder *builder, struct block *block)
{
	const struct model *model = builder->parameters->model;
	struct stack *stack = builder->stack;
	LAYOUT source = map_any(block, model->shape.filters1, model->pool1_side);
	LAYOUT result = map_any(block, model->shape.filters2, model->conv2_side);

	block->conv2 = conv_plan(builder, CONV2_WEIGHT, source, result);
	block->pool2 =
		pool_plan(builder, block, block->conv2, model->shape.filters2, model->pool2_side);
	layout_free(source);
	layout_free(result);

	LAYOUT own = wanted(block->pool2, dnnl_query_dst_md, 0);
	dnnl_memory_t map = conv_build(builder, block->conv2, CONV2_WEIGHT, block->map1, CONV2_MAP);
	block->map2 = part_in_place(builder, block, builder->flat, own);
	if (block->map2 != NULL) {
		pool_build(builder, block->pool2, map, block->map2, &block->workspace2);
		return;
	}
	block->map2 = store_memory(&stack->store, own);
	pool_build(builder, block->pool2, map, block->map2, &block->workspace2);
	sequence_copy(&stack->forward, &stack->store, block->map2,
	              part_of(builder, block, builder->flat));
}

void maps_build_forward(struct builder *builder, struct block *block)
{
	layer1_build(builder, block);
	layer2_build(builder, block);
}

/* ---- Backward ---- */

static dnnl_memory_t pool_build_backward(struct builder *builder, dnnl_primitive_desc_t conv,
                                         dnnl_primitive_desc_t pool, dnnl_memory_t delta,
                                         dnnl_memory_t workspace, enum passing which)
{
	LAYOUT layout = wanted(conv, dnnl_query_dst_md, 0);
	dnnl_primitive_desc_t data = described(
		builder, pool_data,
		&(struct call){.hint = pool, .tensors = {layout, wanted(pool, dnnl_query_dst_md, 0)}});
	dnnl_memory_t spread = passing_map(builder, which, layout);

	sequence_add(&builder->stack->backward, &builder->stack->store, data,
	             (const dnnl_exec_arg_t[]){{DNNL_ARG_DIFF_DST, delta},
	                                       {DNNL_ARG_WORKSPACE, workspace},
	                                       {DNNL_ARG_DIFF_SRC, spread},
	                                       {0, NULL}});
	return spread;
}

/* All layouts are the primitive's choice: for one channel in the plain layout of the images oneDNN 2 has
 * nothing but its reference, which is a thousand times slower. */
static dnnl_primitive_desc_t conv_plan_weights(struct builder *builder, const struct block *block,
                                               dnnl_primitive_desc_t conv, enum tensor_id weight)
{
	const struct model *model = builder->parameters->model;
	const bool first = weight == CONV1_WEIGHT;
	LAYOUT source = first ? map_any(block, 1, MODEL_SIDE)
	                      : map_any(block, model->shape.filters1, model->pool1_side);
	LAYOUT delta = first ? map_any(block, model->shape.filters1, model->conv1_side)
	                     : map_any(block, model->shape.filters2, model->conv2_side);
	LAYOUT any = tensor_any(builder, weight);
	LAYOUT bias = tensor_any(builder, (enum tensor_id)(weight + 1));
	dnnl_primitive_desc_t weights = described(
		builder, conv_weights, &(struct call){.hint = conv, .tensors = {source, any, bias, delta}});

	layout_free(source);
	layout_free(delta);
	layout_free(any);
	layout_free(bias);
	return weights;
}

static void conv_build_weights(struct builder *builder, const struct block *block,
                               dnnl_primitive_desc_t conv, enum tensor_id weight,
                               dnnl_memory_t source, dnnl_memory_t delta)
{
	struct sequence *backward = &builder->stack->backward;
	struct store *store = &builder->stack->store;
	dnnl_primitive_desc_t weights = conv_plan_weights(builder, block, conv, weight);
	dnnl_memory_t d_weight = store_memory(store, wanted(weights, dnnl_query_diff_weights_md, 0));
	dnnl_memory_t d_bias = store_memory(store, wanted(weights, dnnl_query_diff_weights_md, 1));
	const dnnl_exec_arg_t arguments[] = {
		{DNNL_ARG_SRC, sequence_as(backward, store, source, wanted(weights, dnnl_query_src_md, 0))},
		{DNNL_ARG_DIFF_DST,
	     sequence_as(backward, store, delta, wanted(weights, dnnl_query_diff_dst_md, 0))},
		{DNNL_ARG_DIFF_WEIGHTS, d_weight},
		{DNNL_ARG_DIFF_BIAS, d_bias},
		{0, NULL},
	};

	sequence_add(backward, store, weights, arguments);
	gradient_add(builder, weight, d_weight);
	gradient_add(builder, (enum tensor_id)(weight + 1), d_bias);
}

static dnnl_memory_t conv2_build_data(struct builder *builder, const struct block *block,
                                      dnnl_memory_t delta)
{
	struct sequence *backward = &builder->stack->backward;
	LAYOUT weight = tensor_any(builder, CONV2_WEIGHT);
	dnnl_primitive_desc_t data = described(
		builder, conv_data,
		&(struct call){.hint = block->conv2,
	                   .tensors = {memory_layout(block->map1), weight, memory_layout(delta)}});
	dnnl_memory_t d_map1 = passing_map(builder, POOL1_DELTA, memory_layout(block->map1));
	dnnl_memory_t weights =
		weight_as(builder, backward, CONV2_WEIGHT, wanted(data, dnnl_query_weights_md, 0));

	sequence_add(backward, &builder->stack->store, data,
	             (const dnnl_exec_arg_t[]){{DNNL_ARG_DIFF_DST, delta},
	                                       {DNNL_ARG_WEIGHTS, weights},
	                                       {DNNL_ARG_DIFF_SRC, d_map1},
	                                       {0, NULL}});
	layout_free(weight);
	return gate(builder, block->map1, d_map1);
}

void maps_build_backward(struct builder *builder, const struct block *block)
{
	struct stack *stack = builder->stack;
	LAYOUT own = memory_layout(block->map2);
	dnnl_memory_t delta = part_in_place(builder, block, builder->delta_flat, own);

	if (delta == NULL)
		delta = sequence_as(&stack->backward, &stack->store,
		                    part_of(builder, block, builder->delta_flat), own);
	delta = pool_build_backward(builder, block->conv2, block->pool2, delta, block->workspace2,
	                            CONV2_DELTA);
	conv_build_weights(builder, block, block->conv2, CONV2_WEIGHT, block->map1, delta);
	delta = conv2_build_data(builder, block, delta);
	delta = pool_build_backward(builder, block->conv1, block->pool1, delta, block->workspace1,
	                            CONV1_DELTA);
	conv_build_weights(builder, block, block->conv1, CONV1_WEIGHT, block->image, delta);
}
