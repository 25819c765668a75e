/* SPDX-License-Identifier: MIT */
/*
 * The platform's training: plain SGD around the engine, with a place to deviate at each stage.
 * A deviation is a fault or an honest variant; its functions see and change what stands here.
 */
#ifndef SELFTEST_NET_H
#define SELFTEST_NET_H

#include "core/model.h"
#include "engine.h"
#include "layers.h"
#include "worker/platform.h"

struct deviation;

struct net_inputs { /* all borrowed until net_close */
	const struct model *model;
	struct reference_data train, test;
	const float *init;
	size_t batch;
	float rate, momentum;
	int threads;
	const struct deviation *deviation; /* NULL: none */
};

/* A call of train: its own copy of the order, with room for one batch more. */
struct call {
	uint32_t *order;
	size_t n;
	size_t number; /* of calls since the reset */
};

struct step {
	uint32_t *index; /* its samples, in the call's order */
	size_t count;
	size_t number;        /* of steps since the reset */
	unsigned times;       /* how often it is done: 1 */
	const float *weights; /* at which the gradient is computed */
	float rate, momentum;
	float *gradient; /* P; of the mean loss */
	struct reference_stats stats;
};

struct net {
	struct net_inputs inputs;
	const struct deviation *deviation;
	struct engine *engine;
	struct reference_data train; /* with labels that may be changed */
	uint8_t *labels;
	uint32_t *order, *first_order; /* of this call; the deviation's own */
	size_t calls, steps;           /* since the reset */

	/* P each.  previous: the weights before the last step; seen: what the engine is given; scratch:
	 * the deviation's own, zero at first. */
	float *weights, *velocity, *previous, *gradient, *seen, *scratch;
	double *mean, *sum; /* P: what the engine gives; the deviation's own */
	size_t chosen;      /* the deviation's own: a sample or a parameter */
};

struct net *net_open(const struct net_inputs *inputs);
void net_close(struct net *net);
void net_reset(struct net *net);
void net_train(struct net *net, const uint32_t *order, size_t n, struct stats *stats);
void net_eval(struct net *net, struct stats *stats);
void net_read(struct net *net, float *weights);

/* ---- What deviations call ---- */

/* The gradient of the mean loss of some of the step's samples, at the step's weights, in net->mean. */
void net_gradient(struct net *net, const struct step *step, size_t first, size_t count,
                  struct reference_stats *stats);
/* v = momentum * v + g; w = w - rate * v */
void net_update(struct net *net, const struct step *step);
void net_reset_weights(struct net *net);
void net_reset_velocity(struct net *net);

#endif
