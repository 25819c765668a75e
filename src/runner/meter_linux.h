/* SPDX-License-Identifier: MIT */
/* meter.h on Linux, with the root folder as a parameter, for tests. */
#ifndef RUNNER_METER_LINUX_H
#define RUNNER_METER_LINUX_H

#include <stdint.h>
#include <sys/types.h>

/* `root`: "" or a folder with proc/ and sys/ in it. */
int64_t meter_linux_clock_hz(const char *root, pid_t process);

#endif
