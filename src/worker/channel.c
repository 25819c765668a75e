/* SPDX-License-Identifier: MIT */
#include "worker/channel.h"

#include "core/error.h"
#include "core/event.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

static int channel = -1;

/* Whatever the worker started is in its group.  A worker that leads none was started by hand, and
 * shares its group with a shell's script. */
static _Noreturn void leave(void)
{
	if (getpgrp() == getpid())
		kill(0, SIGKILL);
	_exit(EXIT_INTERNAL);
}

/* With no events asked for, poll wakes up only when the other end is closed: POLLERR on Linux,
 * POLLHUP on macOS. */
static void *watch(void *descriptor)
{
	struct pollfd end = {.fd = (int)(intptr_t)descriptor, .events = 0};

	while (poll(&end, 1, -1) < 1)
		continue;
	leave();
}

/* Signals are for the thread that works, so the watching one blocks them all. */
static int watch_start(int descriptor)
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&thread, NULL, watch, (void *)(intptr_t)descriptor);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return error(
			"cannot start the thread that watches the events: raise the limit of processes");
	pthread_detach(thread);
	return 0;
}

int channel_open(int descriptor)
{
	struct stat status;
	int flags = fcntl(descriptor, F_GETFL);

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || fstat(descriptor, &status) < 0)
		return error("--events %d: no descriptor that is open for writing; 1 is standard output",
		             descriptor);
	if (descriptor > STDERR_FILENO)
		fcntl(descriptor, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	channel = descriptor;
	return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ? watch_start(descriptor) : 0;
}

void channel_send(json_t *event)
{
	if (event_write(channel, event) == 0)
		return;
	warning("cannot write an event to descriptor %d: the worker ends", channel);
	leave();
}
