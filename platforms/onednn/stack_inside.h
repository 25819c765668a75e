/* SPDX-License-Identifier: MIT */
/* How a stack is built: stack.c what all layers need, maps.c the convolutions and pools of a block,
 * dense.c the dense layers of the whole batch. */
#ifndef ONEDNN_STACK_INSIDE_H
#define ONEDNN_STACK_INSIDE_H

#include "stack.h"

/* Of one block.  What the backward pass reads is the block's own. */
struct block {
	size_t from, samples;
	dnnl_primitive_desc_t conv1, pool1, conv2, pool2;
	dnnl_memory_t image, map1, map2, workspace1, workspace2;
};

/* Maps that only the next primitive reads: one buffer for all blocks. */
enum passing { CONV1_MAP, CONV2_MAP, CONV1_DELTA, CONV2_DELTA, POOL1_DELTA, PASSING_COUNT };

struct builder {
	struct parameters *parameters;
	struct stack *stack;
	dnnl_primitive_attr_t bare, fused; /* fused: with a ReLU behind */
	struct block *blocks;
	size_t block_count;
	void *passing[PASSING_COUNT];
	dnnl_primitive_desc_t fc1, fc2;
	dnnl_memory_t flat, delta_flat; /* pool2's of the whole batch, as fc1 wants it, and its delta */
	dnnl_memory_t hidden, logits;
};

/* Made with the call's tensors, hint and attributes (NULL: bare); the stack's. */
dnnl_primitive_desc_t described(struct builder *builder,
                                dnnl_primitive_desc_t (*make)(const struct call *call),
                                const struct call *call);
/* A layout of any form for a tensor of the parameters (biases: plain); to be freed. */
LAYOUT tensor_any(const struct builder *builder, enum tensor_id id);
/* The tensor in that layout at this point of the sequence. */
dnnl_memory_t weight_as(struct builder *builder, struct sequence *sequence, enum tensor_id id,
                        LAYOUT layout);
/* One more term of the tensor's gradient. */
void gradient_add(struct builder *builder, enum tensor_id id, dnnl_memory_t gradient);
/* The delta in the result's layout, zero where a ReLU's result is zero. */
dnnl_memory_t gate(struct builder *builder, dnnl_memory_t result, dnnl_memory_t delta);

/* fc1's descriptor and `flat`, which the blocks write to. */
void dense_plan(struct builder *builder);
void dense_build_forward(struct builder *builder);
void dense_build_backward(struct builder *builder);
void maps_build_forward(struct builder *builder, struct block *block);
void maps_build_backward(struct builder *builder, const struct block *block);

#endif
