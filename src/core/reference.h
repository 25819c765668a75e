/* SPDX-License-Identifier: MIT */
/*
 * The reference: the network and its training in float64, every layer written as its formula.
 * All platforms are judged by it, so it is plain before it is fast.
 *
 * It gives the same bits with any number of threads and on every machine: all sums have a fixed
 * order, contraction is off, and exp and log are its own.  Samples are named by `index`, the
 * n sample numbers of a call, each below data->count; NULL means the first n samples.
 *
 * The same source compiled with -DREAL=float is the same network in float32: core/reference_float.h.
 */
#ifndef CORE_REFERENCE_H
#define CORE_REFERENCE_H

#include "core/model.h"

#include <stddef.h>
#include <stdint.h>

struct reference; /* weights, momentum, scratch */

struct reference_data {
	const uint8_t *images, *labels; /* count x 28 x 28 and count; borrowed for the call */
	size_t count;
};

struct reference_stats {
	size_t samples, correct; /* correct: predicted before the update of the sample's step */
	double loss;             /* mean over the samples */
};

/* Weights and momentum are zero at first.  The model is borrowed.  threads < 1: as many as the
 * process may use. */
struct reference *reference_new(const struct model *model, int threads);
void reference_free(struct reference *reference);

/* All parameters, in the model table's layout.  Setting them sets the momentum to zero. */
void reference_set(struct reference *reference, const double *weights);
void reference_set_float(struct reference *reference, const float *weights);
void reference_get(const struct reference *reference, double *weights);
void reference_get_float(const struct reference *reference, float *weights);

/* One step of SGD on all n >= 1 samples as one batch: g the gradient of the mean loss,
 * v = momentum * v + g, w = w - lr * v. */
void reference_step(struct reference *reference, const struct reference_data *data,
                    const uint32_t *index, size_t n, double lr, double momentum,
                    struct reference_stats *stats);

struct reference_sgd {
	size_t batch;
	double lr, momentum;
};

/* n samples in steps of sgd->batch; the last step may be smaller. */
void reference_train(struct reference *reference, const struct reference_data *data,
                     const uint32_t *index, size_t n, const struct reference_sgd *sgd,
                     struct reference_stats *stats);

/* Loss and correct predictions; nothing changes. */
void reference_eval(struct reference *reference, const struct reference_data *data,
                    const uint32_t *index, size_t n, struct reference_stats *stats);

/* The gradient of the mean loss over the n samples, P numbers; nothing changes. */
void reference_gradient(struct reference *reference, const struct reference_data *data,
                        const uint32_t *index, size_t n, double *gradient,
                        struct reference_stats *stats);

/*
 * How far each sample is from a tie, by the weights as they are: the smallest distance, over all
 * decisions that its gradient depends on, between the value that won and the one that would have
 * changed the outcome.  The decisions: each ReLU's sign, and each pool's choice.  Left out is what
 * changes nothing: signs that the pool does not choose, choices where the winner is not positive,
 * and ties between identical patches of input.  In units of the layers' outputs before the ReLU.
 *
 * Rounding to float32 moves those outputs by some 1e-6: where the margin is above 1e-5, right
 * programs decide alike.
 */
void reference_margins(struct reference *reference, const struct reference_data *data,
                       const uint32_t *index, size_t n, double *margins);

#endif
