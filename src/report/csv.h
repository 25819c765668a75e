/* SPDX-License-Identifier: MIT */
/*
 * CSV as text in memory: quoted by RFC 4180, lines that end with a plain newline.  A text cell that a
 * spreadsheet would take for a formula gets an apostrophe in front; control characters are made visible
 * (core/text.h), for the rows may go to a terminal.
 */
#ifndef REPORT_CSV_H
#define REPORT_CSV_H

#include <stddef.h>

struct csv;

enum { CSV_LOSS_DIGITS = 9 }; /* significant ones that tell any two float32 apart */

struct csv *csv_begin(void);
void csv_text(struct csv *csv, const char *text);                /* NULL: an empty cell */
void csv_number(struct csv *csv, double value, int decimals);    /* empty where it is not finite */
void csv_significant(struct csv *csv, double value, int digits); /* likewise */
void csv_row(struct csv *csv);                                   /* ends the row */
void csv_header(struct csv *csv, const char *const *names); /* a row of names, NULL at the end */
char *csv_end(struct csv *csv, size_t *size);               /* free() the text */

#endif
