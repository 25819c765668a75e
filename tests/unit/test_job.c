/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/job_arrays.h"
#include "core/random.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { TRAIN = 20, TEST = 5 };

static char *cache;
static uint8_t train_images[TRAIN * MODEL_PIXELS], train_labels[TRAIN];
static uint8_t test_images[TEST * MODEL_PIXELS], test_labels[TEST];
static struct dataset tiny = {.n_train = TRAIN, .n_test = TEST};
static const struct work standard = {{2, 3, 5, 2}, 3, 8, 0.01, 0.9, 1};

static int set_up(void **state)
{
	static char name[] = "tiny";
	struct random random = random_stream(1, "test", 0);

	(void)state;
	cache = fixture_folder();
	for (size_t i = 0; i < sizeof(train_images); i++)
		train_images[i] = (uint8_t)random_below(&random, 256);
	for (size_t i = 0; i < TRAIN; i++)
		train_labels[i] = (uint8_t)random_below(&random, 10);
	for (size_t i = 0; i < TEST; i++)
		test_labels[i] = (uint8_t)random_below(&random, 10);
	tiny.name = name;
	tiny.train_images = train_images;
	tiny.train_labels = train_labels;
	tiny.test_images = test_images;
	tiny.test_labels = test_labels;
	digest_bytes(train_images, sizeof(train_images), tiny.digest);
	fixture_forget();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_remove(cache);
	return 0;
}

static char *write_standard(void)
{
	char *folder = job_write(cache, &tiny, &standard, NULL);

	if (!folder)
		fail_msg("job_write: %s", fixture_message);
	return folder;
}

/* Entries of <cache>/<name>. */
static size_t count_entries(const char *name)
{
	char *path = files_join(cache, name);
	DIR *open = opendir(path);
	size_t count = 0;

	assert_non_null(open);
	while (readdir(open))
		count++;
	closedir(open);
	free(path);
	return count - 2; /* "." and ".." */
}

static void test_verify_samples(void **state)
{
	static const struct {
		size_t n_train, batch, wanted;
	} cases[] = {
		{60000, 512, 2144}, /* 4 x 512 + 96 */
		{60000, 500, 2250}, /* nothing is left over: half a batch more */
		{60000, 75, 338},   /* that half rounded up */
		{60000, 1, 5},
		{60000, 700, 3 * 700 + 500}, /* no more than 3,000 */
		{60000, 1000, 2 * 1000 + 500},
		{3500, 1000, 2 * 1000 + 500},
		{60000, 1500, 1500 + 750},
		{60000, 4096, 4096 + 2656}, /* but for one full batch */
		{60000, 7000, 8192},        /* the most */
		{60000, 60000, 8192},
		{60000, 1u << 24, 8192},
		{20, 8, 20},
		{100, 7, 30},
		{1, 1, 1},
		{1, 100, 1},
		{5, 5, 5},
		{10, SIZE_MAX, 10},
	};

	struct model model;

	(void)state;
	assert_int_equal(model_init(&model, (struct shape){8, 16, 128, 3}), 0);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(job_verify_samples(&model, cases[i].n_train, cases[i].batch),
		                 cases[i].wanted);
}

/* What the reference cannot train in some seconds is cut. */
static void test_verify_samples_of_large_shapes(void **state)
{
	struct model model;

	(void)state;
	assert_int_equal(model_init(&model, (struct shape){64, 64, 1024, 7}), 0);
	const size_t n = job_verify_samples(&model, 60000, 512);
	assert_true(n < 2144 && n >= 100);
	assert_true((double)(n + 1) * (double)model.multiply_adds_step > JOB_VERIFY_COST);
	assert_int_equal(job_verify_samples(&model, 60000, 8), 4 * 8 + 4);
	assert_int_equal(job_verify_samples(&model, 7, 512), 7);
}

static void assert_permutation(const uint32_t *row, size_t count, size_t bound)
{
	char *seen = memory_new(bound, 1);

	for (size_t i = 0; i < count; i++) {
		assert_true(row[i] < bound);
		assert_false(seen[row[i]]++);
	}
	free(seen);
}

