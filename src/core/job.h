/* SPDX-License-Identifier: MIT */
/*
 * The job folder: everything that decides what a worker computes, written once by the runner, read
 * by every worker.  docs/PROTOCOL.md describes the files for other languages.
 *
 *   data/<digest>/   train_images.npy  uint8  N x 28 x 28     test_images.npy  uint8  M x 28 x 28
 *                    train_labels.npy  uint8  N               test_labels.npy  uint8  M
 *   jobs/<digest>/   job.json          what follows, with the digest of every file
 *                    init.npy          float32 P              initial parameters, one vector
 *                    order.npy         uint32  epochs x N     row e: the samples of epoch e in order
 *                    verify.npy        uint32  2 x n          two mini-epochs, trained last
 *                    reference.npy     float64 2 x P          the weights after them: the reference's, and
 *                                                             those of its source in float32
 */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include "core/dataset.h"
#include "core/model.h"
#include "core/npy.h"

enum { JOB_VERSION = 1 };

/* The most that a job may hold: samples of a set or a batch (as many as idx.h reads), and entries of
 * the whole order (4 GiB). */
enum { JOB_SAMPLES_MAX = 1 << 24, JOB_ORDER_MAX = 1 << 30 };

enum job_array {
	JOB_TRAIN_IMAGES,
	JOB_TRAIN_LABELS,
	JOB_TEST_IMAGES,
	JOB_TEST_LABELS,
	JOB_INIT,
	JOB_ORDER,
	JOB_VERIFY,
	JOB_REFERENCE,
	JOB_ARRAY_COUNT,
};

/* What a user chooses about the work, beside the data. */
struct work {
	struct shape shape;
	int epochs; /* 0: the mini-epochs alone */
	size_t batch;
	double lr, momentum;
	uint64_t seed;
};

/* How the two mini-epochs were chosen (core/verification.h). */
struct verification_facts {
	double margin;   /* the smallest of all their samples, at its step */
	size_t skipped;  /* samples of the drawn order that were too near to a tie */
	size_t repeated; /* places filled with a sample for the second time, as too few were clear */
	double largest_loss; /* of a step of the reference; not finite, or large: it diverges */
};

/* Told while something takes seconds: the part that is done, 0 to 1. */
struct job_progress {
	void *context;
	void (*tell)(void *context, double done);
};

struct job {
	char *folder;             /* absolute */
	char digest[DIGEST_SIZE]; /* of job.json */
	struct work work;
	struct model model;
	char *dataset; /* its name */
	char dataset_digest[DIGEST_SIZE];
	size_t n_train, n_test;
	size_t n_verify; /* samples of one mini-epoch */
	struct verification_facts verification;

	/* Opened, not read; and their files' digests as job.json has them. */
	struct npy train_images, train_labels, test_images, test_labels;
	struct npy init, order, verify, reference;
	char array_digests[JOB_ARRAY_COUNT][DIGEST_SIZE];
};

/* Samples of one mini-epoch: k B + p, with p = N mod B, or ceil(B/2) where that is 0: full batches and a
 * partial one, so that stale graphs and left-over state show.  k is 4, or as many as make 3,000 samples,
 * but one at least; at most N and 8,192 in all.  For large shapes no more than the reference can train in
 * some 10 s (JOB_VERIFY_COST multiply-adds), which may leave a part of one batch. */
#define JOB_VERIFY_COST 1e10
size_t job_verify_samples(const struct model *model, size_t n_train, size_t batch);

/* Write the job's folder into the cache (or find it there, once per content) and give its absolute
 * path; free() it.  Several may do so at once.  The reference's part takes seconds, and is kept in the
 * cache under references/<key>, whatever the epochs; `progress` (may be NULL) is told while it is made.
 * NULL after error(): work out of range (message like an option's), a folder of the cache that is
 * damaged (what to remove), disk full. */
char *job_write(const char *cache, const struct dataset *dataset, const struct work *work,
                const struct job_progress *progress);

/* The folder references/<key> of the cache that the job lies in; free() it.  What else the reference
 * computes for all jobs of the same data, shape, seed and hyperparameters may be kept there. */
char *job_reference_folder(const struct job *job);

/* Open a job folder: job.json read, every array's type, shape and file size checked against it, and
 * that every label and index of verify.npy is in range.  The order is checked row by row, as it is
 * read: it may have 4 GiB.  Digests are the runner's to check, outside every clock.  -1 after error(),
 * with nothing left open. */
int job_open(struct job *job, const char *folder);
void job_close(struct job *job);

/* A row of the order, from 0: n_train samples, each of them in range.  -1 after error(). */
int job_read_order(const struct job *job, size_t row, uint32_t *out);

/* Has any of the job's files been altered?  -1 after error(): which one, and what to do. */
int job_check_digests(const struct job *job);

/* The work as the results record it: "job" (its digest), and from job.json with the same names:
 * dataset, shape, epochs, batch, lr, momentum, seed, parameters. */
json_t *job_record(const struct job *job);

#endif
