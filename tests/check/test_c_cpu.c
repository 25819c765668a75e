/* SPDX-License-Identifier: MIT */
/*
 * worker-c_cpu, run as a process, against the float64 reference: shapes, batches, threads and
 * instruction sets, some fixed, most drawn from a seed that is printed (CNNBENCH_TEST_SEED repeats it).
 *
 * The bound is the judge's.  Its verification comes with the job; for the epoch before it the reference
 * walks through the job here, and puts only samples into the order that are clear of ties at their step.
 */
#include "core/bound.h"
#include "core/error.h"
#include "core/event.h"
#include "core/files.h"
#include "core/job.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/reference.h"
#include "core/verification.h"
#include "runner/grammar.h"
#include "runner/process.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Multiply-adds of all training of one case: a fraction of a second of the reference's time. */
static const uint64_t affordable = 150 * 1000 * 1000;

static char folder[4096]; /* of this program: cache, out-a, out-b, log */
static char *worker;      /* its path */
static uint64_t seed;

/* ---- A case ---- */

struct setting {
	struct shape shape;
	size_t n_train, n_test, batch;
	int threads;
	const char *isa;
};

static const struct setting fixed[] = {
	{{8, 16, 128, 3}, 70, 30, 32, 2, "auto"}, /* the default shape, a partial batch */
	{{8, 16, 128, 3}, 9, 5, 1, 1, "auto"},    /* batch 1 */
	{{8, 16, 128, 3}, 17, 40, 64, 3, "auto"}, /* batch > N */
	{{8, 16, 128, 3}, 1, 1, 512, 7, "auto"},  /* N = 1, more threads than samples */
	{{8, 16, 128, 3}, 1, 2, 1, 2, "auto"},
	{{1, 1, 1, 1}, 33, 20, 8, 2, "auto"},    /* the smallest shape */
	{{64, 64, 1024, 1}, 2, 1, 2, 2, "auto"}, /* the most of everything but fsize */
	{{64, 64, 1024, 7}, 3, 2, 2, 3, "auto"}, /* the most of everything */
	{{1, 64, 1, 7}, 20, 7, 6, 7, "auto"},
	{{64, 1, 1024, 2}, 7, 3, 3, 2, "auto"},
};

enum { DRAWN = 24 };

static const int thread_counts[] = {1, 2, 3, 7};

static char *describe(const struct setting *s)
{
	return memory_text(
		"filters1 %d filters2 %d hidden %d fsize %d, N %zu, test %zu, batch %zu, threads %d, "
		"isa %s, CNNBENCH_TEST_SEED=%llu",
		s->shape.filters1, s->shape.filters2, s->shape.hidden, s->shape.fsize, s->n_train,
		s->n_test, s->batch, s->threads, s->isa, (unsigned long long)seed);
}

/* From 1 to `most`, small numbers as likely as large ones. */
static size_t draw_size(struct random *random, size_t most)
{
	return (size_t)exp(random_between(random, 0, log((double)most + 1)));
}

static struct setting draw(struct random *random)
{
	struct setting s = {.isa = "auto"};
	struct model model;

	s.shape.filters1 = (int)draw_size(random, 64);
	s.shape.filters2 = (int)draw_size(random, 64);
	s.shape.hidden = (int)draw_size(random, 1024);
	s.shape.fsize = 1 + (int)random_below(random, 7);
	assert_int_equal(model_init(&model, s.shape), 0);
	uint64_t most = affordable / (3 * model.multiply_adds_step);
	s.n_train = draw_size(random, most < 2 ? 2 : most > 300 ? 300 : most);
	s.n_test = draw_size(random, 100);
	s.batch = draw_size(random, s.n_train + 8);
	return s;
}

/* ---- Its data ---- */

/* Black with a rectangle of random bytes: as in digits, many windows hold identical patches. */
static uint8_t *draw_images(struct random *random, size_t count)
{
	uint8_t *images = memory_new(count, MODEL_PIXELS);

	for (size_t i = 0; i < count; i++) {
		size_t left = (size_t)random_below(random, 14), top = (size_t)random_below(random, 14);
		size_t right = left + 14, bottom = top + 14;

		for (size_t y = top; y < bottom; y++)
			for (size_t x = left; x < right; x++)
				images[i * MODEL_PIXELS + y * MODEL_SIDE + x] = (uint8_t)random_below(random, 256);
	}
	return images;
}

