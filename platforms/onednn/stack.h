/* SPDX-License-Identifier: MIT */
/*
 * The layers for one size of batch: primitives are made for fixed sizes.
 *
 * The convolutions and pools go through the batch in blocks of samples, whose maps stay in the caches
 * between one primitive and the next; the dense layers take the whole batch.  The order of a step:
 *
 *   forward    for each block: conv1 + ReLU, pool1, conv2 + ReLU, pool2; then fc1 + ReLU, fc2
 *   (head.c)   the loss; the logits become their gradient
 *   backward   fc2, fc1; for each block: pool2, conv2, pool1, conv1
 *
 * The ReLU of a convolution is undone behind its pool, where a quarter of the values are: a pool
 * hands its gradient to the largest of its window, and that is what came out of the pool.
 */
#ifndef ONEDNN_STACK_H
#define ONEDNN_STACK_H

#include "parameters.h"
#include "sequence.h"

struct stack {
	struct stack *next; /* the net's list */
	struct store store;
	struct sequence forward, backward;
	size_t samples;
	bool training;
	float *images; /* [samples][784], standardised */
	float *logits; /* [samples][10] */
	/* Of each tensor in the parameters' layout: one of each block, or one. */
	float **gradients[TENSOR_COUNT];
	size_t terms[TENSOR_COUNT];
};

struct stack *stack_open(struct parameters *parameters, size_t samples, bool training);
void stack_close(struct stack *stack);

#endif
