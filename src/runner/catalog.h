/* SPDX-License-Identifier: MIT */
/*
 * Which platforms there are.  A platform is an executable named worker-<platform>, found as git
 * finds git-<command>: beside cnnbench, in ../libexec/cnnbench of an installed one, then in the
 * folders of CNNBENCH_PATH (separated by ':', absolute, not writable by others).
 */
#ifndef RUNNER_CATALOG_H
#define RUNNER_CATALOG_H

#include <stddef.h>

struct catalog_entry {
	char *name; /* "c_cpu"; letters, digits, '_' */
	char *path; /* absolute */
};

struct catalog {
	struct catalog_entry *entries; /* sorted by name; the first found of a name counts */
	size_t count;
};

/* -1 after error(): a folder of CNNBENCH_PATH that cannot be trusted or read. */
int catalog_find(struct catalog *catalog);
/* NULL: there is no such platform. */
const struct catalog_entry *catalog_lookup(const struct catalog *catalog, const char *name);
void catalog_free(struct catalog *catalog);

#endif