static uint8_t *draw_labels(struct random *random, size_t count)
{
	uint8_t *labels = memory_new(count, 1);

	for (size_t i = 0; i < count; i++)
		labels[i] = (uint8_t)random_below(random, MODEL_CLASSES);
	return labels;
}

static void draw_dataset(struct random *random, const struct setting *s, struct dataset *dataset)
{
	*dataset = (struct dataset){
		.name = memory_copy("drawn"),
		.source = memory_copy("random numbers"),
		.n_train = s->n_train,
		.n_test = s->n_test,
		.train_images = draw_images(random, s->n_train),
		.train_labels = draw_labels(random, s->n_train),
		.test_images = draw_images(random, s->n_test),
		.test_labels = draw_labels(random, s->n_test),
	};
	digest_bytes(dataset->train_images, s->n_train * MODEL_PIXELS, dataset->digest);
}

/* ---- What the reference makes of it ---- */

struct expected {
	struct dataset dataset;
	struct job job;
	char *folder; /* the job's */
	float *init;
	double *final, *verify; /* weights */
	struct reference_stats train;
};

static const double lr = 0.01, momentum = 0.9;

/* One step's samples, clear of ties by the weights as they are; any may come more than once. */
static int choose_batch(struct reference *reference, const struct reference_data *data,
                        struct random *random, uint32_t *out, size_t n)
{
	enum { TRIES = 50 };

	for (size_t i = 0; i < n; i++) {
		double margin = 0;

		for (int try = 0; try < TRIES && !(margin > VERIFICATION_MARGIN); try++) {
			out[i] = (uint32_t)random_below(random, data->count);
			reference_margins(reference, data, &out[i], 1, &margin);
		}
		if (!(margin > VERIFICATION_MARGIN))
			return -1;
	}
	return 0;
}

/* Chooses and trains n samples. */
static int train_chosen(struct reference *reference, const struct reference_data *data,
                        size_t batch, struct random *random, uint32_t *order, size_t n,
                        struct reference_stats *stats)
{
	struct reference_stats step;

	*stats = (struct reference_stats){.samples = n};
	for (size_t first = 0; first < n; first += batch) {
		size_t count = n - first < batch ? n - first : batch;

		if (choose_batch(reference, data, random, order + first, count) < 0)
			return -1;
		reference_step(reference, data, order + first, count, lr, momentum, &step);
		stats->correct += step.correct;
		stats->loss += step.loss * (double)count / (double)n;
	}
	return 0;
}

/* The reference's way through the timed part of the job: one epoch, then the test set. */
static int walk(struct expected *e, struct random *random, uint32_t *order)
{
	const struct dataset *d = &e->dataset;
	const struct reference_data train = {d->train_images, d->train_labels, d->n_train};
	struct reference *reference = reference_new(&e->job.model, 0);

	reference_set_float(reference, e->init);
	int failed =
		train_chosen(reference, &train, e->job.work.batch, random, order, d->n_train, &e->train);
	reference_get(reference, e->final);
	reference_free(reference);
	return failed;
}

/* The weights after the verification, from the job; -1 where its samples are not clear. */
static int read_verify(struct expected *e)
{
	assert_int_equal(npy_read(&e->job.reference, 0, e->job.model.parameters, e->verify), 0);
	return e->job.verification.margin >= VERIFICATION_MARGIN ? 0 : -1;
}

/* The chosen order takes the place of the job's own.  Digests are the runner's to check, not ours. */
static void replace(const struct npy *array, const uint32_t *rows)
{
	assert_int_equal(npy_write(array->path, NPY_U32, array->rank, array->dims, rows), 0);
}

static void expected_free(struct expected *e)
{
	dataset_free(&e->dataset);
	job_close(&e->job);
	free(e->folder);
	free(e->init);
	free(e->final);
	free(e->verify);
}

/* -1 where the draw has too few samples that are clear of ties: another one is then taken. */
static int expected_make(struct expected *e, const struct setting *s, struct random *random)
{
	const struct work work = {.shape = s->shape,
	                          .epochs = 1,
	                          .batch = s->batch,
	                          .lr = lr,
	                          .momentum = momentum,
	                          .seed = random_bits(random) >> 1};
	char *cache = files_join(folder, "cache");

	*e = (struct expected){0};
	draw_dataset(random, s, &e->dataset);
	e->folder = job_write(cache, &e->dataset, &work, NULL);
	assert_non_null(e->folder);
	assert_int_equal(job_open(&e->job, e->folder), 0);
	size_t parameters = e->job.model.parameters;
	e->init = memory_new(parameters, sizeof(*e->init));
	e->final = memory_new(parameters, sizeof(*e->final));
	e->verify = memory_new(parameters, sizeof(*e->verify));
	assert_int_equal(npy_read(&e->job.init, 0, parameters, e->init), 0);

	uint32_t *order = memory_new(s->n_train, sizeof(*order));
	int failed = read_verify(e) || walk(e, random, order);
	if (!failed)
		replace(&e->job.order, order);
	free(order);
	free(cache);
	if (failed)
		expected_free(e);
	return failed ? -1 : 0;
}

