/* SPDX-License-Identifier: MIT */
/*
 * How much arithmetic a platform does, by one count for all: the operations of a training step done
 * densely (2 for each multiply-add; 1.346 million a sample at the default shape).  Exact savings make
 * it more than is executed, so it may pass the processor's peak.
 */
#ifndef REPORT_ARITHMETIC_H
#define REPORT_ARITHMETIC_H

#include "report/comparison.h"

struct arithmetic {
	double flops; /* operations a second, dense-equivalent, at the median epoch; or NAN */
	double
		share; /* of the peak that the runner measured, at this platform's threads; NAN: no CPU platform,
	                 or no peak is known */
};

struct arithmetic arithmetic_of(const struct row *row);

/* The line under a table: the peak, and the ranked CPU platforms' shares of it.  Nothing where none is known. */
void arithmetic_print(const struct comparison *comparison, FILE *out);

#endif