static void test_there_and_back(void **state)
{
	char *folder = write_standard();
	uint32_t order[3 * TRAIN], verify[2 * TRAIN];
	float init[642], wanted[642];
	uint8_t labels[TRAIN];
	struct job job;

	(void)state;
	assert_int_equal(job_open(&job, folder), 0);
	assert_int_equal(job_check_digests(&job), 0);
	assert_string_equal(job.folder, folder);
	assert_string_equal(strrchr(folder, '/') + 1, job.digest);
	assert_string_equal(job.dataset, "tiny");
	assert_string_equal(job.dataset_digest, tiny.digest);
	assert_memory_equal(&job.work.shape, &standard.shape, sizeof(struct shape));
	assert_int_equal(job.work.epochs, 3);
	assert_int_equal(job.work.batch, 8);
	assert_true(job.work.lr == 0.01 && job.work.momentum == 0.9 && job.work.seed == 1);
	assert_int_equal(job.n_train, TRAIN);
	assert_int_equal(job.n_test, TEST);
	assert_int_equal(job.n_verify, 20);
	assert_int_equal(job.model.parameters, 642);

	assert_int_equal(npy_read(&job.train_labels, 0, TRAIN, labels), 0);
	assert_memory_equal(labels, train_labels, TRAIN);
	assert_int_equal(npy_read(&job.init, 0, 642, init), 0);
	model_init_weights(&job.model, 1, wanted);
	assert_memory_equal(init, wanted, sizeof(init));
	assert_int_equal(npy_read(&job.order, 0, 3 * TRAIN, order), 0);
	assert_int_equal(npy_read(&job.verify, 0, 40, verify), 0);
	assert_true(job.reference.type == NPY_F64 && job.reference.count == 2 * 642);
	for (size_t epoch = 0; epoch < 3; epoch++)
		assert_permutation(order + epoch * TRAIN, TRAIN, TRAIN);
	for (size_t row = 0; row < 2; row++)
		assert_permutation(verify + row * 20, 20, TRAIN);
	assert_memory_not_equal(order, order + TRAIN, TRAIN * sizeof(*order));
	job_close(&job);
	free(folder);
}

/* Change one byte near the end of a file, or cut it there. */
static void damage(const char *path, bool cut)
{
	struct stat status;
	FILE *file;

	assert_int_equal(stat(path, &status), 0);
	if (cut) {
		assert_int_equal(truncate(path, status.st_size - 1), 0);
		return;
	}
	file = fopen(path, "r+");
	assert_non_null(file);
	fseek(file, -4, SEEK_END);
	int byte = fgetc(file);
	fseek(file, -4, SEEK_END);
	fputc(byte ^ 1, file);
	fclose(file);
}

static char *write_with_epochs(int epochs)
{
	struct work work = standard;

	work.epochs = epochs;
	char *folder = job_write(cache, &tiny, &work, NULL);
	if (!folder)
		fail_msg("job_write: %s", fixture_message);
	return folder;
}

static void count_tells(void *context, double done)
{
	(void)done;
	++*(int *)context;
}

/* It is made once for all jobs that differ in their epochs alone. */
static void test_reference_is_kept(void **state)
{
	char *first = write_standard(), *second = write_with_epochs(1);
	struct job a, b;
	double reference[2][2 * 642];
	int tells = 0;

	(void)state;
	assert_int_equal(count_entries("references"), 1);
	assert_int_equal(job_open(&a, first) | job_open(&b, second), 0);
	assert_int_equal(npy_read(&a.reference, 0, 2 * 642, reference[0]), 0);
	assert_int_equal(npy_read(&b.reference, 0, 2 * 642, reference[1]), 0);
	assert_memory_equal(reference[0], reference[1], sizeof(reference[0]));
	assert_true(a.verification.margin >= 1e-5 && a.verification.largest_loss > 1);
	assert_memory_equal(&a.verification, &b.verification, sizeof(a.verification));
	char *folder = job_reference_folder(&a), *other = job_reference_folder(&b);
	assert_string_equal(folder, other);
	assert_true(files_is_folder(folder));
	free(folder), free(other), free(first), free(second);
	job_close(&a);
	job_close(&b);

	const struct job_progress progress = {&tells, count_tells};
	struct work work = standard;
	work.epochs = 7;
	free(job_write(cache, &tiny, &work, &progress));
	assert_int_equal(tells, 0);
	work.seed = 2;
	free(job_write(cache, &tiny, &work, &progress));
	assert_int_equal(tells, 6); /* 8 + 8 + 4 samples, twice */
	assert_int_equal(count_entries("references"), 2);
}

