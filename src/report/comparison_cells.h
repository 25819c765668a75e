/* SPDX-License-Identifier: MIT */
/* What the files that show a comparison share: its columns, and how numbers are written. */
#ifndef REPORT_COMPARISON_CELLS_H
#define REPORT_COMPARISON_CELLS_H

#include "report/comparison.h"

enum { CELL_SIZE = 48 };

/* Three significant digits, none behind the point from 100 on; "-" where there is no number. */
void format_number(char out[CELL_SIZE], double value);

/* Of a quantity whose figures lie far apart: 73.9k, 1.23M. */
void format_large(char out[CELL_SIZE], double value);

/* Of all epoch times of a table; chosen by the shortest. */
struct unit {
	const char *name;
	double seconds;
};
struct unit comparison_unit(const struct comparison *comparison);

/* "@" in a heading stands for the unit of epochs.  `close`: one space before it, always. */
struct column {
	const char *head, *foot;
	bool left, close;
	void (*cell)(const struct row *, const struct unit *, char out[CELL_SIZE]);
};

/* Those of a view: the first is the platform's name, the last its status. */
const struct column *comparison_columns(enum view view, size_t *count);

/* The lines above the table, and those below it, which begin with an empty one. */
void comparison_head(const struct comparison *comparison, FILE *out);
void comparison_notes(const struct comparison *comparison, FILE *out);

/* The table alone, without a line above or below it. */
void comparison_cells(const struct comparison *comparison, FILE *out);

#endif
