/* SPDX-License-Identifier: MIT */
/* Reading a job folder.  Nothing in it is trusted: what job.json says decides how much a worker reads
 * and where it writes. */
#include "core/error.h"
#include "core/files.h"
#include "core/job_arrays.h"
#include "core/memory.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Members of job.json ---- */

/* After the first error, which is told, nothing more is: `failed` is asked once at the end. */
struct reader {
	const char *path;
	bool failed;
};

static void refuse(struct reader *reader, const char *name, const char *wanted)
{
	if (!reader->failed)
		error("%s: \"%s\" must be %s; remove its folder and run again", reader->path, name, wanted);
	reader->failed = true;
}

static const json_t *get_object(struct reader *reader, const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	if (!json_is_object(member))
		refuse(reader, name, "an object");
	return member;
}

static int64_t get_integer(struct reader *reader, const json_t *object, const char *name,
                           int64_t min, int64_t max)
{
	const json_t *member = json_object_get(object, name);
	int64_t value = json_integer_value(member);

	if (json_is_integer(member) && value >= min && value <= max)
		return value;
	char *wanted = memory_text("a whole number from %lld to %lld", (long long)min, (long long)max);
	refuse(reader, name, wanted);
	free(wanted);
	return min;
}

static double get_real(struct reader *reader, const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	if (!json_is_number(member))
		refuse(reader, name, "a number");
	return json_number_value(member);
}

static const char *get_text(struct reader *reader, const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (text && *text)
		return text;
	refuse(reader, name, "a text");
	return "";
}

static void get_digest(struct reader *reader, const json_t *object, const char *name,
                       char out[DIGEST_SIZE])
{
	const char *text = get_text(reader, object, name);

	if (strlen(text) != DIGEST_SIZE - 1 || strspn(text, "0123456789abcdef") != DIGEST_SIZE - 1) {
		refuse(reader, name, "64 lower-case hex digits");
		return;
	}
	memcpy(out, text, DIGEST_SIZE);
}

/* What our own model and program fix must stand there just so. */
static void expect(struct reader *reader, const json_t *content, const char *name, json_t *expected)
{
	if (!json_equal(json_object_get(content, name), expected))
		refuse(reader, name, "what this version computes with");
	json_decref(expected);
}

static void read_dataset(struct reader *reader, const json_t *content, struct job *job)
{
	const json_t *dataset = get_object(reader, content, "dataset");

	job->dataset = memory_copy(get_text(reader, dataset, "name"));
	get_digest(reader, dataset, "digest", job->dataset_digest);
	job->n_train = (size_t)get_integer(reader, dataset, "n_train", 1, JOB_SAMPLES_MAX);
	job->n_test = (size_t)get_integer(reader, dataset, "n_test", 1, JOB_SAMPLES_MAX);
}

static void read_work(struct reader *reader, const json_t *content, struct work *work)
{
	const json_t *shape = get_object(reader, content, "shape");

	work->shape.filters1 = (int)get_integer(reader, shape, "filters1", 1, MODEL_FILTERS_MAX);
	work->shape.filters2 = (int)get_integer(reader, shape, "filters2", 1, MODEL_FILTERS_MAX);
	work->shape.hidden = (int)get_integer(reader, shape, "hidden", 1, MODEL_HIDDEN_MAX);
	work->shape.fsize = (int)get_integer(reader, shape, "fsize", 1, MODEL_FSIZE_MAX);
	work->epochs = (int)get_integer(reader, content, "epochs", 0, INT_MAX);
	work->batch = (size_t)get_integer(reader, content, "batch", 1, JOB_SAMPLES_MAX);
	work->lr = get_real(reader, content, "lr");
	work->momentum = get_real(reader, content, "momentum");
	work->seed = (uint64_t)get_integer(reader, content, "seed", 0, INT64_MAX);
}

/* Paths have one form only, so none leads out of the two folders. */
static void read_files(struct reader *reader, const json_t *content, struct job *job)
{
	const json_t *files = get_object(reader, content, "files");

	for (int array = 0; array < JOB_ARRAY_COUNT; array++) {
		const json_t *file = get_object(reader, files, job_arrays[array].name);
		char *path = job_array_path(job, (enum job_array)array);

		if (strcmp(get_text(reader, file, "path"), path)) {
			char *wanted = memory_text("\"%s\"", path);

			refuse(reader, "path", wanted);
			free(wanted);
		}
		free(path);
		get_digest(reader, file, "digest", job->array_digests[array]);
	}
}

/* A loss that is no number any more stands there as null. */
static void read_verification(struct reader *reader, const json_t *content,
                              struct verification_facts *facts)
{
	const json_t *object = get_object(reader, content, "verification");
	const bool finite = !json_is_null(json_object_get(object, "largest_loss"));

	facts->margin = get_real(reader, object, "margin");
	facts->skipped = (size_t)get_integer(reader, object, "skipped", 0, INT64_MAX);
	facts->repeated = (size_t)get_integer(reader, object, "repeated", 0, INT64_MAX);
	facts->largest_loss = finite ? get_real(reader, object, "largest_loss") : HUGE_VAL;
}

static void read_version(struct reader *reader, const json_t *content)
{
	int64_t version = get_integer(reader, content, "version", 1, INT64_MAX);

	if (!reader->failed && version > JOB_VERSION) {
		error("%s: version %lld, and this program reads version %d: use a newer one, or remove "
		      "its folder and run again",
		      reader->path, (long long)version, JOB_VERSION);
		reader->failed = true;
	}
}

