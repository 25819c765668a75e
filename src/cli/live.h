/* SPDX-License-Identifier: MIT */
/*
 * One line on standard error that is rewritten in place, where that is a terminal.  No colours and no
 * escape sequences.
 */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include <stdbool.h>

struct live;

struct live *live_new(bool quiet);        /* quiet: it is off */
bool live_is_on(const struct live *live); /* standard error is a terminal that is not dumb */
void live_show(struct live *live,
               const char *line);  /* made visible, and cut to the terminal's width */
void live_wipe(struct live *live); /* before a line that stays */
void live_free(struct live *live); /* wiped first; or NULL */

#endif
