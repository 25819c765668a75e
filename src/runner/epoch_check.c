/* SPDX-License-Identifier: MIT */
#include "runner/epoch_check.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/statistics.h"
#include "results/field.h"
#include "runner/first_epoch.h"
#include "runner/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was found; becomes the record. */
struct finding {
	size_t programs, platforms; /* c_cpu and c_cpu:threads=1 are two platforms of one program */
	double median;              /* of the platforms' medians */
	struct first_epoch reference;
	bool asked, checked;
	char why[256];
	json_t *refused;
};

/* ---- Do they agree? ---- */

/* The median of the claims of one platform, which begins at `*at`; moves on to the next one. */
static double platform_loss(const struct epoch_check *check, size_t *at)
{
	const char *label = check->claims[*at].label;
	double *losses = memory_new(check->count, sizeof(*losses));
	size_t n = 0;

	for (; *at < check->count && !strcmp(check->claims[*at].label, label); ++*at)
		losses[n++] = check->claims[*at].loss;
	const double median = statistics_spread(losses, n).median;
	free(losses);
	return median;
}

static void find_median(const struct epoch_check *check, struct finding *finding)
{
	double *medians = memory_new(check->count, sizeof(*medians));

	for (size_t at = 0; at < check->count;)
		medians[finding->platforms++] = platform_loss(check, &at);
	finding->median = statistics_spread(medians, finding->platforms).median;
	free(medians);
}

/* What stands before the options. */
static bool same_program(const char *a, const char *b)
{
	const size_t length = strcspn(a, ":");

	return length == strcspn(b, ":") && !strncmp(a, b, length);
}

static size_t count_programs(const struct epoch_check *check)
{
	size_t count = 0;

	for (size_t i = 0; i < check->count; i++) {
		size_t first = 0;
		while (!same_program(check->claims[first].label, check->claims[i].label))
			first++;
		count += first == i;
	}
	return count;
}

/* All of them, those of one platform too. */
static bool agree(const struct epoch_check *check, double median)
{
	for (size_t i = 0; i < check->count; i++)
		if (!(fabs(check->claims[i].loss - median) <= EPOCH_TOLERANCE / 2 * fabs(median)))
			return false;
	return true;
}

/* ---- The reference decides ---- */

static void refuse(struct finding *finding, const struct epoch_claim *claim, double allowed)
{
	const double loss = finding->reference.loss;
	char why[256];

	snprintf(
		why, sizeof(why),
		"the mean loss of epoch 1 is %.7g, the reference's %.7g: off by %.1e, %.1e is allowed; "
		"what was timed is not this training",
		claim->loss, loss, fabs(claim->loss - loss) / fabs(loss), allowed);
	json_array_append_new(finding->refused,
	                      json_pack("{s:i, s:s}", "process", claim->process, "why", why));
}

/* Where the reference's loss is not finite, neither may be a worker's: that one is diverged already. */
static void decide(const struct epoch_check *check, struct finding *finding)
{
	const double loss = finding->reference.loss;
	const double strays = fabs(finding->reference.control - loss) / fabs(loss);
	const double allowed = fmax(EPOCH_TOLERANCE, EPOCH_CONTROL * strays);

	if (!isfinite(loss) || !isfinite(allowed)) {
		snprintf(finding->why, sizeof(finding->why),
		         "the reference diverges in epoch 1: there is nothing to hold its loss against");
		return;
	}
	if (allowed > EPOCH_TOLERANCE_MAX) {
		snprintf(finding->why, sizeof(finding->why),
		         "rounding alone changes the loss of epoch 1 by %.1e: it shows no fault", strays);
		return;
	}
	finding->checked = true;
	for (size_t i = 0; i < check->count; i++)
		if (!(fabs(check->claims[i].loss - loss) <= allowed * fabs(loss)))
			refuse(finding, &check->claims[i], allowed);
	snprintf(finding->why, sizeof(finding->why), "the reference trained epoch 1 itself: loss %.7g",
	         loss);
}

static void ask(const struct epoch_check *check, struct finding *finding)
{
	note("%s: the reference trains epoch 1 itself, once for this job",
	     check->always ? "--check-epoch" : "the platforms' losses of epoch 1 differ");
	finding->asked = !first_epoch_train(check->job, 0, check->progress, &finding->reference);
	if (finding->asked)
		decide(check, finding);
	else
		snprintf(finding->why, sizeof(finding->why), "the reference did not finish epoch 1");
}

static void find(const struct epoch_check *check, struct finding *finding)
{
	find_median(check, finding);
	finding->programs = count_programs(check);
	const bool agreed = agree(check, finding->median);
	if (check->always || !agreed) {
		ask(check, finding);
	} else if (finding->programs == 1) {
		snprintf(finding->why, sizeof(finding->why),
		         finding->platforms == 1
		             ? "only one platform to compare; --check-epoch asks the reference"
		             : "all platforms are one program; --check-epoch asks the reference");
	} else {
		finding->checked = true;
		snprintf(finding->why, sizeof(finding->why),
		         "the mean losses of %zu platforms agree within %g", finding->platforms,
		         EPOCH_TOLERANCE);
	}
}

int epoch_check(const struct epoch_check *check, struct journal *journal)
{
	struct finding finding = {.refused = json_array()};

	find(check, &finding);
	return journal_append(
		journal,
		json_pack("{s:s, s:I, s:f, s:o, s:o, s:o, s:b, s:o, s:o}", "record", "epoch_check", "ns",
	              (json_int_t)clock_ns(), "tolerance", EPOCH_TOLERANCE, "median",
	              field_number_new(finding.median), "reference",
	              finding.asked ? field_number_new(finding.reference.loss) : json_null(), "control",
	              finding.asked ? field_number_new(finding.reference.control) : json_null(),
	              "checked", (int)finding.checked, "why", log_text(finding.why), "refused",
	              finding.refused));
}
