/* SPDX-License-Identifier: MIT */
/* A trial: the judge alone.  Every platform of a plan once, on a job without epochs. */
#ifndef CLI_TRIAL_H
#define CLI_TRIAL_H

#include "cli/session.h"

struct trial {
	struct session session;
	struct results results; /* contestants stand as session.selection does */
	bool held;              /* it came to its end, and `results` is there */
	char **weights; /* one a candidate: its file of weights after the verification, or NULL */

	/* inside */
	struct live *live;
	char *temporary; /* the results folder, if the plan names none; removed by trial_free */
	size_t begun;    /* processes */
};

/* Returns an exit code, of what kept the trial from being held; a platform's failure is none.  What the plan
 * says of epochs, runs and times is not looked at.  trial_free() in any case. */
int trial_hold(struct trial *trial, const struct session_plan *plan);

/* The judge's certificate of a contestant, or NULL. */
const json_t *trial_certificate(const struct contestant *contestant);
void trial_free(struct trial *trial); /* a zeroed one, too */

#endif