static void test_damaged_reference_is_made_again(void **state)
{
	static const char *const files[] = {"verify.npy", "reference.npy", "facts.json"};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(files); i++) {
		char *before = write_standard();
		struct job job;
		assert_int_equal(job_open(&job, before), 0);
		char *folder = job_reference_folder(&job), *path = files_join(folder, files[i / 2]);
		job_close(&job);
		damage(path, i % 2);
		char *after = write_standard(); /* the same job, so the same reference */
		assert_string_equal(after, before);
		free(before), free(after), free(folder), free(path);
	}
}

static void test_legal_extremes(void **state)
{
	static const struct work works[] = {
		{{1, 1, 1, 1}, 0, 1, 0, 0, 0},
		{{8, 16, 128, 3}, 1, TRAIN, 0.01, 0.9, 1},
		{{8, 16, 128, 7}, 2, 1 << 24, 1e9, 1, INT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(works); i++) {
		char *folder = job_write(cache, &tiny, &works[i], NULL);
		struct job job;

		if (!folder || job_open(&job, folder))
			fail_msg("case %zu: %s", i, fixture_message);
		assert_int_equal(job.order.rank, 2);
		assert_int_equal(job.order.dims[0], works[i].epochs);
		assert_int_equal(job.order.dims[1], TRAIN);
		assert_true(job.work.seed == works[i].seed && job.work.lr == works[i].lr);
		job_close(&job);
		free(folder);
	}
}

/* The most memory that a child needs to write a job of so many epochs; its unit is the system's. */
static long peak_memory(int epochs)
{
	enum { SAMPLES = 1000 };
	uint8_t *images = memory_new(SAMPLES, MODEL_PIXELS), *labels = memory_new(SAMPLES, 1);
	struct dataset dataset = tiny;
	struct work work = standard;
	pid_t child = fork();
	struct rusage usage;
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		dataset.n_train = SAMPLES;
		dataset.train_images = images;
		dataset.train_labels = labels;
		work.epochs = epochs;
		digest_bytes(&epochs, sizeof(epochs), dataset.digest);
		_exit(job_write(cache, &dataset, &work, NULL) ? 0 : 1);
	}
	assert_int_equal(wait4(child, &status, 0, &usage), child);
	assert_int_equal(status, 0);
	free(images);
	free(labels);
	return usage.ru_maxrss;
}

/* An order of 40 MB, of which only a row may stand in memory. */
static void test_memory_of_many_epochs(void **state)
{
	long few = peak_memory(1), many = peak_memory(10000);

	(void)state;
	if (many - few > few / 2)
		fail_msg(
			"peak memory: got %ld with 10,000 epochs, wanted at most half above the %ld of one",
			many, few);
}

static void test_one_sample(void **state)
{
	struct dataset one = tiny;
	struct job job;
	char *folder;

	(void)state;
	one.n_train = one.n_test = 1;
	folder = job_write(cache, &one, &standard, NULL);
	assert_non_null(folder);
	assert_int_equal(job_open(&job, folder), 0);
	assert_int_equal(job.n_verify, 1);
	job_close(&job);
	free(folder);
}

