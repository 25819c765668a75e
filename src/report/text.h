/* SPDX-License-Identifier: MIT */
/* Text for terminals: nothing that comes from a journal is printed as it is. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stdio.h>

enum { TEXT_WIDTH = 100 }; /* columns that any report has at most */

/* Print words in lines of at most TEXT_WIDTH columns.  The first line begins with `first`, further
 * ones with as many spaces.  Longer words are cut.  Makes the text visible itself. */
void text_wrap(FILE *out, const char *first, const char *text);

/* The same for parts with commas or semicolons between them: lines end behind these where they can. */
void text_wrap_parts(FILE *out, const char *text);

#endif
