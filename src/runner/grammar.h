/* SPDX-License-Identifier: MIT */
/*
 * The grammar of events (docs/PROTOCOL.md), as a machine that takes one event after the other.
 * It knows the job, so that it can refuse numbers that cannot be.
 */
#ifndef RUNNER_GRAMMAR_H
#define RUNNER_GRAMMAR_H

#include "core/job.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Memory events between two marks of spans.  Extra epochs: EVENT_EXTRA_MAX. */
enum { GRAMMAR_MEMORY_MAX = 16 };

enum grammar_state {
	GRAMMAR_START,  /* nothing came yet */
	GRAMMAR_SETUP,  /* hello came */
	GRAMMAR_EPOCHS, /* at least one train span came */
	GRAMMAR_READ,   /* the weights were read; extra epochs may follow */
	GRAMMAR_VERIFIED,
	GRAMMAR_LAST, /* done, error or unavailable: nothing may follow */
};

struct grammar {
	const char *platform;  /* that the worker was called as; kept by the caller */
	const struct job *job; /* NULL: a probe, where hello and done, or unavailable, are all */
	enum grammar_state state;
	unsigned long events;  /* taken so far: "event 7" in messages */
	char span[16];         /* the open one, or "" */
	unsigned seen;         /* one bit a kind of span that has begun */
	int epoch;             /* of the open or last train span; extra ones count on */
	int memories;          /* memory events since the last mark of a span */
	bool no_extra;         /* set by the caller: the worker got no --min-time */
	bool extra, evaluated; /* the last train span was extra; its eval came */
	bool profile;          /* set by the caller: the worker was asked for a profile */
	bool profiled;         /* its event came */
	int64_t profile_ns;    /* when its span began; once that has ended: how long it was */
	int64_t last_ns;       /* the worker's clock, never backwards */
	bool diverged;         /* a loss came as null */
};

void grammar_start(struct grammar *grammar, const char *platform, const struct job *job);

/* 0: the event is in order.  -1: it is not, and `why` says so in words for the worker's author. */
int grammar_accept(struct grammar *grammar, const json_t *event, char *why, size_t size);

/* 0: a stream that ended here is complete. */
int grammar_finish(const struct grammar *grammar, char *why, size_t size);

#endif
