/* SPDX-License-Identifier: MIT */
#include "core/event.h"

#include "core/files.h"

#include <stdlib.h>
#include <string.h>

int event_write(int descriptor, json_t *event)
{
	char *text = json_dumps(event, JSON_COMPACT);
	char line[EVENT_LINE_MAX];
	size_t length = text ? strlen(text) : 0;
	int result = -1;

	if (length > 0 && length < EVENT_LINE_MAX) {
		memcpy(line, text, length);
		line[length] = '\n';
		/* A pipe takes a line whole; a descriptor of another kind may take it in pieces. */
		result = files_write_all(descriptor, line, length + 1);
	}
	free(text);
	json_decref(event);
	return result;
}

/* The line without its newline as an event, or NULL. */
static json_t *parse_line(const char *line, size_t length)
{
	json_t *event = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(event) && json_is_string(json_object_get(event, "event")))
		return event;
	json_decref(event);
	return NULL;
}

/* A line that was found too long holds length at EVENT_LINE_MAX until its newline has passed. */
static void skip_long_line(struct event_reader *reader, const char **bytes, size_t *size)
{
	const char *newline = memchr(*bytes, '\n', *size);
	size_t skipped = newline ? (size_t)(newline - *bytes) + 1 : *size;

	*bytes += skipped;
	*size -= skipped;
	if (newline)
		reader->length = 0;
}

enum event_status event_next(struct event_reader *reader, const char **bytes, size_t *size,
                             json_t **event)
{
	*event = NULL;
	if (*size > 0 && reader->length == EVENT_LINE_MAX)
		skip_long_line(reader, bytes, size);
	if (*size == 0)
		return EVENT_NONE;

	const char *newline = memchr(*bytes, '\n', *size);
	size_t part = newline ? (size_t)(newline - *bytes) + 1 : *size;
	size_t room = EVENT_LINE_MAX - reader->length, taken = part < room ? part : room;

	memcpy(reader->line + reader->length, *bytes, taken);
	reader->length += taken;
	*bytes += taken;
	*size -= taken;
	if (newline && taken == part) {
		*event = parse_line(reader->line, reader->length - 1);
		reader->length = 0;
		reader->lines++;
		return *event ? EVENT_LINE : EVENT_BROKEN;
	}
	if (reader->length < EVENT_LINE_MAX)
		return EVENT_NONE;
	reader->lines++;
	return EVENT_TOO_LONG;
}

const char *event_text(const json_t *event, const char *member)
{
	const char *text = json_string_value(json_object_get(event, member));

	return text ? text : "";
}
