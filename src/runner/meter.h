/* SPDX-License-Identifier: MIT */
/*
 * Memory of a worker, measured from outside, one definition for all platforms: a worker and its
 * descendants.  What cannot be measured is -1 here and null or empty in all results.
 */
#ifndef RUNNER_METER_H
#define RUNNER_METER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct meter_ram {
	int64_t anonymous, file; /* resident bytes; file: file-backed and shared */
	int64_t peak;            /* resident bytes of the worker process alone, the most it ever had */
};

/* Sum over the process and its descendants.  Under a millisecond for a single process.
 * Linux (6.2 and later) keeps these counts in parts, one a processor, and reads them without adding
 * up what is pending: each may be off by 32 pages a processor, more where there are over 16.  The
 * exact figures (smaps_rollup) would hold up the worker while its page tables are walked. */
void meter_ram(pid_t worker, struct meter_ram *ram);

/* The process and its descendants, itself first; at most `max` of them.  Their number. */
size_t meter_family(pid_t worker, pid_t *out, size_t max);

/* Peak resident bytes of a reaped child, from its rusage; -1 where the system may have handed the
 * runner's own peak on to it. */
int64_t meter_peak(const struct rusage *usage);

/* Nanoseconds that the first thread of a process has waited so far, ready to run, for a processor; -1
 * where the system does not tell.  So much of a delay is the machine's fault, not the program's. */
int64_t meter_run_delay(pid_t process);

/* Clock of the processor on which the first thread of a process ran last, Hz; -1 where the system does not
 * tell (virtual machines, macOS). */
int64_t meter_clock_hz(pid_t process);

/* RAM in use on the whole machine, bytes (total less available); -1 if unknown. */
int64_t meter_system_ram(void);

/*
 * VRAM of the worker's processes, by NVML opened at run time (libnvidia-ml.so.1): the process's own,
 * context included, or, where NVML hides processes (containers), what the device uses beyond what it
 * used at meter_vram_open: `delta` is then 1.
 */
struct nvml; /* what is called in the open library */

struct meter_vram {
	void *library;
	struct nvml *nvml;
	int64_t before; /* bytes in use on all devices at open */
	int delta;      /* of the last figure */
	int own;        /* the worker's processes have been seen on a device */
};

int meter_vram_open(struct meter_vram *vram);              /* -1, silently: no NVML here */
int64_t meter_vram(struct meter_vram *vram, pid_t worker); /* bytes, or -1 */
void meter_vram_close(struct meter_vram *vram);

#endif
