/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/files.h"
#include "core/job_arrays.h"
#include "core/memory.h"
#include "core/random.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A job while it is made: its arrays in memory, and job.json.  Those of the dataset are borrowed; that
 * of the order is NULL: it may have 4 GiB, so its rows are drawn one by one (stream_order). */
struct draft {
	struct job job;
	const void *data[JOB_ARRAY_COUNT];
	char *text; /* of job.json; NULL while only the dataset is written */
};

/* ---- Making it in memory ---- */

static float *make_init(const struct job *job)
{
	float *weights = memory_new(job->model.parameters, sizeof(*weights));

	model_init_weights(&job->model, job->work.seed, weights);
	return weights;
}

/* The rows of the order, one after the other, to the end of a file or of a digest: the other is NULL. */
static void stream_order(const struct job *job, struct files_draft *file, struct digest *digest)
{
	size_t size = job->n_train * sizeof(uint32_t);
	uint32_t *row = memory_new(job->n_train, sizeof(*row));
	int failed = 0;

	for (size_t epoch = 0; epoch < (size_t)job->work.epochs && !failed; epoch++) {
		struct random random = random_stream(job->work.seed, "order", epoch);

		random_permutation(&random, row, job->n_train);
		if (digest)
			digest_add(digest, row, size);
		else
			failed = files_add(file, row, size);
	}
	free(row);
}

static void digest_array(struct draft *draft, enum job_array array)
{
	const struct job_array_spec *spec = &job_arrays[array];
	char *out = draft->job.array_digests[array];
	size_t dims[NPY_RANK_MAX];

	job_array_dims(&draft->job, array, dims);
	if (array != JOB_ORDER) {
		npy_digest(spec->type, spec->rank, dims, draft->data[array], out);
		return;
	}
	struct digest *digest = npy_digest_begin(spec->type, spec->rank, dims);
	stream_order(&draft->job, NULL, digest);
	digest_end(digest, out);
}

static json_t *describe_files(const struct job *job)
{
	json_t *files = json_object();

	for (int array = 0; array < JOB_ARRAY_COUNT; array++) {
		char *path = job_array_path(job, (enum job_array)array);

		json_object_set_new(
			files, job_arrays[array].name,
			json_pack("{s:s, s:s}", "path", path, "digest", job->array_digests[array]));
		free(path);
	}
	return files;
}

/* Sorted members, fixed indentation, 17 digits: the same content has the same bytes, and digest. */
static char *make_text(const struct job *job)
{
	json_t *content = job_describe(job);
	char *plain, *text;

	json_object_set_new(content, "version", json_integer(JOB_VERSION));
	json_object_set_new(content, "normalisation",
	                    json_pack("{s:f, s:f}", "mean", MODEL_MEAN, "deviation", MODEL_DEVIATION));
	json_object_set_new(content, "tensors", model_record(&job->model));
	json_object_set_new(content, "verification", job_describe_verification(&job->verification));
	json_object_set_new(content, "files", describe_files(job));
	plain = json_dumps(content, JSON_SORT_KEYS | JSON_INDENT(2) | JSON_REAL_PRECISION(17));
	text = memory_text("%s\n", plain);
	free(plain);
	json_decref(content);
	return text;
}

/* The name may be any folder's; JSON takes UTF-8 only. */
static char *name_dataset(const struct dataset *dataset)
{
	json_t *name = json_string(dataset->name);
	bool usable = json_string_length(name) > 0;

	json_decref(name);
	return memory_copy(usable ? dataset->name : "unnamed");
}

