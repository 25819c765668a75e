/* SPDX-License-Identifier: MIT */
/* What a user may name as a run, and how it is read. */
#include "results/results.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "results/journal.h"
#include "results/original.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN_FILE "run.json"

static bool has(const char *folder, const char *name)
{
	char *path = files_join(folder, name);
	const bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static bool ends_with(const char *text, const char *end)
{
	const size_t length = strlen(text), size = strlen(end);

	return length >= size && strcmp(text + length - size, end) == 0;
}

static int read_file_of(struct results *results, const char *folder, const char *name,
                        int (*read)(struct results *, const char *, const char *))
{
	char *path = files_join(folder, name);
	const int result = read(results, path, folder);

	free(path);
	return result;
}

static int read_folder(struct results *results, const char *folder)
{
	if (has(folder, JOURNAL_FILE))
		return read_file_of(results, folder, JOURNAL_FILE, results_read_journal);
	if (has(folder, RUN_FILE))
		return read_file_of(results, folder, RUN_FILE, results_read_run);
	if (original_found(folder))
		return original_read(results, folder);
	return error("%s: no results here: there is no " JOURNAL_FILE ", no " RUN_FILE
	             " and no metrics_*.csv; name a folder that 'cnnbench run' wrote",
	             folder);
}

/* The folder of "folder/run.json"; NULL: it is a file of another name.  free() it. */
static char *folder_of(const char *path)
{
	char *folder = memory_copy(path), *slash = strrchr(folder, '/');
	const char *name = slash ? slash + 1 : folder;

	if (strcmp(name, JOURNAL_FILE) != 0 && strcmp(name, RUN_FILE) != 0) {
		free(folder);
		return NULL;
	}
	if (!slash)
		strcpy(folder, ".");
	else
		slash[slash == folder] = '\0'; /* "/run.json" lies in "/" */
	return folder;
}

static int read_file(struct results *results, const char *path)
{
	if (access(path, F_OK))
		return error("%s: no such file or folder; name a results folder, for example "
		             "results/latest",
		             path);
	return ends_with(path, ".jsonl") ? results_read_journal(results, path, path)
	                                 : results_read_run(results, path, path);
}

int results_read(struct results *results, const char *path)
{
	char *folder;
	int result;

	*results = (struct results){0};
	if (files_is_folder(path))
		return read_folder(results, path);
	folder = folder_of(path);
	if (folder && (has(folder, JOURNAL_FILE) || !has(folder, RUN_FILE)))
		result = read_folder(results, folder);
	else
		result = read_file(results, path);
	free(folder);
	return result;
}
