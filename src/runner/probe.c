/* SPDX-License-Identifier: MIT */
#include "runner/probe.h"

#include "core/clock.h"
#include "core/event.h"
#include "core/memory.h"
#include "runner/environment.h"
#include "runner/grammar.h"
#include "runner/interrupt.h"
#include "runner/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WHY_SIZE = 512, END_PATIENCE_MS = 1000 };

/* One probe under way. */
struct probe {
	struct candidate *candidate;
	struct process process;
	struct event_reader reader;
	struct grammar grammar;
	bool started;
	bool listening;     /* its events are still to come */
	char why[WHY_SIZE]; /* what broke it; "" if nothing did */
};

/* ---- what is said about a candidate ---- */

static void candidate_refuse(struct candidate *candidate, const char *reason, const char *help)
{
	free(candidate->reason);
	free(candidate->help);
	candidate->ready = false;
	candidate->reason = memory_copy(reason);
	candidate->help = memory_copy(help ? help : "");
}

static void candidate_clear(struct candidate *candidate)
{
	json_decref(candidate->hello);
	free(candidate->reason);
	free(candidate->help);
	candidate->hello = NULL;
	candidate->reason = candidate->help = NULL;
	candidate->ready = false;
}

/* ---- starting ---- */

/* worker-X --probe --events 3 [--option KEY=VALUE]... */
static char **probe_words(const struct candidate *candidate)
{
	char **options = selection_arguments(candidate);
	size_t count = 0;
	while (options[count])
		count++;
	char **words = memory_new(count + 5, sizeof(*words));
	words[0] = memory_copy(strrchr(candidate->path, '/') + 1);
	words[1] = memory_copy("--probe");
	words[2] = memory_copy("--events");
	words[3] = memory_text("%d", PROCESS_EVENTS);
	memcpy(words + 4, options, count * sizeof(*words));
	free(options);
	return words;
}

static void probe_start(struct probe *probe, struct candidate *candidate, char *const *environment,
                        int log)
{
	*probe = (struct probe){.candidate = candidate};
	candidate_clear(candidate);
	if (access(candidate->path, X_OK) != 0) {
		char *help = memory_text("chmod +x '%s'", candidate->path);
		char *reason = memory_text("%s is not executable", candidate->path);
		candidate_refuse(candidate, reason, help);
		free(reason);
		free(help);
		return;
	}
	grammar_start(&probe->grammar, candidate->platform, NULL);
	char **words = probe_words(candidate), why[WHY_SIZE];
	probe->started = probe->listening = process_start(&probe->process, candidate->path, words,
	                                                  environment, log, why, sizeof(why)) == 0;
	if (!probe->listening)
		candidate_refuse(candidate, why, NULL);
	memory_free_words(words);
}

/* ---- listening ---- */

static void take_event(struct probe *probe, json_t *event)
{
	const char *kind = event_text(event, "event");
	if (grammar_accept(&probe->grammar, event, probe->why, sizeof(probe->why)) != 0)
		return;
	if (strcmp(kind, "hello") == 0)
		probe->candidate->hello = json_incref(event);
	else if (strcmp(kind, "unavailable") == 0)
		candidate_refuse(probe->candidate, event_text(event, "reason"), event_text(event, "help"));
	else if (strcmp(kind, "error") == 0)
		candidate_refuse(probe->candidate, event_text(event, "message"), NULL);
}

static void take_bytes(struct probe *probe, const char *bytes, size_t size)
{
	while (size > 0 && !probe->why[0]) {
		json_t *event;
		switch (event_next(&probe->reader, &bytes, &size, &event)) {
		case EVENT_LINE:
			take_event(probe, event);
			json_decref(event);
			break;
		case EVENT_NONE: break;
		case EVENT_TOO_LONG:
			snprintf(probe->why, sizeof(probe->why), "line %zu of its events is too long",
			         probe->reader.lines);
			break;
		case EVENT_BROKEN:
			snprintf(probe->why, sizeof(probe->why), "line %zu of its events is no event",
			         probe->reader.lines);
			break;
		}
	}
}

