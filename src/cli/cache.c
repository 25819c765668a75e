/* SPDX-License-Identifier: MIT */
#include "cli/cache.h"

#include "core/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct cache_part cache_parts[CACHE_PARTS] = {
	{"mnist", "MNIST as downloaded"},
	{"data", "datasets as platforms read them"},
	{"jobs", "jobs"},
	{"references", "results of the reference"},
};

enum { OPEN_FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static int64_t measure_entry(int parent, const char *name);

/* Closes `descriptor`. */
static int64_t measure_folder(int descriptor)
{
	DIR *folder = fdopendir(descriptor);
	int64_t bytes = 0;
	if (!folder) {
		close(descriptor);
		return 0;
	}
	for (const struct dirent *entry; (entry = readdir(folder));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			bytes += measure_entry(descriptor, entry->d_name);
	closedir(folder);
	return bytes;
}

static int64_t measure_entry(int parent, const char *name)
{
	struct stat status;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return 0; /* gone meanwhile */
	if (!S_ISDIR(status.st_mode))
		return S_ISREG(status.st_mode) ? (int64_t)status.st_size : 0;
	const int descriptor = openat(parent, name, OPEN_FOLDER);
	return descriptor < 0 ? 0 : measure_folder(descriptor);
}

int64_t cache_measure(const char *cache, const struct cache_part *part)
{
	char *path = files_join(cache, part->folder);
	const int descriptor = open(path, OPEN_FOLDER);
	free(path);
	return descriptor < 0 ? -1 : measure_folder(descriptor);
}

int cache_remove(const char *cache, const struct cache_part *part)
{
	char *path = files_join(cache, part->folder);
	const int result = files_remove_folder(path);
	free(path);
	return result;
}
