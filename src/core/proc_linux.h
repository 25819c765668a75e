/* SPDX-License-Identifier: MIT */
/* Small files below /proc and /sys.  `root`: "", or a folder that stands for /, for tests. */
#ifndef CORE_PROC_LINUX_H
#define CORE_PROC_LINUX_H

enum { PROC_TEXT_SIZE = 512 };

/* Both give `text`.  The first line of a file; "" where there is none. */
const char *proc_line(char text[PROC_TEXT_SIZE], const char *root, const char *path);

/* The value of the first line "key <separator> value" of a file; "" where there is none. */
const char *proc_value(char text[PROC_TEXT_SIZE], const char *root, const char *path,
                       const char *key, char separator);

#endif