/* ---- Running the worker ---- */

struct run {
	json_t *events;
	int code;
	char why[512]; /* what the grammar found wrong, or "" */
};

static void take_events(struct run *run, struct grammar *grammar, struct event_reader *reader,
                        const char *bytes, size_t size)
{
	json_t *event;
	enum event_status status;

	while ((status = event_next(reader, &bytes, &size, &event)) != EVENT_NONE && !run->why[0]) {
		if (status != EVENT_LINE)
			snprintf(run->why, sizeof(run->why), "a line that is no event");
		else if (grammar_accept(grammar, event, run->why, sizeof(run->why)) == 0)
			run->why[0] = '\0';
		if (event)
			json_array_append_new(run->events, event);
	}
}

static void follow_events(struct run *run, const struct process *process, const struct job *job)
{
	static struct event_reader reader;
	struct pollfd poll_events = {.fd = process->events, .events = POLLIN};
	struct grammar grammar;
	char bytes[65536];
	ssize_t got;

	reader = (struct event_reader){0};
	grammar_start(&grammar, "c_cpu", job);
	do {
		poll(&poll_events, 1, -1);
		got = read(process->events, bytes, sizeof(bytes));
		if (got > 0)
			take_events(run, &grammar, &reader, bytes, (size_t)got);
	} while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
	if (!run->why[0] && grammar_finish(&grammar, run->why, sizeof(run->why)) == 0)
		run->why[0] = '\0';
}

/* `job` NULL: a probe. */
static struct run run_worker(char *const *arguments, const struct job *job)
{
	char *const no_environment[] = {NULL};
	char *log_path = files_join(folder, "log"), why[512] = "";
	int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct run run = {.events = json_array()};
	struct process process;
	struct process_end end;