static void test_odd_names(void **state)
{
	static const struct {
		const char *name, *wanted;
	} cases[] = {{"a \"b\" \xc3\xa9", "a \"b\" \xc3\xa9"}, {"\xe9", "unnamed"}, {"", "unnamed"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dataset odd = tiny;
		struct job job;
		char *folder;

		odd.name = (char *)(uintptr_t)cases[i].name;
		folder = job_write(cache, &odd, &standard, NULL);
		assert_non_null(folder);
		assert_int_equal(job_open(&job, folder), 0);
		assert_string_equal(job.dataset, cases[i].wanted);
		job_close(&job);
		free(folder);
	}
}

static void test_refused_work(void **state)
{
	static const struct {
		struct work work;
		const char *wanted;
	} cases[] = {
		{{{0, 1, 1, 1}, 1, 1, 0, 0, 0}, "filters1 0: must be 1 to 64"},
		{{{1, 1, 1, 1}, -1, 1, 0, 0, 0}, "epochs -1: must be 0 to"},
		{{{1, 1, 1, 1}, 1 << 30, 1, 0, 0, 0}, "epochs 1073741824: must be 0 to 53687091 with 20"},
		{{{1, 1, 1, 1}, 1, 0, 0, 0, 0}, "batch 0: must be 1 to"},
		{{{1, 1, 1, 1}, 1, (1 << 24) + 1, 0, 0, 0}, "batch 16777217: must be 1 to 16777216"},
		{{{1, 1, 1, 1}, 1, 1, -1, 0, 0}, "lr -1: must be a number of 0 or more"},
		{{{1, 1, 1, 1}, 1, 1, 0, -1, 0}, "momentum -1: must be a number of 0 or more"},
		{{{1, 1, 1, 1}, 1, 1, 0, 0, 1ull << 63}, "seed 9223372036854775808: must be below"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		fixture_forget();
		assert_null(job_write(cache, &tiny, &cases[i].work, NULL));
		fixture_expect("work", cases[i].wanted);
	}
}

static void test_same_content_same_folder(void **state)
{
	char *first = write_standard(), *second, *third;
	char *path = files_join(first, "order.npy");
	struct work other = standard;
	struct stat before, after;

	(void)state;
	assert_int_equal(stat(path, &before), 0);
	second = write_standard();
	assert_string_equal(first, second);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	other.seed = 2;
	third = job_write(cache, &tiny, &other, NULL);
	assert_non_null(third);
	assert_string_not_equal(first, third);
	assert_int_equal(count_entries("jobs"), 2);
	assert_int_equal(count_entries("data"), 1);
	free(first), free(second), free(third), free(path);
}

/* Pinned: the bytes of job.json are part of the format. */
static void test_digest_of_job(void **state)
{
	char *folder = write_standard();

	(void)state;
	assert_string_equal(strrchr(folder, '/') + 1,
	                    "3dd462bc80ffd98172a9c32b768b16b8e4652e7a69f1d7d0d5e9fc7057e138f5");
	free(folder);
}

static void test_writers_at_once(void **state)
{
	enum { WRITERS = 8 };
	pid_t children[WRITERS];
	char *folder;
	struct job job;

	(void)state;
	for (int i = 0; i < WRITERS; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(job_write(cache, &tiny, &standard, NULL) ? 0 : 1);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	folder = write_standard();
	assert_int_equal(job_open(&job, folder), 0);
	assert_int_equal(job_check_digests(&job), 0);
	assert_int_equal(count_entries("jobs"), 1);
	assert_int_equal(count_entries("data"), 1);
	job_close(&job);
	free(folder);
}

static const char *const arrays[] = {"init.npy",
                                     "order.npy",
                                     "verify.npy",
                                     "../../data/%s/train_images.npy",
                                     "../../data/%s/train_labels.npy",
                                     "../../data/%s/test_images.npy",
                                     "../../data/%s/test_labels.npy",
                                     "reference.npy"};

static char *array_path(const char *folder, size_t i)
{
	const char *name = strrchr(arrays[i], '/');

	if (name)
		return memory_text("%s/data/%s%s", cache, tiny.digest, name);
	return files_join(folder, arrays[i]);
}

/* What an altered byte makes of an index or label is out of range or not; both are found. */
static void test_altered_array_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(arrays); i++) {
		char *folder = write_standard(), *path = array_path(folder, i);
		struct job job;

		fixture_forget();
		damage(path, false);
		if (!job_open(&job, folder)) {
			assert_int_equal(job_check_digests(&job), -1);
			fixture_expect(
				path, "altered since it was written; remove this folder and run again: rm -rf /");
			job_close(&job);
		}
		fixture_expect(path, strrchr(path, '/'));
		free(path);
		free(folder);
		fixture_remove(cache);
		cache = fixture_folder();
	}
}

static void test_cut_array_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(arrays); i++) {
		char *folder = write_standard(), *path = array_path(folder, i);
		struct job job;

		damage(path, true);
		fixture_forget();
		assert_int_equal(job_open(&job, folder), -1);
		fixture_expect(path, "its size is not what its header promises");
		fixture_forget();
		assert_null(job_write(cache, &tiny, &standard, NULL));
		fixture_expect(path, "missing or of the wrong size; remove this folder and run again");
		unlink(path);
		fixture_forget();
		assert_int_equal(job_open(&job, folder), -1);
		fixture_expect(path, "cannot open this file");
		fixture_forget();
		assert_null(job_write(cache, &tiny, &standard, NULL));
		fixture_expect(path, "missing or of the wrong size; remove this folder and run again");
		free(path);
		free(folder);
		fixture_remove(cache);
		cache = fixture_folder();
	}
}

