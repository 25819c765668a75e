/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *files_self(void)
{
	char *path = realpath("/proc/self/exe", NULL);

	if (!path)
		error("cannot find this program's own path in /proc/self/exe: %s", strerror(errno));
	return path;
}
