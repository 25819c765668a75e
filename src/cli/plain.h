/* SPDX-License-Identifier: MIT */
/* Foreign text for a terminal. */
#ifndef CLI_PLAIN_H
#define CLI_PLAIN_H

/* Every control character, of ASCII and of U+0080 to U+009F, becomes '?': what a worker says must not
 * steer a terminal.  In place. */
void plain_text(char *text);

#endif
