/* SPDX-License-Identifier: MIT */
/* Has a platform become slower?  What `compare --fail-on PCT` asks. */
#ifndef REPORT_REGRESSION_H
#define REPORT_REGRESSION_H

#include "report/group.h"

struct regressions {
	size_t compared; /* pairs of a platform in the first run and in a later one */
	size_t slower;   /* of these: by more than the limit, and the whole interval says so */
};

/*
 * Every platform of each later run of the group against that of the same label in the first: the ratio of the
 * geometric means of the processes' steady medians, with Welch's 95% interval.  Slower: the interval lies
 * above 1 + percent/100.  A note() for each pair, and for each that cannot be compared: it is not
 * verified in both, computes in another precision or with another data policy, has other threads, or
 * fewer than two processes on a side.
 */
struct regressions regressions_find(const struct group *group, double percent);

#endif
