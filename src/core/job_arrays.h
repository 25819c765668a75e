/* SPDX-License-Identifier: MIT */
/* The table of a job's arrays, which writing, opening and checking go by; for job*.c alone. */
#ifndef CORE_JOB_ARRAYS_H
#define CORE_JOB_ARRAYS_H

#include "core/job.h"
#include "core/verification.h"

#include <stdbool.h>

struct job_array_spec {
	const char *name;
	enum npy_type type;
	int rank;
	bool of_dataset; /* lies in the dataset's folder, shared by all jobs of it */
	size_t opened;   /* offset of its struct npy in struct job */
};

/* job.json has some 3 KB; what is larger than this is something else. */
enum { JOB_TEXT_MAX = 1 << 20 };

extern const struct job_array_spec job_arrays[JOB_ARRAY_COUNT];

/* By the sizes that the job says: n_train, n_test, epochs, n_verify, parameters. */
void job_array_dims(const struct job *job, enum job_array array, size_t dims[NPY_RANK_MAX]);

/* As job.json has it, relative to the job's folder; free() it. */
char *job_array_path(const struct job *job, enum job_array array);

const struct npy *job_array_opened(const struct job *job, enum job_array array);
struct npy *job_array_place(struct job *job,
                            enum job_array array); /* the same, to open and close */

/* The members that job.json and the results' record have in common. */
json_t *job_describe(const struct job *job);

/* {"margin", "skipped", "repeated", "largest_loss"}; what is not finite is null. */
json_t *job_describe_verification(const struct verification_facts *facts);

/* The reference's part of a job, by dataset digest, work and n_verify: from <cache>/references/<key>, or
 * made and kept there.  -1 after error(): it cannot be written. */
int job_verify(const struct job *job, const struct verification_inputs *inputs, const char *cache,
               const struct job_progress *progress, struct verification *verification);

/* A folder of the cache is not what it should be: which file of it (or ""), what is wrong, and the command
 * that removes the folder.  Always -1 after error(). */
int job_refuse(const char *folder, const char *file, const char *what);

/* Range of a number of job.json or of a user.  0, or -1 after error("<where>batch 0: must be ..."). */
int job_check_work(const char *where, const struct work *work, size_t n_train, size_t n_test);

#endif
