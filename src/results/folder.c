/* SPDX-License-Identifier: MIT */
#include "results/folder.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/text.h"
#include "results/journal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name that a run writes: to overwrite one would mix two runs. */
static bool is_of_a_run(const char *name)
{
	size_t length = strlen(name);
	bool metrics =
		strncmp(name, "metrics_", 8) == 0 && length > 12 && strcmp(name + length - 4, ".csv") == 0;

	return metrics || strcmp(name, JOURNAL_FILE) == 0 || strcmp(name, "run.json") == 0 ||
	       strcmp(name, "summary.csv") == 0;
}

static int check_unused(const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	bool used = false;

	if (!folder)
		return error("%s: cannot be read: %s; choose another --log-dir", path, strerror(errno));
	while (!used && (entry = readdir(folder)))
		used = is_of_a_run(entry->d_name);
	closedir(folder);
	return used ? error("%s: holds a run already: choose another --log-dir, or look at it with "
	                    "'cnnbench compare %s'",
	                    path, path)
	            : 0;
}

static int make_folder(const char *path)
{
	if (!files_try_folder(path))
		return 0;
	return error("%s: cannot make this folder: %s; choose another --log-dir", path,
	             strerror(errno));
}

static char *open_chosen(const char *log_dir)
{
	if (files_is_folder(log_dir) ? check_unused(log_dir) : make_folder(log_dir))
		return NULL;
	return memory_copy(log_dir);
}

/* results/<name>, or with -2, -3 ... behind it where a run of the same second has it. */
static char *make_numbered(const char *name)
{
	char *path = files_join(FOLDER_RESULTS, name);

	for (int number = 2; mkdir(path, 0777); number++) {
		if (errno != EEXIST || number > 1000) {
			error("%s: cannot make this folder: %s; choose another place with --log-dir", path,
			      strerror(errno));
			free(path);
			return NULL;
		}
		free(path);
		path = memory_text(FOLDER_RESULTS "/%s-%d", name, number);
	}
	return path;
}

static char *open_dated(const char *dataset)
{
	char stamp[CLOCK_STAMP_SIZE];

	clock_stamp(stamp, 1);
	if (mkdir(FOLDER_RESULTS, 0777) && errno != EEXIST) {
		error(FOLDER_RESULTS ": cannot make this folder: %s; choose another place with --log-dir",
		      strerror(errno));
		return NULL;
	}
	/* A name has at most 255 bytes in all file systems of today; the stamp, -1000 and some room go off. */
	char *name = memory_text("%s_%.200s", stamp, dataset);
	text_file_name(name); /* a dataset's name is a folder's that the user chose */
	char *path = make_numbered(name);
	free(name);
	return path;
}

static int copy_job(const char *folder, const char *job_folder)
{
	char *from = files_join(job_folder, "job.json"), *to = files_join(folder, "job.json");
	size_t size;
	char *bytes = files_read(from, 16 << 20, &size);
	int result = bytes ? files_write(to, bytes, size) : -1;

	free(bytes);
	free(from);
	free(to);
	return result;
}

static int fill(const char *folder, const char *job_folder)
{
	char *logs = files_join(folder, "logs");
	int result = make_folder(logs);

	free(logs);
	return result ? result : copy_job(folder, job_folder);
}

char *folder_missing(const char *path)
{
	char *part = memory_copy(path);
	for (char *end = part; *end;) {
		end += strspn(end, "/");
		end += strcspn(end, "/");
		const char kept = *end;
		*end = '\0';
		if (!files_is_folder(part))
			return part;
		*end = kept;
	}
	free(part);
	return NULL;
}

/* From the folder up to `made`, as far as nothing else was put there. */
static void remove_made(const char *folder, const char *made)
{
	char *path = memory_copy(folder);
	if (files_is_folder(path))
		files_remove_folder(path);
	for (char *slash; strlen(path) > strlen(made) && (slash = strrchr(path, '/'));) {
		*slash = '\0';
		rmdir(path);
	}
	free(path);
}

void folder_discard(const char *folder, const char *made)
{
	char *logs = files_join(folder, "logs"), *job = files_join(folder, "job.json");

	unlink(job);
	rmdir(logs); /* with something in it, it is not ours */
	if (made)
		remove_made(folder, made);
	free(logs);
	free(job);
}

/* results/latest is exchanged by a rename, so that it is there at any time.  That it cannot be made
 * is no reason not to run. */
void folder_point_latest(const char *folder)
{
	const char *link = FOLDER_RESULTS "/latest", *target = strrchr(folder, '/') + 1;
	char *temporary = memory_text(FOLDER_RESULTS "/.latest-%ld", (long)getpid());

	unlink(temporary); /* of a process of the same number that was cut off */
	if (symlink(target, temporary) || rename(temporary, link)) {
		warning("%s: cannot point to %s: %s; remove it, and the next run will", link, target,
		        strerror(errno));
		unlink(temporary);
	}
	free(temporary);
}

char *folder_create(const char *log_dir, const char *dataset, const char *job_folder)
{
	char *made = folder_missing(log_dir ? log_dir : FOLDER_RESULTS);
	char *path = log_dir ? open_chosen(log_dir) : open_dated(dataset);

	if (path && fill(path, job_folder)) {
		folder_discard(path, made || log_dir ? made : path);
		free(path);
		path = NULL;
	} else if (!path && made && log_dir) {
		remove_made(log_dir, made);
	}
	free(made);
	return path;
}