static int draft_begin(struct draft *draft, const struct dataset *dataset, const struct work *work)
{
	struct job *job = &draft->job;

	*draft = (struct draft){.job.work = *work};
	if (job_check_work("", work, dataset->n_train, dataset->n_test) ||
	    model_init(&job->model, work->shape))
		return -1;
	job->n_train = dataset->n_train;
	job->n_test = dataset->n_test;
	job->n_verify = job_verify_samples(&job->model, job->n_train, work->batch);
	job->dataset = name_dataset(dataset);
	memcpy(job->dataset_digest, dataset->digest, DIGEST_SIZE);
	draft->data[JOB_TRAIN_IMAGES] = dataset->train_images;
	draft->data[JOB_TRAIN_LABELS] = dataset->train_labels;
	draft->data[JOB_TEST_IMAGES] = dataset->test_images;
	draft->data[JOB_TEST_LABELS] = dataset->test_labels;
	draft->data[JOB_INIT] = make_init(job);
	return 0;
}

static int draft_verify(struct draft *draft, const char *cache, const struct job_progress *progress)
{
	struct job *job = &draft->job;
	const struct verification_inputs inputs = {
		.model = &job->model,
		.work = &job->work,
		.data = {draft->data[JOB_TRAIN_IMAGES], draft->data[JOB_TRAIN_LABELS], job->n_train},
		.init = draft->data[JOB_INIT],
		.n = job->n_verify,
	};
	struct verification verification;

	if (job_verify(job, &inputs, cache, progress, &verification))
		return -1;
	job->verification = verification.facts;
	draft->data[JOB_VERIFY] = verification.rows; /* the draft's from now on */
	draft->data[JOB_REFERENCE] = verification.reference;
	return 0;
}

static void draft_end(struct draft *draft)
{
	for (int array = 0; array < JOB_ARRAY_COUNT; array++)
		digest_array(draft, (enum job_array)array);
	draft->text = make_text(&draft->job);
	digest_bytes(draft->text, strlen(draft->text), draft->job.digest);
}

static void draft_free(struct draft *draft)
{
	for (int array = 0; array < JOB_ARRAY_COUNT; array++)
		if (!job_arrays[array].of_dataset)
			free((void *)(uintptr_t)draft->data[array]);
	free(draft->job.dataset);
	free(draft->text);
}

/* ---- Writing it ---- */

static int write_array(const struct draft *draft, enum job_array array, const char *path)
{
	const struct job_array_spec *spec = &job_arrays[array];
	size_t dims[NPY_RANK_MAX];

	job_array_dims(&draft->job, array, dims);
	if (array != JOB_ORDER)
		return npy_write(path, spec->type, spec->rank, dims, draft->data[array]);
	struct files_draft *file = npy_begin(path, spec->type, spec->rank, dims);
	if (!file)
		return -1;
	stream_order(&draft->job, file, NULL);
	return files_end(file);
}

/* All arrays of the dataset's folder, or of the job's. */
static int write_arrays(const struct draft *draft, const char *folder, bool of_dataset)
{
	int result = 0;

	for (int array = 0; array < JOB_ARRAY_COUNT && !result; array++) {
		const struct job_array_spec *spec = &job_arrays[array];

		if (spec->of_dataset != of_dataset)
			continue;
		char *path = memory_text("%s/%s.npy", folder, spec->name);
		result = write_array(draft, (enum job_array)array, path);
		free(path);
	}
	return result;
}

static int write_text(const struct draft *draft, const char *folder)
{
	char *path = files_join(folder, "job.json");
	int result = files_write(path, draft->text, strlen(draft->text));

	free(path);
	return result;
}

/* The name of the first file that is missing or has the wrong size, or NULL. */
static const char *find_damage(const struct draft *draft, const char *folder, bool of_dataset)
{
	for (int array = 0; array < JOB_ARRAY_COUNT; array++) {
		const struct job_array_spec *spec = &job_arrays[array];
		size_t dims[NPY_RANK_MAX];
		struct stat status;

		if (spec->of_dataset != of_dataset)
			continue;
		char *path = memory_text("%s/%s.npy", folder, spec->name);
		int missing = stat(path, &status);
		free(path);
		job_array_dims(&draft->job, (enum job_array)array, dims);
		if (missing || (size_t)status.st_size != npy_file_size(spec->type, spec->rank, dims))
			return spec->name;
	}
	return NULL;
}

