/* SPDX-License-Identifier: MIT */
/* What no run can say, whoever wrote its journal or its run.json. */
#ifndef RESULTS_FOREIGN_H
#define RESULTS_FOREIGN_H

#include <jansson.h>
#include <stdbool.h>

/* Levels of objects and arrays in run.json, and in a record of the journal, which run.json holds within six
 * more: an object in "platforms", in it one in "executions", in it "memory". */
enum { FOREIGN_DEPTH_MAX = 32, FOREIGN_RECORD_DEPTH_MAX = FOREIGN_DEPTH_MAX - 6 };

bool foreign_is_deeper(const json_t *value, int levels);

/* Of the work and the rounds of a run, by which comparisons are grouped and figures are made. */
struct foreign_flaw {
	const char *key, *what; /* "batch", "is no number" */
};

/* False: there is none. */
bool foreign_find_flaw(const json_t *run, struct foreign_flaw *flaw);

#endif
