/* SPDX-License-Identifier: MIT */
/*
 * A worker that trains (by the reference in float32) and lies by its name: as worker-twice it trains
 * a batch of the verification twice, as worker-truthful it lies about nothing.  Tests link to it:
 *
 *     ln -s "$CNNBENCH_BUILD/tests/workers/liar" "$folder/worker-twice"
 *
 * The table `lies` says what each does.  tests/workers/hostile.c has those that train nothing and break
 * the protocol.
 */
#include "core/clock.h"
#include "core/event.h"
#include "core/job.h"
#include "core/memory.h"
#include "core/reference_float.h"

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct lie {
	const char *name;
	double told;      /* part of an epoch's time that is told; 0: all of it */
	double trained;   /* part of an epoch's samples that is trained; 0: all of them */
	int epoch_ms;     /* slept in each epoch, so that its time is worth lying about */
	int before_ms;    /* hidden before the `begin` of each `train` */
	int between_ms;   /* hidden between `train` and `eval` */
	int flattery;     /* correct test images told above the truth */
	bool untrained;   /* the verification's batches are not trained at all */
	bool twice;       /* its first batch is trained twice */
	bool skipped;     /* its span does not come */
	const char *span; /* the one whose file is spoilt */
	void (*spoil)(const char *path);
	bool late; /* after the `end` of the span, when the runner has looked at the file */
};

/* ---- What the process knows ---- */

static const struct lie *lie;
static int events = 1;
static const char *out;
static struct job job;
static struct reference_data train_data, test_data;
static struct reference_float *net;
static struct reference *evaluator; /* in float64: the one in float32 has no evaluation */
static float *init, *weights;

static void leave(const char *what)
{
	perror(what);
	_exit(9);
}

static void rest(int ms)
{
	struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};

	while (nanosleep(&time, &time))
		;
}

/* ---- Ways to spoil a file of weights ---- */

/* A file of the folder that holds the results folder: it outlives a run. */
static char *former_path(void)
{
	return memory_text("%s/../../former.npy", out);
}

static void read_weights(const char *path, float *values)
{
	struct npy array;

	if (npy_open(&array, path) || npy_read(&array, 0, job.model.parameters, values))
		leave(path);
	npy_close(&array);
}

static void write_weights(const char *path, const float *values, size_t count)
{
	if (npy_write(path, NPY_F32, 1, &count, values))
		leave(path);
}

static void keep(const char *path)
{
	char *former = former_path();

	read_weights(path, weights);
	write_weights(former, weights, job.model.parameters);
	free(former);
}

static void put_former(const char *path)
{
	char *former = former_path();

	read_weights(former, weights);
	write_weights(path, weights, job.model.parameters);
	free(former);
}

static void put_nan(const char *path)
{
	read_weights(path, weights);
	weights[job.model.parameters / 2] = NAN;
	write_weights(path, weights, job.model.parameters);
}

static void shorten(const char *path)
{
	write_weights(path, init, job.model.parameters - 1);
}

static void lengthen(const char *path)
{
	FILE *file = fopen(path, "ab");

	if (!file || fwrite(init, sizeof(*init), 1, file) != 1 || fclose(file))
		leave(path);
}

static void lose(const char *path)
{
	if (unlink(path))
		leave(path);
}

static void put_link(const char *path)
{
	char *elsewhere = memory_text("%s.real", path);

	if (rename(path, elsewhere) || symlink(elsewhere, path))
		leave(path);
	free(elsewhere);
}

/* Whoever opens it for reading waits for a writer, for ever. */
static void put_fifo(const char *path)
{
	lose(path);
	if (mkfifo(path, 0600))
		leave(path);
}

/* ---- The table ---- */

