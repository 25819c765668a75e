/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"

#include <errno.h>
#include <mach-o/dyld.h>
#include <stdlib.h>
#include <string.h>

char *files_self(void)
{
	uint32_t size = 0;
	char *given, *path = NULL;

	_NSGetExecutablePath(NULL, &size); /* tells the size that it needs */
	given = memory_new(size, 1);
	if (!_NSGetExecutablePath(given, &size))
		path = realpath(given, NULL);
	if (!path)
		error("cannot find this program's own path: %s", strerror(errno));
	free(given);
	return path;
}
