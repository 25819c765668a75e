/* SPDX-License-Identifier: MIT */
#include "sequence.h"

#include "core/memory.h"

#include <stdlib.h>

/* ---- The store ---- */

dnnl_memory_t store_view(struct store *store, LAYOUT layout, void *at)
{
	dnnl_memory_t memory;

	must(dnnl_memory_create(&memory, layout, store->engine, at), "memory");
	store->memories =
		memory_grow(store->memories, store->memory_count + 1, sizeof(*store->memories));
	store->memories[store->memory_count++] = memory;
	return memory;
}

void *store_bytes(struct store *store, size_t size)
{
	const size_t count = store->buffer_count++;

	store->buffers = memory_grow(store->buffers, count + 1, sizeof(*store->buffers));
	store->sizes = memory_grow(store->sizes, count + 1, sizeof(*store->sizes));
	store->sizes[count] = size > 0 ? size : 1;
	store->buffers[count] = memory_map(store->sizes[count], "the arrays of the network");
	return store->buffers[count];
}

dnnl_memory_t store_memory(struct store *store, LAYOUT layout)
{
	return store_view(store, layout, store_bytes(store, dnnl_memory_desc_get_size(layout)));
}

dnnl_primitive_desc_t store_descriptor(struct store *store, dnnl_primitive_desc_t descriptor)
{
	const size_t count = store->descriptor_count++;

	store->descriptors = memory_grow(store->descriptors, count + 1, sizeof(*store->descriptors));
	store->descriptors[count] = descriptor;
	return descriptor;
}

static dnnl_memory_t store_scratch(struct store *store, LAYOUT layout)
{
	const size_t size = dnnl_memory_desc_get_size(layout);

	if (size > store->scratch_size)
		store->scratch_size = size;
	store->scratch = memory_grow(store->scratch, store->scratch_count + 1, sizeof(*store->scratch));
	return store->scratch[store->scratch_count++] = store_view(store, layout, DNNL_MEMORY_NONE);
}

void store_finish(struct store *store)
{
	void *buffer = store_bytes(store, store->scratch_size);

	for (size_t i = 0; i < store->scratch_count; i++)
		must(dnnl_memory_set_data_handle(store->scratch[i], buffer), "scratchpad");
}

void store_free(struct store *store)
{
	for (size_t i = 0; i < store->memory_count; i++)
		dnnl_memory_destroy(store->memories[i]);
	for (size_t i = 0; i < store->descriptor_count; i++)
		dnnl_primitive_desc_destroy(store->descriptors[i]);
	for (size_t i = 0; i < store->buffer_count; i++)
		memory_unmap(store->buffers[i], store->sizes[i]);
	free(store->memories);
	free(store->descriptors);
	free(store->buffers);
	free(store->sizes);
	free(store->scratch);
}

LAYOUT memory_layout(dnnl_memory_t memory)
{
	LAYOUT layout;

	must(dnnl_memory_get_memory_desc(memory, &layout), "layout of a memory");
	return layout;
}

void *memory_data(dnnl_memory_t memory)
{
	void *data;

	must(dnnl_memory_get_data_handle(memory, &data), "data of a memory");
	return data;
}

LAYOUT wanted(dnnl_primitive_desc_t descriptor, dnnl_query_t what, int index)
{
	return dnnl_primitive_desc_query_md(descriptor, what, index);
}

/* ---- The sequence ---- */

void sequence_add(struct sequence *sequence, struct store *store, dnnl_primitive_desc_t descriptor,
                  const dnnl_exec_arg_t *arguments)
{
	struct execution next = {.count = 0};

	must(dnnl_primitive_create(&next.primitive, descriptor), "primitive");
	for (; arguments[next.count].memory != NULL; next.count++)
		next.arguments[next.count] = arguments[next.count];
	LAYOUT scratch = wanted(descriptor, dnnl_query_scratchpad_md, 0);
	if (scratch != NULL && dnnl_memory_desc_get_size(scratch) > 0)
		next.arguments[next.count++] =
			(dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, store_scratch(store, scratch)};

	sequence->executions =
		memory_grow(sequence->executions, sequence->count + 1, sizeof(*sequence->executions));
	sequence->executions[sequence->count++] = next;
}

void sequence_copy(struct sequence *sequence, struct store *store, dnnl_memory_t from,
                   dnnl_memory_t to)
{
	dnnl_primitive_attr_t attributes = attributes_new(false);
	dnnl_primitive_desc_t descriptor;

	must(dnnl_reorder_primitive_desc_create(&descriptor, memory_layout(from), store->engine,
	                                        memory_layout(to), store->engine, attributes),
	     "reorder");
	must(dnnl_primitive_attr_destroy(attributes), "attributes");
	sequence_add(sequence, store, store_descriptor(store, descriptor),
	             (const dnnl_exec_arg_t[]){{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}, {0, NULL}});
}

dnnl_memory_t sequence_as(struct sequence *sequence, struct store *store, dnnl_memory_t memory,
                          LAYOUT layout)
{
	if (dnnl_memory_desc_equal(memory_layout(memory), layout))
		return memory;
	dnnl_memory_t copy = store_memory(store, layout);
	sequence_copy(sequence, store, memory, copy);
	return copy;
}

void sequence_run(const struct sequence *sequence, dnnl_stream_t stream)
{
	for (size_t i = 0; i < sequence->count; i++) {
		const struct execution *next = &sequence->executions[i];
		must(dnnl_primitive_execute(next->primitive, stream, next->count, next->arguments),
		     "execution");
	}
	must(dnnl_stream_wait(stream), "stream");
}

void sequence_free(struct sequence *sequence)
{
	for (size_t i = 0; i < sequence->count; i++)
		dnnl_primitive_destroy(sequence->executions[i].primitive);
	free(sequence->executions);
}
