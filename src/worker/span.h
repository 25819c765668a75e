/* SPDX-License-Identifier: MIT */
/*
 * Spans: named stretches of a worker's time.  They do not nest.  The clock is read just before the
 * "begin" line is written and just before the "end" line is, so nothing of a span is ever outside.
 * Set-up spans are marked by the platform: "device", "tune", "compile", "upload", each at most once.
 * The events go to the worker's channel.  Names are string constants.
 */
#ifndef WORKER_SPAN_H
#define WORKER_SPAN_H

#include <jansson.h>

void span_begin(const char *name);
void span_end(const char *name);

/* The same with members of the event's own; both take over `members` (NULL: none). */
void span_begin_with(const char *name, json_t *members);
void span_end_with(const char *name, json_t *members);

#endif
