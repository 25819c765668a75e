/* SPDX-License-Identifier: MIT */
#include "runner/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
static int ends[2] = {-1, -1};

/* Whole texts, since only async-signal-safe calls may be made in a handler. */
#define STOPPING(name)                                                                             \
	"\ncnnbench: stopping (" name "): ending the worker; what was measured is kept\n"

static const struct {
	int number;
	const char *words;
} signals[] = {
	{SIGINT, STOPPING("SIGINT")},
	{SIGTERM, STOPPING("SIGTERM")},
	{SIGHUP, STOPPING("SIGHUP")},
};
enum { SIGNALS = sizeof(signals) / sizeof(*signals) };

/* What cannot be written has no reader: there is nobody left to tell. */
static void write_quietly(int descriptor, const char *bytes, size_t size)
{
	ssize_t written = write(descriptor, bytes, size);
	(void)written;
}

static void handle(int number)
{
	int saved = errno;
	if (!caught) {
		caught = number;
		for (int i = 0; i < SIGNALS; i++)
			if (signals[i].number == number)
				write_quietly(STDERR_FILENO, signals[i].words, strlen(signals[i].words));
		write_quietly(ends[1], "", 1);
	}
	errno = saved;
}

void interrupt_catch(void)
{
	if (pipe(ends)) {
		ends[0] = ends[1] = -1; /* poll(2) ignores -1; interrupt_signal still tells */
	} else {
		for (int i = 0; i < 2; i++) {
			fcntl(ends[i], F_SETFD, FD_CLOEXEC);
			fcntl(ends[i], F_SETFL, O_NONBLOCK);
		}
	}
	struct sigaction action, before;
	memset(&action, 0, sizeof(action));
	sigemptyset(&action.sa_mask);
	for (int i = 0; i < SIGNALS; i++)
		sigaddset(&action.sa_mask, signals[i].number);
	action.sa_flags = SA_RESTART;
	action.sa_handler = handle;
	for (int i = 0; i < SIGNALS; i++) {
		/* Under nohup(1) a lost terminal is meant to be ignored. */
		if (signals[i].number == SIGHUP && sigaction(SIGHUP, NULL, &before) == 0 &&
		    before.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i].number, &action, NULL);
	}
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	/* Inherited as ignored, it would have workers reaped behind our back. */
	action.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &action, NULL);
}

int interrupt_descriptor(void)
{
	return ends[0];
}

int interrupt_signal(void)
{
	return caught;
}
