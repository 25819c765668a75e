/* SPDX-License-Identifier: MIT */
#include "runner/catalog.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORKER_PREFIX "worker-"
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* The platform's name in the file name of a worker; NULL: it is none. */
static const char *worker_platform(const char *file)
{
	const size_t prefix = strlen(WORKER_PREFIX);
	if (strncmp(file, WORKER_PREFIX, prefix) != 0)
		return NULL;
	const char *name = file + prefix;
	return *name && name[strspn(name, NAME_LETTERS)] == '\0' ? name : NULL;
}

static bool is_file(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Takes over `path`.  A name that is there already keeps the path that was found first. */
static void take_worker(struct catalog *catalog, const char *name, char *path)
{
	if (catalog_lookup(catalog, name) || !is_file(path)) {
		free(path);
		return;
	}
	catalog->entries = memory_grow(catalog->entries, catalog->count + 1, sizeof(*catalog->entries));
	catalog->entries[catalog->count++] = (struct catalog_entry){
		.name = memory_copy(name),
		.path = path,
		.hidden = strcmp(name, CATALOG_SELFTEST) == 0,
	};
}

/* -1 with errno: the folder cannot be read. */
static int catalog_scan(struct catalog *catalog, const char *folder)
{
	DIR *handle = opendir(folder);
	if (!handle)
		return -1;
	for (const struct dirent *entry; (entry = readdir(handle));) {
		const char *name = worker_platform(entry->d_name);
		if (name)
			take_worker(catalog, name, files_join(folder, entry->d_name));
	}
	closedir(handle);
	return 0;
}

/*
 * Programs are started from a folder of CNNBENCH_PATH, so nobody but its user and root may put one
 * there: not into the folder, and not by exchanging a folder above it (a sticky one, as /tmp is,
 * does not let others rename what is not theirs).
 */
static int check_level(const char *folder, const char *level, bool is_folder)
{
	struct stat status;
	if (stat(level, &status) != 0)
		return error("CNNBENCH_PATH: %s: %s", level, strerror(errno));
	if (status.st_uid != 0 && status.st_uid != getuid())
		return error(
			"CNNBENCH_PATH: %s is not trusted: %s belongs to another user; use a folder of your own",
			folder, level);
	if (is_folder && (status.st_mode & (S_IWGRP | S_IWOTH)))
		return error("CNNBENCH_PATH: %s is not trusted: others may write in it; chmod go-w '%s'",
		             folder, level);
	if ((status.st_mode & S_IWOTH) && !(status.st_mode & S_ISVTX))
		return error(
			"CNNBENCH_PATH: %s is not trusted: others may write in %s above it; chmod o-w '%s'",
			folder, level, level);
	return 0;
}

static int check_trust(const char *folder)
{
	char level[PATH_MAX];
	if (!realpath(folder, level))
		return error("CNNBENCH_PATH: %s: %s; make the folder or take it out of CNNBENCH_PATH",
		             folder, strerror(errno));
	if (!files_is_folder(level))
		return error("CNNBENCH_PATH: %s is not a folder; give the folder that holds the workers",
		             folder);
	if (check_level(folder, level, true) != 0)
		return -1;
	for (char *slash; (slash = strrchr(level, '/')) && slash != level;) {
		*slash = '\0';
		if (check_level(folder, level, false) != 0)
			return -1;
	}
	return check_level(folder, "/", false);
}

static int scan_path_folder(struct catalog *catalog, const char *folder)
{
	if (folder[0] != '/')
		return error("CNNBENCH_PATH: '%s' is not an absolute path; write it from / on", folder);
	if (check_trust(folder) != 0)
		return -1;
	if (catalog_scan(catalog, folder) != 0)
		return error("CNNBENCH_PATH: cannot read %s: %s", folder, strerror(errno));
	return 0;
}

static int scan_path(struct catalog *catalog, const char *path)
{
	char *copy = memory_copy(path), *rest = copy;
	int result = 0;
	for (char *folder; result == 0 && (folder = strsep(&rest, ":"));)
		if (*folder)
			result = scan_path_folder(catalog, folder);
	free(copy);
	return result;
}

/* Beside the program, and in PREFIX/libexec/cnnbench where it is PREFIX/bin/cnnbench.  Where these
 * cannot be read, there are no workers in them. */
static int scan_own_folders(struct catalog *catalog)
{
	char *folder = files_self();
	if (!folder)
		return -1;
	*strrchr(folder, '/') = '\0';
	catalog_scan(catalog, *folder ? folder : "/");
	char *installed = memory_text("%s/../libexec/cnnbench", folder);
	char *resolved = realpath(installed, NULL);
	if (resolved)
		catalog_scan(catalog, resolved);
	free(resolved);
	free(installed);
	free(folder);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct catalog_entry *)a)->name, ((const struct catalog_entry *)b)->name);
}

