/* SPDX-License-Identifier: MIT */
/* Sources: cgroups(7), and of the kernel's documentation admin-guide/cgroup-v2, scheduler/sched-bwc. */
#include "core/quota_linux.h"

#include "core/memory.h"
#include "core/proc_linux.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double quota_v2(const char *root, const char *group)
{
	char *path = memory_text("/sys/fs/cgroup%s/cpu.max", group), text[PROC_TEXT_SIZE];
	double quota, period;
	const int read =
		sscanf(proc_line(text, root, path), "%lf %lf", &quota, &period); /* "max 100000": 0 */
	free(path);
	return read == 2 && quota > 0 && period > 0 ? quota / period : HUGE_VAL;
}

static double quota_v1_of(const char *root, const char *controller, const char *group)
{
	char *quota_path = memory_text("/sys/fs/cgroup/%s%s/cpu.cfs_quota_us", controller, group);
	char *period_path = memory_text("/sys/fs/cgroup/%s%s/cpu.cfs_period_us", controller, group);
	char text[PROC_TEXT_SIZE];
	const double quota = atof(proc_line(text, root, quota_path)); /* -1: none */
	const double period = atof(proc_line(text, root, period_path));
	free(quota_path);
	free(period_path);
	return quota > 0 && period > 0 ? quota / period : HUGE_VAL;
}

static double quota_v1(const char *root, const char *group)
{
	return fmin(quota_v1_of(root, "cpu", group), quota_v1_of(root, "cpu,cpuacct", group));
}

/* The tightest of a group and all groups above it.  Inside a container the path may be the host's
 * and not to be seen: the top, which is then the container's own, is looked at in any case. */
static double tightest(const char *root, const char *group,
                       double (*quota)(const char *, const char *))
{
	char *path = memory_copy(strcmp(group, "/") == 0 ? "" : group);
	double lowest = quota(root, path);
	for (char *slash; (slash = strrchr(path, '/'));) {
		*slash = '\0';
		lowest = fmin(lowest, quota(root, path));
	}
	free(path);
	return lowest;
}

static bool has_word(const char *list, const char *word)
{
	const size_t length = strlen(word);
	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

/* Lines of /proc/self/cgroup: "0::/group" for v2, "4:cpu,cpuacct:/group" for v1. */
double quota_processors(const char *root)
{
	char *path = memory_text("%s/proc/self/cgroup", root), line[PATH_MAX];
	FILE *file = fopen(path, "re");
	double lowest = HUGE_VAL;
	free(path);
	while (file && fgets(line, sizeof(line), file)) {
		char *rest = line;
		line[strcspn(line, "\n")] = '\0';
		strsep(&rest, ":");
		const char *controllers = strsep(&rest, ":");
		if (!rest)
			continue;
		if (!*controllers)
			lowest = fmin(lowest, tightest(root, rest, quota_v2));
		else if (has_word(controllers, "cpu"))
			lowest = fmin(lowest, tightest(root, rest, quota_v1));
	}
	if (file)
		fclose(file);
	return lowest;
}
