/* SPDX-License-Identifier: MIT */
#include "runner/log.h"

#include "core/error.h"
#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_LINES = 10, TAIL_BYTES = 4096 };

int log_open(const char *path, const char *heading, off_t *start)
{
	int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	struct stat status;

	if (log < 0)
		return error("%s: cannot be written: %s; choose another --log-dir", path, strerror(errno));
	if (dprintf(log, "%s\n", heading) < 0 || fstat(log, &status)) {
		error("%s: cannot be written: %s; make room, or choose another --log-dir", path,
		      strerror(errno));
		close(log);
		return -1;
	}
	*start = status.st_size;
	return log;
}

json_t *log_text(const char *text)
{
	char *visible = memory_visible(text);
	json_t *value = json_string(visible);

	free(visible);
	return value;
}

json_t *log_text_or_null(const char *text)
{
	return text && *text ? log_text(text) : json_null();
}

json_t *log_words(char *const *words)
{
	json_t *list = json_array();

	for (; *words; words++)
		json_array_append_new(list, log_text(*words));
	return list;
}

/* At most the last TAIL_BYTES of the file from `start` on, as text; "" where there is nothing. */
static void read_tail(const char *path, off_t start, char out[TAIL_BYTES + 1])
{
	int log = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	ssize_t size = 0;

	if (log >= 0 && fstat(log, &status) == 0) {
		off_t from = status.st_size - TAIL_BYTES;
		size = pread(log, out, TAIL_BYTES, from > start ? from : start);
	}
	if (log >= 0)
		close(log);
	out[size > 0 ? size : 0] = '\0';
	for (ssize_t i = 0; i < size; i++)
		if (!out[i])
			out[i] = ' ';
}

json_t *log_tail(const char *path, off_t start)
{
	char text[TAIL_BYTES + 1];
	json_t *lines = json_array();

	read_tail(path, start, text);
	for (char *state = NULL, *line = strtok_r(text, "\r\n", &state); line;
	     line = strtok_r(NULL, "\r\n", &state)) {
		json_array_append_new(lines, log_text(line));
		if (json_array_size(lines) > TAIL_LINES)
			json_array_remove(lines, 0);
	}
	return lines;
}
