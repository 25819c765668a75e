/* SPDX-License-Identifier: MIT */
#include "worker/arrays.h"

#include "core/error.h"
#include "core/memory.h"
#include "core/model.h"

void array_read(const struct npy *array, void *out)
{
	if (npy_read(array, 0, array->count, out) != 0)
		die("cannot read %s; run again to write the job anew", array->path);
}

struct set set_read(const struct npy *images, const struct npy *labels, size_t count)
{
	struct set set = {memory_map(count * MODEL_PIXELS, "images"), memory_map(count, "labels"),
	                  count};

	array_read(images, set.images);
	array_read(labels, set.labels);
	return set;
}

void set_free(struct set *set)
{
	memory_unmap(set->images, set->count * MODEL_PIXELS);
	memory_unmap(set->labels, set->count);
}
