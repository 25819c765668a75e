/* SPDX-License-Identifier: MIT */
/* `cnnbench verify --self-test`: does the judge refuse what it must, and nothing else? */
#ifndef CLI_SELFTEST_H
#define CLI_SELFTEST_H

#include "cli/session.h"

/*
 * Every fault that the platform "selftest" offers is planted, at the default network and at a small one; its
 * honest variants are held against the judge with many seeds at the small one.  Prints a table; of the plan
 * threads, timeout and quiet count.  EXIT_FINE if each fault is refused and no variant, else
 * EXIT_NOT_VERIFIED, or what kept it from being held.
 */
int selftest_run(const struct session_plan *plan);

#endif
