/* SPDX-License-Identifier: MIT */
/* The options of `cnnbench run`, and of `cnnbench verify`, which are mostly the same. */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include "core/job.h"
#include "core/options.h"
#include "runner/selection.h"

extern const struct option_spec run_options[], verify_options[];

/* Of either table; `verify` has no epochs. */
struct work run_options_work(const struct options *options);
int run_options_threads(const struct options *options); /* --threads, or what the machine has */

/* The shell command that makes the same run again: the program as it was called, what was given, and
 * what was chosen for the user (platforms, dataset, threads, seed).  free() it. */
char *run_options_command(const char *program, const struct options *options,
                          const struct selection *selection, const char *dataset);

#endif
