/* SPDX-License-Identifier: MIT */
/* A comparison for other programs: CSV for spreadsheets, a table of GitHub's Markdown. */
#ifndef REPORT_EXPORT_H
#define REPORT_EXPORT_H

#include "report/comparison.h"
#include "report/csv.h"

/* The lines of a comparison, one a platform.  `group`: its number, from 1.  Of the default view the columns
 * are those of summary.csv, with Group, Run (the folder) and CPU before them; of the original one, its
 * summary's.  The header first, then each group. */
void export_csv_header(struct csv *csv, enum view view);
void export_csv(struct csv *csv, const struct comparison *comparison, size_t group);

/* summary.csv: the same without the columns before it. */
void export_summary(struct csv *csv, const struct comparison *comparison);

/* The columns of the table and, below, the lines on what a reader must know. */
void export_markdown(const struct comparison *comparison, FILE *out);

/* Text of strangers as plain text in Markdown: no markup, no HTML, no end of a cell or line. */
void export_text(const char *text, FILE *out);

#endif
