/* SPDX-License-Identifier: MIT */
#include "runner/process.h"

#include "core/clock.h"
#include "runner/meter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Our own descriptors lie above this one while file actions fill 0 to PROCESS_EVENTS. */
enum { CLEAR_OF_ACTIONS = 10 };

static const struct timespec nap_shortest = {0, 200 * 1000}, nap_longest = {0, 5 * 1000 * 1000};

/* ENOENT of a file that is there: what its first line or its header names to run it is not. */
enum { NO_INTERPRETER = -1 };

static int refuse(char *why, size_t size, const char *path, int code)
{
	static const struct {
		int code;
		const char *words;
	} table[] = {
		{EACCES, "is not executable: chmod +x it, or take it out of the folder"},
		{ENOEXEC,
	     "is no program for this machine, nor a script that begins with #!: build it again"},
		{ENOENT, "is not there any more: build it again"},
		{ENOTDIR, "is not there any more: build it again"},
		{ETXTBSY, "is being written by another program: wait until that has finished"},
		{NO_INTERPRETER, "needs an interpreter that does not exist: install it, or correct line 1"},
	};
	if (code == ENOENT && access(path, F_OK) == 0)
		code = NO_INTERPRETER;
	const char *words = code > 0 ? strerror(code) : "";
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].code == code)
			words = table[i].words;
	snprintf(why, size, "%s %s", path, words);
	return -1;
}

static int raise_descriptor(int descriptor)
{
	return fcntl(descriptor, F_DUPFD_CLOEXEC, CLEAR_OF_ACTIONS);
}

/* Two ends, close-on-exec, clear of the descriptors that the worker gets. */
static int open_pipe(int ends[2])
{
	int low[2];
	if (pipe(low))
		return -1;
	ends[0] = raise_descriptor(low[0]);
	ends[1] = raise_descriptor(low[1]);
	close(low[0]);
	close(low[1]);
	if (ends[0] >= 0 && ends[1] >= 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	return -1;
}

static void set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	sigdelset(&all, SIGKILL); /* these two cannot be set, and some systems say so */
	sigdelset(&all, SIGSTOP);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
	                                         POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
}

/* An error number, 0 if all went well. */
static int spawn(pid_t *pid, const char *path, char *const *argv, char *const *environment, int log,
                 int events)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int code = posix_spawn_file_actions_init(&actions);
	if (code)
		return code;
	code = posix_spawnattr_init(&attributes);
	if (code) {
		posix_spawn_file_actions_destroy(&actions);
		return code;
	}
	set_attributes(&attributes);
	code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	code = code ? code : posix_spawn_file_actions_adddup2(&actions, log, 1);
	code = code ? code : posix_spawn_file_actions_adddup2(&actions, log, 2);
	code = code ? code : posix_spawn_file_actions_adddup2(&actions, events, PROCESS_EVENTS);
	code = code ? code : posix_spawn(pid, path, &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

int process_start(struct process *process, const char *path, char *const *argv,
                  char *const *environment, int log, char *why, size_t size)
{
	int ends[2];
	process->started_ns = clock_ns();
	if (open_pipe(ends))
		return refuse(why, size, "a pipe for events", errno);
	int log_raised = raise_descriptor(log);
	int code = log_raised < 0 ? errno : 0;
	process->started_ns = clock_ns();
	if (!code)
		code = spawn(&process->pid, path, argv, environment, log_raised, ends[1]);
	if (log_raised >= 0)
		close(log_raised);
	close(ends[1]);
	if (code) {
		close(ends[0]);
		return refuse(why, size, path, code);
	}
	process->events = ends[0];
	return 0;
}

bool process_has_ended(const struct process *process)
{
	siginfo_t info;
	memset(&info, 0, sizeof(info)); /* si_pid stays 0 where it has not ended */
	int failed = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT);
	return failed ? errno == ECHILD : info.si_pid == process->pid;
}

void process_stop(const struct process *process, int signal)
{
	kill(-process->pid, signal);
}

/* Sleeps grow from 0.2 ms to 5 ms: a process that is about to end is not waited for too long. */
static bool wait_for_end(const struct process *process, int patience_ms)
{
	int64_t deadline = clock_ns() + (int64_t)patience_ms * 1000000;
	struct timespec nap = nap_shortest;
	while (!process_has_ended(process)) {
		if (clock_ns() >= deadline)
			return false;
		nanosleep(&nap, NULL);
		nap.tv_nsec = nap.tv_nsec * 2 < nap_longest.tv_nsec ? nap.tv_nsec * 2 : nap_longest.tv_nsec;
	}
	return true;
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + 1e-6 * (double)time.tv_usec;
}

void process_reap(struct process *process, int patience_ms, struct process_end *end)
{
	if (!wait_for_end(process, patience_ms)) {
		process_stop(process, SIGKILL);
		siginfo_t info;
		while (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOWAIT) && errno == EINTR)
			;
	}
	end->ended_ns = clock_ns();
	/* Not reaped yet, the process still keeps its number: no stranger can be hit. */
	process_stop(process, SIGKILL);

	int status = 0;
	struct rusage usage;
	memset(&usage, 0, sizeof(usage));
	while (wait4(process->pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	end->exited = WIFEXITED(status);
	end->code = end->exited ? WEXITSTATUS(status) : WTERMSIG(status);
	end->user_seconds = seconds(usage.ru_utime);
	end->system_seconds = seconds(usage.ru_stime);
	end->peak_rss = meter_peak(&usage);
	if (process->events >= 0)
		close(process->events);
	process->events = -1;
}

void process_seal_descriptors(void)
{
	DIR *folder =
		opendir("/dev/fd"); /* Linux and macOS alike; includes the folder's own descriptor */
	if (!folder)
		return;
	for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
		int descriptor = atoi(entry->d_name); /* "." and ".." are 0 */
		if (descriptor > 2)
			fcntl(descriptor, F_SETFD, FD_CLOEXEC);
	}
	closedir(folder);
}
