/* SPDX-License-Identifier: MIT */
#include "core/dataset.h"

#include "core/error.h"
#include "core/files.h"
#include "core/idx.h"
#include "core/memory.h"
#include "core/model.h"
#include "core/npy.h"
#include "core/options.h"
#include "core/synth.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const struct pinned dataset_mnist_files[DATASET_FILES] = {
	{"train-images-idx3-ubyte", 47040016,
     "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
	{"train-labels-idx1-ubyte", 60008,
     "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
	{"t10k-images-idx3-ubyte", 7840016,
     "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
	{"t10k-labels-idx1-ubyte", 10008,
     "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
};

enum { TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS };

/* Of a folder's files: the plain one, else the .gz; NULL where neither is. */
static char *file_find(const char *folder, const char *name)
{
	static const char *const endings[] = {"", ".gz"};
	for (size_t i = 0; i < 2; i++) {
		char *path = memory_text("%s/%s%s", folder, name, endings[i]);
		struct stat status;
		if (stat(path, &status) == 0)
			return path;
		free(path);
	}
	return NULL;
}

/* The first of the four names that the folder lacks; NULL: none.  *held: how many it has. */
static const char *file_missing(const char *folder, size_t *held)
{
	const char *missing = NULL;
	*held = 0;
	for (size_t i = 0; i < DATASET_FILES; i++) {
		char *path = file_find(folder, dataset_mnist_files[i].name);
		if (path)
			++*held;
		else if (!missing)
			missing = dataset_mnist_files[i].name;
		free(path);
	}
	return missing;
}

/* ---- MNIST's folder ---- */

static char *place_environment(void)
{
	const char *folder = getenv("CNNBENCH_DATA");
	return folder && *folder ? memory_copy(folder) : NULL;
}

char *dataset_mnist_cache(void)
{
	char *cache = files_cache_path();
	char *folder = cache ? files_join(cache, "mnist") : NULL;
	free(cache);
	return folder;
}

static char *place_data(void)
{
	return memory_copy("./data");
}

static char *place_raw(void)
{
	return memory_copy("./data/MNIST/raw");
}

/* In the order in which they are searched; each gives a new string, or NULL: no such place. */
static char *(*const places[])(void) = {place_environment, dataset_mnist_cache, place_data,
                                        place_raw};
enum { PLACE_COUNT = sizeof(places) / sizeof(*places) };

char *dataset_find_mnist(void)
{
	for (size_t i = 0; i < PLACE_COUNT; i++) {
		size_t held;
		char *folder = places[i]();
		if (folder && !file_missing(folder, &held))
			return folder;
		free(folder);
	}
	return NULL;
}

/* A folder with some of the files, or one that the user named, was meant. */
char *dataset_passed_over(void)
{
	char *text = NULL;
	for (size_t i = 0; i < PLACE_COUNT; i++) {
		size_t held;
		char *folder = places[i](), *before = text;
		const char *missing = folder ? file_missing(folder, &held) : NULL;
		if (missing && (held > 0 || places[i] == place_environment)) {
			text = memory_text(
				"%s%s%s: passed over as the folder of MNIST: %s is missing, plain or .gz",
				before ? before : "", before ? "; " : "", folder, missing);
			free(before);
		}
		free(folder);
	}
	return text;
}

static void warn_of_incomplete(void)
{
	char *text = dataset_passed_over();
	if (text)
		warning("%s", text);
	free(text);
}

static int mnist_missing(void)
{
	char *cache = dataset_mnist_cache();
	error(
		"MNIST is not found: looked for %s, plain or .gz, and its three companions in $CNNBENCH_DATA, "
		"%s, ./data and ./data/MNIST/raw; download it with 'cnnbench data fetch mnist', set CNNBENCH_DATA "
		"to the folder of the four files, or use --dataset synth",
		dataset_mnist_files[TRAIN_IMAGES].name, cache ? cache : "the cache");
	free(cache);
	return -1;
}

/* ---- loading ---- */

static int read_file(const char *folder, size_t which, uint8_t **bytes, size_t *count)
{
	char *path = file_find(folder, dataset_mnist_files[which].name);
	if (!path)
		return error(
			"%s: %s is missing, plain or .gz; the folder of a dataset holds it, %s, %s and %s, or use "
			"--dataset synth",
			folder, dataset_mnist_files[which].name,
			dataset_mnist_files[(which + 1) % DATASET_FILES].name,
			dataset_mnist_files[(which + 2) % DATASET_FILES].name,
			dataset_mnist_files[(which + 3) % DATASET_FILES].name);
	bool of_images = which == TRAIN_IMAGES || which == TEST_IMAGES;
	int result =
		of_images ? idx_read_images(path, bytes, count) : idx_read_labels(path, bytes, count);
	free(path);
	return result;
}

static int read_files(struct dataset *dataset, const char *folder)
{
	uint8_t **arrays[] = {&dataset->train_images, &dataset->train_labels, &dataset->test_images,
	                      &dataset->test_labels};
	size_t counts[DATASET_FILES];
	for (size_t i = 0; i < DATASET_FILES; i++)
		if (read_file(folder, i, arrays[i], &counts[i]) != 0)
			return -1;
	for (size_t i = 0; i < DATASET_FILES; i += 2)
		if (counts[i] != counts[i + 1])
			return error("%s: %s has %zu images and %s has %zu labels; fetch both again", folder,
			             dataset_mnist_files[i].name, counts[i], dataset_mnist_files[i + 1].name,
			             counts[i + 1]);
	dataset->n_train = counts[TRAIN_IMAGES];
	dataset->n_test = counts[TEST_IMAGES];
	return 0;
}

static void digest_arrays(struct dataset *dataset)
{
	const struct {
		const uint8_t *bytes;
		size_t size;
	} arrays[] = {
		{dataset->train_images, dataset->n_train * MODEL_PIXELS},
		{dataset->train_labels, dataset->n_train},
		{dataset->test_images, dataset->n_test * MODEL_PIXELS},
		{dataset->test_labels, dataset->n_test},
	};
	char digests[DATASET_FILES][DIGEST_SIZE], all[DATASET_FILES * (DIGEST_SIZE - 1)];
	for (size_t i = 0; i < DATASET_FILES; i++) {
		digest_bytes(arrays[i].bytes, arrays[i].size, digests[i]);
		memcpy(all + i * (DIGEST_SIZE - 1), digests[i], DIGEST_SIZE - 1);
	}
	digest_bytes(all, sizeof(all), dataset->digest);
}

static int refuse_folder(const char *path)
{
	static const char *const names[] = {"mnist", "synth"};
	const char *near = options_nearest(path, names, sizeof(names) / sizeof(*names));
	if (near)
		return error("%s: no such folder; did you mean --dataset %s?", path, near);
	return error("%s: no such folder; --dataset takes mnist, synth, or a folder of four IDX files",
	             path);
}

static int load_folder(struct dataset *dataset, const char *path)
{
	if (!files_is_folder(path))
		return refuse_folder(path);
	dataset->source = realpath(path, NULL);
	if (!dataset->source)
		return error("%s: cannot resolve: %s", path, strerror(errno));
	if (read_files(dataset, dataset->source) != 0)
		return -1;
	digest_arrays(dataset);
	return 0;
}

/* The last part of the path, but never a name that promises data which this is not. */
static char *folder_name(const struct dataset *dataset)
{
	const char *last = strrchr(dataset->source, '/') + 1;
	if (strcmp(dataset->digest, DATASET_MNIST_DIGEST) == 0)
		return memory_copy("mnist");
	if (strcmp(last, "mnist") == 0 || strcmp(last, "synth") == 0)
		return memory_text("other-%s", last);
	return memory_copy(*last ? last : "root");
}

static int load_named_folder(struct dataset *dataset, const char *path)
{
	if (load_folder(dataset, path) != 0)
		return -1;
	dataset->name = folder_name(dataset);
	return 0;
}

static int load_mnist_from(struct dataset *dataset, const char *folder)
{
	if (load_folder(dataset, folder) != 0)
		return -1;
	dataset->name = memory_copy("mnist");
	if (strcmp(dataset->digest, DATASET_MNIST_DIGEST) == 0)
		return 0;
	return error(
		"%s: these files are not MNIST: digest %.16s, wanted %.16s; for data of your own use "
		"--dataset %s, else fetch MNIST again: cnnbench data fetch mnist",
		folder, dataset->digest, DATASET_MNIST_DIGEST, folder);
}

/* ---- the synthetic digits ---- */

/* Silently: whether a file is there, and has `count` bytes of data that can be read. */
static bool read_cached(const char *folder, const char *name, uint8_t *out, size_t count)
{
	struct npy array;
	char *path = memory_text("%s/%s.npy", folder, name);
	const bool there = files_is_regular(path) && !npy_inspect(&array, path);
	free(path);
	if (!there)
		return false;
	const bool fits = array.type == NPY_U8 && array.count == count;
	const bool read = fits && npy_read(&array, 0, count, out) == 0;
	npy_close(&array);
	return read;
}

/* As an earlier job left them in the cache (core/job.h), which takes a tenth of drawing them. */
static bool read_digits(struct dataset *dataset)
{
	char *cache = files_cache_path();
	if (!cache)
		return false;
	char *folder = memory_text("%s/data/" DATASET_SYNTH_DIGEST, cache);
	const bool read =
		read_cached(folder, "train_images", dataset->train_images, SYNTH_TRAIN * MODEL_PIXELS) &&
		read_cached(folder, "train_labels", dataset->train_labels, SYNTH_TRAIN) &&
		read_cached(folder, "test_images", dataset->test_images, SYNTH_TEST * MODEL_PIXELS) &&
		read_cached(folder, "test_labels", dataset->test_labels, SYNTH_TEST);
	free(cache);
	if (read)
		digest_arrays(dataset);
	if (strcmp(dataset->digest, DATASET_SYNTH_DIGEST) == 0)
		dataset->source = folder;
	else
		free(folder);
	return dataset->source;
}

static int draw_digits(struct dataset *dataset)
{
	dataset->source = memory_copy("built in");
	synth_draw(0, SYNTH_TRAIN, dataset->train_images, dataset->train_labels);
	synth_draw(SYNTH_TRAIN, SYNTH_TEST, dataset->test_images, dataset->test_labels);
	digest_arrays(dataset);
	if (strcmp(dataset->digest, DATASET_SYNTH_DIGEST) == 0)
		return 0;
	return error("the synthetic digits come out differently in this build: digest %.16s, wanted "
	             "%.16s; build without fast-math and with IEEE doubles",
	             dataset->digest, DATASET_SYNTH_DIGEST);
}

static int load_synth(struct dataset *dataset)
{
	dataset->name = memory_copy("synth");
	dataset->n_train = SYNTH_TRAIN;
	dataset->n_test = SYNTH_TEST;
	dataset->train_images = memory_new(SYNTH_TRAIN, MODEL_PIXELS);
	dataset->train_labels = memory_new(SYNTH_TRAIN, 1);
	dataset->test_images = memory_new(SYNTH_TEST, MODEL_PIXELS);
	dataset->test_labels = memory_new(SYNTH_TEST, 1);
	return read_digits(dataset) ? 0 : draw_digits(dataset);
}

/* ---- */

static int load_mnist(struct dataset *dataset, bool or_synth)
{
	char *folder = dataset_find_mnist();
	if (folder) {
		int result = load_mnist_from(dataset, folder);
		free(folder);
		return result;
	}
	warn_of_incomplete();
	if (!or_synth)
		return mnist_missing();
	note(
		"MNIST is not found: training on synthetic digits, built in (--dataset synth); for MNIST use "
		"'cnnbench data fetch mnist', or set CNNBENCH_DATA to the folder of its four files");
	return load_synth(dataset);
}

int dataset_load(struct dataset *dataset, const char *choice)
{
	int result;
	*dataset = (struct dataset){0};
	if (!choice || strcmp(choice, "mnist") == 0)
		result = load_mnist(dataset, !choice);
	else if (strcmp(choice, "synth") == 0)
		result = load_synth(dataset);
	else
		result = load_named_folder(dataset, choice);
	if (result != 0)
		dataset_free(dataset);
	return result;
}

void dataset_free(struct dataset *dataset)
{
	free(dataset->name);
	free(dataset->source);
	free(dataset->train_images);
	free(dataset->train_labels);
	free(dataset->test_images);
	free(dataset->test_labels);
	*dataset = (struct dataset){0};
}
