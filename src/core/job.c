/* SPDX-License-Identifier: MIT */
#include "core/job.h"

#include "core/error.h"
#include "core/files.h"
#include "core/job_arrays.h"
#include "core/memory.h"
#include "core/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Samples of a mini-epoch: full batches as long as there are no more than VERIFY_MOST; one full batch
 * even beyond that, up to VERIFY_LIMIT. */
enum { VERIFY_FULL = 4, VERIFY_MOST = 3000, VERIFY_LIMIT = 8192 };

const struct job_array_spec job_arrays[JOB_ARRAY_COUNT] = {
	[JOB_TRAIN_IMAGES] = {"train_images", NPY_U8, 3, true, offsetof(struct job, train_images)},
	[JOB_TRAIN_LABELS] = {"train_labels", NPY_U8, 1, true, offsetof(struct job, train_labels)},
	[JOB_TEST_IMAGES] = {"test_images", NPY_U8, 3, true, offsetof(struct job, test_images)},
	[JOB_TEST_LABELS] = {"test_labels", NPY_U8, 1, true, offsetof(struct job, test_labels)},
	[JOB_INIT] = {"init", NPY_F32, 1, false, offsetof(struct job, init)},
	[JOB_ORDER] = {"order", NPY_U32, 2, false, offsetof(struct job, order)},
	[JOB_VERIFY] = {"verify", NPY_U32, 2, false, offsetof(struct job, verify)},
	[JOB_REFERENCE] = {"reference", NPY_F64, 2, false, offsetof(struct job, reference)},
};

void job_array_dims(const struct job *job, enum job_array array, size_t dims[NPY_RANK_MAX])
{
	const size_t table[JOB_ARRAY_COUNT][NPY_RANK_MAX] = {
		[JOB_TRAIN_IMAGES] = {job->n_train, MODEL_SIDE, MODEL_SIDE},
		[JOB_TRAIN_LABELS] = {job->n_train},
		[JOB_TEST_IMAGES] = {job->n_test, MODEL_SIDE, MODEL_SIDE},
		[JOB_TEST_LABELS] = {job->n_test},
		[JOB_INIT] = {job->model.parameters},
		[JOB_ORDER] = {(size_t)job->work.epochs, job->n_train},
		[JOB_VERIFY] = {2, job->n_verify},
		[JOB_REFERENCE] = {2, job->model.parameters},
	};

	memcpy(dims, table[array], sizeof(table[array]));
}

char *job_array_path(const struct job *job, enum job_array array)
{
	if (job_arrays[array].of_dataset)
		return memory_text("../../data/%s/%s.npy", job->dataset_digest, job_arrays[array].name);
	return memory_text("%s.npy", job_arrays[array].name);
}

const struct npy *job_array_opened(const struct job *job, enum job_array array)
{
	return (const struct npy *)(const void *)((const char *)job + job_arrays[array].opened);
}

struct npy *job_array_place(struct job *job, enum job_array array)
{
	return (struct npy *)(void *)((char *)job + job_arrays[array].opened);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t job_verify_samples(const struct model *model, size_t n_train, size_t batch)
{
	const size_t affordable = (size_t)(JOB_VERIFY_COST / (double)model->multiply_adds_step);
	size_t full = VERIFY_FULL, partial, samples = n_train;

	if (batch < n_train) {
		partial = n_train % batch ? n_train % batch : batch - batch / 2;
		while (full > 1 && full * batch + partial > smaller(affordable, VERIFY_MOST))
			full--;
		samples = full * batch + partial;
	}
	return smaller(smaller(samples, n_train), smaller(affordable, VERIFY_LIMIT));
}

int job_check_work(const char *where, const struct work *work, size_t n_train, size_t n_test)
{
	if (n_train < 1 || n_train > JOB_SAMPLES_MAX || n_test < 1 || n_test > JOB_SAMPLES_MAX)
		return error("%s%zu training and %zu test images: must be 1 to %d", where, n_train, n_test,
		             JOB_SAMPLES_MAX);
	if (work->batch < 1 || work->batch > JOB_SAMPLES_MAX)
		return error("%sbatch %zu: must be 1 to %d", where, work->batch, JOB_SAMPLES_MAX);
	if (work->epochs < 0 || (size_t)work->epochs > JOB_ORDER_MAX / n_train)
		return error("%sepochs %d: must be 0 to %zu with %zu training images", where, work->epochs,
		             JOB_ORDER_MAX / n_train, n_train);
	if (!isfinite(work->lr) || work->lr < 0)
		return error("%slr %g: must be a number of 0 or more", where, work->lr);
	if (!isfinite(work->momentum) || work->momentum < 0)
		return error("%smomentum %g: must be a number of 0 or more", where, work->momentum);
	if (work->seed > INT64_MAX)
		return error("%sseed %llu: must be below 2^63", where, (unsigned long long)work->seed);
	return 0;
}

json_t *job_describe(const struct job *job)
{
	const struct work *work = &job->work;
	const struct shape *shape = &work->shape;
	json_t *dataset =
		json_pack("{s:s, s:s, s:I, s:I}", "name", job->dataset, "digest", job->dataset_digest,
	              "n_train", (json_int_t)job->n_train, "n_test", (json_int_t)job->n_test);
	json_t *sizes = json_pack("{s:i, s:i, s:i, s:i}", "filters1", shape->filters1, "filters2",
	                          shape->filters2, "hidden", shape->hidden, "fsize", shape->fsize);

	return json_pack("{s:o, s:o, s:i, s:I, s:f, s:f, s:I, s:I}", "dataset", dataset, "shape", sizes,
	                 "epochs", work->epochs, "batch", (json_int_t)work->batch, "lr", work->lr,
	                 "momentum", work->momentum, "seed", (json_int_t)work->seed, "parameters",
	                 (json_int_t)job->model.parameters);
}

json_t *job_record(const struct job *job)
{
	json_t *record = job_describe(job);

	json_object_set_new(record, "job", json_string(job->digest));
	return record;
}

int job_refuse(const char *folder, const char *file, const char *what)
{
	char *word = text_shell_word(folder);

	if (*file)
		error("%s/%s: %s; remove this folder and run again: rm -rf %s", folder, file, what, word);
	else
		error("%s: %s; remove it and run again: rm -rf %s", folder, what, word);
	free(word);
	return -1;
}

/* `path`: of an altered file. */
static int refuse_altered(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = memory_text("%.*s", (int)(slash - path), path);
	const int result = job_refuse(folder, slash + 1, "altered since it was written");

	free(folder);
	return result;
}

int job_check_digests(const struct job *job)
{
	const char *name = strrchr(job->folder, '/') + 1;
	char digest[DIGEST_SIZE];

	/* The folder bears the digest of its job.json, which has those of all else. */
	if (strcmp(name, job->digest))
		return job_refuse(job->folder, "job.json", "altered since it was written");
	for (int array = 0; array < JOB_ARRAY_COUNT; array++) {
		const struct npy *opened = job_array_opened(job, (enum job_array)array);

		if (digest_file(opened->path, digest))
			return -1;
		if (!strcmp(digest, job->array_digests[array]))
			continue;
		return refuse_altered(opened->path);
	}
	return 0;
}

void job_close(struct job *job)
{
	for (int array = 0; array < JOB_ARRAY_COUNT; array++)
		npy_close(job_array_place(job, (enum job_array)array));
	free(job->folder);
	free(job->dataset);
	*job = (struct job){0};
}
