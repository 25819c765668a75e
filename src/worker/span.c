/* SPDX-License-Identifier: MIT */
#include "worker/span.h"

#include "core/clock.h"
#include "core/error.h"
#include "worker/channel.h"

#include <string.h>

static const char *open_span; /* its name, or NULL */

/* The clock is read last: what comes before it is building the line. */
static void send_mark(const char *kind, const char *name, json_t *members)
{
	json_t *event = json_pack("{s:s, s:s}", "event", kind, "span", name);

	if (!event || (members && json_object_update(event, members) < 0))
		BUG("no memory, or bad members, for the %s of span %s", kind, name);
	json_decref(members);
	json_object_set_new(event, "ns", json_integer(clock_ns()));
	channel_send(event);
}

void span_begin_with(const char *name, json_t *members)
{
	if (open_span)
		BUG("span %s begins inside of span %s", name, open_span);
	open_span = name;
	send_mark("begin", name, members);
}

void span_end_with(const char *name, json_t *members)
{
	if (!open_span || strcmp(name, open_span) != 0)
		BUG("span %s ends, but the open one is %s", name, open_span ? open_span : "none");
	open_span = NULL;
	send_mark("end", name, members);
}

void span_begin(const char *name)
{
	span_begin_with(name, NULL);
}

void span_end(const char *name)
{
	span_end_with(name, NULL);
}
