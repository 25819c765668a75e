/* SPDX-License-Identifier: MIT */
/*
 * gnuplot as a child process: found in PATH, with a cut environment and none of the user's settings,
 * standard input from /dev/null, in a temporary folder of its own that holds the plot's files and is
 * removed; killed where it takes too long.
 */
#ifndef REPORT_GNUPLOT_H
#define REPORT_GNUPLOT_H

#include "report/plot.h"

#include <stddef.h>

enum { GNUPLOT_SECONDS = 30, GNUPLOT_WHY = 1024 };

/* Draw within `seconds`; the picture comes back in memory (free() it).  -1, without error(): `why` says in one line what
 * is wrong, and what to do: how to install gnuplot, or what it said on its standard error. */
int gnuplot_draw(const struct plot *plot, int seconds, char **picture, size_t *size,
                 char why[GNUPLOT_WHY]);

#endif
