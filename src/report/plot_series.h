/* SPDX-License-Identifier: MIT */
/* What a plot draws: a series for each platform that was measured, and how it looks. */
#ifndef REPORT_PLOT_SERIES_H
#define REPORT_PLOT_SERIES_H

#include "report/comparison.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	PLOT_SERIES_MAX = 20, /* the names of more bars would overlap */
	PLOT_COLOURS = 9,
};

struct plot_point {
	int epoch;
	/* Medians over the rounds; NAN: not measured.  samples_per_second is of the median time. */
	double seconds, samples_per_second, accuracy;
};

struct plot_series {
	const struct row *row;
	const struct comparison *source;
	char *label, *name; /* without and with the status; well-formed and of one line */
	struct plot_point
		*points; /* by epoch, at least one; epochs trained for time only are left out */
	size_t n_points;
	/* Samples over the mean, the quartiles of the steady epochs; where there is no steady epoch, over
	 * the first one (`cold`), and no quartiles.  NAN: not measured. */
	double mean, low, high;
	bool cold;
	int colour;  /* of the platform's name alone: below PLOT_COLOURS */
	int variant; /* which of the series of that colour, from 0 */
};

struct plot_set {
	struct plot_series
		*series; /* ranked ones first, each part in the order of its comparison's rows */
	size_t count, n_ranked;
	char *left_out; /* "numba_cuda (unavailable), ..."; "": none */
};

/* The colour of a platform; the same in every plot. */
int plot_colour(const char *platform);

/* Of several comparisons each name gets the comparison's number behind it: "c_cpu [2] (verified)". */
void plot_set_make(struct plot_set *set, const struct comparison *const *comparisons, size_t count);
void plot_set_free(struct plot_set *set);

#endif
