/* SPDX-License-Identifier: MIT */
/*
 * The main loop of every worker in C (docs/PROTOCOL.md): read the arguments, probe or open the job,
 * drive the one `platform`, tell the runner.  src/worker/main.c calls it with the program's arguments.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "worker/platform.h"

/* Returns the exit status of the process. */
int worker_main(const struct platform *self, int argc, char **argv);

#endif
