/* SPDX-License-Identifier: MIT */
#include "core/dataset.h"
#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/npy.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { PIXELS = 28 * 28 };

static char root[PATH_MAX]; /* the working directory of the tests: a new folder, links resolved */
static char message[4096];

static void keep_message(const char *text)
{
	snprintf(message, sizeof(message), "%s", text);
}

static int set_up(void **state)
{
	(void)state;
	char template[256];
	const char *parent = getenv("TMPDIR");
	snprintf(template, sizeof(template), "%s/test_dataset.XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(template) || !realpath(template, root) || chdir(root) != 0)
		return -1;
	setenv("XDG_CACHE_HOME", root, 1);
	unsetenv("CNNBENCH_DATA");
	error_set_sink(keep_message);
	error_quiet(1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return files_remove_folder(root);
}

/* One of the four files: `n` entries of `fill`, as plain file or .gz. */
static void write_file(const char *folder, const char *name, size_t n, uint8_t fill)
{
	char path[PATH_MAX];
	int images = strstr(name, "images") != NULL;
	uint8_t header[16] = {
		0, 0, 8, images ? 3 : 1, 0, 0, (uint8_t)(n >> 8), (uint8_t)n, 0, 0, 0, 28, 0, 0, 0, 28};
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	gzFile file = gzopen(path, strstr(name, ".gz") ? "wb" : "wbT"); /* T: no compression at all */
	assert_non_null(file);
	gzwrite(file, header, images ? 16 : 8);
	for (size_t i = 0; i < n * (images ? PIXELS : 1); i++)
		gzputc(file, fill);
	assert_int_equal(gzclose(file), Z_OK);
}

static void write_folder(const char *folder, size_t n_train, size_t n_test, uint8_t fill)
{
	assert_int_equal(files_make_folder(folder), 0);
	write_file(folder, "train-images-idx3-ubyte", n_train, fill);
	write_file(folder, "train-labels-idx1-ubyte.gz", n_train, fill % 10);
	write_file(folder, "t10k-images-idx3-ubyte.gz", n_test, fill);
	write_file(folder, "t10k-labels-idx1-ubyte", n_test, fill % 10);
}

static void assert_loaded(const char *choice, const char *name, const char *source, size_t n_train,
                          size_t n_test)
{
	struct dataset dataset;
	message[0] = '\0';
	if (dataset_load(&dataset, choice) != 0)
		fail_msg("%s: got error \"%s\"", choice, message);
	if (strcmp(dataset.name, name) != 0 || strcmp(dataset.source, source) != 0 ||
	    dataset.n_train != n_train || dataset.n_test != n_test)
		fail_msg("%s: got %s from %s, %zu + %zu, wanted %s from %s, %zu + %zu", choice,
		         dataset.name, dataset.source, dataset.n_train, dataset.n_test, name, source,
		         n_train, n_test);
	dataset_free(&dataset);
}

static void assert_refused(const char *choice, const char *want)
{
	struct dataset dataset;
	message[0] = '\0';
	if (dataset_load(&dataset, choice) == 0)
		fail_msg("%s: got %s, wanted an error with \"%s\"", choice, dataset.name, want);
	if (!strstr(message, want) || strchr(message, '\n'))
		fail_msg("%s: got \"%s\", wanted one line with \"%s\"", choice, message, want);
	assert_null(dataset.train_images);
}

static void loads_folders(void **state)
{
	(void)state;
	char source[PATH_MAX + 32];
	write_folder("tiny", 1, 1, 3);
	snprintf(source, sizeof(source), "%s/tiny", root);
	assert_loaded("tiny", "tiny", source, 1, 1);
	assert_loaded("./tiny//", "tiny", source, 1, 1);
	assert_loaded("tiny/../tiny/.", "tiny", source, 1, 1);
	write_folder("sub/synth", 300, 70, 200);
	snprintf(source, sizeof(source), "%s/sub/synth", root);
	assert_loaded("sub/synth", "other-synth", source, 300, 70);
}

static void prefers_plain_files(void **state)
{
	(void)state;
	struct dataset dataset;
	write_folder("both", 5, 2, 11);
	write_file("both", "train-images-idx3-ubyte.gz", 5, 99);
	assert_int_equal(dataset_load(&dataset, "both"), 0);
	assert_int_equal(dataset.train_images[5 * PIXELS - 1], 11);
	assert_int_equal(dataset.test_labels[1], 1);
	dataset_free(&dataset);
}

/* The same bytes with the bounds elsewhere are other data. */
static void digests_tell_data_apart(void **state)
{
	(void)state;
	struct dataset a, b, c;
	write_folder("a", 4, 6, 7);
	write_folder("b", 6, 4, 7);
	assert_int_equal(dataset_load(&a, "a"), 0);
	assert_int_equal(dataset_load(&b, "b"), 0);
	assert_int_equal(dataset_load(&c, "a"), 0);
	assert_string_equal(a.digest, c.digest);
	assert_string_not_equal(a.digest, b.digest);
	dataset_free(&a);
	dataset_free(&b);
	dataset_free(&c);
}

static void refuses_bad_folders(void **state)
{
	(void)state;
	assert_refused("nowhere", "nowhere: no such folder");
	write_folder("less", 3, 2, 1);
	write_file("less", "train-labels-idx1-ubyte.gz", 2, 1);
	assert_refused("less",
	               "train-images-idx3-ubyte has 3 images and train-labels-idx1-ubyte has 2 labels");
	assert_int_equal(unlink("less/t10k-labels-idx1-ubyte"), 0);
	write_file("less", "train-labels-idx1-ubyte.gz", 3, 1);
	assert_refused("less", "t10k-labels-idx1-ubyte is missing");
	write_folder("wrong", 3, 2, 1);
	write_file("wrong", "t10k-labels-idx1-ubyte", 2, 10);
	assert_refused("wrong", "label 0 is 10");
}

static void assert_found(const char *want)
{
	char *got = dataset_find_mnist();
	if (!got || strcmp(got, want) != 0)
		fail_msg("got %s, wanted %s", got ? got : "no folder", want);
	free(got);
}

/* From the last place to the first: each hides those before. */
static void finds_mnist_in_order(void **state)
{
	(void)state;
	char cache[PATH_MAX + 32];
	assert_null(dataset_find_mnist());
	assert_refused("mnist", "MNIST is not found");
	write_folder("data/MNIST/raw", 1, 1, 1);
	assert_found("./data/MNIST/raw");
	write_folder("data", 1, 1, 1);
	assert_found("./data");
	snprintf(cache, sizeof(cache), "%s/cnnbench/mnist", root);
	write_folder(cache, 1, 1, 1);
	assert_found(cache);
	write_folder("elsewhere", 1, 1, 1);
	setenv("CNNBENCH_DATA", "elsewhere", 1);
	assert_found("elsewhere");
	assert_refused("mnist", "elsewhere: these files are not MNIST");
	assert_refused(NULL, "elsewhere: these files are not MNIST");
	assert_int_equal(unlink("elsewhere/t10k-labels-idx1-ubyte"), 0);
	assert_found(cache);
	unsetenv("CNNBENCH_DATA");
}

/* Drawn in this build, on this machine. */
static void synth_has_the_pinned_digest(void **state)
{
	(void)state;
	struct dataset dataset;
	message[0] = '\0';
	if (dataset_load(&dataset, "synth") != 0)
		fail_msg("got error \"%s\", wanted digest %s", message, DATASET_SYNTH_DIGEST);
	assert_string_equal(dataset.digest, DATASET_SYNTH_DIGEST);
	assert_string_equal(dataset.name, "synth");
	assert_int_equal(dataset.n_train, 60000);
	assert_int_equal(dataset.n_test, 10000);
	dataset_free(&dataset);
}

/* The cache's four arrays of the digits, made from `dataset`; but one byte of `altered` is another one. */
static void write_cached(const char *folder, struct dataset *dataset, const char *altered)
{
	const struct {
		const char *name;
		uint8_t *bytes;
		size_t count;
	} arrays[] = {
		{"train_images", dataset->train_images, 60000 * PIXELS},
		{"train_labels", dataset->train_labels, 60000},
		{"test_images", dataset->test_images, 10000 * PIXELS},
		{"test_labels", dataset->test_labels, 10000},
	};
	assert_int_equal(files_make_folder(folder), 0);
	for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++) {
		char *path = memory_text("%s/%s.npy", folder, arrays[i].name);
		const uint8_t mask = altered && strcmp(altered, arrays[i].name) == 0;
		arrays[i].bytes[0] ^= mask;
		assert_int_equal(npy_write(path, NPY_U8, 1, &arrays[i].count, arrays[i].bytes), 0);
		arrays[i].bytes[0] ^= mask;
		free(path);
	}
}

/* What is damaged there is drawn anew. */
static void synth_is_read_from_the_cache(void **state)
{
	static const char *const altered[] = {NULL, "train_images", "test_labels"};
	struct dataset first, again;
	char *folder = memory_text("%s/cnnbench/data/" DATASET_SYNTH_DIGEST, root);
	(void)state;
	assert_int_equal(dataset_load(&first, "synth"), 0);
	for (size_t i = 0; i < sizeof(altered) / sizeof(*altered); i++) {
		write_cached(folder, &first, altered[i]);
		message[0] = '\0';
		assert_int_equal(dataset_load(&again, "synth"), 0);
		assert_string_equal(again.source, altered[i] ? "built in" : folder);
		assert_string_equal(again.digest, DATASET_SYNTH_DIGEST);
		assert_memory_equal(again.train_images, first.train_images, 60000 * PIXELS);
		assert_string_equal(message, "");
		dataset_free(&again);
	}
	assert_int_equal(files_remove_folder(folder), 0);
	dataset_free(&first);
	free(folder);
}

/* Without a choice and without MNIST: no error. */
static void falls_back_to_synth(void **state)
{
	(void)state;
	struct dataset dataset;
	assert_null(dataset_find_mnist());
	assert_int_equal(dataset_load(&dataset, NULL), 0);
	assert_string_equal(dataset.name, "synth");
	dataset_free(&dataset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_folders),
		cmocka_unit_test(prefers_plain_files),
		cmocka_unit_test(digests_tell_data_apart),
		cmocka_unit_test(refuses_bad_folders),
		cmocka_unit_test(synth_has_the_pinned_digest),
		cmocka_unit_test(synth_is_read_from_the_cache),
		cmocka_unit_test(falls_back_to_synth), /* before there is anything to find */
		cmocka_unit_test(finds_mnist_in_order),
	};
	return cmocka_run_group_tests_name("dataset", tests, set_up, tear_down) != 0;
}
