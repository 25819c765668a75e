/* SPDX-License-Identifier: MIT */
/* Medians, quartiles, Student's t. */
#ifndef CORE_STATISTICS_H
#define CORE_STATISTICS_H

#include <stddef.h>

struct spread {
	double median, q1, q3, min, max, mean; /* NAN where n is 0 */
	size_t n;
};

/* Values that are NAN are left out.  Quartiles by linear interpolation (Hyndman and Fan 1996, type 7). */
struct spread statistics_spread(const double *values, size_t count);

/* The p-quantile of Student's t with `freedom` >= 1 degrees of freedom (not always whole), 0 < p < 1. */
double statistics_student(double p, double freedom);

struct ratio {
	double value, low, high; /* low and high NAN where n < 2 */
	size_t n;
};

/* The ratio a/b of pairs: exp of the mean of log(a/b), with the 95% interval of Student's t on the
 * logarithms.  Pairs with a NAN, or with a number that is not positive, are left out. */
struct ratio statistics_ratio(const double *a, const double *b, size_t count);

/* The deviation of one pair's log(a/b), from the interval; NAN where n < 2. */
double statistics_scatter(const struct ratio *ratio);

/* How many pairs tell a true ratio from 1: with so many, if they scatter like that, the interval leaves
 * out 1 in 19 of 20 cases.  0: more than `most`. */
int statistics_pairs(double scatter, double ratio, int most);

/* The ratio of two samples that are not paired: exp of the difference of their mean logarithms, with
 * Welch's 95% interval.  n: of the smaller sample; below 2 there is no interval. */
struct ratio statistics_ratio_apart(const double *a, size_t n_a, const double *b, size_t n_b);

#endif