static void test_numbers_out_of_range(void **state)
{
	static const size_t order_dims[] = {3, TRAIN}, verify_dims[] = {2, 20}, label_dims[] = {TRAIN};
	uint32_t indices[3 * TRAIN] = {0}, row[TRAIN];
	uint8_t labels[TRAIN] = {0};
	char *folder = write_standard();
	char *order = array_path(folder, 1), *verify = array_path(folder, 2),
		 *label = array_path(folder, 4);
	struct job job;

	(void)state;
	indices[3 * TRAIN - 1] = TRAIN;
	npy_write(order, NPY_U32, 2, order_dims, indices);
	assert_int_equal(job_open(&job, folder), 0); /* which reads no order */
	assert_int_equal(job_read_order(&job, 1, row), 0);
	assert_memory_equal(row, indices + TRAIN, sizeof(row));
	assert_int_equal(job_read_order(&job, 2, row), -1);
	fixture_expect("order", "order.npy: a number in it is out of range");
	job_close(&job);
	indices[3 * TRAIN - 1] = TRAIN - 1;
	npy_write(order, NPY_U32, 2, order_dims, indices);
	indices[39] = UINT32_MAX;
	npy_write(verify, NPY_U32, 2, verify_dims, indices);
	fixture_forget();
	assert_int_equal(job_open(&job, folder), -1);
	fixture_expect("verify", "verify.npy: a number in it is out of range");
	indices[39] = 0;
	npy_write(verify, NPY_U32, 2, verify_dims, indices);
	labels[7] = 10;
	npy_write(label, NPY_U8, 1, label_dims, labels);
	fixture_forget();
	assert_int_equal(job_open(&job, folder), -1);
	fixture_expect("labels", "train_labels.npy: a number in it is out of range");
	free(order), free(verify), free(label), free(folder);
}

/* Replace the member at "a.b" by a JSON value, or take it out (NULL), and write job.json anew. */
static void edit(const char *folder, const char *where, const char *value)
{
	char *path = files_join(folder, "job.json"), *name = memory_copy(where), *rest = NULL, *text;
	json_t *content = json_load_file(path, 0, NULL), *object = content;
	char *part = strtok_r(name, ".", &rest);

	assert_non_null(content);
	for (; *rest; part = strtok_r(NULL, ".", &rest))
		object = json_object_get(object, part);
	if (value)
		json_object_set_new(object, part, json_loads(value, JSON_DECODE_ANY, NULL));
	else
		json_object_del(object, part);
	text = json_dumps(content, 0);
	assert_int_equal(files_write(path, text, strlen(text)), 0);
	json_decref(content);
	free(text), free(path), free(name);
}

