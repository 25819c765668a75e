/* SPDX-License-Identifier: MIT */
#include "results/results.h"

#include "core/memory.h"
#include "core/text.h"
#include "results/field.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Status ---- */

/* `severity`: which of several executions speaks for their platform.  A wrong result weighs more than
 * none. */
static const struct {
	const char *name;
	bool measured;
	int severity;
} statuses[STATUS_COUNT] = {
	[STATUS_UNJUDGED] = {"unjudged", true, 3},
	[STATUS_VERIFIED] = {"verified", true, 2},
	[STATUS_NOT_SHARP] = {"not_sharp", true, 4},
	[STATUS_NOT_VERIFIED] = {"not_verified", false, 11},
	[STATUS_DIVERGED] = {"diverged", false, 7},
	[STATUS_FAILED] = {"failed", false, 9},
	[STATUS_TIMEOUT] = {"timeout", false, 8},
	[STATUS_PROTOCOL_ERROR] = {"protocol_error", false, 10},
	[STATUS_UNAVAILABLE] = {"unavailable", false, 6},
	[STATUS_INTERRUPTED] = {"interrupted", false, 1},
	[STATUS_UNVERIFIED_CSV] = {"unverified_csv", false, 5},
};

const char *status_name(enum status status)
{
	return statuses[status].name;
}

int status_read(const char *name, enum status *status)
{
	for (int i = 0; name && i < STATUS_COUNT; i++) {
		if (strcmp(name, statuses[i].name) == 0) {
			*status = (enum status)i;
			return 0;
		}
	}
	return -1;
}

bool status_measured(enum status status)
{
	return statuses[status].measured;
}

bool execution_counts(const struct contestant *contestant, const struct execution *execution)
{
	return !status_measured(contestant->status) || status_measured(execution->status);
}

const json_t *contestant_hello(const struct contestant *contestant)
{
	for (size_t i = 0; i < contestant->n_executions; i++)
		if (contestant->executions[i].hello)
			return contestant->executions[i].hello;
	return contestant->hello;
}

const char *contestant_division(const struct contestant *contestant)
{
	const char *precision = field_text(contestant_hello(contestant), "precision");

	return precision && strcmp(precision, "float32") != 0 ? precision : NULL;
}

/* ---- Certificates ---- */

/* Both figures are null where the reference does not change the tensor, and the first where a weight is not
 * finite: then only `holds` tells. */
static double part_of_allowed(const json_t *tensor)
{
	double part = field_number(tensor, "measured") / field_number(tensor, "allowed");

	if (isfinite(part))
		return part;
	return json_is_false(json_object_get(tensor, "holds")) ? (double)INFINITY : UNMEASURED;
}

static void add_certificate(struct proof *proof, const json_t *certificate)
{
	const json_t *tensors = json_object_get(certificate, "tensors"), *tensor;
	int64_t steps;
	size_t i;

	if (!json_is_object(certificate))
		return;
	proof->runs++;
	proof->tensors = (int)json_array_size(tensors);
	if (field_integer(json_object_get(certificate, "verify"), "steps", 1, INT_MAX, &steps))
		proof->steps = (int)steps;
	json_array_foreach (tensors, i, tensor)
		/* fmax takes the one that is no NAN */
		proof->worst = fmax(proof->worst, part_of_allowed(tensor));
}

struct proof contestant_proof(const struct contestant *contestant)
{
	struct proof proof = {.worst = UNMEASURED};

	for (size_t i = 0; i < contestant->n_executions; i++)
		add_certificate(&proof, json_object_get(contestant->executions[i].exit, "certificate"));
	return proof;
}

/* ---- Putting together ---- */

struct contestant *results_contestant(const struct results *results, const char *label)
{
	for (size_t i = 0; label && i < results->n_contestants; i++)
		if (strcmp(results->contestants[i].label, label) == 0)
			return &results->contestants[i];
	return NULL;
}

char *contestant_file(const char *name)
{
	char *file = memory_copy(name);

	text_file_name(file);
	return file;
}

struct execution *contestant_add(struct contestant *contestant, int process, int round)
{
	contestant->executions = memory_grow(contestant->executions, contestant->n_executions + 1,
	                                     sizeof(*contestant->executions));
	struct execution *execution = &contestant->executions[contestant->n_executions++];
	*execution = (struct execution){
		.process = process,
		.round = round,
		.status = STATUS_INTERRUPTED,
		.wall_seconds = UNMEASURED,
		.total_seconds = UNMEASURED,
		.outside_seconds = UNMEASURED,
		.user_seconds = UNMEASURED,
		.system_seconds = UNMEASURED,
		.runner_seconds = UNMEASURED,
		.peak_rss = UNMEASURED,
		.mean_rss = UNMEASURED,
		.peak_vram = UNMEASURED,
		.samples = json_array(),
		.counters = json_array(),
	};
	return execution;
}

void contestant_conclude(struct contestant *contestant)
{
	const struct execution *worst = NULL;

	for (size_t i = 0; i < contestant->n_executions; i++) {
		const struct execution *execution = &contestant->executions[i];
		if (!worst || statuses[execution->status].severity > statuses[worst->status].severity)
			worst = execution;
	}
	if (!worst && contestant->status == STATUS_INTERRUPTED && !contestant->why)
		contestant->why = memory_copy("the run ended before its turn");
	if (!worst)
		return;
	free(contestant->why);
	free(contestant->help);
	contestant->status = worst->status;
	contestant->why = worst->why ? memory_copy(worst->why) : NULL;
	contestant->help = worst->help ? memory_copy(worst->help) : NULL;
}

/* ---- Freeing ---- */

static void execution_free(struct execution *execution)
{
	free(execution->why);
	free(execution->help);
	free(execution->epochs);
	free(execution->spans);
	json_decref(execution->hello);
	json_decref(execution->start);
	json_decref(execution->exit);
	json_decref(execution->samples);
	json_decref(execution->counters);
	json_decref(execution->profile);
}

static void contestant_free(struct contestant *contestant)
{
	for (size_t i = 0; i < contestant->n_executions; i++)
		execution_free(&contestant->executions[i]);
	free(contestant->executions);
	free(contestant->label);
	free(contestant->file);
	free(contestant->platform);
	free(contestant->why);
	free(contestant->help);
	json_decref(contestant->hello);
}

void results_free(struct results *results)
{
	for (size_t i = 0; i < results->n_contestants; i++)
		contestant_free(&results->contestants[i]);
	free(results->contestants);
	free(results->folder);
	free(results->finished);
	json_decref(results->run);
	json_decref(results->rounds);
	json_decref(results->epoch_check);
	*results = (struct results){0};
}
