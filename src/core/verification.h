/* SPDX-License-Identifier: MIT */
/*
 * The verification of a job: two mini-epochs whose samples are clear of ties, and what the reference
 * makes of them.
 *
 * Where a ReLU's input is nearly zero, or two values of a pool's window nearly equal, rounding decides,
 * and one flipped decision changes a gradient by far more than rounding does.  So the reference walks
 * through the two mini-epochs itself, and at each step takes those samples of the drawn order whose
 * margin (reference_margins) is at least VERIFICATION_MARGIN by the weights of that moment; 1 to 2% are
 * passed over.  What is left between two honest programs is rounding.
 */
#ifndef CORE_VERIFICATION_H
#define CORE_VERIFICATION_H

#include "core/job.h"
#include "core/reference.h"

#define VERIFICATION_MARGIN 1e-5

/* A mean loss of a step above this: the reference diverges (guessing costs ln 10 = 2.3). */
#define VERIFICATION_LOSS_MAX 1e3

struct verification {
	uint32_t *rows;    /* 2 x n: verify.npy */
	double *reference; /* 2 x P: weights after both rows, of the reference, then of it in float32 */
	struct verification_facts facts;
};

/* What decides a verification, and with the dataset's digest names it in the cache. */
struct verification_inputs {
	const struct model *model;
	const struct work *work; /* but its epochs */
	struct reference_data data;
	const float *init;
	size_t n; /* samples of a row: job_verify_samples */
};

/* Compute it; `progress` may be NULL.  threads < 1: all.  The same bits with any number of threads. */
void verification_make(struct verification *verification, const struct verification_inputs *inputs,
                       int threads, const struct job_progress *progress);
void verification_free(struct verification *verification);

#endif
