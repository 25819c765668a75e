/* SPDX-License-Identifier: MIT */
/*
 * Events: what a worker tells its runner, as JSON lines.  docs/PROTOCOL.md is the whole grammar.
 * A line with its newline has at most EVENT_LINE_MAX bytes.  One thread alone writes events:
 * lines never mix, also where a pipe takes fewer bytes than that at once (macOS: 512).
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <jansson.h>
#include <stddef.h>

enum { EVENT_LINE_MAX = 4096, EVENT_PROTOCOL = 1 };

/* Extra epochs of a process.  A job of a few samples would go on for 100,000 before --min-time is
 * over; no median gets steadier by that. */
enum { EVENT_EXTRA_MAX = 1000 };

/* Write one event with a single write(2); takes over `event`.  -1, without error(), when the line is
 * too long or the reader has gone: the worker then has nobody left to tell. */
int event_write(int descriptor, json_t *event);

/* Cuts a stream of bytes into lines.  Start with zeroes. */
struct event_reader {
	char line[EVENT_LINE_MAX + 1];
	size_t length; /* bytes of the line so far */
	size_t lines;  /* whole lines cut so far: "line 7" in messages */
};

enum event_status { EVENT_NONE, EVENT_LINE, EVENT_TOO_LONG, EVENT_BROKEN };

/*
 * Take bytes from *bytes (advancing *bytes and *size) until one line is whole.  EVENT_LINE: *event
 * is a new reference to a JSON object with a text "event".  EVENT_BROKEN: a line that is none.
 * EVENT_NONE: all bytes are used, no line is whole.
 */
enum event_status event_next(struct event_reader *reader, const char **bytes, size_t *size,
                             json_t **event);

/* A member of an event as text, "" where it is none; borrowed.  `event` may be NULL. */
const char *event_text(const json_t *event, const char *member);

#endif
