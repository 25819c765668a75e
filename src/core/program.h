/* SPDX-License-Identifier: MIT */
#ifndef CORE_PROGRAM_H
#define CORE_PROGRAM_H

/* The first of PATH's absolute folders has it; free() it.  NULL, silently: none has. */
char *program_find(const char *name);

#endif