static void probe_listen(struct probe *probe)
{
	char bytes[EVENT_LINE_MAX];
	const ssize_t size = read(probe->process.events, bytes, sizeof(bytes));
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size > 0)
		take_bytes(probe, bytes, (size_t)size);
	probe->listening = size > 0 && !probe->why[0];
}

/* ---- ending ---- */

/* How a probe ended that did not come to a proper end; `unsaid` is what its events lack. */
static char *describe_end(const struct probe *probe, const struct process_end *end,
                          const char *unsaid)
{
	if (probe->why[0])
		return memory_copy(probe->why);
	if (!end->exited)
		return memory_text("its probe was ended by signal %d (%s)", end->code,
		                   strsignal(end->code));
	if (end->code != 0)
		return memory_text("its probe ended with exit code %d", end->code);
	return memory_copy(unsaid);
}

static void probe_end(struct probe *probe)
{
	struct candidate *candidate = probe->candidate;
	struct process_end end;
	char unsaid[WHY_SIZE] = "";
	if (!probe->started)
		return;
	if (probe->why[0])
		process_stop(&probe->process, SIGKILL);
	process_reap(&probe->process, END_PATIENCE_MS, &end);
	const bool complete = grammar_finish(&probe->grammar, unsaid, sizeof(unsaid)) == 0;
	if (complete && candidate->reason)
		return;
	candidate->ready = complete && !probe->why[0] && end.exited && end.code == 0;
	if (candidate->ready)
		return;
	char *reason = describe_end(probe, &end, unsaid);
	char *help = memory_text("see what it says: '%s' --probe --events 1", candidate->path);
	candidate_refuse(candidate, reason, help);
	free(reason);
	free(help);
}

/* Those that still owe an answer. */
static void give_up(struct probe *probes, size_t count)
{
	char why[WHY_SIZE] = "interrupted";

	if (!interrupt_signal())
		snprintf(why, sizeof(why), "its probe gave no answer within %d s", PROBE_SECONDS);
	for (size_t i = 0; i < count; i++)
		if (probes[i].listening) {
			snprintf(probes[i].why, sizeof(probes[i].why), "%s", why);
			probes[i].listening = false;
		}
}

/* Wait for the next bytes of any.  1: nothing is to come any more. */
static int listen_once(struct probe *probes, size_t count, struct pollfd *watched,
                       int64_t deadline_ns)
{
	size_t listening = 0;
	for (size_t i = 0; i < count; i++) {
		watched[i] = (struct pollfd){.fd = probes[i].listening ? probes[i].process.events : -1,
		                             .events = POLLIN};
		listening += probes[i].listening;
	}
	watched[count] = (struct pollfd){.fd = interrupt_descriptor(), .events = POLLIN};
	const int64_t left_ns = deadline_ns - clock_ns();
	if (listening == 0)
		return 1;
	if (left_ns <= 0 || interrupt_signal()) {
		give_up(probes, count);
		return 1;
	}
	if (poll(watched, (nfds_t)count + 1, (int)(left_ns / 1000000) + 1) > 0)
		for (size_t i = 0; i < count; i++)
			if (watched[i].revents)
				probe_listen(&probes[i]);
	return 0;
}

void probe_all(struct candidate *const *candidates, size_t count)
{
	struct probe *probes = memory_new(count + 1, sizeof(*probes));
	struct pollfd *watched = memory_new(count + 1, sizeof(*watched));
	struct environment environment;
	const int64_t deadline_ns = clock_ns() + PROBE_SECONDS * INT64_C(1000000000);
	const int log = open("/dev/null", O_WRONLY | O_CLOEXEC);
	environment_cut(&environment, NULL);
	for (size_t i = 0; i < count; i++)
		probe_start(&probes[i], candidates[i], environment.kept, log);
	while (listen_once(probes, count, watched, deadline_ns) == 0)
		;
	for (size_t i = 0; i < count; i++)
		probe_end(&probes[i]);
	environment_free(&environment);
	if (log >= 0)
		close(log);
	free(watched);
	free(probes);
}
