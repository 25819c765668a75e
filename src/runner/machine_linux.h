/* SPDX-License-Identifier: MIT */
/* machine.h on Linux, with the root folder and the allowed processors as parameters, for tests. */
#ifndef RUNNER_MACHINE_LINUX_H
#define RUNNER_MACHINE_LINUX_H

#include "core/processor_linux.h"

#include <jansson.h>

/* `root`: "" or a folder with proc/, sys/ and etc/ in it. */
json_t *machine_linux_record(const char *root, const struct processors *allowed);
int machine_linux_threads(const char *root, const struct processors *allowed);

#endif
