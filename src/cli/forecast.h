/* SPDX-License-Identifier: MIT */
/* How long the processes that are still to come will take. */
#ifndef CLI_FORECAST_H
#define CLI_FORECAST_H

#include <stdbool.h>
#include <stddef.h>

/* What is to be done of one platform. */
struct pace {
	int processes;   /* that are to begin */
	double expected; /* seconds of one, by earlier runs or by its epochs so far; NAN: not known */
	double measured; /* seconds of its last one in this run; NAN: none has ended */
};

double pace_seconds(const struct pace *pace); /* measured, else expected; NAN */

struct forecast {
	double seconds; /* NAN: nothing is known of any platform */
	bool
		assumed; /* some platform is not known, and taken to be as fast as the median of the others */
};

struct forecast forecast_processes(const struct pace *paces, size_t count);

#endif
