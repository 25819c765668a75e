/* SPDX-License-Identifier: MIT */
#include "worker/profile.h"

#include "core/error.h"
#include "core/event.h"
#include "worker/channel.h"

#include <jansson.h>

static json_t *parts;

void profile_part(const char *layer, const char *direction, double seconds)
{
	json_t *part =
		json_pack("{s:s, s:s, s:f}", "layer", layer, "direction", direction, "seconds", seconds);

	if (!parts)
		parts = json_array();
	if (!part || json_array_append_new(parts, part) < 0)
		BUG("part %s %s of a profile is no event's member", layer, direction);
}

int profile_send(void)
{
	json_t *event =
		json_pack("{s:s, s:o}", "event", "profile", "parts", parts ? parts : json_array());
	size_t size = json_dumpb(event, NULL, 0, JSON_COMPACT) + 1;

	parts = NULL;
	if (size > EVENT_LINE_MAX) {
		json_decref(event);
		return error("the profile has %zu bytes, %d are allowed: tell fewer parts", size,
		             EVENT_LINE_MAX);
	}
	channel_send(event);
	return 0;
}
