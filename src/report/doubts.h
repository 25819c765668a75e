/* SPDX-License-Identifier: MIT */
/* What makes a figure doubtful, found in what the run recorded.  The figures stay as they are. */
#ifndef REPORT_DOUBTS_H
#define REPORT_DOUBTS_H

#include "report/comparison.h"

/*
 * Did the epochs become slower or faster while a process ran?  A straight line through the logarithms of
 * the steady epochs' times, of one slope for all rounds and a height for each.  `change`: of the time, from
 * the first to the last steady epoch by that line, 0.1 for 10% slower; NAN: too few epochs.  `certain`:
 * the 99% interval of the slope (Student's t) leaves out 0.  Neighbouring epochs disturb one another, so this
 * is a hint and no proof.
 */
struct drift {
	double change;
	bool certain;
};
struct drift doubts_drift(const struct contestant *contestant);

/* Lines on all rows and runs: drift above 5%, load of other programs and swap at the start, platforms with
 * different threads, builds for debugging. */
void doubts_print(const struct comparison *comparison, FILE *out);

#endif
