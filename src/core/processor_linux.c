/* SPDX-License-Identifier: MIT */
#include "core/processor_linux.h"

#include "core/memory.h"
#include "core/proc_linux.h"
#include "core/processor.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

struct processors processors_allowed(void)
{
	struct processors allowed = {0};
	for (int size = 1024; size <= 1 << 20; size *= 2) { /* EINVAL: the kernel's mask is larger */
		cpu_set_t *set = CPU_ALLOC((size_t)size);
		if (!set)
			break;
		if (sched_getaffinity(0, CPU_ALLOC_SIZE((size_t)size), set) != 0) {
			CPU_FREE(set);
			continue;
		}
		for (int id = 0; id < size; id++)
			if (CPU_ISSET_S((size_t)id, CPU_ALLOC_SIZE((size_t)size), set)) {
				allowed.ids = memory_grow(allowed.ids, allowed.count + 1, sizeof(int));
				allowed.ids[allowed.count++] = id;
			}
		CPU_FREE(set);
		break;
	}
	return allowed;
}

/* ---- the name ---- */

/* Arm's processors do not tell their name: implementer 0x41 (Arm) and part, from the MIDR_EL1 pages
 * of the cores' technical reference manuals. */
static const struct {
	unsigned part;
	const char *name;
} arm_parts[] = {
	{0xd03, "Cortex-A53"},  {0xd05, "Cortex-A55"},  {0xd08, "Cortex-A72"},  {0xd0b, "Cortex-A76"},
	{0xd0c, "Neoverse-N1"}, {0xd40, "Neoverse-V1"}, {0xd49, "Neoverse-N2"}, {0xd4f, "Neoverse-V2"},
};

static unsigned long arm_number(const char *root, const char *key)
{
	char text[PROC_TEXT_SIZE];
	return strtoul(proc_value(text, root, "/proc/cpuinfo", key, ':'), NULL, 0);
}

static void arm_name(const char *root, char *name, size_t size)
{
	char model[PROC_TEXT_SIZE];
	const unsigned long implementer = arm_number(root, "CPU implementer");
	const unsigned long part = arm_number(root, "CPU part");
	proc_line(model, root, "/proc/device-tree/model"); /* the board, where there is one */
	if (!implementer) {
		snprintf(name, size, "%s", model);
		return;
	}
	char core[64];
	snprintf(core, sizeof(core), "CPU implementer 0x%02lx, part 0x%03lx", implementer, part);
	for (size_t i = 0; i < sizeof(arm_parts) / sizeof(*arm_parts); i++)
		if (implementer == 0x41 && arm_parts[i].part == part)
			snprintf(core, sizeof(core), "Arm %s", arm_parts[i].name);
	snprintf(name, size, "%s%s%s", core, *model ? ", " : "", model);
}

void processor_linux_name(const char *root, char *name, size_t size)
{
	static const char *const keys[] = {"model name", "cpu model", "uarch"}; /* x86, MIPS, RISC-V */
	char text[PROC_TEXT_SIZE];
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!*proc_value(text, root, "/proc/cpuinfo", keys[i], ':'))
			continue;
		snprintf(name, size, "%s", text);
		return;
	}
	arm_name(root, name, size);
}

void processor_name(char *name, size_t size)
{
	struct utsname system;
	processor_linux_name("", name, size);
	if (!*name)
		snprintf(name, size, "%s processor", uname(&system) == 0 ? system.machine : "unknown");
}
