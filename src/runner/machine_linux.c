/* SPDX-License-Identifier: MIT */
/*
 * Sources: proc(5), cgroups(7), and of the kernel's documentation admin-guide/cputopology,
 * admin-guide/cgroup-v2, scheduler/sched-bwc, ABI/testing/sysfs-devices-system-cpu.
 */
#include "runner/machine_linux.h"

#include "core/digest.h"
#include "core/memory.h"
#include "core/proc_linux.h"
#include "core/quota_linux.h"
#include "results/field.h"
#include "runner/log.h"
#include "runner/machine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* ---- processors and cores ---- */

/* "0-3,8" as a list. */
static struct processors parse_list(const char *text)
{
	struct processors list = {0};
	for (int first, last, used; sscanf(text, "%d%n", &first, &used) == 1;) {
		text += used;
		last = first;
		if (sscanf(text, "-%d%n", &last, &used) == 1)
			text += used;
		for (int id = first; id >= 0 && id <= last; id++) {
			list.ids = memory_grow(list.ids, list.count + 1, sizeof(int));
			list.ids[list.count++] = id;
		}
		text += *text == ',';
	}
	return list;
}

/* A core is known by its first hardware thread; where the kernel does not tell, each is a core. */
static int core_of(const char *root, int id)
{
	char path[128], text[PROC_TEXT_SIZE];
	int first;
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", id);
	return sscanf(proc_line(text, root, path), "%d", &first) == 1 ? first : id;
}

static int count_cores(const char *root, const struct processors *list)
{
	int *cores = memory_new(list->count, sizeof(int)), count = 0;
	for (size_t i = 0; i < list->count; i++) {
		const int core = core_of(root, list->ids[i]);
		int known = 0;
		while (known < count && cores[known] != core)
			known++;
		if (known == count)
			cores[count++] = core;
	}
	free(cores);
	return count;
}

static struct processors online_processors(const char *root)
{
	char text[PROC_TEXT_SIZE];
	return parse_list(proc_line(text, root, "/sys/devices/system/cpu/online"));
}

int machine_linux_threads(const char *root, const struct processors *allowed)
{
	const int cores = count_cores(root, allowed);
	const double quota = quota_processors(root);
	const int limit = quota < cores
	                      ? (int)quota
	                      : cores; /* 1.5: a second thread would be held up half its time */
	return limit > 1 ? limit : 1;
}

/* ---- the record ---- */

static json_t *cpu_name(const char *root)
{
	char name[PROC_TEXT_SIZE];
	processor_linux_name(root, name, sizeof(name));
	return log_text_or_null(name);
}

/* "48K", "2048K", "36M" in bytes; 0: unknown. */
static json_int_t cache_bytes(const char *text)
{
	char unit = 'B';
	long long size = 0;
	sscanf(text, "%lld%c", &size, &unit);
	return size << (unit == 'K' ? 10 : unit == 'M' ? 20 : 0);
}

static json_t *caches(const char *root, int id)
{
	json_t *record = json_object();
	for (int index = 0; index < 10; index++) {
		char path[128], level[PROC_TEXT_SIZE], type[PROC_TEXT_SIZE], size[PROC_TEXT_SIZE], name[16];
		const int length =
			snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cache/index%d/", id, index);
		strcpy(path + length, "level");
		if (!*proc_line(level, root, path))
			break;
		strcpy(path + length, "type");
		proc_line(type, root, path);
		strcpy(path + length, "size");
		const json_int_t bytes = cache_bytes(proc_line(size, root, path));
		snprintf(name, sizeof(name), "L%.4s%s", level,
		         strcmp(type, "Data") == 0          ? "d"
		         : strcmp(type, "Instruction") == 0 ? "i"
		                                            : "");
		json_object_set_new(record, name, bytes ? json_integer(bytes) : json_null());
	}
	return record;
}

/* A line of /proc/meminfo in bytes; -1: unknown. */
static json_int_t meminfo(const char *root, const char *key)
{
	char text[PROC_TEXT_SIZE];
	return *proc_value(text, root, "/proc/meminfo", key, ':') ? strtoll(text, NULL, 10) * 1024 : -1;
}

static json_t *swap_used(const char *root)
{
	const json_int_t total = meminfo(root, "SwapTotal"), left = meminfo(root, "SwapFree");
	return field_integer_new(total >= 0 && left >= 0 ? total - left : -1);
}

/* "always [madvise] never": the word in brackets. */
static json_t *huge_pages(const char *root)
{
	char text[PROC_TEXT_SIZE];
	char *word = strchr(proc_line(text, root, "/sys/kernel/mm/transparent_hugepage/enabled"), '[')
	                 ? strchr(text, '[') + 1
	                 : text;
	word[strcspn(word, "]")] = '\0';
	return log_text_or_null(word);
}

static json_t *governor(const char *root, int id)
{
	char path[128], text[PROC_TEXT_SIZE];
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", id);
	return log_text_or_null(proc_line(text, root, path));
}

static json_t *load_average(const char *root)
{
	char text[PROC_TEXT_SIZE];
	double minute;
	return sscanf(proc_line(text, root, "/proc/loadavg"), "%lf", &minute) == 1 ? json_real(minute)
	                                                                           : json_null();
}

/* machine-id(5): must not be shown as it is; a digest under a name of one's own may. */
static json_t *host_id(const char *root)
{
	char id[PROC_TEXT_SIZE], digest[DIGEST_SIZE];
	if (!*proc_line(id, root, "/etc/machine-id"))
		return json_null();
	char *keyed = memory_text("cnnbench host_id %s", id);
	digest_bytes(keyed, strlen(keyed), digest);
	free(keyed);
	return json_stringn(digest, 12);
}

json_t *machine_linux_record(const char *root, const struct processors *allowed)
{
	const struct processors online = online_processors(root);
	const struct processors *all = online.count ? &online : allowed;
	const int first = allowed->count ? allowed->ids[0] : 0;
	const double quota = quota_processors(root);
	char text[PROC_TEXT_SIZE], release[PROC_TEXT_SIZE];
	struct utsname name;
	uname(&name);
	json_t *record =
		json_pack("{so si sI si so so so so so so ss so so so}", "cpu", cpu_name(root), "cores",
	              count_cores(root, all), "processors", (json_int_t)all->count, "usable_cores",
	              machine_linux_threads(root, allowed), "cpu_quota",
	              isfinite(quota) ? json_real(quota) : json_null(), "caches", caches(root, first),
	              "memory_bytes", field_integer_new(meminfo(root, "MemTotal")), "swap_used_bytes",
	              swap_used(root), "huge_pages", huge_pages(root), "system",
	              log_text_or_null(proc_value(text, root, "/etc/os-release", "PRETTY_NAME", '=')),
	              "architecture", name.machine, "governor", governor(root, first), "load",
	              load_average(root), "host_id", host_id(root));
	json_object_set_new(record, "kernel",
	                    log_text_or_null(proc_line(release, root, "/proc/sys/kernel/osrelease")));
	free(online.ids);
	return record;
}

/* ---- this machine ---- */

json_t *machine_record(void)
{
	struct processors allowed = processors_allowed();
	json_t *record = machine_linux_record("", &allowed);
	free(allowed.ids);
	return record;
}

int machine_threads(void)
{
	struct processors allowed = processors_allowed();
	const int threads = machine_linux_threads("", &allowed);
	free(allowed.ids);
	return threads;
}
