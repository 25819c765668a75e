/* SPDX-License-Identifier: MIT */
/* The arguments of a worker (docs/PROTOCOL.md, "Calling"). */
#ifndef WORKER_ARGUMENTS_H
#define WORKER_ARGUMENTS_H

#include "core/options.h"

#include <stdbool.h>

struct arguments {
	bool help, probe, profile;
	int events;              /* the descriptor; 1 where none is named, for a try by hand */
	const char *job, *out;   /* folders; NULL with probe and help */
	double min_time;         /* seconds */
	char **settings;         /* the values of --option, "KEY=VALUE", in order; ends with NULL */
	struct options *options; /* what the texts above lie in */
};

/*
 * In two steps, so that the runner hears of what is wrong in the second: read finds the descriptor
 * of the events; check says whether the rest makes sense, and sets the platform's own options.
 * -1 after error().  The texts of argv are borrowed.
 */
int arguments_read(struct arguments *arguments, int argc, char **argv);
int arguments_check(const struct arguments *arguments, struct options *platform);
void arguments_free(struct arguments *arguments);

/* The options that all workers have, for people. */
void arguments_help(void);

#endif
