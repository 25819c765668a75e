/* SPDX-License-Identifier: MIT */
/* Names in a plot: how wide they are, and how they get into gnuplot's data files. */
#ifndef REPORT_PLOT_TEXT_H
#define REPORT_PLOT_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Part of a letter's size that letters of most sans-serif fonts are wide at most, on average. */
#define PLOT_LETTER 0.56

/* Letters that a text is wide, and that fit into so many pixels in a font of a size. */
size_t plot_columns(const char *text);
size_t plot_columns_of(int pixels, int size);

/* The middle is left out of what is longer than `room` columns: a label's beginning stays, and of its end,
 * where the status is, `tail` columns.  free() it. */
char *plot_shorten(const char *text, size_t room, size_t tail);

/* Fields of a data file, parted by tabs.  Texts are visible (core/text.h) and never empty, for such a field
 * would be taken for a missing one. */
void plot_put_field(FILE *file, const char *text);
void plot_put_number(FILE *file, double value);

#endif
