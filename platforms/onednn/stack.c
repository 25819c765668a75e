/* SPDX-License-Identifier: MIT */
#include "stack.h"

#include "core/memory.h"
#include "stack_inside.h"

#include <stdlib.h>

/* Samples of a block, and how many blocks at most (more samples in each then).  64: conv1's map
 * (1.4 MB at the default shape) is in the second or third cache when pool1 reads it. */
enum { BLOCK = 64, BLOCKS_MAX = 64 };

LAYOUT tensor_any(const struct builder *builder, enum tensor_id id)
{
	dnnl_dim_t dims[4];
	const int rank = tensor_dims(builder->parameters->model, id, dims);

	return layout_new(rank, dims, rank == 1 ? dnnl_a : dnnl_format_tag_any);
}

dnnl_primitive_desc_t described(struct builder *builder,
                                dnnl_primitive_desc_t (*make)(const struct call *call),
                                const struct call *call)
{
	struct call complete = *call;

	complete.engine = builder->stack->store.engine;
	complete.kind = builder->stack->training ? dnnl_forward_training : dnnl_forward_inference;
	if (complete.attributes == NULL)
		complete.attributes = builder->bare;
	return store_descriptor(&builder->stack->store, make(&complete));
}

dnnl_memory_t weight_as(struct builder *builder, struct sequence *sequence, enum tensor_id id,
                        LAYOUT layout)
{
	return sequence_as(sequence, &builder->stack->store,
	                   parameters_tensor(builder->parameters, id, layout), layout);
}

void gradient_add(struct builder *builder, enum tensor_id id, dnnl_memory_t gradient)
{
	struct stack *stack = builder->stack;
	LAYOUT layout = memory_layout(builder->parameters->weight[id]);
	dnnl_memory_t ours = sequence_as(&stack->backward, &stack->store, gradient, layout);

	stack->gradients[id] = memory_grow(stack->gradients[id], stack->terms[id] + 1, sizeof(float *));
	stack->gradients[id][stack->terms[id]++] = memory_data(ours);
}

dnnl_memory_t gate(struct builder *builder, dnnl_memory_t result, dnnl_memory_t delta)
{
	struct stack *stack = builder->stack;
	LAYOUT layout = memory_layout(result);
	dnnl_memory_t gated = sequence_as(&stack->backward, &stack->store, delta, layout);
	dnnl_primitive_desc_t forward =
		described(builder, relu_forward, &(struct call){.tensors = {layout}});
	dnnl_primitive_desc_t backward =
		described(builder, relu_data, &(struct call){.hint = forward, .tensors = {layout, layout}});

	sequence_add(&stack->backward, &stack->store, backward,
	             (const dnnl_exec_arg_t[]){{DNNL_ARG_DST, result},
	                                       {DNNL_ARG_DIFF_DST, gated},
	                                       {DNNL_ARG_DIFF_SRC, gated},
	                                       {0, NULL}});
	return gated;
}

static void blocks_cut(struct builder *builder)
{
	const size_t samples = builder->stack->samples;
	size_t size = BLOCK;

	while ((samples + size - 1) / size > BLOCKS_MAX)
		size *= 2;
	builder->block_count = (samples + size - 1) / size;
	builder->blocks = memory_new(builder->block_count, sizeof(*builder->blocks));
	for (size_t i = 0, from = 0; from < samples; i++, from += size)
		builder->blocks[i] =
			(struct block){.from = from, .samples = samples - from < size ? samples - from : size};
}

struct stack *stack_open(struct parameters *parameters, size_t samples, bool training)
{
	struct stack *stack = memory_new(1, sizeof(*stack));
	struct builder builder = {
		.parameters = parameters,
		.stack = stack,
		.bare = attributes_new(false),
		.fused = attributes_new(true),
	};

	*stack = (struct stack){
		.store = {.engine = parameters->store.engine},
		.samples = samples,
		.training = training,
	};
	stack->images = store_bytes(&stack->store, samples * MODEL_PIXELS * sizeof(float));
	blocks_cut(&builder);
	dense_plan(&builder);
	for (size_t i = 0; i < builder.block_count; i++)
		maps_build_forward(&builder, &builder.blocks[i]);
	dense_build_forward(&builder);
	if (training) {
		dense_build_backward(&builder);
		for (size_t i = 0; i < builder.block_count; i++)
			maps_build_backward(&builder, &builder.blocks[i]);
	}
	store_finish(&stack->store);
	free(builder.blocks);
	must(dnnl_primitive_attr_destroy(builder.bare), "attributes");
	must(dnnl_primitive_attr_destroy(builder.fused), "attributes");
	return stack;
}

void stack_close(struct stack *stack)
{
	for (int i = 0; i < TENSOR_COUNT; i++)
		free(stack->gradients[i]);
	sequence_free(&stack->forward);
	sequence_free(&stack->backward);
	store_free(&stack->store);
	free(stack);
}
