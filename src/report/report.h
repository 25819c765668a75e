/* SPDX-License-Identifier: MIT */
/* The files that are made from a run's journal, and lie beside it. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "results/results.h"

/* Write run.json, metrics_<file>.csv and summary.csv anew from the results.  -1 after error(). */
int report_write(const char *folder, const struct results *results);

#endif
