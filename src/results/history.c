/* SPDX-License-Identifier: MIT */
#include "results/history.h"

#include "core/files.h"
#include "core/memory.h"
#include "core/statistics.h"
#include "results/field.h"
#include "results/results.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A run.json of ten platforms, three rounds and ten epochs has some 300 KB, read in 5 ms. */
enum { RUNS_READ = 8, RUN_SIZE_MAX = 1 << 20 };

struct file {
	char *path;
	time_t written;
};

/* ---- the newest runs ---- */

/* Links are passed over: results/latest is one of the others. */
static bool find_file(const char *parent, const char *name, struct file *file)
{
	struct stat folder, status;
	char *path = files_join(parent, name);
	file->path = files_join(path, "run.json");
	const bool found = lstat(path, &folder) == 0 && S_ISDIR(folder.st_mode) &&
	                   lstat(file->path, &status) == 0 && S_ISREG(status.st_mode) &&
	                   status.st_size <= RUN_SIZE_MAX;
	free(path);
	if (found)
		file->written = status.st_mtime;
	else
		free(file->path);
	return found;
}

static int newest_first(const void *a, const void *b)
{
	const time_t left = ((const struct file *)a)->written,
				 right = ((const struct file *)b)->written;
	return (left < right) - (left > right);
}

static struct file *find_files(const char *parent, size_t *count)
{
	DIR *folder = opendir(parent);
	struct file *files = NULL, file;
	*count = 0;
	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		if (entry->d_name[0] == '.' || !find_file(parent, entry->d_name, &file))
			continue;
		files = memory_grow(files, *count + 1, sizeof(*files));
		files[(*count)++] = file;
	}
	if (folder)
		closedir(folder);
	if (files)
		qsort(files, *count, sizeof(*files), newest_first);
	return files;
}

/* ---- those that are alike ---- */

static bool same(const json_t *a, const json_t *b, const char *key)
{
	const json_t *value = json_object_get(a, key);
	return value && json_equal(value, json_object_get(b, key));
}

static bool is_alike(const json_t *a, const json_t *b)
{
	const json_t *work = json_object_get(a, "work"), *other = json_object_get(b, "work");
	return same(work, other, "shape") && same(work, other, "batch") && same(a, b, "threads") &&
	       same(json_object_get(a, "machine"), json_object_get(b, "machine"), "host_id");
}

json_t *history_read(const char *parent, const json_t *run)
{
	json_t *history = json_array();
	size_t count;
	struct file *files = find_files(parent, &count);
	for (size_t i = 0; i < count; i++) {
		json_t *earlier = i < RUNS_READ ? json_load_file(files[i].path, 0, NULL) : NULL;
		if (earlier && is_alike(earlier, run))
			json_array_append(history, earlier);
		json_decref(earlier);
		free(files[i].path);
	}
	free(files);
	return history;
}

/* ---- seconds ---- */

static double samples_trained(const json_t *run)
{
	const json_t *work = json_object_get(run, "work");
	return field_number(work, "epochs") * field_number(json_object_get(work, "dataset"), "n_train");
}

/* `scale`: how many times the work this process had is to be done. */
static double execution_seconds(const json_t *execution, double scale, double min_time)
{
	const json_t *epochs = json_object_get(execution, "epochs"), *epoch;
	double all = 0, wanted = 0; /* extra epochs are for time only */
	size_t i;
	json_array_foreach (epochs, i, epoch) {
		const double seconds = field_number(epoch, "train_seconds");
		all += seconds;
		wanted += json_is_true(json_object_get(epoch, "extra")) ? 0 : seconds;
	}
	return field_number(execution, "wall_seconds") - all + fmax(wanted * scale, min_time);
}

static bool ran_to_its_end(const json_t *execution)
{
	enum status status;
	return status_read(field_text(execution, "status"), &status) == 0 && status_measured(status);
}

static double *add_executions(double *seconds, size_t *count, const json_t *platform, double scale,
                              double min_time)
{
	const json_t *executions = json_object_get(platform, "executions"), *execution;
	size_t i;
	json_array_foreach (executions, i, execution) {
		if (!ran_to_its_end(execution))
			continue;
		seconds = memory_grow(seconds, *count + 1, sizeof(*seconds));
		seconds[(*count)++] = execution_seconds(execution, scale, min_time);
	}
	return seconds;
}

double history_seconds(const json_t *history, const json_t *run, const char *label)
{
	double *seconds = NULL;
	size_t count = 0, i, k;
	const json_t *earlier, *platform;
	json_array_foreach (history, i, earlier) {
		const double scale = samples_trained(run) / samples_trained(earlier);
		json_array_foreach (json_object_get(earlier, "platforms"), k, platform) {
			const char *name = field_text(platform, "label");
			if (name && strcmp(name, label) == 0)
				seconds =
					add_executions(seconds, &count, platform, scale, field_number(run, "min_time"));
		}
	}
	const double median = statistics_spread(seconds, count).median;
	free(seconds);
	return median;
}
