/* SPDX-License-Identifier: MIT */
/*
 * The timed epochs are checked too: the mean loss of epoch 1, which every process reports, must be the
 * same for all platforms.  Where they are not, or on request, the reference trains that epoch itself and
 * decides.  docs/METHOD.md, "The timed epochs".
 */
#ifndef RUNNER_EPOCH_CHECK_H
#define RUNNER_EPOCH_CHECK_H

#include "core/job.h"
#include "results/journal.h"

#include <stdbool.h>

/* Relative.  From the reference a loss may be further off where rounding alone is: by so many times what
 * its source in float32 is off. */
#define EPOCH_TOLERANCE 3e-4
#define EPOCH_CONTROL 3
/* But where that is more than this, rounding hides too much, and nobody is refused. */
#define EPOCH_TOLERANCE_MAX 1e-2

/* A process that was verified, or whose job was not sharp. */
struct epoch_claim {
	const char *label; /* of its platform */
	int process;
	double loss; /* of epoch 1 */
};

struct epoch_check {
	const struct job *job;
	const struct epoch_claim *claims;    /* those of one platform stand together */
	size_t count;                        /* at least one */
	bool always;                         /* ask the reference even where all agree */
	const struct job_progress *progress; /* of the reference; or NULL */
};

/* Appends the record "epoch_check" (results/journal.h).  One program alone, in however many forms
 * ("c_cpu", "c_cpu:threads=1"), and not `always`: nothing is checked, and the record says so.  -1 after error() only where the journal cannot
 * be written. */
int epoch_check(const struct epoch_check *check, struct journal *journal);

#endif
