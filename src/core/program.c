/* SPDX-License-Identifier: MIT */
#include "core/program.h"

#include "core/files.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *program_find(const char *name)
{
	const char *path = getenv("PATH");
	char *copy = memory_copy(path ? path : ""), *rest = copy, *found = NULL;

	for (char *folder; !found && (folder = strsep(&rest, ":"));) {
		if (*folder != '/')
			continue;
		found = files_join(folder, name);
		if (!files_is_folder(found) && access(found, X_OK) == 0)
			continue;
		free(found);
		found = NULL;
	}
	free(copy);
	return found;
}
