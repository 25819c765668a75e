/* SPDX-License-Identifier: MIT */
/* The job's first epoch, trained by the reference itself. */
#ifndef RUNNER_FIRST_EPOCH_H
#define RUNNER_FIRST_EPOCH_H

#include "core/job.h"

struct first_epoch {
	double loss;    /* mean, of the reference; not finite: it diverges */
	double control; /* the same of its source in float32: how much rounding alone changes it */
};

/*
 * Kept in the cache, once for all jobs that share it (job_reference_folder); else computed, which takes
 * 60,000 samples some 10 s on two cores.  threads < 1: all.  -1: a file of the job cannot be read, after
 * error(), or a signal came.
 */
int first_epoch_train(const struct job *job, int threads, const struct job_progress *progress,
                      struct first_epoch *out);

#endif
