/* SPDX-License-Identifier: MIT */
/* The figures of the original system's summary. */
#ifndef REPORT_AVERAGES_H
#define REPORT_AVERAGES_H

#include "report/comparison.h"

struct averages averages_make(const struct results *results, const struct contestant *contestant);

#endif
