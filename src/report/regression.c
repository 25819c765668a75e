/* SPDX-License-Identifier: MIT */
#include "report/regression.h"

#include "core/memory.h"
#include "core/statistics.h"
#include "report/comparison.h"
#include "results/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same_member(const json_t *a, const json_t *b, const char *key)
{
	const json_t *own = json_object_get(a, key), *other = json_object_get(b, key);

	return own == other || (own && other && json_equal(own, other));
}

/* Why two of the same label cannot be compared; NULL: they can. */
static const char *obstacle(const struct results *first, const struct contestant *before,
                            const struct results *later, const struct contestant *after)
{
	const json_t *own = contestant_hello(after), *other = before ? contestant_hello(before) : NULL;

	if (!before)
		return "the first run does not have it";
	if (before->status != STATUS_VERIFIED)
		return "it is not verified in the first run";
	if (after->status != STATUS_VERIFIED)
		return "it is not verified";
	if (!same_member(own, other, "precision") || !same_member(own, other, "data"))
		return "its precision or its data policy is another than in the first run";
	if (!same_member(first->run, later->run, "threads"))
		return "it had other threads than in the first run";
	return NULL;
}

static struct ratio ratio_of(const struct contestant *after, const struct contestant *before)
{
	double *own = memory_new(after->n_executions, sizeof(*own));
	double *other = memory_new(before->n_executions, sizeof(*other));
	const size_t n = contestant_medians(after, own);
	const struct ratio ratio =
		statistics_ratio_apart(own, n, other, contestant_medians(before, other));

	free(own);
	free(other);
	return ratio;
}

static void say(const struct results *later, const struct contestant *after, const char *what)
{
	note("fail-on: %s in %s: %s", after->label, later->folder, what);
}

static void compare_pair(const struct results *later, const struct contestant *before,
                         const struct contestant *after, double percent, struct regressions *found)
{
	const struct ratio ratio = ratio_of(after, before);

	if (!isfinite(ratio.low)) {
		say(later, after,
		    "no interval: it needs two runs (--runs 2) of two epochs or more on either side");
		return;
	}
	const bool slower = ratio.low > 1 + percent / 100;
	char *what = memory_text(
		"%.3f times the epoch time of the first run [%.3f-%.3f]: %s%g%%", ratio.value, ratio.low,
		ratio.high, slower ? "slower by more than " : "not shown to be slower by more than ",
		percent);
	found->compared++;
	found->slower += slower;
	say(later, after, what);
	free(what);
}

static void compare_run(const struct results *first, const struct results *later, double percent,
                        struct regressions *found)
{
	for (size_t i = 0; i < later->n_contestants; i++) {
		const struct contestant *after = &later->contestants[i];
		const struct contestant *before = results_contestant(first, after->label);
		if (before && before->status == STATUS_UNAVAILABLE && after->status == STATUS_UNAVAILABLE)
			continue;
		const char *why = obstacle(first, before, later, after);
		if (why)
			say(later, after, why);
		else
			compare_pair(later, before, after, percent, found);
	}
}

/* A platform that is gone is said: nobody else would notice. */
static void find_gone(const struct results *first, const struct results *later)
{
	for (size_t i = 0; i < first->n_contestants; i++)
		if (!results_contestant(later, first->contestants[i].label))
			say(later, &first->contestants[i], "it is in the first run only");
}

static void say_machine(const struct results *first, const struct results *later)
{
	const char *own = field_text(json_object_get(later->run, "machine"), "cpu");
	const char *other = field_text(json_object_get(first->run, "machine"), "cpu");

	if (own && other && strcmp(own, other) != 0)
		note("fail-on: %s ran on another processor than the first run: %s, not %s", later->folder,
		     own, other);
}

struct regressions regressions_find(const struct group *group, double percent)
{
	struct regressions found = {0, 0};

	for (size_t run = 1; run < group->n_runs; run++) {
		say_machine(group->runs[0], group->runs[run]);
		compare_run(group->runs[0], group->runs[run], percent, &found);
		find_gone(group->runs[0], group->runs[run]);
	}
	return found;
}
