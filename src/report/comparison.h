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
#include <stdbool.h>
#include <stdio.h>

enum verdict {
	VERDICT_NONE,
	VERDICT_REFERENCE,
	VERDICT_SAME,
	VERDICT_FASTER,
	VERDICT_SLOWER,
	VERDICT_UNDECIDED
};

/* Which columns a table has: ours, or those of the original system's summary. */
enum view { VIEW_DEFAULT, VIEW_ORIGINAL };
#define COMPARISON_VIEWS "default|original"

/* As a spreadsheet gives them: plain averages over all epochs of all runs, the first one too, but no
 * extra ones. */
struct averages {
	double epoch_seconds, train_seconds, throughput; /* train: the sum of a run's epochs */
	double final_test_accuracy,
		best_test_accuracy; /* fractions; the last epoch's, and the largest */
	double rss, max_vram;   /* bytes, at the ends of epochs */
	int last_epoch;
};

struct row {
	const struct contestant *contestant;
	const struct results *results; /* of the run that it stood in */
	size_t run;                    /* its place among the runs of the comparison */
	char *name;                    /* the label; of several runs "label@B", B for the second */
	size_t runs;                   /* executions that the figures are made of */
	bool ranked;                   /* verified, in float32, with resident data, on a real device */
	char *apart;                   /* what differs from those that are: "tf32"; NULL: nothing */
	const char *unranked;          /* the same as a sentence */
	struct proof proof;            /* contestant_proof */
	struct spread epoch;           /* seconds, steady epochs of all rounds */
	double samples_per_second;     /* training samples over the median epoch */
	struct ratio ratio;
	bool paired;          /* the ratio is paired by round: row and reference stood in one run */
	enum verdict verdict; /* of paired ratios only */
	int runs_needed; /* of an undecided one: with so many rounds it would be decided; 0: beyond reach */
	double cold_epoch; /* median of the first epochs, seconds */
	/* Medians over the rounds.  train: the train spans but the extra ones.  total: start of the process
	 * to the end of `read`.  to_97: start of the process to the end of the first `eval` with a test
	 * accuracy of 97%; NAN unless all rounds came to it. */
	double train_seconds, total_seconds, seconds_to_97;
	double train_loss, train_accuracy, test_accuracy,
		max_test_accuracy;                /* of the last epoch, medians */
	double mean_rss, peak_rss, peak_vram; /* bytes, medians */
	bool vram_delta;                      /* peak_vram: of an execution's vram_delta */
	struct averages averages;
};

struct comparison {
	const struct results *const *runs; /* of alike work; borrowed */
	size_t n_runs;
	const struct results *results; /* the first of them */
	const struct row *reference;   /* or NULL: nothing to compare with */
	struct row *rows;              /* ranked: the fastest first, then those that are not ranked */
	size_t n_rows;
	enum view view; /* VIEW_DEFAULT, until the caller sets another */
};

const char *verdict_name(enum verdict verdict); /* NULL of VERDICT_NONE */

/* One table of runs of alike work (report/group.h), at least one.  `reference`: a label or a row's name,
 * or NULL: the fastest.  -1 after error(): no such label, or one without a rank. */
int comparison_make_of(struct comparison *comparison, const struct results *const *runs,
                       size_t n_runs, const char *reference);

/* The same of one run. */
int comparison_make(struct comparison *comparison, const struct results *results,
                    const char *reference);

/* With how many runs 5% would be told apart in 19 of 20 cases, at the largest scatter of a ratio in this
 * comparison; 0: with no number of runs that is worth advising, or no scatter is known. */
int comparison_resolution(const struct comparison *comparison);

/* "A" of the first run, then "Z", "AA"; and the first of the runs that has the machine of a run. */
enum { RUN_TAG_SIZE = 16 };
void run_tag(size_t run, char out[RUN_TAG_SIZE]);
size_t comparison_machine(const struct comparison *comparison, size_t run);

/* The medians of the steady epochs of the processes that count, into `values` with room for n_executions;
 * returns their number. */
size_t contestant_medians(const struct contestant *contestant, double *values);

/* Order the rows by "epoch" (as they are made), "total", "label", "accuracy" or "memory"; those that
 * are not ranked stay behind the others. */
#define COMPARISON_SORTS "epoch|total|label|accuracy|memory"
void comparison_sort(struct comparison *comparison, const char *key);
void comparison_free(struct comparison *comparison);

/* The table, at most 100 columns wide, with the lines under it that say what a reader must know. */
void comparison_table(const struct comparison *comparison, FILE *out);

/* The object of `compare --json`, schema "cnnbench-compare-1", of one group; what was not measured is null. */
json_t *comparison_record(const struct comparison *comparison);
json_t *comparison_group_record(const struct comparison *comparison); /* a member of "groups" */
json_t *comparison_document(json_t *groups);                          /* takes the array over */

/* Write such an object; "-": to standard output, whose errors main() finds.  -1 after error(). */
int comparison_write(const json_t *record, const char *path);

#endif
