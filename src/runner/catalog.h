/* SPDX-License-Identifier: MIT */
/*
 * Which platforms there are.  A platform is an executable named worker-<platform>, found as git
 * finds git-<command>: beside cnnbench, in ../libexec/cnnbench of an installed one, then in the
 * folders of CNNBENCH_PATH (separated by ':', absolute, not writable by others).
 */
#ifndef RUNNER_CATALOG_H
#define RUNNER_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

struct catalog_entry {
	char *name;  /* "c_cpu"; letters, digits, '_' */
	char *path;  /* absolute */
	bool hidden; /* it may be named, but stands in no list: CATALOG_SELFTEST */
};

/* The platform whose faults "cnnbench verify --self-test" plants. */
#define CATALOG_SELFTEST "selftest"

struct catalog {
	struct catalog_entry *entries; /* sorted by name; the first found of a name counts */
	size_t count;
};

/* -1 after error(): a folder of CNNBENCH_PATH that cannot be trusted or read. */
int catalog_find(struct catalog *catalog);

/* One more worker, of any folder, in place of another of its name.  The platform's name, which is the
 * catalog's.  NULL after error(): no such file, no program, or not called worker-<name>. */
const char *catalog_add(struct catalog *catalog, const char *path);

/* NULL: there is no such platform. */
const struct catalog_entry *catalog_lookup(const struct catalog *catalog, const char *name);
void catalog_free(struct catalog *catalog);

#endif
