/* SPDX-License-Identifier: MIT */
/* Source of all formats: proc(5) of the Linux man-pages. */
#include "runner/meter_linux.h"

#include "core/proc_linux.h"
#include "runner/meter.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAMILY_MAX = 1024 };

/* One line a field, "VmHWM:    1396 kB".  Fields that are not there are left alone. */
struct field {
	const char *name;
	int64_t *bytes;
};

static bool read_fields(const char *path, const struct field *fields)
{
	FILE *file = fopen(path, "re");
	char line[256];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');
		for (const struct field *field = fields; colon && field->name; field++)
			if (strncmp(line, field->name, (size_t)(colon - line)) == 0 &&
			    field->name[colon - line] == '\0')
				*field->bytes = strtoll(colon + 1, NULL, 10) * 1024;
	}
	fclose(file);
	return true;
}

/* ---- The family ---- */

static size_t add(pid_t pid, pid_t *out, size_t count, size_t max)
{
	if (pid <= 0 || count >= max)
		return count;
	for (size_t i = 0; i < count; i++)
		if (out[i] == pid)
			return count;
	out[count] = pid;
	return count + 1;
}

/* Children of one process: each of its threads lists those that it started.  False where the kernel
 * has no such lists (CONFIG_PROC_CHILDREN). */
static bool add_children(pid_t parent, pid_t *out, size_t *count, size_t max)
{
	char path[80];
	snprintf(path, sizeof(path), "/proc/%d/task", (int)parent);
	DIR *tasks = opendir(path);
	bool listed = !tasks; /* a process that has gone has no children to list */

	for (const struct dirent *task = tasks ? readdir(tasks) : NULL; task; task = readdir(tasks)) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, atoi(task->d_name));
		FILE *file = atoi(task->d_name) > 0 ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		listed = true;
		for (int child; fscanf(file, "%d", &child) == 1;)
			*count = add(child, out, *count, max);
		fclose(file);
	}
	if (tasks)
		closedir(tasks);
	return listed;
}

/* The group of a process, from /proc/PID/stat: "PID (name) state parent group ...", where the name
 * may hold anything, brackets too. */
static int group_of(pid_t pid)
{
	char path[64], text[512];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	int group = -1;

	if (!file)
		return -1;
	size_t size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	const char *bracket = strrchr(text, ')');
	if (!bracket || sscanf(bracket + 1, " %*c %*d %d", &group) != 1)
		group = -1;
	fclose(file);
	return group;
}

static size_t add_group(pid_t leader, pid_t *out, size_t count, size_t max)
{
	DIR *folder = opendir("/proc");

	if (!folder)
		return count;
	for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
		pid_t pid = (pid_t)atoi(entry->d_name);
		if (pid > 0 && group_of(pid) == (int)leader)
			count = add(pid, out, count, max);
	}
	closedir(folder);
	return count;
}

size_t meter_family(pid_t worker, pid_t *out, size_t max)
{
	size_t count = add(worker, out, 0, max);

	for (size_t i = 0; i < count; i++)
		if (!add_children(out[i], out, &count, max))
			return add_group(worker, out, count, max);
	return count;
}

/* ---- RAM ---- */

void meter_ram(pid_t worker, struct meter_ram *ram)
{
	pid_t family[FAMILY_MAX];
	size_t count = meter_family(worker, family, FAMILY_MAX);

	ram->anonymous = ram->file = ram->peak = -1;
	for (size_t i = 0; i < count; i++) {
		int64_t anonymous = -1, mapped = 0, shared = 0, peak = -1;
		const struct field fields[] = {{"VmHWM", &peak},
		                               {"RssAnon", &anonymous},
		                               {"RssFile", &mapped},
		                               {"RssShmem", &shared},
		                               {0}};
		char path[64];
		snprintf(path, sizeof(path), "/proc/%d/status", (int)family[i]);
		if (!read_fields(path, fields) || anonymous < 0)
			continue; /* it has just ended */
		ram->anonymous = (ram->anonymous < 0 ? 0 : ram->anonymous) + anonymous;
		ram->file = (ram->file < 0 ? 0 : ram->file) + mapped + shared;
		if (family[i] == worker)
			ram->peak = peak;
	}
}

int64_t meter_system_ram(void)
{
	int64_t total = -1, available = -1;
	const struct field fields[] = {{"MemTotal", &total}, {"MemAvailable", &available}, {0}};

	read_fields("/proc/meminfo", fields);
	return total < 0 || available < 0 ? -1 : total - available;
}

/*
 * A child made by vfork (as posix_spawn does) lives in the parent's memory until exec(2), which
 * hands that memory's peak on to the child's ru_maxrss (exec_mmap in fs/exec.c).  So the figure is
 * the child's own only where it is above the runner's peak.
 */
int64_t meter_peak(const struct rusage *usage)
{
	struct rusage self;

	if (getrusage(RUSAGE_SELF, &self) || usage->ru_maxrss <= self.ru_maxrss)
		return -1;
	return (int64_t)usage->ru_maxrss * 1024;
}

/* ---- Clock ---- */

/* Field 39 of /proc/PID/stat; the fields are counted behind the name, whose bracket ends field 2. */
static int last_processor(const char *root, pid_t process)
{
	char path[64], text[PROC_TEXT_SIZE];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)process);
	const char *field = strrchr(proc_line(text, root, path), ')');

	for (int i = 2; field && i < 39; i++)
		field = strchr(field + 1, ' ');
	return field ? atoi(field) : -1;
}

/* Of one processor only: on some kernels each such file takes 10 ms to read.  Source: the kernel's
 * admin-guide/pm/cpufreq; scaling_cur_freq is in kHz. */
int64_t meter_linux_clock_hz(const char *root, pid_t process)
{
	char path[96], text[PROC_TEXT_SIZE];
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq",
	         last_processor(root, process));
	const long long khz = atoll(proc_line(text, root, path));

	return khz > 0 ? khz * 1000 : -1;
}

int64_t meter_clock_hz(pid_t process)
{
	return meter_linux_clock_hz("", process);
}

/* "time on a processor, time waiting for one, slices", in nanoseconds. */
int64_t meter_run_delay(pid_t process)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)process);
	FILE *file = fopen(path, "re");
	long long delay = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%*d %lld", &delay) != 1)
		delay = -1;
	fclose(file);
	return delay;
}
