/* SPDX-License-Identifier: MIT */
#include "cli/watch.h"

#include "cli/live.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/memory.h"
#include "runner/interrupt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double worth_telling = 1.5; /* seconds */

struct watch {
	const char *what;
	struct live *live;
	bool at_once, told;
	double first;     /* done at the first report */
	int64_t first_ns; /* when; 0: not yet */
};

struct watch *watch_new(const char *what, bool quiet)
{
	struct watch *watch = memory_new(1, sizeof(*watch));
	*watch = (struct watch){.what = what, .live = live_new(quiet)};
	return watch;
}

/* From the first report to the second one: how long will all take? */
static void foretell(struct watch *watch, double done)
{
	if (watch->told || live_is_on(watch->live))
		return;
	if (!watch->first_ns) {
		watch->first = done;
		watch->first_ns = clock_ns();
		return;
	}
	const double seconds = (double)(clock_ns() - watch->first_ns) * 1e-9 / (done - watch->first);
	watch->told = true;
	if (seconds >= worth_telling)
		note("the float64 reference computes %s once, about %.0f s; kept in the cache", watch->what,
		     ceil(seconds));
}

static void tell(void *context, double done)
{
	struct watch *watch = context;
	char line[128];
	const bool last = done >= 1;
	if (watch->at_once)
		interrupt_at_once(!last);
	foretell(watch, done);
	snprintf(line, sizeof(line), "the reference computes %s: %.0f%%", watch->what, 100 * done);
	if (last)
		live_wipe(watch->live);
	else
		live_show(watch->live, line);
}

struct job_progress watch_progress(struct watch *watch)
{
	return (struct job_progress){watch, tell};
}

void watch_interrupt_at_once(struct watch *watch)
{
	watch->at_once = true;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	live_free(watch->live);
	free(watch);
}
