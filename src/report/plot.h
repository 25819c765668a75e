/* SPDX-License-Identifier: MIT */
/*
 * The picture of a comparison: four panels (time, throughput and test accuracy by epoch, mean
 * throughput as bars) over one legend that says each platform's status.
 *
 * plot_make writes text and draws nothing: a script for gnuplot, and the data files that it reads.  Not
 * a letter of a label, path or machine stands in the script; what comes from strangers stands in the
 * data files alone, and is read from there as strings.
 *
 * Colours: Paul Tol's "muted" scheme (https://personal.sron.nl/~pault/), nine colours that also those
 * tell apart who do not see red and green alike.  Solid lines, filled marks and bars: ranked platforms;
 * dotted and hollow: those that are not.  Those of one colour differ by their dashes, all by their marks.
 */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include "report/comparison.h"

#include <stddef.h>

enum plot_format { PLOT_PNG, PLOT_SVG };

enum { PLOT_WIDTH = 1600, PLOT_HEIGHT = 1200 }; /* pixels */

struct plot_file {
	const char *name;
	char *text;
	size_t size;
};

#define PLOT_SCRIPT "plot.gp"
#define PLOT_PICTURE "picture" /* what the script writes */

enum { PLOT_FILES = 5 };

struct plot {
	enum plot_format format;
	struct plot_file files[PLOT_FILES]; /* the first is the script */
};

/* -1, silently: no platform has a single epoch.  Several comparisons are drawn together. */
int plot_make(struct plot *plot, const struct comparison *const *comparisons, size_t count,
              enum plot_format format);
void plot_free(struct plot *plot);

#endif