static const struct lie lies[] = {
	{.name = "truthful"},
	{.name = "keeper", .span = "read", .spoil = keep}, /* honest, and keeps what it trained */
	/* about time */
	{.name = "half_told", .told = 0.5, .epoch_ms = 30},
	{.name = "starts_early", .before_ms = 80},
	{.name = "idles_between", .between_ms = 80},
	/* about the training */
	{.name = "ninety_percent", .trained = 0.9},
	{.name = "flatters", .flattery = 3},
	{.name = "former_final", .span = "read", .spoil = put_former},
	{.name = "nan_final", .span = "read", .spoil = put_nan},
	/* in the verification */
	{.name = "former_verify", .span = "verify", .spoil = put_former},
	{.name = "nan_verify", .span = "verify", .spoil = put_nan},
	{.name = "untrained", .untrained = true},
	{.name = "twice", .twice = true},
	{.name = "no_verify", .skipped = true},
	/* about files */
	{.name = "short_final", .span = "read", .spoil = shorten},
	{.name = "short_verify", .span = "verify", .spoil = shorten},
	{.name = "long_final", .span = "read", .spoil = lengthen},
	{.name = "long_verify", .span = "verify", .spoil = lengthen},
	{.name = "missing_final", .span = "read", .spoil = lose},
	{.name = "missing_verify", .span = "verify", .spoil = lose},
	{.name = "symlink_final", .span = "read", .spoil = put_link},
	{.name = "symlink_verify", .span = "verify", .spoil = put_link},
	{.name = "fifo_final", .span = "read", .spoil = put_fifo},
	{.name = "fifo_verify", .span = "verify", .spoil = put_fifo},
	{.name = "late_fifo_final", .span = "read", .spoil = put_fifo, .late = true},
	{.name = "late_fifo_verify", .span = "verify", .spoil = put_fifo, .late = true},
	{.name = "late_missing_verify", .span = "verify", .spoil = lose, .late = true},
	{.name = "late_short_verify", .span = "verify", .spoil = shorten, .late = true},
};
enum { LIES = sizeof(lies) / sizeof(*lies) };

/* ---- Events ---- */

static void send(json_t *event)
{
	if (event_write(events, event))
		_exit(9);
}

/* Epoch 0: the span is none of an epoch. */
static json_t *mark(const char *kind, const char *span, int epoch, int64_t ns)
{
	json_t *event = json_pack("{s:s, s:s, s:I}", "event", kind, "span", span, "ns", (json_int_t)ns);

	if (epoch)
		json_object_set_new(event, "epoch", json_integer(epoch));
	return event;
}

static void set_counts(json_t *event, size_t samples, size_t correct, double loss)
{
	json_object_set_new(event, "samples", json_integer((json_int_t)samples));
	json_object_set_new(event, "correct", json_integer((json_int_t)correct));
	json_object_set_new(event, "loss", isfinite(loss) ? json_real(loss) : json_null());
}

static void send_hello(bool with_specs)
{
	json_t *hello =
		json_pack("{s:s, s:i, s:s, s:s, s:s, s:b, s:s, s:s, s:{}}", "event", "hello", "protocol",
	              EVENT_PROTOCOL, "platform", lie->name, "device", "none", "device_kind", "cpu",
	              "simulated", 0, "precision", "float32", "data", "uint8, resident", "options");

	if (with_specs)
		json_object_set_new(hello, "specs", json_array());
	send(hello);
}

/* ---- The training ---- */

static struct reference_stats train_samples(const uint32_t *order, size_t n)
{
	struct reference_stats sum = {0}, step;

	for (size_t at = 0; at < n; at += step.samples) {
		size_t left = n - at, batch = left < job.work.batch ? left : job.work.batch;
		reference_float_step(net, &train_data, order + at, batch, job.work.lr, job.work.momentum,
		                     &step);
		sum.samples += step.samples;
		sum.correct += step.correct;
		sum.loss += step.loss * (double)step.samples;
	}
	sum.loss /= (double)n;
	return sum;
}

static void train(int epoch, const uint32_t *order)
{
	size_t n = lie->trained > 0 ? (size_t)((double)job.n_train * lie->trained) : job.n_train;
	size_t steps = (job.n_train + job.work.batch - 1) / job.work.batch;

	rest(lie->before_ms);
	int64_t start = clock_ns();
	send(mark("begin", "train", epoch, start));
	struct reference_stats stats = train_samples(order, n);
	rest(lie->epoch_ms);
	int64_t taken = clock_ns() - start;
	int64_t told = lie->told > 0 ? (int64_t)((double)taken * lie->told) : taken;
	json_t *event = mark("end", "train", epoch, start + told);
	set_counts(event, job.n_train, stats.correct, stats.loss);
	json_object_set_new(event, "steps", json_integer((json_int_t)steps));
	send(event);
	rest(lie->between_ms);
}

static void eval(int epoch)
{
	struct reference_stats stats;

	send(mark("begin", "eval", epoch, clock_ns()));
	reference_float_get_float(net, weights);
	reference_set_float(evaluator, weights);
	reference_eval(evaluator, &test_data, NULL, test_data.count, &stats);
	size_t told = stats.correct + (size_t)lie->flattery;
	json_t *event = mark("end", "eval", epoch, clock_ns());
	set_counts(event, job.n_test, told < job.n_test ? told : job.n_test, stats.loss);
	send(event);
}

