/* SPDX-License-Identifier: MIT */
/*
 * The life of a worker process.
 *
 * process_start: posix_spawn into a process group of its own, with default signals, standard input
 * from /dev/null, standard output and error appended to a log, descriptor PROCESS_EVENTS the write
 * end of a pipe for events, and no other descriptor open.
 * process_stop: ends the whole group, politely first.
 * process_reap: waits for the process; what is left of its group is killed, so that no child outlives it.
 * Every started process is reaped by its starter.
 */
#ifndef RUNNER_PROCESS_H
#define RUNNER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_EVENTS = 3 };

struct process {
	pid_t pid;          /* and process group */
	int events;         /* read end, non-blocking, close-on-exec; -1 once closed */
	int64_t started_ns; /* clock_ns() just before the spawn */
};

struct process_end {
	int64_t ended_ns;
	bool exited; /* by itself: `code` is its exit status; else `code` is the signal */
	int code;
	double user_seconds, system_seconds;
	/* Bytes: of the process itself and children it waited for; -1: unknown (meter_peak). */
	int64_t peak_rss;
};

/* `log`: an open descriptor; argv[0] is the path's last part.  -1, without error(): `why` says in one
 * line what is wrong with the worker (not executable, ...) and what to do. */
int process_start(struct process *process, const char *path, char *const *argv,
                  char *const *environment, int log, char *why, size_t size);
bool process_has_ended(const struct process *process);        /* and waits to be reaped */
void process_stop(const struct process *process, int signal); /* to the group */
/* Wait at most `patience_ms` for the end, then SIGKILL; closes `events`. */
void process_reap(struct process *process, int patience_ms, struct process_end *end);

/* Mark all descriptors from 3 on that this program inherited close-on-exec; once, at the start of main. */
void process_seal_descriptors(void);

#endif