static int read_content(struct job *job, const char *path, const json_t *content)
{
	struct reader reader = {.path = path};

	read_version(&reader, content);
	read_dataset(&reader, content, job);
	read_work(&reader, content, &job->work);
	if (reader.failed || model_init(&job->model, job->work.shape))
		return -1;
	expect(&reader, content, "parameters", json_integer((json_int_t)job->model.parameters));
	expect(&reader, content, "tensors", model_record(&job->model));
	expect(&reader, content, "normalisation",
	       json_pack("{s:f, s:f}", "mean", MODEL_MEAN, "deviation", MODEL_DEVIATION));
	read_verification(&reader, content, &job->verification);
	read_files(&reader, content, job);
	if (reader.failed)
		return -1;
	char *where = memory_text("%s: ", path);
	int result = job_check_work(where, &job->work, job->n_train, job->n_test);
	free(where);
	job->n_verify = job_verify_samples(&job->model, job->n_train, job->work.batch);
	return result;
}

static int read_text(struct job *job, const char *path)
{
	json_error_t wrong;
	size_t size;
	char *text = files_read(path, JOB_TEXT_MAX, &size);
	json_t *content = NULL;
	int result = -1;

	if (!text)
		return -1;
	digest_bytes(text, size, job->digest);
	content = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong);
	if (json_is_object(content))
		result = read_content(job, path, content);
	else
		error("%s: not a job, line %d: %s; remove its folder and run again", path,
		      content ? 1 : wrong.line, content ? "not an object" : wrong.text);
	json_decref(content);
	free(text);
	return result;
}

/* ---- Its arrays ---- */

/* As people write it: the folder is absolute, with links resolved, so that "../" can be cut as text. */
static char *array_path(const struct job *job, enum job_array array)
{
	char *relative = job_array_path(job, array), *folder = memory_copy(job->folder);
	const char *rest = relative;

	for (char *slash; !strncmp(rest, "../", 3) && (slash = strrchr(folder, '/')); rest += 3)
		*slash = '\0';
	char *path = files_join(folder, rest);
	free(relative);
	free(folder);
	return path;
}

static int open_array(struct job *job, enum job_array array)
{
	const struct job_array_spec *spec = &job_arrays[array];
	struct npy *opened = job_array_place(job, array);
	char *path = array_path(job, array);
	size_t dims[NPY_RANK_MAX];
	int result = npy_open(opened, path);

	job_array_dims(job, array, dims);
	if (!result && (opened->type != spec->type || opened->rank != spec->rank ||
	                memcmp(opened->dims, dims, (size_t)spec->rank * sizeof(*dims))))
		result = error(
			"%s: not the type and shape that job.json says; remove its folder and run again", path);
	free(path);
	return result;
}

static size_t count_bad_labels(const uint8_t *labels, size_t count)
{
	size_t bad = 0;

	for (size_t i = 0; i < count; i++)
		bad += labels[i] >= MODEL_CLASSES;
	return bad;
}

static size_t count_bad_indices(const uint32_t *indices, size_t count, size_t n_train)
{
	size_t bad = 0;

	for (size_t i = 0; i < count; i++)
		bad += indices[i] >= n_train;
	return bad;
}

static int refuse_numbers(const struct npy *array)
{
	return error("%s: a number in it is out of range; remove its folder and run again",
	             array->path);
}

/* Labels and indices lead into arrays: one out of range must not reach a platform. */
static int check_range(const struct npy *array, size_t n_train)
{
	enum { PART = 1 << 16 };
	uint32_t *part = memory_new(PART, sizeof(*part));
	size_t bad = 0;
	int result = 0;

	for (size_t first = 0; first < array->count && !result && !bad; first += PART) {
		size_t count = array->count - first < PART ? array->count - first : PART;

		result = npy_read(array, first, count, part);
		if (!result)
			bad = array->type == NPY_U8 ? count_bad_labels((const uint8_t *)part, count)
			                            : count_bad_indices(part, count, n_train);
	}
	free(part);
	return bad ? refuse_numbers(array) : result;
}

int job_read_order(const struct job *job, size_t row, uint32_t *out)
{
	if (npy_read(&job->order, row * job->n_train, job->n_train, out))
		return -1;
	return count_bad_indices(out, job->n_train, job->n_train) ? refuse_numbers(&job->order) : 0;
}

static int open_arrays(struct job *job)
{
	static const enum job_array ranged[] = {JOB_TRAIN_LABELS, JOB_TEST_LABELS, JOB_VERIFY};

	for (int array = 0; array < JOB_ARRAY_COUNT; array++)
		if (open_array(job, (enum job_array)array))
			return -1;
	for (size_t i = 0; i < sizeof(ranged) / sizeof(ranged[0]); i++)
		if (check_range(job_array_opened(job, ranged[i]), job->n_train))
			return -1;
	return 0;
}

int job_open(struct job *job, const char *folder)
{
	char *path;
	int result;

	*job = (struct job){.folder = realpath(folder, NULL)};
	if (!job->folder)
		return error("%s: no such job folder: %s", folder, strerror(errno));
	path = files_join(job->folder, "job.json");
	result = read_text(job, path);
	if (!result)
		result = open_arrays(job);
	free(path);
	if (result)
		job_close(job);
	return result;
}
