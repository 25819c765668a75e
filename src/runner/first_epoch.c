/* SPDX-License-Identifier: MIT */
#include "runner/first_epoch.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/reference_float.h"
#include "results/field.h"
#include "runner/interrupt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct training {
	const struct job *job;
	uint8_t *images, *labels;
	uint32_t *order;
	float *init;
	struct reference *reference;
	struct reference_float *control;
};

/* ---- In the cache ---- */

static char *kept_path(const struct job *job)
{
	char *folder = job_reference_folder(job), *path = files_join(folder, "first_epoch.json");

	free(folder);
	return path;
}

/* Of both losses and the place they are kept in: what somebody else put there is made again. */
static void seal(const char *path, const struct first_epoch *epoch, char digest[DIGEST_SIZE])
{
	char *text = memory_text("%s %.17g %.17g", path, epoch->loss, epoch->control);

	digest_bytes(text, strlen(text), digest);
	free(text);
}

/* A loss that is not finite stands there as null. */
static int recall(const char *path, struct first_epoch *out)
{
	json_t *kept =
		files_is_regular(path) ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const char *found = field_text(kept, "seal");
	char wanted[DIGEST_SIZE];

	*out = (struct first_epoch){field_number(kept, "loss"), field_number(kept, "control")};
	seal(path, out, wanted);
	const int result = found && strcmp(found, wanted) == 0 ? 0 : -1;
	json_decref(kept);
	return result;
}

/* What is not finite is written as it will be read. */
static int keep(const char *path, struct first_epoch *epoch)
{
	char digest[DIGEST_SIZE];

	epoch->loss = isfinite(epoch->loss) ? epoch->loss : (double)NAN;
	epoch->control = isfinite(epoch->control) ? epoch->control : (double)NAN;
	seal(path, epoch, digest);
	json_t *content = json_pack("{s:o, s:o, s:s}", "loss", field_number_new(epoch->loss), "control",
	                            field_number_new(epoch->control), "seal", digest);
	char *text = json_dumps(content, JSON_REAL_PRECISION(17));
	int result = files_write(path, text, strlen(text));

	free(text);
	json_decref(content);
	return result;
}

/* ---- Training ---- */

static int training_open(struct training *training, const struct job *job, int threads)
{
	*training = (struct training){
		.job = job,
		.images = memory_new(job->train_images.count, 1),
		.labels = memory_new(job->n_train, 1),
		.order = memory_new(job->n_train, sizeof(uint32_t)),
		.init = memory_new(job->model.parameters, sizeof(float)),
		.reference = reference_new(&job->model, threads),
		.control = reference_float_new(&job->model, threads),
	};
	if (npy_read(&job->train_images, 0, job->train_images.count, training->images) ||
	    npy_read(&job->train_labels, 0, job->n_train, training->labels) ||
	    npy_read(&job->init, 0, job->model.parameters, training->init) ||
	    job_read_order(job, 0, training->order))
		return -1;
	reference_set_float(training->reference, training->init);
	reference_float_set_float(training->control, training->init);
	return 0;
}

static void training_close(struct training *training)
{
	reference_free(training->reference);
	reference_float_free(training->control);
	free(training->images);
	free(training->labels);
	free(training->order);
	free(training->init);
}

static void train_step(struct training *training, size_t first, size_t count,
                       struct first_epoch *sum)
{
	const struct job *job = training->job;
	const struct reference_data data = {training->images, training->labels, job->n_train};
	const uint32_t *samples = training->order + first;
	struct reference_stats stats;

	reference_step(training->reference, &data, samples, count, job->work.lr, job->work.momentum,
	               &stats);
	sum->loss += stats.loss * (double)count;
	reference_float_step(training->control, &data, samples, count, job->work.lr, job->work.momentum,
	                     &stats);
	sum->control += stats.loss * (double)count;
}

/* -1: a signal came. */
static int train(struct training *training, const struct job_progress *progress,
                 struct first_epoch *out)
{
	const size_t n = training->job->n_train, batch = training->job->work.batch;
	struct first_epoch sum = {0, 0};

	for (size_t first = 0, count; first < n; first += count) {
		count = n - first < batch ? n - first : batch;
		if (interrupt_signal())
			return -1;
		train_step(training, first, count, &sum);
		if (progress)
			progress->tell(progress->context, (double)(first + count) / (double)n);
	}
	*out = (struct first_epoch){sum.loss / (double)n, sum.control / (double)n};
	return 0;
}

int first_epoch_train(const struct job *job, int threads, const struct job_progress *progress,
                      struct first_epoch *out)
{
	char *path = kept_path(job);
	int result = recall(path, out);

	if (result) {
		struct training training;

		result = training_open(&training, job, threads);
		if (!result)
			result = train(&training, progress, out);
		training_close(&training);
		if (!result)
			keep(path,
			     out); /* where it cannot be kept it is computed again: error() has said why */
	}
	free(path);
	return result;
}
