/* SPDX-License-Identifier: MIT */
#include "core/clock.h"

#include "core/error.h"

#include <time.h>

static int64_t clock_read(clockid_t clock)
{
	struct timespec time;

	if (clock_gettime(clock, &time))
		BUG("clock %d cannot be read", (int)clock);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t clock_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t clock_cpu_ns(void)
{
	return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

void clock_stamp(char out[CLOCK_STAMP_SIZE], int compact)
{
	time_t now = time(NULL);
	struct tm utc;

	if (!gmtime_r(&now, &utc))
		BUG("the wall clock's year cannot be written");
	strftime(out, CLOCK_STAMP_SIZE, compact ? "%Y%m%dT%H%M%SZ" : "%Y-%m-%dT%H:%M:%SZ", &utc);
}
