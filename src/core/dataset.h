/* SPDX-License-Identifier: MIT */
/* A dataset in memory: MNIST where it lies, the built-in synthetic digits, or a folder of four IDX files. */
#ifndef CORE_DATASET_H
#define CORE_DATASET_H

#include "core/digest.h"
#include "core/pinned.h"

#include <stddef.h>
#include <stdint.h>

struct dataset {
	/* "mnist", "synth", or the last part of the folder's path.  A folder that holds MNIST is "mnist",
	 * and one that is merely called so is "other-mnist". */
	char *name;
	char *source; /* where it came from: a folder, or "built in" */
	size_t n_train, n_test;
	uint8_t *train_images, *train_labels; /* n x 28 x 28 and n */
	uint8_t *test_images, *test_labels;
	/* SHA-256 of the 256 hex digits of the four arrays' own digests, in this order, so that the
	 * arrays' bounds count too. */
	char digest[DIGEST_SIZE];
};

/* MNIST: the canonical 60,000 + 10,000 images of LeCun, Cortes and Burges. */
#define DATASET_MNIST_DIGEST "c473ce9de4170e6fe7638543697b7512b19cc4b2c68279feabf4a085461033dd"
/* The synthetic digits, the same on every machine; a change of them changes all their results. */
#define DATASET_SYNTH_DIGEST "7cc3af36b6fc9eac950e7db5c5cf1c7e0eb3eb0d528b2dd176fb5b1762be1371"

/* Its files, as they are called everywhere. */
enum { DATASET_FILES = 4 };
extern const struct pinned dataset_mnist_files[DATASET_FILES];

/* MNIST's folder in the cache, whether or not it is there; NULL: no place for a cache.  free() it. */
char *dataset_mnist_cache(void);

/* The folder that holds MNIST's four files (plain or .gz): $CNNBENCH_DATA, the cache's mnist folder,
 * ./data, ./data/MNIST/raw, in this order.  NULL, without error(), where none does; free() it. */
char *dataset_find_mnist(void);

/* Where it is not found: folders that look as if they were meant, and what each lacks; free() it.  NULL:
 * there is none. */
char *dataset_passed_over(void);

/*
 * Load what --dataset names: "mnist" (its digest is pinned: what lies under that name and is not
 * MNIST is refused), "synth" (drawn, or read where a job has left it in the cache, undamaged), or a folder of train-images-idx3-ubyte, train-labels-idx1-ubyte,
 * t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each plain or .gz (the plain one where both are),
 * of any size.  NULL: MNIST where it is found, else synth, said aloud with note().  -1 after error().
 */
int dataset_load(struct dataset *dataset, const char *choice);
void dataset_free(struct dataset *dataset);

#endif
