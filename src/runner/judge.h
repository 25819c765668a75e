/* SPDX-License-Identifier: MIT */
/*
 * The judge: holds what a worker made against what the reference makes of the same job.  It is the only
 * one, for workers in all languages.  docs/METHOD.md states its rules, and what they do not prove.
 */
#ifndef RUNNER_JUDGE_H
#define RUNNER_JUDGE_H

#include "core/bound.h"
#include "core/job.h"

#include <jansson.h>
#include <stdbool.h>

/* A worker's claimed and the reference's count of correct test images may differ by this part of them,
 * rounded up: 3 of 10,000.  Rounding decides a few that lie between two classes. */
#define JUDGE_COUNT_TOLERANCE 3e-4

/* The float32 reference must stay below this part of the bound: else the job itself makes so much of
 * rounding that it cannot be told from a fault, and the result is "not_sharp". */
#define JUDGE_CONTROL 0.5

struct judge; /* the job's initial weights, the reference's result, its test set */

/* The job is borrowed.  threads < 1: all.  NULL after error(): a file of the job cannot be read. */
struct judge *judge_new(const struct job *job, int threads);
void judge_free(struct judge *judge);

/* What a worker left behind and said.  It has ended: nobody writes these files any more. */
struct claim {
	const char *verify, *final; /* paths of its weights' files: float32, P elements, whole */
	bool evaluated;             /* an `eval` came; false for jobs of 0 epochs */
	size_t correct;             /* of the last one */
	bool diverged;              /* a loss came as null */
};

struct judgement {
	const char *status;  /* verified, not_sharp, not_verified, diverged */
	char why[512];       /* "" where verified */
	json_t *certificate; /* the caller's */
};

/*
 * The certificate: {
 *   "tensors": [{"name", "measured", "allowed", "control", "sharp", "holds"}, ...],
 *       measured = ||w - ref|| / ||ref - w0||; allowed: the bound's right side over the same; control:
 *       measured of the reference in float32; null where nothing changes or a number is not finite;
 *       sharp: the job can tell a fault in this tensor from rounding
 *   "verify": {"samples": 2n, "steps", "margin", "skipped", "repeated", "digest": of the worker's file},
 *   "final": {"digest", "samples": of the test set, "claimed", "counted", "tolerance"},
 *       claimed, counted: correct by the worker and by the reference; null with 0 epochs
 *   "inputs": {"job", "init", "order", "verify", "reference"}: digests }
 *
 * -1 after error() where a file of the worker's cannot be read.
 */
int judge_claim(struct judge *judge, const struct claim *claim, struct judgement *out);

#endif