	if (process_start(&process, worker, arguments, no_environment, log, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	follow_events(&run, &process, job);
	process_reap(&process, 10000, &end);
	run.code = end.exited ? end.code : 128 + end.code;
	close(log);
	free(log_path);
	return run;
}

static struct run train(const struct expected *e, const struct setting *s, const char *out)
{
	char *threads = memory_text("threads=%d", s->threads), *isa = memory_text("isa=%s", s->isa);
	char *arguments[] = {(char *)"worker-c_cpu",
	                     (char *)"--job",
	                     e->folder,
	                     (char *)"--out",
	                     (char *)out,
	                     (char *)"--events",
	                     (char *)"3",
	                     (char *)"--option",
	                     threads,
	                     (char *)"--option",
	                     isa,
	                     NULL};
	struct run run = run_worker(arguments, &e->job);

	if (run.why[0] || run.code != 0) {
		char *text = describe(s);
		char *last = json_dumps(json_array_get(run.events, json_array_size(run.events) - 1), 0);
		fail_msg("%s: exit code %d, %s; last event %s", text, run.code, run.why,
		         last ? last : "none");
	}
	free(threads);
	free(isa);
	return run;
}

/* The end of the span of that name. */
static const json_t *end_of(const struct run *run, const char *span)
{
	size_t i;
	json_t *event;

	json_array_foreach (run->events, i, event) {
		const char *name = json_string_value(json_object_get(event, "span"));

		if (name && !strcmp(name, span) &&
		    !strcmp(json_string_value(json_object_get(event, "event")), "end"))
			return event;
	}
	fail_msg("no end of span %s", span);
	return NULL;
}

static float *weights_of(const struct run *run, const char *span, const char *out,
                         size_t parameters)
{
	char *path = files_join(out, json_string_value(json_object_get(end_of(run, span), "file")));
	float *weights = memory_new(parameters, sizeof(*weights));
	struct npy array;

	assert_int_equal(npy_open(&array, path), 0);
	assert_true(array.type == NPY_F32 && array.rank == 1 && array.dims[0] == parameters);
	assert_int_equal(npy_read(&array, 0, parameters, weights), 0);
	npy_close(&array);
	free(path);
	return weights;
}

/* ---- Comparing ---- */

/* The largest share of the bound that any tensor takes, over all cases: printed at the end. */
static double closest;

static void assert_weights(const struct setting *s, const char *what, const struct expected *e,
                           const float *w, const double *ref)
{
	struct distance distances[TENSOR_COUNT];

	bound_measure(&e->job.model, w, ref, e->init, distances);
	for (int id = 0; id < TENSOR_COUNT; id++) {
		const struct distance *d = &distances[id];
		const double bound = bound_allowed(d);

		closest = fmax(closest, d->difference / bound);
		if (!bound_holds(d))
			fail_msg(
				"%s: %s: %s: ||w - ref|| is %.3g, the bound %.3g (||ref - w0|| %.3g, ||ref|| %.3g)",
				describe(s), what, e->job.model.tensors[id].name, d->difference, bound, d->change,
				d->size);
	}
}

/* A prediction may differ where two logits are nearly the same: one sample at most. */
static void assert_stats(const struct setting *s, const struct run *run, const char *span,
                         const struct reference_stats *wanted)
{
	const json_t *end = end_of(run, span);
	double loss = json_real_value(json_object_get(end, "loss"));
	long long correct = json_integer_value(json_object_get(end, "correct"));

	if (!(fabs(loss - wanted->loss) <= 2e-5 * (1 + wanted->loss)))
		fail_msg("%s: %s: got loss %.9g, wanted %.9g", describe(s), span, loss, wanted->loss);
	if (llabs(correct - (long long)wanted->correct) > 1)
		fail_msg("%s: %s: got %lld correct, wanted %zu", describe(s), span, correct,
		         wanted->correct);
}

/* The test set by the worker's own weights.  By the reference's a loss of 20, as a single step at random may
 * make it, would be off by more than rounding. */
static void assert_eval(const struct setting *s, const struct expected *e, const struct run *run,
                        const float *weights)
{
	const struct dataset *d = &e->dataset;
	const struct reference_data test = {d->test_images, d->test_labels, d->n_test};
	struct reference *reference = reference_new(&e->job.model, 0);
	struct reference_stats wanted;

	reference_set_float(reference, weights);
	reference_eval(reference, &test, NULL, d->n_test, &wanted);
	reference_free(reference);
	assert_stats(s, run, "eval", &wanted);
}

/* The same job twice: the same bits. */
static void assert_same_run(const struct setting *s, const struct run *a, const struct run *b)
{
	static const char *const spans[] = {"train", "eval"}, *const keys[] = {"loss", "correct"};

	for (size_t i = 0; i < LENGTH(spans); i++)
		for (size_t k = 0; k < LENGTH(keys); k++)
			if (!json_equal(json_object_get(end_of(a, spans[i]), keys[k]),
			                json_object_get(end_of(b, spans[i]), keys[k])))
				fail_msg("%s: %s of %s differs between two runs", describe(s), keys[k], spans[i]);
}

static void check(const struct setting *s, const struct expected *e)
{
	static const char *const spans[] = {"read", "verify"};
	const double *wanted[] = {e->final, e->verify};
	size_t parameters = e->job.model.parameters;
	char *out_a = files_join(folder, "out-a"), *out_b = files_join(folder, "out-b");
	struct run a = train(e, s, out_a), b = train(e, s, out_b);

	assert_stats(s, &a, "train", &e->train);
	assert_same_run(s, &a, &b);
	for (size_t i = 0; i < LENGTH(spans); i++) {
		float *w = weights_of(&a, spans[i], out_a, parameters);
		float *again = weights_of(&b, spans[i], out_b, parameters);

		assert_weights(s, spans[i], e, w, wanted[i]);
		if (wanted[i] == e->final)
			assert_eval(s, e, &a, w);
		if (memcmp(w, again, parameters * sizeof(*w)) != 0)
			fail_msg("%s: %s: the weights of two runs differ", describe(s), spans[i]);
		free(w);
		free(again);
	}
	json_decref(a.events);
	json_decref(b.events);
	free(out_a);
	free(out_b);
}

/* ---- Tests ---- */

/* The instruction sets that can run here, "auto" among them; the table ends with NULL. */
static char *ready[16];

static bool probe(const char *isa)
{
	char *option = memory_text("isa=%s", isa);
	char *arguments[] = {(char *)"worker-c_cpu",
	                     (char *)"--probe",
	                     (char *)"--events",
	                     (char *)"3",
	                     (char *)"--option",
	                     option,
	                     NULL};
	struct run run = run_worker(arguments, NULL);
	const char *first = json_string_value(json_object_get(json_array_get(run.events, 0), "event"));
	bool usable = first && !strcmp(first, "hello");

	if (run.why[0] || run.code != 0)
		fail_msg("--probe with %s: exit code %d, %s", option, run.code, run.why);
	json_decref(run.events);
	free(option);
	return usable;
}

/* The choices of the option "isa", as hello tells them. */
static char *isa_choices(void)
{
	char *arguments[] = {(char *)"worker-c_cpu", (char *)"--probe", (char *)"--events", (char *)"3",
	                     NULL};
	struct run run = run_worker(arguments, NULL);
	json_t *spec, *specs = json_object_get(json_array_get(run.events, 0), "specs");
	char *choices = NULL;
	size_t i;

	json_array_foreach (specs, i, spec) {
		if (!strcmp(json_string_value(json_object_get(spec, "name")), "isa"))
			choices = memory_copy(json_string_value(json_object_get(spec, "choices")));
	}
	json_decref(run.events);
	return choices;
}

static void test_probe(void **state)
{
	(void)state;
	char *choices = isa_choices(), *rest = NULL;
	size_t count = 0;

	assert_non_null(choices);
	for (char *isa = strtok_r(choices, "|", &rest); isa; isa = strtok_r(NULL, "|", &rest))
		if (count + 1 < LENGTH(ready) && probe(isa))
			ready[count++] = memory_copy(isa);
	free(choices);
	assert_true(count >= 2); /* auto, and at least the one that it stands for */
}

static void test_fixed_cases(void **state)
{
	(void)state;
	struct random random = random_stream(1, "fixed cases of c_cpu", 0);

	for (size_t i = 0; i < LENGTH(fixed); i++) {
		struct expected e;

		while (expected_make(&e, &fixed[i], &random) < 0)
			continue;
		check(&fixed[i], &e);
		expected_free(&e);
	}
}

/* Every drawn case takes the next number of threads and the next instruction set. */
static void test_drawn_cases(void **state)
{
	(void)state;
	size_t isas = 0;

	while (ready[isas])
		isas++;
	assert_true(isas > 0);
	for (size_t i = 0; i < DRAWN; i++) {
		struct random random = random_stream(seed, "drawn cases of c_cpu", i);
		struct setting s;
		struct expected e;

		do
			s = draw(&random);
		while (expected_make(&e, &s, &random) < 0);
		s.threads = thread_counts[i % LENGTH(thread_counts)];
		s.isa = ready[i / LENGTH(thread_counts) % isas];
		check(&s, &e);
		expected_free(&e);
	}
	printf("# the worst tensor took %.2f of the bound\n", closest);
}

/* All instruction sets and threads on one job, which has full batches and a partial one. */
static void test_all_isas_and_threads(void **state)
{
	(void)state;
	struct random random = random_stream(seed, "one job for all", 0);
	struct setting s = {{5, 9, 37, 3}, 45, 20, 16, 1, "auto"};
	struct expected e;

	while (expected_make(&e, &s, &random) < 0)
		continue;
	for (size_t i = 0; ready[i]; i++)
		for (size_t t = 0; t < LENGTH(thread_counts); t++) {
			s.isa = ready[i];
			s.threads = thread_counts[t];
			check(&s, &e);
		}
	expected_free(&e);
}

static int start(void **state)
{
	const char *temp = getenv("TMPDIR"), *build = getenv("CNNBENCH_BUILD");
	const char *given = getenv("CNNBENCH_TEST_SEED");
	struct timespec now;

	(void)state;
	clock_gettime(CLOCK_REALTIME, &now);
	seed = given ? strtoull(given, NULL, 10)
	             : (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	printf("# CNNBENCH_TEST_SEED=%llu\n", (unsigned long long)seed);
	if (!build)
		return error("CNNBENCH_BUILD names no folder with worker-c_cpu; run this by make test");
	worker = files_join(build, "worker-c_cpu");
	snprintf(folder, sizeof(folder), "%s/c_cpu.XXXXXX", temp ? temp : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

static int finish(void **state)
{
	(void)state;
	for (size_t i = 0; ready[i]; i++)
		free(ready[i]);
	free(worker);
	return files_remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_fixed_cases),
		cmocka_unit_test(test_drawn_cases),
		cmocka_unit_test(test_all_isas_and_threads),
	};

	return cmocka_run_group_tests(tests, start, finish) != 0;
}
