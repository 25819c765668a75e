/* SPDX-License-Identifier: MIT */
/* Text from strangers: what a user, a folder, a worker or a journal calls something. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stddef.h>

enum { TEXT_GROWTH = 4 }; /* \xNN for one byte */

/*
 * Copy `text` to `out`, which has room for TEXT_GROWTH times its bytes and a NUL, as one line that
 * cannot steer a terminal.  Control characters, characters that hide text or turn its direction, and
 * bytes that are no UTF-8 are written as \xNN; a tab is a blank.  What comes out is well-formed UTF-8.
 * memory_visible() makes a copy.
 */
void text_visible(const char *text, char *out);

/* As one word of a shell: in single quotes where it holds more than plain letters; free() it. */
char *text_shell_word(const char *text);

/* Make it a part of a file's name: every byte but A-Z, a-z, 0-9, '.', '_' and '-' becomes '-'. */
void text_file_name(char *text);

#endif
