/* SPDX-License-Identifier: MIT */
/* Text for terminals: nothing that comes from a journal is printed as it is. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stddef.h>
#include <stdio.h>

enum { TEXT_WIDTH = 100 }; /* columns that any report has at most */

/* A copy of UTF-8 text in which control and direction characters are written as \xNN, a tab as a
 * space; free() it. */
char *text_visible(const char *text);

/* Columns that it takes, counting one a character. */
size_t text_columns(const char *text);

/* Print words in lines of at most TEXT_WIDTH columns.  The first line begins with `first`, further
 * ones with as many spaces.  Longer words are cut.  Makes the text visible itself. */
void text_wrap(FILE *out, const char *first, const char *text);

#endif