/* The end of `read` or `verify`: the weights as they are, or not. */
static void hand_over(const char *span)
{
	bool spoils = lie->span && strcmp(lie->span, span) == 0;
	char *name = memory_text("%s.npy", span), *path = memory_text("%s/%s", out, name);

	reference_float_get_float(net, weights);
	write_weights(path, weights, job.model.parameters);
	if (spoils && !lie->late)
		lie->spoil(path);
	json_t *event = mark("end", span, 0, clock_ns());
	json_object_set_new(event, "file", json_string(name));
	send(event);
	if (spoils && lie->late) {
		rest(40); /* of the 50 ms that may lie between spans */
		lie->spoil(path);
	}
	free(path);
	free(name);
}

static void verify(void)
{
	uint32_t *rows = memory_new(2 * job.n_verify, sizeof(*rows));

	if (npy_read(&job.verify, 0, 2 * job.n_verify, rows))
		leave("verify.npy");
	send(mark("begin", "verify", 0, clock_ns()));
	reference_float_set_float(net, init);
	if (lie->twice)
		train_samples(rows, job.n_verify < job.work.batch ? job.n_verify : job.work.batch);
	for (size_t row = 0; row < 2 && !lie->untrained; row++)
		train_samples(rows + row * job.n_verify, job.n_verify);
	hand_over("verify");
	free(rows);
}

/* ---- The job ---- */

static void *read_all(const struct npy *array, size_t size)
{
	void *values = memory_new(array->count, size);

	if (npy_read(array, 0, array->count, values))
		leave(array->path);
	return values;
}

static void open_all(const char *folder)
{
	send(mark("begin", "upload", 0, clock_ns()));
	if (job_open(&job, folder))
		_exit(9);
	train_data = (struct reference_data){read_all(&job.train_images, 1),
	                                     read_all(&job.train_labels, 1), job.n_train};
	test_data = (struct reference_data){read_all(&job.test_images, 1),
	                                    read_all(&job.test_labels, 1), job.n_test};
	init = read_all(&job.init, sizeof(*init));
	weights = memory_new(job.model.parameters, sizeof(*weights));
	net = reference_float_new(&job.model, 1);
	evaluator = reference_new(&job.model, 1);
	reference_float_set_float(net, init);
	send(mark("end", "upload", 0, clock_ns()));
}

static void free_data(const struct reference_data *data)
{
	free((void *)(uintptr_t)data->images);
	free((void *)(uintptr_t)data->labels);
}

static void close_all(void)
{
	free_data(&train_data);
	free_data(&test_data);
	free(init);
	free(weights);
	reference_float_free(net);
	reference_free(evaluator);
	job_close(&job);
}

static void work(const char *folder)
{
	send_hello(false);
	open_all(folder);
	uint32_t *order = memory_new(job.n_train, sizeof(*order));
	for (int epoch = 1; epoch <= job.work.epochs; epoch++) {
		if (job_read_order(&job, (size_t)(epoch - 1), order))
			_exit(9);
		train(epoch, order);
		eval(epoch);
	}
	free(order);
	send(mark("begin", "read", 0, clock_ns()));
	hand_over("read");
	if (!lie->skipped)
		verify();
	close_all();
	send(json_pack("{s:s}", "event", "done"));
}

/* Its name without "worker-", or without the path where it has no such name. */
static const struct lie *find_lie(const char *name)
{
	const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;

	if (strncmp(last, "worker-", 7) == 0)
		last += 7;
	for (int i = 0; i < LIES; i++)
		if (strcmp(lies[i].name, last) == 0)
			return &lies[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const char *folder = NULL;

	lie = find_lie(argv[0]);
	if (!lie) {
		for (int i = 0; i < LIES; i++)
			printf("worker-%s\n", lies[i].name);
		return 2;
	}
	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "--events") == 0)
			events = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--job") == 0)
			folder = argv[i + 1];
		else if (strcmp(argv[i], "--out") == 0)
			out = argv[i + 1];
	}
	signal(SIGPIPE, SIG_IGN);
	if (folder && out) {
		work(folder);
	} else {
		send_hello(true);
		send(json_pack("{s:s}", "event", "done"));
	}
	return 0;
}