static bool has_text(const struct draft *draft, const char *folder)
{
	char *path = files_join(folder, "job.json");
	size_t size = 0;
	char *text = files_is_regular(path) ? files_read(path, JOB_TEXT_MAX, &size) : NULL;
	bool same = text && size == strlen(draft->text) && !memcmp(text, draft->text, size);

	free(text);
	free(path);
	return same;
}

/* What is there already need not be written; but it must be what it is called. */
static int check_folder(const struct draft *draft, const char *folder, bool of_dataset)
{
	const char *damaged = find_damage(draft, folder, of_dataset);

	if (damaged) {
		char *file = memory_text("%s.npy", damaged);
		job_refuse(folder, file, "missing or of the wrong size");
		free(file);
		return -1;
	}
	if (!of_dataset && !has_text(draft, folder))
		return job_refuse(folder, "job.json", "missing or altered");
	return 0;
}

/* A new folder beside `folder`, under a name that no other writer takes.  NULL after error(). */
static char *make_beside(const char *folder)
{
	static atomic_uint number;

	for (;;) {
		char *beside =
			memory_text("%s.%ld-%u.tmp", folder, (long)getpid(), atomic_fetch_add(&number, 1));

		if (!mkdir(beside, 0777))
			return beside;
		if (errno != EEXIST) {
			error("%s: cannot make this folder: %s%s", beside, strerror(errno),
			      files_advice(beside, errno));
			free(beside);
			return NULL;
		}
		free(beside);
	}
}

/* Written under another name and renamed: it is there whole or not at all.  Where another writer
 * was faster, its folder counts. */
static int write_folder(const struct draft *draft, const char *folder, bool of_dataset)
{
	char *beside = make_beside(folder);

	if (!beside)
		return -1;
	int result = write_arrays(draft, beside, of_dataset);
	if (!result && !of_dataset)
		result = write_text(draft, beside);
	if (!result && rename(beside, folder)) {
		bool lost = errno == EEXIST || errno == ENOTEMPTY;

		result = lost ? check_folder(draft, folder, of_dataset)
		              : error("%s: cannot rename a folder to this: %s", folder, strerror(errno));
	}
	if (files_is_folder(beside))
		files_remove_folder(beside);
	free(beside);
	return result;
}

/* The folder <cache>/<kind>/<digest>, written or found.  NULL after error(). */
static char *provide_folder(const struct draft *draft, const char *cache, bool of_dataset)
{
	const char *digest = of_dataset ? draft->job.dataset_digest : draft->job.digest;
	char *parent = files_join(cache, of_dataset ? "data" : "jobs");
	char *folder = files_join(parent, digest);
	int result = files_make_folder(parent);

	if (!result && files_is_folder(folder))
		result = check_folder(draft, folder, of_dataset);
	else if (!result && access(folder, F_OK) == 0)
		result = job_refuse(folder, "", "not a folder");
	else if (!result)
		result = write_folder(draft, folder, of_dataset);
	free(parent);
	if (!result)
		return folder;
	free(folder);
	return NULL;
}

/* The same path from everywhere, links resolved: job.json's "../../data" must lead to our data. */
static char *resolve_cache(const char *cache)
{
	char *path;

	if (files_make_folder(cache))
		return NULL;
	path = realpath(cache, NULL);
	if (!path)
		error("%s: cannot use this as cache folder: %s", cache, strerror(errno));
	return path;
}

char *job_write(const char *cache, const struct dataset *dataset, const struct work *work,
                const struct job_progress *progress)
{
	struct draft draft;
	char *absolute = NULL, *folder = NULL, *data = NULL;

	if (!draft_begin(&draft, dataset, work))
		absolute = resolve_cache(cache);
	if (absolute && !draft_verify(&draft, absolute, progress)) {
		draft_end(&draft);
		data = provide_folder(&draft, absolute, true);
	}
	if (data)
		folder = provide_folder(&draft, absolute, false);
	free(data);
	free(absolute);
	draft_free(&draft);
	return folder;
}
