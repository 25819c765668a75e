/* SPDX-License-Identifier: MIT */
/* The results folder of a new run. */
#ifndef RESULTS_FOLDER_H
#define RESULTS_FOLDER_H

/*
 * Make the folder of a new run: `log_dir` itself, which must not hold a run, or, where that is NULL,
 * results/<UTC time>_<dataset>/ with results/latest pointing to it.  logs/ is made in it and job.json
 * copied from `job_folder`.  The path; free() it.  NULL after error().
 */
char *folder_create(const char *log_dir, const char *dataset, const char *job_folder);

#endif
