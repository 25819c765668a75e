/* SPDX-License-Identifier: MIT */
#include "deviation.h"

#include <string.h>

const struct deviation *deviation_find(const struct deviation *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}
