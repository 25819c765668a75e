/* SPDX-License-Identifier: MIT */
#include "runner/download.h"

#include "core/clock.h"
#include "core/memory.h"
#include "runner/interrupt.h"
#include "runner/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PART = 1 << 16, SAID_MAX = 1 << 10 };

/* curl ends itself first, and says why; where it hangs in looking up a name it is ended. */
static const double grace = 0.25; /* seconds */

/* ---- the call ---- */

/* What curl heeds of the environment: proxies, certificates, and where the system's libraries are. */
static char **make_environment(void)
{
	static const char *const names[] = {
		"PATH",         "HOME",         "https_proxy",     "HTTPS_PROXY",    "all_proxy",
		"ALL_PROXY",    "no_proxy",     "NO_PROXY",        "CURL_CA_BUNDLE", "SSL_CERT_FILE",
		"SSL_CERT_DIR", "OPENSSL_CONF", "LD_LIBRARY_PATH",
	};
	enum { NAMES = sizeof(names) / sizeof(*names) };
	char **environment = memory_new(NAMES + 1, sizeof(*environment));
	size_t count = 0;
	for (size_t i = 0; i < NAMES; i++) {
		const char *value = getenv(names[i]);
		if (value)
			environment[count++] = memory_text("%s=%s", names[i], value);
	}
	return environment;
}

/* --max-filesize looks at the length that the server announces, and before curl 8.4 at nothing else:
 * what comes is counted here.  --speed-*: 10 s of silence in the middle end it. */
static int start(struct process *process, const struct download *download, int said, char *why,
                 size_t why_size)
{
	char *limit = memory_text("%zu", download->limit);
	char *seconds = memory_text("%.3f", download->seconds);
	char *out = memory_text("/dev/fd/%d", PROCESS_EVENTS);
	const char *const words[] = {
		"curl",
		"-q",
		"--fail",
		"--silent",
		"--show-error",
		"--location",
		"--max-redirs",
		"5",
		"--proto",
		"=https",
		"--proto-redir",
		"=https",
		"--tlsv1.2",
		"--globoff",
		"--max-filesize",
		limit,
		"--connect-timeout",
		"3",
		"--max-time",
		seconds,
		"--speed-limit",
		"1000",
		"--speed-time",
		"10",
		"--output",
		out,
		"--url",
		download->url,
		NULL,
	};
	char **environment = make_environment();
	const int result = process_start(process, download->curl, (char *const *)(uintptr_t)words,
	                                 environment, said, why, why_size);
	memory_free_words(environment);
	free(out);
	free(seconds);
	free(limit);
	return result;
}

/* ---- what comes ---- */

enum outcome { COMPLETE, TOO_LARGE, TOO_LATE, INTERRUPTED, UNREADABLE };

struct intake {
	uint8_t *bytes;
	size_t size, room;
};

/* 1: more may come, 0: it is at its end; -1 with errno. */
static int intake_read(struct intake *intake, int descriptor)
{
	if (intake->room - intake->size < PART) {
		intake->room = 2 * intake->room + PART;
		intake->bytes = memory_grow(intake->bytes, intake->room, 1);
	}
	const ssize_t got = read(descriptor, intake->bytes + intake->size, PART);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -1;
	intake->size += (size_t)got;
	return got > 0;
}

/* Until the pipe is closed, which curl does when it ends. */
static enum outcome take_in(struct intake *intake, int descriptor, const struct download *download)
{
	const int64_t deadline = clock_ns() + (int64_t)((download->seconds + grace) * 1e9);
	for (int more = 1; more > 0;) {
		struct pollfd polled[] = {{.fd = descriptor, .events = POLLIN},
		                          {.fd = interrupt_descriptor(), .events = POLLIN}};
		const int64_t left = (deadline - clock_ns()) / 1000000;
		if (left <= 0)
			return TOO_LATE;
		if (poll(polled, 2, (int)left + 1) < 0 && errno != EINTR)
			return UNREADABLE;
		if (interrupt_signal())
			return INTERRUPTED;
		if (polled[0].revents)
			more = intake_read(intake, descriptor);
		if (more < 0)
			return UNREADABLE;
		if (intake->size > download->limit)
			return TOO_LARGE;
	}
	return COMPLETE;
}

/* ---- how it ended ---- */

/* The first line that curl wrote, without its "curl: (6) ". */
static void read_said(int said, char *text, size_t size)
{
	const ssize_t got = pread(said, text, size - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	const char *words = strncmp(text, "curl: (", 7) == 0 ? strchr(text, ')') : NULL;
	if (words)
		memmove(text, words + 1 + strspn(words + 1, " "),
		        strlen(words + 1 + strspn(words + 1, " ")) + 1);
}

static bool tell(const struct download *download, enum outcome outcome,
                 const struct process_end *end, int said, char *why, size_t size)
{
	static const char *const words[] = {
		[INTERRUPTED] = "it was stopped", [UNREADABLE] = "what curl sends cannot be read"};
	char text[SAID_MAX];
	read_said(said, text, sizeof(text));
	if (outcome == TOO_LARGE)
		snprintf(why, size, "more than the %zu bytes come that it can have", download->limit);
	else if (outcome == TOO_LATE)
		snprintf(why, size, "no answer within %.1f s", download->seconds);
	else if (outcome != COMPLETE)
		snprintf(why, size, "%s", words[outcome]);
	else if (!end->exited)
		snprintf(why, size, "curl was ended by signal %d", end->code);
	else if (end->code)
		snprintf(why, size, "%s (curl's exit status %d)", *text ? text : "curl failed", end->code);
	else
		return true;
	return false;
}

/* Standard output and error of curl: a file without a name. */
static int open_said(char *why, size_t size)
{
	FILE *file = tmpfile();
	const int said = file ? dup(fileno(file)) : -1;
	if (said < 0)
		snprintf(why, size, "no temporary file can be made: %s", strerror(errno));
	if (file)
		fclose(file);
	return said;
}

/* After the whole file curl has only to end; else it is not asked. */
static void finish(struct process *process, enum outcome outcome, struct process_end *end)
{
	enum { PATIENCE_MS = 1000 };
	process_reap(process, outcome == COMPLETE ? PATIENCE_MS : 0, end);
}

uint8_t *download_bytes(const struct download *download, size_t *size, char *why, size_t why_size)
{
	struct process process;
	struct process_end end;
	struct intake intake = {0};
	const int said = open_said(why, why_size);
	if (said < 0)
		return NULL;
	bool right = false;
	if (start(&process, download, said, why, why_size) == 0) {
		const enum outcome outcome = take_in(&intake, process.events, download);
		finish(&process, outcome, &end);
		right = tell(download, outcome, &end, said, why, why_size);
	}
	close(said);
	if (right) {
		*size = intake.size;
		return intake.bytes;
	}
	free(intake.bytes);
	return NULL;
}
