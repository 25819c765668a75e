/* SPDX-License-Identifier: MIT */
/* The job's arrays in memory of a platform's own.  The worker ends where one cannot be read. */
#ifndef WORKER_ARRAYS_H
#define WORKER_ARRAYS_H

#include "core/npy.h"

#include <stddef.h>
#include <stdint.h>

/* The whole array; `out` has room for it. */
void array_read(const struct npy *array, void *out);

/* The samples and labels of one set, resident, in huge pages where the system has them. */
struct set {
	uint8_t *images, *labels; /* [count][MODEL_PIXELS], [count] */
	size_t count;
};

struct set set_read(const struct npy *images, const struct npy *labels, size_t count);
void set_free(struct set *set);

#endif
