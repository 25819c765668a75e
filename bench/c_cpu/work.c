/* SPDX-License-Identifier: MIT */
#include "work.h"

#include "core/error.h"
#include "core/memory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"train", "train_labels", "test", "test_labels", "init"};
enum { ARRAYS = sizeof(names) / sizeof(*names) };

static char folder[1024], paths[ARRAYS][1100];

/* Calls only what a signal's handler may. */
static void remove_all(void)
{
	for (int i = 0; i < ARRAYS; i++)
		unlink(paths[i]);
	rmdir(folder);
}

static void interrupted(int signal_number)
{
	remove_all();
	_exit(128 + signal_number);
}

static void folder_make(void)
{
	const char *temp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%s/cnnbench-bench-XXXXXX", temp && *temp ? temp : "/tmp");
	signal(SIGINT, interrupted);
	signal(SIGTERM, interrupted);
	if (mkdtemp(folder) == NULL)
		die("cannot make a folder %s; set TMPDIR to one that can be written to", folder);
	for (int i = 0; i < ARRAYS; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%s.npy", folder, names[i]);
}

static struct npy array_new(int name, enum npy_type type, size_t count, size_t pixels,
                            const void *data)
{
	const size_t dims[2] = {count, pixels};
	struct npy array;

	if (npy_write(paths[name], type, pixels > 1 ? 2 : 1, dims, data) != 0 ||
	    npy_open(&array, paths[name]) != 0) {
		remove_all();
		exit(EXIT_USAGE);
	}
	return array;
}

void image_draw(struct random *random, uint8_t *image, int label)
{
	memset(image, 0, MODEL_PIXELS);
	for (int y = 4; y < 24; y++) {
		int x = 4 + label + (int)random_below(random, 3) + (label % 2 ? y / 4 : -y / 8);
		for (int i = 0; i < 6; i++)
			image[y * MODEL_SIDE + x + i] = (uint8_t)random_below(random, 256);
	}
}

struct job work_new(struct shape shape)
{
	struct job job = {
		.work = {.shape = shape, .batch = BATCH, .lr = 0.01, .momentum = 0.9},
		.n_train = SAMPLES,
		.n_test = BATCH,
	};
	struct random random = random_stream(1, "bench", 0);
	uint8_t *images = memory_new(SAMPLES, MODEL_PIXELS), *labels = memory_new(SAMPLES, 1);

	for (size_t i = 0; i < SAMPLES; i++) {
		labels[i] = (uint8_t)random_below(&random, MODEL_CLASSES);
		image_draw(&random, images + i * MODEL_PIXELS, labels[i]);
	}
	if (model_init(&job.model, job.work.shape) != 0)
		exit(EXIT_USAGE);
	float *init = memory_new(job.model.parameters, sizeof(*init));
	model_init_weights(&job.model, 1, init);
	folder_make();
	job.train_images = array_new(0, NPY_U8, SAMPLES, MODEL_PIXELS, images);
	job.train_labels = array_new(1, NPY_U8, SAMPLES, 1, labels);
	job.test_images = array_new(2, NPY_U8, BATCH, MODEL_PIXELS, images);
	job.test_labels = array_new(3, NPY_U8, BATCH, 1, labels);
	job.init = array_new(4, NPY_F32, job.model.parameters, 1, init);
	free(images);
	free(labels);
	free(init);
	return job;
}

void work_free(struct job *job)
{
	npy_close(&job->train_images);
	npy_close(&job->train_labels);
	npy_close(&job->test_images);
	npy_close(&job->test_labels);
	npy_close(&job->init);
	remove_all();
}
