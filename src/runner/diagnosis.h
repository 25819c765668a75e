/* SPDX-License-Identifier: MIT */
/*
 * What a worker's mistake looks like in its weights: patterns of w - ref, in words for the one who writes
 * the worker.  Guesses with reasons; the judge is runner/judge.h.
 */
#ifndef RUNNER_DIAGNOSIS_H
#define RUNNER_DIAGNOSIS_H

#include "core/model.h"

#include <stdbool.h>
#include <stddef.h>

/* P numbers each: after the verification the worker's weights and the reference's, and the initial ones.
 * A mistake in one tensor's gradient spreads to all in the next steps: a job with a smaller learning rate
 * shows better where it sits. */
struct diagnosis_input {
	const struct model *model;
	const float *weights, *init;
	const double *reference;
	size_t samples, batch, steps; /* samples and steps: of one of the two mini-epochs */
	double momentum;
};

/* Sentences without a full stop, the surest first, at least one, NULL at the end; memory_free_words.
 * Of weights within the bound there is nothing to say.  `named`: they name a cause or its place. */
char **diagnosis_make(const struct diagnosis_input *input, bool *named);

/* The same, of one pattern alone: all tensors move by the same factor too far, or not far enough; NULL if
 * they do not.  The smaller the learning rate, the plainer: a job's gradient then stays what it was. */
char **diagnosis_factor(const struct diagnosis_input *input);

/* How the same worker does on simpler jobs. */
enum attempt { ATTEMPT_NONE, ATTEMPT_PASSES, ATTEMPT_FAILS };

/* The same for what was tried: the job without momentum, and with batches of one sample.  What passes is
 * evidence; that all fail tells little, and is left out where the cause is named. */
char **diagnosis_attempts(enum attempt without_momentum, enum attempt single_samples, bool named);

#endif
