/* SPDX-License-Identifier: MIT */
/*
 * The inside of a net, shared by the four files that net.h's functions are made of:
 *
 *   net.c         memory, opening and closing, the calls of the worker
 *   parameters.c  where parameters stand, and their way in and out
 *   step.c        what the threads do: one step of training, evaluation
 *   profile.c     an epoch whose kernels are timed
 */
#ifndef C_CPU_NET_INSIDE_H
#define C_CPU_NET_INSIDE_H

#include "kernels.h"

#include "core/model.h"
#include "worker/arrays.h"

#include <stddef.h>
#include <stdint.h>

enum {
	/* Samples that go forward and backward together.  32: a block's maps are 190 KB, fc1's weights
	 * (205 KB a direction) are read once a block. */
	BLOCK = 32,
};

/* Panels of one matrix whose rows are samples. */
struct rows {
	float *data;
	size_t stride; /* of two panels, floats */
};

/* What a thread alone uses. */
struct desk {
	float *image, *pairs, *flat;
	float *map1, *delta_map1;
	uint8_t *cell1, *label;
	struct marks marks;            /* of the whole block */
	float *delta;                  /* of flat, the samples of a group */
	struct rows dx;                /* a block */
	struct rows x, hidden, logits; /* a block of an evaluation */
};

struct net {
	const struct kernels *kernels;
	struct plan plan;
	struct model model;
	struct threads *threads;
	int thread_count;
	size_t batch;
	struct step step;
	struct set train, test;

	float *init;                      /* in the model's layout */
	uint32_t *place;                  /* of each parameter of the model, in `weight` */
	size_t part[TENSOR_COUNT], parts; /* offsets in `weight`, floats in all */
	size_t conv_parts;                /* the convolutions' stand first */
	float *weight, *velocity;
	float *conv2_forward, *conv2_shifted, *fc1_turned, *fc2_turned; /* copies for kernels */

	int flat_panels, hidden_panels;
	struct rows x, hidden, delta_hidden, logits; /* a batch */
	size_t slot, slots;                          /* samples of one; how many at most */
	float *gradient;                             /* [slot][conv_parts] */
	double *loss;                                /* of each sample */
	uint8_t *hit;
	struct desk *desks;

	void *memory;
	size_t memory_size;

	/* The call that runs. */
	const uint32_t *order;
	size_t samples;
	double loss_sum;
	uint64_t correct;
};

int round_up(int value, int unit);

/* ---- net.c ---- */

/* All members call body(net, member); sets the members of the call that runs. */
void net_call(struct net *net, void (*body)(void *context, int member), const uint32_t *order,
              size_t samples);

/* ---- parameters.c ---- */

struct plan plan_new(const struct model *model, int lanes);

/* Sets part, parts and conv_parts. */
void parts_place(struct net *net);
/* Fills in place, once there is memory. */
void parameters_place(struct net *net);

/* One panel x panel block of fc1; one panel of fc2. */
struct dense_block fc1_block(const struct net *net, int flat_panel, int hidden_panel);
struct dense_block fc2_block(const struct net *net, int hidden_panel);

/* Renew the copies of one filter of conv2 that the kernels read. */
void filter_arrange(const struct net *net, int filter);

/* ---- step.c ---- */

/* The part of thread `member` in a call; `context` is the net.  See net.h. */
void member_train(void *context, int member);
void member_eval(void *context, int member);

/* Add up loss and hits of rows 0 .. rows - 1, in order. */
void results_add(struct net *net, size_t rows);

#endif
