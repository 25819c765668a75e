/* SPDX-License-Identifier: MIT */
/*
 * The reference's part of a job, kept in the cache under references/<key>: verify.npy, reference.npy and
 * facts.json, which has the digests of both and is written last.  The key is the digest of all that
 * decides them; the epochs do not.  What is missing or damaged is made again.
 */
#include "core/error.h"
#include "core/files.h"
#include "core/job_arrays.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Counted up when the choice of samples or the reference changes. */
enum { REFERENCE_VERSION = 1 };

static char *make_key(const struct job *job)
{
	json_t *content = job_describe(job);
	char *text, *key = memory_new(DIGEST_SIZE, 1);

	json_object_del(content, "epochs");
	json_object_set_new(content, "version", json_integer(REFERENCE_VERSION));
	json_object_set_new(content, "samples", json_integer((json_int_t)job->n_verify));
	json_object_del(json_object_get(content, "dataset"), "name"); /* its digest says all */
	text = json_dumps(content, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(17));
	digest_bytes(text, strlen(text), key);
	free(text);
	json_decref(content);
	return key;
}

static char *folder_in(const char *cache, const struct job *job)
{
	char *key = make_key(job), *folder = memory_text("%s/references/%s", cache, key);

	free(key);
	return folder;
}

/* The job lies in <cache>/jobs/<digest>. */
char *job_reference_folder(const struct job *job)
{
	char *cache = memory_copy(job->folder);

	for (int level = 0; level < 2; level++)
		*strrchr(cache, '/') = '\0';
	char *folder = folder_in(cache, job);
	free(cache);
	return folder;
}

json_t *job_describe_verification(const struct verification_facts *facts)
{
	json_t *loss = isfinite(facts->largest_loss) ? json_real(facts->largest_loss) : json_null();

	return json_pack("{s:f, s:I, s:I, s:o}", "margin", facts->margin, "skipped",
	                 (json_int_t)facts->skipped, "repeated", (json_int_t)facts->repeated,
	                 "largest_loss", loss);
}

/* ---- What is kept ---- */

static const enum job_array kept[] = {JOB_VERIFY, JOB_REFERENCE};
enum { KEPT = sizeof(kept) / sizeof(kept[0]) };

static char *kept_path(const char *folder, enum job_array array)
{
	return memory_text("%s/%s.npy", folder, job_arrays[array].name);
}

static json_t *read_facts(const char *folder)
{
	char *path = files_join(folder, "facts.json");
	json_t *facts =
		files_is_regular(path) ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL) : NULL;

	free(path);
	return facts;
}

/* Silently: whatever is not as it should be is made again. */
static int read_array(const struct job *job, const char *folder, enum job_array array,
                      const json_t *facts, void *out)
{
	const char *wanted = json_string_value(json_object_get(facts, job_arrays[array].name));
	char *path = kept_path(folder, array), digest[DIGEST_SIZE];
	size_t dims[NPY_RANK_MAX];
	struct npy opened;
	int result = -1;

	job_array_dims(job, array, dims);
	if (files_is_regular(path) && !npy_inspect(&opened, path)) {
		size_t count = opened.count;
		if (opened.type == job_arrays[array].type && count == dims[0] * dims[1])
			result = npy_read(&opened, 0, count, out);
		npy_close(&opened);
	}
	npy_digest(job_arrays[array].type, job_arrays[array].rank, dims, out, digest);
	free(path);
	return wanted && !strcmp(wanted, digest) ? result : -1;
}

static int load(const struct job *job, const char *folder, struct verification *verification)
{
	json_t *facts = read_facts(folder);
	const json_t *loss = json_object_get(facts, "largest_loss");
	void *const places[KEPT] = {verification->rows, verification->reference};
	int result = facts ? 0 : -1;

	for (size_t i = 0; i < KEPT && !result; i++)
		result = read_array(job, folder, kept[i], facts, places[i]);
	verification->facts = (struct verification_facts){
		.margin = json_number_value(json_object_get(facts, "margin")),
		.skipped = (size_t)json_integer_value(json_object_get(facts, "skipped")),
		.repeated = (size_t)json_integer_value(json_object_get(facts, "repeated")),
		.largest_loss = json_is_number(loss) ? json_number_value(loss) : HUGE_VAL,
	};
	json_decref(facts);
	return result;
}

static int store_facts(const char *folder, json_t *facts)
{
	char *path = files_join(folder, "facts.json");
	char *text = json_dumps(facts, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
	int result = files_write(path, text, strlen(text));

	free(text);
	free(path);
	return result;
}

static int store(const struct job *job, const char *folder, const struct verification *verification)
{
	const void *const data[KEPT] = {verification->rows, verification->reference};
	json_t *facts = job_describe_verification(&verification->facts);
	int result = files_make_folder(folder);

	for (size_t i = 0; i < KEPT && !result; i++) {
		const struct job_array_spec *spec = &job_arrays[kept[i]];
		char *path = kept_path(folder, kept[i]), digest[DIGEST_SIZE];
		size_t dims[NPY_RANK_MAX];

		job_array_dims(job, kept[i], dims);
		result = npy_write(path, spec->type, spec->rank, dims, data[i]);
		npy_digest(spec->type, spec->rank, dims, data[i], digest);
		json_object_set_new(facts, spec->name, json_string(digest));
		free(path);
	}
	if (!result)
		result = store_facts(folder, facts);
	json_decref(facts);
	return result;
}

int job_verify(const struct job *job, const struct verification_inputs *inputs, const char *cache,
               const struct job_progress *progress, struct verification *verification)
{
	char *folder = folder_in(cache, job);
	int result = 0;

	*verification = (struct verification){
		.rows = memory_new(2 * inputs->n, sizeof(uint32_t)),
		.reference = memory_new(2 * inputs->model->parameters, sizeof(double)),
	};
	if (load(job, folder, verification)) {
		verification_free(verification);
		verification_make(verification, inputs, 0, progress);
		result = store(job, folder, verification);
	}
	if (result)
		verification_free(verification);
	free(folder);
	return result;
}
