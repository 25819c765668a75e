/* SPDX-License-Identifier: MIT */
/* A plot while it is made: plot.c lays it out and writes its data, plot_script.c writes gnuplot's script. */
#ifndef REPORT_PLOT_DRAFT_H
#define REPORT_PLOT_DRAFT_H

#include "report/plot.h"
#include "report/plot_series.h"

#include <stdbool.h>
#include <stdio.h>

/* All places are in pixels, from the lower left corner. */
enum {
	MARGIN = 32, /* at the left and right of the whole */
	TICS = 76,   /* room for the numbers and the name of a vertical axis */
	TEXT = 15,   /* sizes of letters */
	SMALL = 13,
	LARGE = 20,
};

enum font { FONT_LARGE, FONT_TEXT, FONT_SMALL, FONT_COUNT };
extern const int plot_font_sizes[FONT_COUNT];

enum file { FILE_SCRIPT, FILE_TEXT, FILE_LEGEND, FILE_EPOCHS, FILE_BARS };

/* A range of values and how an axis shows it. */
struct axis {
	double low, high;
	bool logarithmic;
	double unit;
	const char *name;
};

struct draft {
	struct plot_set set;
	const struct comparison *const *comparisons;
	size_t n_comparisons;
	struct axis epochs, time, speed, accuracy, means;
	int bottom, top; /* of the panels */
	int bar_names;   /* room for the names before the bars */
	FILE *files[PLOT_FILES];
};

/* The bar's place: from the top, with a gap before those that are not ranked. */
double plot_bar_place(const struct plot_set *set, size_t i);

/* Into FILE_SCRIPT; all else of the draft is done. */
void plot_put_script(struct draft *draft, enum plot_format format);

#endif
