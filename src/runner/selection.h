/* SPDX-License-Identifier: MIT */
/*
 * What --platform asks for: "a,b:option+key=value", "all+best", as a list of platforms with options,
 * each probed, each with its canonical label.
 */
#ifndef RUNNER_SELECTION_H
#define RUNNER_SELECTION_H

#include "core/options.h"
#include "runner/catalog.h"

#include <jansson.h>
#include <stdbool.h>

struct candidate {
	char *platform; /* "c_cpu", aliases resolved */
	char *path;     /* of its worker */
	bool named;     /* the user named it; it did not come by "all" or its like */
	char *label;    /* "c_cpu:isa=avx2": options sorted, defaults dropped */
	char *file;     /* the label as a file name (core/text.h), unique in the selection */
	/* The platform's own table, where --threads is the default of "threads"; or NULL. */
	struct option_spec *specs;
	struct options *options; /* of that table, as chosen; NULL where the probe gave none */
	json_t *hello;           /* of the probe, or NULL */
	bool ready;
	char *reason, *help; /* where not ready */
};

struct selection {
	struct candidate *items;
	size_t count;
};

/*
 * "all" (also `text` NULL) stands for every platform of the catalog that is not hidden, in its default
 * form; "all+best" adds of each that is ready the first variant that its probe declares, "all+variants"
 * all of them.  A name that is no platform, an option it does not know, a bad value, the same label
 * twice: -1 after error(); but a variant whose label is there already is left out.  A platform that
 * cannot run here is no error: it stands there with ready = false.  Probes run side by side, 10 s at
 * most; where options were written or added, a second round of such probes follows.  Aliases:
 * cpu_numba, cuda_numba.
 */
int selection_make(struct selection *selection, const struct catalog *catalog, const char *text,
                   int threads);
const char *selection_platform(const char *name); /* aliases resolved */

/* Is every item of `text`, "a,b:option", of a platform of the catalog?  -1 after error(), in the name of
 * `option`: an empty item, or a name that is no platform.  What stands behind a colon is not looked at. */
int selection_check_names(const struct catalog *catalog, const char *option, const char *text);
void selection_free(struct selection *selection);

/* A worker's arguments for the options in force: "--option", "isa=avx2", "--option", "threads=2", NULL;
 * memory_free_words. */
char **selection_arguments(const struct candidate *candidate);

#endif
