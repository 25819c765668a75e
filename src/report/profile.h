/* SPDX-License-Identifier: MIT */
/* Time by layer and direction of the epoch that `run --profile` adds to a platform's work; never ranked. */
#ifndef REPORT_PROFILE_H
#define REPORT_PROFILE_H

#include "report/comparison.h"

/* {"epoch_seconds", "parts": [{"layer", "direction", "seconds"}]}, medians over the executions that told of
 * one; "epoch_seconds": of the span.  null where none did. */
json_t *profile_record(const struct row *row);

/* A table for each row that has one; then the rows that were asked for one in vain. */
void profile_print(const struct comparison *comparison, FILE *out);

#endif
