/* SPDX-License-Identifier: MIT */
#include "results/journal.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct journal {
	char *path;
	int descriptor;
	off_t size; /* of the whole records so far */
};

/* ---- Writing ---- */

/* Write `bytes` zeroes and take them back.  fsync: file systems over a network tell only then. */
static int reserve_space(int descriptor, size_t bytes)
{
	static const char zeroes[64 << 10];

	while (bytes > 0) {
		ssize_t written =
			write(descriptor, zeroes, bytes < sizeof(zeroes) ? bytes : sizeof(zeroes));

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		bytes -= (size_t)written;
	}
	return fsync(descriptor) || ftruncate(descriptor, 0) ? -1 : 0;
}

static int open_new(const char *path, const char *folder)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);

	if (descriptor >= 0)
		return descriptor;
	if (errno == EEXIST)
		return error("%s: holds a run already: choose another --log-dir, or look at it with "
		             "'cnnbench compare %s'",
		             folder, folder);
	return error("%s: cannot be written: %s; choose another --log-dir", path, strerror(errno));
}

struct journal *journal_create(const char *folder, size_t reserve)
{
	char *path = files_join(folder, JOURNAL_FILE);
	int descriptor = open_new(path, folder);

	if (descriptor >= 0 && reserve_space(descriptor, reserve)) {
		error(
			"%s: no room for the results (%zu bytes were tried): %s; free some, or choose another --log-dir",
			folder, reserve, strerror(errno));
		close(descriptor);
		unlink(path);
		descriptor = -1;
	}
	if (descriptor < 0) {
		free(path);
		return NULL;
	}
	struct journal *journal = memory_new(1, sizeof(*journal));
	journal->path = path;
	journal->descriptor = descriptor;
	return journal;
}

/* One write(2), so that a reader never sees half a record; what a full disk cut off is taken back. */
static int append_bytes(struct journal *journal, const char *bytes, size_t size)
{
	ssize_t written;

	do
		written = write(journal->descriptor, bytes, size);
	while (written < 0 && errno == EINTR);
	if (written == (ssize_t)size) {
		journal->size += written;
		return 0;
	}
	int reason = written < 0 ? errno : ENOSPC;
	if (written > 0 && ftruncate(journal->descriptor, journal->size))
		warning("%s: a torn record could not be taken back: %s", journal->path, strerror(errno));
	return error("%s: cannot be written: %s; what was measured before is kept", journal->path,
	             strerror(reason));
}

int journal_append(struct journal *journal, json_t *record)
{
	if (!record)
		BUG("a record of the journal could not be built");
	char *text = json_dumps(record, JSON_COMPACT);
	json_decref(record);
	if (!text)
		BUG("a record of the journal cannot be written as JSON");
	size_t size = strlen(text);
	text[size] = '\n'; /* in the place of the NUL */
	int result = append_bytes(journal, text, size + 1);
	free(text);
	return result;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	if (close(journal->descriptor))
		warning("%s: closing it failed: %s; its end may be missing", journal->path,
		        strerror(errno));
	free(journal->path);
	free(journal);
}

/* ---- Reading ---- */

/* Parse one line and add it.  `torn`: it has no newline, and may be broken. */
static int read_record(json_t *records, const char *path, const char *line, size_t size, bool torn)
{
	json_error_t flaw;
	json_t *record = json_loadb(line, size, JSON_REJECT_DUPLICATES, &flaw);
	const char *reason = record ? "it has no \"record\"" : flaw.text;

	if (json_is_string(json_object_get(record, "record")))
		return json_array_append_new(records, record);
	json_decref(record);
	if (torn)
		return 0;
	return error("%s: line %zu is damaged: %s; restore the file, or remove that line", path,
	             json_array_size(records) + 1, reason);
}

static int read_records(json_t *records, const char *path, const char *bytes, size_t size)
{
	const char *end = bytes + size;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = newline ? newline : end;

		if (read_record(records, path, bytes, (size_t)(stop - bytes), !newline))
			return -1;
		bytes = stop + 1;
	}
	return 0;
}

/* The first record is the run's, of the one schema that this program knows. */
static int check_schema(const json_t *records, const char *path)
{
	const json_t *first = json_array_get(records, 0);
	const char *kind = json_string_value(json_object_get(first, "record"));
	const char *schema = json_string_value(json_object_get(first, "schema"));

	if (!first)
		return error("%s: holds no record: the run ended before it began; run it again", path);
	if (strcmp(kind, "run") != 0 || !schema)
		return error("%s: does not begin with a run; it is no journal of cnnbench, or damaged",
		             path);
	if (strcmp(schema, JOURNAL_SCHEMA) != 0)
		return error("%s: written by another version (%s, this one reads " JOURNAL_SCHEMA "); "
		             "use the version that wrote it",
		             path, schema);
	return 0;
}

json_t *journal_read_file(const char *path)
{
	size_t size = 0;
	char *bytes = files_read(path, JOURNAL_SIZE_MAX, &size);

	if (!bytes)
		return NULL;
	json_t *records = json_array();
	if (read_records(records, path, bytes, size) || check_schema(records, path)) {
		json_decref(records);
		records = NULL;
	}
	free(bytes);
	return records;
}

json_t *journal_read(const char *folder)
{
	char *path = files_join(folder, JOURNAL_FILE);
	json_t *records = NULL;

	if (access(path, F_OK))
		error("%s: no results here: there is no " JOURNAL_FILE
		      "; name a folder that 'cnnbench run' wrote",
		      folder);
	else
		records = journal_read_file(path);
	free(path);
	return records;
}
