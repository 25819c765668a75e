/* SPDX-License-Identifier: MIT */
#include "processor.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* The value of a line "model name	: AMD EPYC 7B13". */
static int model_name(FILE *file, char *name, size_t size)
{
	char line[256];
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) != 0 || colon == NULL)
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		snprintf(name, size, "%.*s", (int)strcspn(colon, "\n"), colon);
		return 0;
	}
	return -1;
}

/* arm64's cpuinfo names no model. */
static void machine_name(char *name, size_t size)
{
	struct utsname system;
	snprintf(name, size, "%s processor", uname(&system) == 0 ? system.machine : "unknown");
}

void processor_name(char *name, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");

	if (file == NULL || model_name(file, name, size) != 0)
		machine_name(name, size);
	if (file != NULL)
		fclose(file);
}
