/* SPDX-License-Identifier: MIT */
/*
 * A folder of metrics_*.csv without journal or run.json: the layout of the original system, whose eleven
 * first columns ours share.  A file is a platform, a line an epoch:
 *
 *   Platform, Epoch, Epoch Time (s), Train Loss, Train Accuracy, Test Accuracy, Throughput (samples/s),
 *   Timestamp, System RAM Used (MB), Process RAM Used (MB), GPU VRAM Used (MB)
 *
 * Accuracies are fractions, MB 10^6 bytes; -1 and an empty cell mean "not measured".  The original's
 * epoch time includes the evaluation.  Of further columns "Run" and "Extra" are read, as cnnbench writes
 * them.  Nothing tells what was computed: every platform is STATUS_UNVERIFIED_CSV.
 */
#ifndef RESULTS_ORIGINAL_H
#define RESULTS_ORIGINAL_H

#include "results/results.h"

bool original_found(const char *folder);                        /* it holds such files */
int original_read(struct results *results, const char *folder); /* -1 after error() */

#endif
