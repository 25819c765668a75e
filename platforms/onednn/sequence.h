/* SPDX-License-Identifier: MIT */
/*
 * A sequence of primitives with their arguments, built once and run in every step; and the store of
 * all that it is made of, which lives as long.
 */
#ifndef ONEDNN_SEQUENCE_H
#define ONEDNN_SEQUENCE_H

#include "calls.h"

#include <stddef.h>

struct store {
	dnnl_engine_t engine;
	dnnl_memory_t *memories;
	dnnl_primitive_desc_t *descriptors;
	void **buffers; /* each with its size, for memory_unmap */
	size_t *sizes;
	size_t memory_count, descriptor_count, buffer_count;
	dnnl_memory_t *scratch; /* of each primitive; they share one buffer, as one runs at a time */
	size_t scratch_count, scratch_size;
};

/* A tensor of its own; one at a given place.  store_bytes: zeroed, 64-byte aligned. */
dnnl_memory_t store_memory(struct store *store, LAYOUT layout);
dnnl_memory_t store_view(struct store *store, LAYOUT layout, void *at);
void *store_bytes(struct store *store, size_t size);
/* Hands the descriptor over to the store, and returns it. */
dnnl_primitive_desc_t store_descriptor(struct store *store, dnnl_primitive_desc_t descriptor);
/* Gives the primitives their scratch; after the last of them. */
void store_finish(struct store *store);
void store_free(struct store *store);

LAYOUT memory_layout(dnnl_memory_t memory);
void *memory_data(dnnl_memory_t memory);
/* What the descriptor wants: dnnl_query_src_md, ... */
LAYOUT wanted(dnnl_primitive_desc_t descriptor, dnnl_query_t what, int index);

enum { ARGUMENTS_MAX = 6 };

struct execution {
	dnnl_primitive_t primitive;
	int count;
	dnnl_exec_arg_t arguments[ARGUMENTS_MAX];
};

struct sequence {
	struct execution *executions;
	size_t count;
};

/* Arguments end with one whose memory is NULL. */
void sequence_add(struct sequence *sequence, struct store *store, dnnl_primitive_desc_t descriptor,
                  const dnnl_exec_arg_t *arguments);
/* The memory in that layout: itself, or a reordered copy that the sequence makes at this point. */
dnnl_memory_t sequence_as(struct sequence *sequence, struct store *store, dnnl_memory_t memory,
                          LAYOUT layout);
void sequence_copy(struct sequence *sequence, struct store *store, dnnl_memory_t from,
                   dnnl_memory_t to);
void sequence_run(const struct sequence *sequence, dnnl_stream_t stream);
void sequence_free(struct sequence *sequence);

#endif
