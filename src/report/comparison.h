/* SPDX-License-Identifier: MIT */
/*
 * A comparison: one row a platform, computed from the results by the rules of docs/METHOD.md.
 *
 * Steady figures leave out each process's first epoch and hold the extra ones.  Ratios are of epoch
 * times, platform over reference (1.5: takes 1.5 times as long), paired by round.
 */
#ifndef REPORT_COMPARISON_H
#define REPORT_COMPARISON_H

#include "core/statistics.h"
#include "results/results.h"

#include <jansson.h>
#include <stdio.h>

enum verdict { VERDICT_NONE, VERDICT_REFERENCE, VERDICT_SAME, VERDICT_FASTER, VERDICT_SLOWER, VERDICT_UNDECIDED };

struct row {
	const struct contestant *contestant;
	struct spread epoch;      /* seconds, steady epochs of all rounds */
	double samples_per_second; /* training samples over the median epoch */
	struct ratio ratio;
	enum verdict verdict;
	double cold_epoch;        /* median of the first epochs, seconds */
	double train_seconds, total_seconds, seconds_to_97; /* medians over the rounds */
	double train_loss, train_accuracy, test_accuracy, max_test_accuracy; /* of the last epoch, medians */
	double mean_rss, peak_rss, peak_vram; /* bytes, medians */
};

struct comparison {
	const struct results *results;
	const struct row *reference; /* or NULL: nothing to compare with */
	struct row *rows;            /* ranked: the fastest first, then those that are not ranked */
	size_t n_rows;
};

/* `reference`: a label, or NULL: the fastest.  -1 after error(): no such label. */
int comparison_make(struct comparison *comparison, const struct results *results, const char *reference);
void comparison_free(struct comparison *comparison);

/* The table, at most 100 columns wide, with the lines under it that say what a reader must know. */
void comparison_table(const struct comparison *comparison, FILE *out);

/* The object of `compare --json`, schema "cnnbench-compare-1"; what was not measured is null. */
json_t *comparison_record(const struct comparison *comparison);

#endif