static const struct {
	const char *where, *value, *wanted;
} hostile[] = {
	{"version", NULL, "\"version\" must be a whole number"},
	{"version", "\"1\"", "\"version\" must be a whole number"},
	{"version", "0", "\"version\" must be a whole number"},
	{"version", "2", "version 2, and this program reads version 1: use a newer one"},
	{"dataset", NULL, "\"dataset\" must be an object"},
	{"dataset", "[]", "\"dataset\" must be an object"},
	{"dataset.name", "7", "\"name\" must be a text"},
	{"dataset.name", "\"\"", "\"name\" must be a text"},
	{"dataset.digest", "\"abc\"", "\"digest\" must be 64 lower-case hex digits"},
	{"dataset.digest", "\"../../../../../../../../../../../../../../../../../../../../../etc\"",
     "\"digest\" must be 64"},
	{"dataset.n_train", "0", "\"n_train\" must be a whole number from 1 to 16777216"},
	{"dataset.n_train", "20.0", "\"n_train\" must be a whole number"},
	{"dataset.n_train", "21", "not the type and shape that job.json says"},
	{"dataset.n_test", "4", "not the type and shape that job.json says"},
	{"dataset.n_test", "16777217", "\"n_test\" must be a whole number"},
	{"shape", "null", "\"shape\" must be an object"},
	{"shape.filters1", "65", "\"filters1\" must be a whole number from 1 to 64"},
	{"shape.filters2", "-9223372036854775808", "\"filters2\" must be a whole number"},
	{"shape.hidden", "1025", "\"hidden\" must be a whole number from 1 to 1024"},
	{"shape.fsize", "8", "\"fsize\" must be a whole number from 1 to 7"},
	{"shape.fsize", "3", "\"parameters\" must be what this version computes with"},
	{"epochs", "-1", "\"epochs\" must be a whole number from 0"},
	{"epochs", "4294967296", "\"epochs\" must be a whole number from 0"},
	{"epochs", "2147483647", "epochs 2147483647: must be 0 to 53687091"},
	{"epochs", "4", "order.npy: not the type and shape"},
	{"batch", "0", "\"batch\" must be a whole number from 1"},
	{"batch", "16777217", "\"batch\" must be a whole number from 1"},
	{"batch", "1", "verify.npy: not the type and shape"},
	{"lr", "\"0.1\"", "\"lr\" must be a number"},
	{"lr", "-0.1", "lr -0.1: must be a number of 0 or more"},
	{"momentum", "null", "\"momentum\" must be a number"},
	{"seed", "-1", "\"seed\" must be a whole number from 0"},
	{"normalisation.mean", "0.5", "\"normalisation\" must be what this version computes with"},
	{"normalisation", NULL, "\"normalisation\" must be"},
	{"parameters", "643", "\"parameters\" must be"},
	{"tensors", "[]", "\"tensors\" must be"},
	{"files", "{}", "\"train_images\" must be an object"},
	{"files.init", "\"init.npy\"", "\"init\" must be an object"},
	{"files.init.path", "\"../../../../etc/passwd\"", "\"path\" must be \"init.npy\""},
	{"files.init.path", "\"/etc/passwd\"", "\"path\" must be \"init.npy\""},
	{"files.order.path", "\"init.npy\"", "\"path\" must be \"order.npy\""},
	{"files.test_labels.path", NULL, "\"path\" must be a text"},
	{"files.verify.digest", "\"\"", "\"digest\" must be a text"},
	{"files.verify.digest", "3", "\"digest\" must be a text"},
};

static void test_hostile_content(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hostile); i++) {
		char *folder = write_standard();
		struct job job;

		edit(folder, hostile[i].where, hostile[i].value);
		fixture_forget();
		assert_int_equal(job_open(&job, folder), -1);
		fixture_expect(hostile[i].where, hostile[i].wanted);
		assert_null(job.folder);
		fixture_forget();
		assert_null(job_write(cache, &tiny, &standard, NULL));
		fixture_expect(hostile[i].where, "job.json: missing or altered; remove this folder");
		assert_int_equal(files_remove_folder(folder), 0);
		free(folder);
	}
}

