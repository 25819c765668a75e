/* SPDX-License-Identifier: MIT */
/* Sources: sysctl(3), Apple's "Determining system capabilities" (hw.* names), gethostuuid(2). */
#include "core/digest.h"
#include "core/memory.h"
#include "results/field.h"
#include "runner/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysctl.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <uuid/uuid.h>

enum { TEXT_SIZE = 256 };

static json_t *sysctl_text(const char *name)
{
	char text[TEXT_SIZE];
	size_t size = sizeof(text);
	return sysctlbyname(name, text, &size, NULL, 0) == 0 && size > 1 ? json_string(text)
	                                                                 : json_null();
}

/* Integers are 4 or 8 bytes wide, little-endian on all of Apple's machines; -1: unknown. */
static json_int_t sysctl_integer(const char *name)
{
	uint64_t value = 0;
	size_t size = sizeof(value);
	return sysctlbyname(name, &value, &size, NULL, 0) == 0 ? (json_int_t)value : -1;
}

/* perflevel0 are the fast cores of Apple silicon. */
static json_t *caches(void)
{
	static const struct {
		const char *name, *key;
	} levels[] = {
		{"L1d", "hw.perflevel0.l1dcachesize"},
		{"L1i", "hw.perflevel0.l1icachesize"},
		{"L2", "hw.perflevel0.l2cachesize"},
		{"L1d", "hw.l1dcachesize"},
		{"L1i", "hw.l1icachesize"},
		{"L2", "hw.l2cachesize"},
		{"L3", "hw.l3cachesize"},
	};
	json_t *record = json_object();
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		const json_int_t bytes = sysctl_integer(levels[i].key);
		if (bytes > 0 && !json_object_get(record, levels[i].name))
			json_object_set_new(record, levels[i].name, json_integer(bytes));
	}
	return record;
}

static json_t *system_name(void)
{
	json_t *version = sysctl_text("kern.osproductversion");
	json_t *name = json_is_string(version) ? json_sprintf("macOS %s", json_string_value(version))
	                                       : json_string("macOS");
	json_decref(version);
	return name;
}

static json_t *swap_used(void)
{
	struct xsw_usage usage;
	size_t size = sizeof(usage);
	return sysctlbyname("vm.swapusage", &usage, &size, NULL, 0) == 0
	           ? json_integer((json_int_t)usage.xsu_used)
	           : json_null();
}

static json_t *load_average(void)
{
	double minute;
	return getloadavg(&minute, 1) == 1 ? json_real(minute) : json_null();
}

static json_t *host_id(void)
{
	const struct timespec patience = {.tv_sec = 1};
	uuid_t id;
	uuid_string_t words;
	char digest[DIGEST_SIZE];
	if (gethostuuid(id, &patience) != 0)
		return json_null();
	uuid_unparse_lower(id, words);
	char *keyed = memory_text("cnnbench host_id %s", words);
	digest_bytes(keyed, strlen(keyed), digest);
	free(keyed);
	return json_stringn(digest, 12);
}

json_t *machine_record(void)
{
	struct utsname name;
	uname(&name);
	json_t *record = json_pack(
		"{so so so si so so so so so so ss ss so so so}", "cpu",
		sysctl_text("machdep.cpu.brand_string"), "cores",
		field_integer_new(sysctl_integer("hw.physicalcpu")), "processors",
		field_integer_new(sysctl_integer("hw.logicalcpu")), "usable_cores", machine_threads(),
		"cpu_quota", json_null(), "caches", caches(), "memory_bytes",
		field_integer_new(sysctl_integer("hw.memsize")), "swap_used_bytes", swap_used(),
		"huge_pages", json_null(), "system", system_name(), "kernel", name.release, "architecture",
		name.machine, "governor", json_null(), "load", load_average(), "host_id", host_id());
	return record;
}

/* On Apple silicon the fast cores alone: the slow ones would hold up each step of a fixed share of work. */
int machine_threads(void)
{
	const json_int_t fast = sysctl_integer("hw.perflevel0.physicalcpu");
	const json_int_t cores = fast > 0 ? fast : sysctl_integer("hw.physicalcpu");
	return cores > 1 ? (int)cores : 1;
}