static void sort_entries(struct catalog *catalog)
{
	if (catalog->count)
		qsort(catalog->entries, catalog->count, sizeof(*catalog->entries), by_name);
}

int catalog_find(struct catalog *catalog)
{
	*catalog = (struct catalog){0};
	const char *path = getenv("CNNBENCH_PATH");
	if (scan_own_folders(catalog) != 0 || (path && scan_path(catalog, path) != 0)) {
		catalog_free(catalog);
		return -1;
	}
	sort_entries(catalog);
	return 0;
}

/* ---- a worker of one's own ---- */

/* What keeps a path from being a worker's; NULL after error(). */
static const char *check_worker(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = worker_platform(slash ? slash + 1 : path);
	struct stat status;

	if (stat(path, &status) != 0) {
		error("%s: %s; give the path of a worker", path, strerror(errno));
		return NULL;
	}
	if (!S_ISREG(status.st_mode)) {
		error("%s: this is %s; give the path of a worker, a program worker-<name>", path,
		      S_ISDIR(status.st_mode) ? "a folder" : "no plain file");
		return NULL;
	}
	if (!name)
		error("%s: a worker's file is called worker-<name>, the name of letters, digits and _; "
		      "rename it, or link to it",
		      path);
	else if (access(path, X_OK) != 0)
		error("%s: not executable; chmod +x '%s'", path, path);
	else
		return name;
	return NULL;
}

static void drop_entry(struct catalog *catalog, const char *name)
{
	for (size_t i = 0; i < catalog->count; i++)
		if (strcmp(catalog->entries[i].name, name) == 0) {
			free(catalog->entries[i].name);
			free(catalog->entries[i].path);
			catalog->entries[i] = catalog->entries[--catalog->count];
			return;
		}
}

/* The folder is resolved, a link that is the worker's own name is not: that is its name. */
static char *absolute_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? memory_text("%.*s/", (int)(slash - path), path) : memory_copy(".");
	char *resolved = realpath(folder, NULL);
	char *absolute = resolved ? files_join(resolved, slash ? slash + 1 : path) : NULL;

	if (!resolved)
		error("%s: %s; give the path of a worker", path, strerror(errno));
	free(folder);
	free(resolved);
	return absolute;
}

const char *catalog_add(struct catalog *catalog, const char *path)
{
	const char *name = check_worker(path);
	char *absolute = name ? absolute_path(path) : NULL;

	if (!absolute)
		return NULL;
	drop_entry(catalog, name);
	take_worker(catalog, name, absolute);
	sort_entries(catalog);
	return catalog_lookup(catalog, name)->name;
}

const struct catalog_entry *catalog_lookup(const struct catalog *catalog, const char *name)
{
	for (size_t i = 0; i < catalog->count; i++)
		if (strcmp(catalog->entries[i].name, name) == 0)
			return &catalog->entries[i];
	return NULL;
}

void catalog_free(struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->count; i++) {
		free(catalog->entries[i].name);
		free(catalog->entries[i].path);
	}
	free(catalog->entries);
	*catalog = (struct catalog){0};
}
