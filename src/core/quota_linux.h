/* SPDX-License-Identifier: MIT */
/* A container's quota of processor time. */
#ifndef CORE_QUOTA_LINUX_H
#define CORE_QUOTA_LINUX_H

/* In processors, 1.5 say, as the files below `root` tell it (core/proc_linux.h); HUGE_VAL: none. */
double quota_processors(const char *root);

#endif