/* What stands in a folder's place, and a folder whose name a shell would not take as it is. */
static void test_plain_file_in_the_place(void **state)
{
	char *folder = write_standard(),
		 *command = memory_text("remove it and run again: rm -rf %s", folder);

	(void)state;
	assert_int_equal(files_remove_folder(folder), 0);
	assert_int_equal(files_write(folder, "", 0), 0);
	fixture_forget();
	assert_null(job_write(cache, &tiny, &standard, NULL));
	fixture_expect("a plain file", command);
	fixture_forget();
	assert_int_equal(job_refuse("/a b's", "x.npy", "short"), -1);
	fixture_expect("quotes",
	               "/a b's/x.npy: short; remove this folder and run again: rm -rf '/a b'\\''s'");
	assert_int_equal(unlink(folder), 0);
	free(command);
	free(folder);
}

static void test_no_json(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"", "job.json: not a job, line 1"},
		{"[]", "not an object"},
		{"{\"version\": 1", "job.json: not a job, line 1"},
		{"{}\n{}", "job.json: not a job, line 2"},
		{"{\"version\": 1, \"version\": 1}", "duplicate"},
	};
	char *folder = write_standard(), *path = files_join(folder, "job.json");
	char *large = memory_new((1 << 20) + 1, 1);
	struct job job;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(files_write(path, cases[i].text, strlen(cases[i].text)), 0);
		fixture_forget();
		assert_int_equal(job_open(&job, folder), -1);
		fixture_expect(cases[i].text, cases[i].wanted);
	}
	memset(large, '[', 1 << 20);
	files_write(path, large, 1 << 20);
	fixture_forget();
	assert_int_equal(job_open(&job, folder), -1);
	fixture_expect("nested", "not a job, line 1");
	files_write(path, large, (1 << 20) + 1);
	fixture_forget();
	assert_int_equal(job_open(&job, folder), -1);
	fixture_expect("large", "too large to be right");
	fixture_forget();
	assert_int_equal(job_open(&job, "/no/such/job"), -1);
	fixture_expect("missing", "/no/such/job: no such job folder");
	free(large), free(path), free(folder);
}

/* Legal but not what was written: opened, and found by the digest. */
static void test_altered_job_is_found(void **state)
{
	char *folder = write_standard();
	struct job job;

	(void)state;
	edit(folder, "lr", "0.02");
	assert_int_equal(job_open(&job, folder), 0);
	assert_int_equal(job_check_digests(&job), -1);
	fixture_expect("job.json", "job.json: altered since it was written; remove this folder");
	job_close(&job);
	free(folder);
}

static void test_record(void **state)
{
	char *folder = write_standard();
	struct job job;
	json_t *record;

	(void)state;
	assert_int_equal(job_open(&job, folder), 0);
	record = job_record(&job);
	assert_string_equal(json_string_value(json_object_get(record, "job")), job.digest);
	assert_int_equal(json_integer_value(json_object_get(record, "batch")), 8);
	assert_int_equal(json_integer_value(json_object_get(record, "parameters")), 642);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(record, "shape"), "hidden")), 5);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(record, "dataset"), "n_train")), TRAIN);
	json_decref(record);
	job_close(&job);
	free(folder);
}

static void test_unusable_cache(void **state)
{
	char *file = files_join(cache, "file");

	(void)state;
	files_write(file, "x", 1);
	assert_null(job_write(file, &tiny, &standard, NULL));
	fixture_expect("a file", "file: cannot make this folder: Not a directory");
	free(file);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_verify_samples),
		CASE(test_verify_samples_of_large_shapes),
		CASE(test_reference_is_kept),
		CASE(test_damaged_reference_is_made_again),
		CASE(test_there_and_back),
		CASE(test_legal_extremes),
		CASE(test_memory_of_many_epochs),
		CASE(test_one_sample),
		CASE(test_odd_names),
		CASE(test_refused_work),
		CASE(test_same_content_same_folder),
		CASE(test_digest_of_job),
		CASE(test_writers_at_once),
		CASE(test_altered_array_is_named),
		CASE(test_cut_array_is_named),
		CASE(test_numbers_out_of_range),
		CASE(test_hostile_content),
		CASE(test_plain_file_in_the_place),
		CASE(test_no_json),
		CASE(test_altered_job_is_found),
		CASE(test_record),
		CASE(test_unusable_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
