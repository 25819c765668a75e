/* SPDX-License-Identifier: MIT */
/*
 * The journal of a run: journal.jsonl in its results folder, the only truth.  Whatever happens is
 * appended at once, a JSON object a line; everything else in the folder is made from it.  A torn last
 * line (power cut, full disk) is ignored when reading.
 *
 * Records, by their "record"; "ns" is the runner's clock; what is unknown is null:
 *
 *   run     first line: schema "cnnbench-journal-1", version, started (UTC), ns, command [words],
 *           options {...}, runs, min_time, timeout, threads, shuffle, work {job_record}, machine {machine_record},
 *           fma_peak {peak_record}, removed_environment [names], platforms [{label, file, platform, ready, reason, help, hello}]
 *   round   ns, round, order [labels]
 *   start   ns, process, round, label, argv [words]
 *   event   ns (when the runner had read it), process, event {...}; of a broken or refused line: text (its
 *           beginning) and why
 *   memory  ns, process, anonymous, file, vram, vram_delta, system (bytes), clock_hz (of the processor it
 *           runs on); epoch where it is the sample at the end of that epoch's train span
 *   exit    ns, process, status, why, help, wall_seconds, user_seconds, system_seconds, peak_rss (of the
 *           process), runner_seconds (CPU time of the runner meanwhile), exit_code or signal,
 *           ledger {start_seconds, spans_seconds, outside_seconds, end_seconds} which add up to wall_seconds
 *           (runner/clocks.h), log (path in the folder), log_tail [last lines], certificate (runner/judge.h;
 *           null where nothing could be judged)
 *   epoch_check  ns, tolerance, median (of the platforms' mean losses of epoch 1; null: none), reference
 *           (its loss) and control (its float32 source's; both null: it was not asked), checked (false:
 *           nothing to compare), why, refused [{process, why}]: these are not_verified, whatever their exit
 *           says.  At most once, behind their exits
 *   end     ns, finished (UTC), signal (0: none)
 */
#ifndef RESULTS_JOURNAL_H
#define RESULTS_JOURNAL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_SCHEMA "cnnbench-journal-1"
#define JOURNAL_FILE "journal.jsonl"

/* Bytes; a larger one is not read.  A run of 16 platforms with 1,000 epochs each writes some 20 MB. */
enum { JOURNAL_SIZE_MAX = 256 << 20 };

struct journal;

/* Start a journal in an existing folder.  `reserve`: bytes that must be free in the file system,
 * tried by writing, so that a full disk is found before training starts.  -1/NULL after error():
 * not writable, full, or the folder holds a run already. */
struct journal *journal_create(const char *folder, size_t reserve);

/* Append a record; takes it over.  -1 after error(). */
int journal_append(struct journal *journal, json_t *record);
void journal_close(struct journal *journal);

/* Read all whole records of a journal as an array, of a folder's or of a file.  NULL after error(). */
json_t *journal_read(const char *folder);
json_t *journal_read_file(const char *path);

#endif
