/* SPDX-License-Identifier: MIT */
/* The files that are made from a run's journal, and lie beside it. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "report/comparison.h"
#include "results/results.h"

#define REPORT_PLOT "comparison_plot_combined.png"

/* Write run.json, metrics_<file>.csv, summary.csv and REPORT_PLOT anew from the results.  -1 after
 * error().  A picture that cannot be drawn (no gnuplot) is a note and no error; one that is older than
 * the journal is removed. */
int report_write(const char *folder, const struct results *results);

/* Is one of these files missing, the picture aside? */
bool report_lacks(const char *folder, const struct results *results);

/* Draw a picture that is missing, if gnuplot has come since.  As above. */
int report_draw_missing(const char *folder, const struct results *results);

/* Can --plot's FILE be drawn and written?  Its name ends in .png or .svg.  -1 after error(). */
int report_try_plot(const char *path);

/* Draw comparisons, one or several, into one picture.  -1 after error(). */
int report_plot(const struct comparison *const *comparisons, size_t count, const char *path);

#endif
