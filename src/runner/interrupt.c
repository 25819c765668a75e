/* SPDX-License-Identifier: MIT */
#include "runner/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t caught, at_once;
static struct timespec caught_at;
static int ends[2] = {-1, -1};

/* Whole texts, since only async-signal-safe calls may be made in a handler. */
static const struct {
	int number;
	const char *words, *words_at_once;
} signals[] = {
	{SIGINT, "\ncnnbench: stopping (SIGINT); Ctrl-C again ends it at once\n",
     "\ncnnbench: stopped (SIGINT)\n"},
	{SIGTERM, "\ncnnbench: stopping (SIGTERM)\n", "\ncnnbench: stopped (SIGTERM)\n"},
	{SIGHUP, "\ncnnbench: stopping (SIGHUP)\n", "\ncnnbench: stopped (SIGHUP)\n"},
};
enum { SIGNALS = sizeof(signals) / sizeof(*signals) };

/* What cannot be written has no reader: there is nobody left to tell. */
static void write_quietly(int descriptor, const char *bytes, size_t size)
{
	ssize_t written = write(descriptor, bytes, size);
	(void)written;
}

/* timeout(1) and shells send the same signal twice in a moment; a person is slower. */
static const double moment = 0.3; /* seconds */

static void say(int number)
{
	for (int i = 0; i < SIGNALS; i++) {
		const char *words = at_once ? signals[i].words_at_once : signals[i].words;
		if (signals[i].number == number)
			write_quietly(STDERR_FILENO, words, strlen(words));
	}
}

static void handle_first(int number)
{
	caught = number;
	clock_gettime(CLOCK_MONOTONIC, &caught_at);
	say(number);
	if (at_once)
		_exit(128 + number);
	write_quietly(ends[1], "", 1);
}

/* Delivered when the handler returns, which ends the process. */
static void handle_again(int number)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	double since =
		(double)(now.tv_sec - caught_at.tv_sec) + (double)(now.tv_nsec - caught_at.tv_nsec) * 1e-9;
	if (number != SIGINT || since < moment)
		return;
	signal(SIGINT, SIG_DFL);
	raise(SIGINT);
}

static void handle(int number)
{
	int saved = errno;
	if (caught)
		handle_again(number);
	else
		handle_first(number);
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
	/* Both come back as errors of write(2), which say more. */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
	/* Inherited as ignored, it would have workers reaped behind our back. */
	action.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &action, NULL);
}

void interrupt_at_once(int set)
{
	at_once = set;
}

int interrupt_descriptor(void)
{
	return ends[0];
}

int interrupt_signal(void)
{
	return caught;
}
