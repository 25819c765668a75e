/* SPDX-License-Identifier: MIT */
/* The results folder of a new run. */
#ifndef RESULTS_FOLDER_H
#define RESULTS_FOLDER_H

#define FOLDER_RESULTS "results" /* where a run's folder lies if the user does not say */

/*
 * Make the folder of a new run: `log_dir` itself, which must not hold a run, or, where that is NULL,
 * results/<UTC time>_<dataset>/.  logs/ is made in it and job.json copied from `job_folder`.  The path;
 * free() it.  NULL after error(), with nothing left of it.
 */
char *folder_create(const char *log_dir, const char *dataset, const char *job_folder);

/* Take back what folder_create made, of a run that cannot begin.  `made`: the first of the folder and its
 * parents that was made for it (folder_missing); NULL: it was the user's, and stays. */
void folder_discard(const char *folder, const char *made);

/* Of a path's folders the first that is not there yet, such as "a/b" of "a/b/c"; free() it.  NULL: none. */
char *folder_missing(const char *path);

/* Let results/latest point to a folder in results/, now that its run has begun. */
void folder_point_latest(const char *folder);

#endif
