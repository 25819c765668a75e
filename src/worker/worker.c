/* SPDX-License-Identifier: MIT */
#include "worker/worker.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/event.h"
#include "core/files.h"
#include "core/memory.h"
#include "worker/arguments.h"
#include "worker/channel.h"
#include "worker/profile.h"
#include "worker/span.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct worker {
	const struct platform *platform;
	struct arguments arguments;
	struct options *options; /* the platform's */
	struct device_info device;
	struct job job;
	struct net *net;
	uint32_t *order;  /* of one epoch */
	uint32_t *verify; /* both mini-epochs */
	float *weights;
	int64_t train_ns; /* in train spans so far */
};

/* What the worker is at, as the `kind` of an error: usage, platform, job, output. */
static const char *stage = "usage";

/* The first 1,024 bytes of a message, which fit in a line of events whatever has to be escaped. */
static json_t *message_text(const char *message)
{
	size_t length = strnlen(message, 1024);
	json_t *text;

	while (!(text = json_stringn(message, length)) && length > 0)
		length--; /* the cut went through a character of UTF-8 */
	return text;
}

/* Only the first error is an event: nothing may follow it, and it is the cause of the others. */
static void tell_error(const char *message)
{
	static bool told;

	fprintf(stderr, "cnnbench: error: %s\n", message);
	if (told)
		return;
	told = true;
	channel_send(json_pack("{s:s, s:s, s:o}", "event", "error", "kind", stage, "message",
	                       message_text(message)));
}

/* ---- Greeting ---- */

static void send_unavailable(const char *reason, const char *help)
{
	channel_send(
		json_pack("{s:s, s:s, s:s}", "event", "unavailable", "reason", reason, "help", help));
}

static int send_hello(const struct worker *worker, bool with_specs)
{
	const struct platform *self = worker->platform;
	const struct device_info *device = &worker->device;
	json_t *hello =
		json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "event",
	              "hello", "protocol", EVENT_PROTOCOL, "platform", self->name, "summary",
	              self->summary, "device", device->device, "device_kind", device->kind, "simulated",
	              (int)device->simulated, "variant", device->variant, "precision", self->precision,
	              "data", self->data, "compiler", self->compiler, "flags", self->flags, "libraries",
	              device->libraries, "options", options_record(worker->options));

	if (!hello)
		BUG("a text of platform %s or its device is missing or no UTF-8", self->name);
	if (self->profile)
		json_object_set_new(hello, "profile", json_true());
	if (with_specs)
		json_object_set_new(hello, "specs", options_specs_record(self->options));
	size_t size = json_dumpb(hello, NULL, 0, JSON_COMPACT) + 1;
	if (size > EVENT_LINE_MAX) {
		json_decref(hello);
		return error("hello has %zu bytes, %d are allowed: shorten the flags or the options' help",
		             size, EVENT_LINE_MAX);
	}
	channel_send(hello);
	return 0;
}

/* What a probe finds missing is no error, so its messages go to the log alone.  1: it runs here. */
static int greet(struct worker *worker, bool with_specs)
{
	char why[512] = "";

	error_set_sink(NULL);
	int failed = worker->platform->probe(worker->options, &worker->device, why, sizeof(why));
	error_set_sink(tell_error);
	if (!failed)
		return send_hello(worker, with_specs) < 0 ? -1 : 1;
	send_unavailable(why, worker->device.help);
	return 0;
}

/* ---- Training ---- */

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* Of an extra epoch, "extra" stands in both events; otherwise it is left out. */
static json_t *epoch_members(int epoch, bool extra)
{
	return extra ? json_pack("{s:i, s:b}", "epoch", epoch, "extra", 1)
	             : json_pack("{s:i}", "epoch", epoch);
}

static json_t *stats_members(json_t *members, const struct stats *stats, bool with_steps)
{
	json_object_set_new(members, "samples", json_integer((json_int_t)stats->samples));
	if (with_steps)
		json_object_set_new(members, "steps", json_integer((json_int_t)stats->steps));
	json_object_set_new(members, "loss", number(stats->loss));
	json_object_set_new(members, "correct", json_integer((json_int_t)stats->correct));
	return members;
}

static int read_order(struct worker *worker, size_t row)
{
	stage = "job";
	int failed = job_read_order(&worker->job, row, worker->order);
	stage = "platform";
	return failed;
}

static int read_verify(struct worker *worker)
{
	stage = "job";
	int failed = npy_read(&worker->job.verify, 0, 2 * worker->job.n_verify, worker->verify);
	stage = "platform";
	return failed;
}

/*
 * The epoch's row of the order is read just before its span: 240 kB out of the page cache for MNIST,
 * some 50 us.  So no file is read inside of a train span, no set-up span is needed for it (upload
 * is the platform's own, and stands once), and the memory does not grow with the epochs.
 */
static int train_epoch(struct worker *worker, int epoch, bool extra)
{
	const struct job *job = &worker->job;
	size_t row = (size_t)((epoch - 1) % job->work.epochs);
	struct stats stats = {0};

	if (read_order(worker, row) < 0)
		return -1;
	span_begin_with("train", epoch_members(epoch, extra));
	int64_t start = clock_ns();
	worker->platform->train(worker->net, worker->order, job->n_train, &stats);
	worker->train_ns += clock_ns() - start;
	span_end_with("train", stats_members(epoch_members(epoch, extra), &stats, true));
	return 0;
}

static void eval_epoch(struct worker *worker, int epoch)
{
	struct stats stats = {0};

	span_begin_with("eval", epoch_members(epoch, false));
	worker->platform->eval(worker->net, &stats);
	span_end_with("eval", stats_members(epoch_members(epoch, false), &stats, false));
}

static int write_weights(struct worker *worker, const char *file)
{
	size_t parameters = worker->job.model.parameters;
	char *path = files_join(worker->arguments.out, file);

	worker->platform->read(worker->net, worker->weights);
	stage = "output";
	int failed = npy_write(path, NPY_F32, 1, &parameters, worker->weights);
	stage = "platform";
	free(path);
	return failed;
}

static int read_weights(struct worker *worker)
{
	span_begin("read");
	if (write_weights(worker, "final.npy") < 0)
		return -1;
	span_end_with("read", json_pack("{s:s}", "file", "final.npy"));
	return 0;
}

static int train_extra(struct worker *worker)
{
	int epochs = worker->job.work.epochs;

	for (int extra = 1; epochs > 0 && extra <= EVENT_EXTRA_MAX; extra++) {
		if ((double)worker->train_ns * 1e-9 >= worker->arguments.min_time)
			break;
		if (train_epoch(worker, epochs + extra, true) < 0)
			return -1;
	}
	return 0;
}

/* Everything is left as the training left it: what a reset forgets is to show. */
static int verify(struct worker *worker)
{
	const struct job *job = &worker->job;
	struct stats stats = {0};

	if (read_verify(worker) < 0)
		return -1;
	span_begin("verify");
	worker->platform->reset(worker->net);
	for (size_t row = 0; row < 2; row++)
		worker->platform->train(worker->net, worker->verify + row * job->n_verify, job->n_verify,
		                        &stats);
	if (write_weights(worker, "verify.npy") < 0)
		return -1;
	span_end_with("verify", json_pack("{s:s}", "file", "verify.npy"));
	return 0;
}

static int train_all(struct worker *worker)
{
	for (int epoch = 1; epoch <= worker->job.work.epochs; epoch++) {
		if (train_epoch(worker, epoch, false) < 0)
			return -1;
		eval_epoch(worker, epoch);
	}
	if (read_weights(worker) < 0 || train_extra(worker) < 0)
		return -1;
	return verify(worker);
}

/* The first epoch's row of the order; a job of 0 epochs has none, and its samples go as they lie. */
static int profile(struct worker *worker)
{
	const struct job *job = &worker->job;

	for (size_t i = 0; job->work.epochs == 0 && i < job->n_train; i++)
		worker->order[i] = (uint32_t)i;
	if (job->work.epochs > 0 && read_order(worker, 0) < 0)
		return -1;
	span_begin("profile");
	worker->platform->profile(worker->net, worker->order, job->n_train);
	span_end("profile");
	return profile_send();
}

/* ---- The worker ---- */

static int open_all(struct worker *worker)
{
	stage = "output";
	if (files_make_folder(worker->arguments.out) < 0)
		return -1;
	stage = "job";
	if (job_open(&worker->job, worker->arguments.job) < 0)
		return -1;
	worker->order = memory_new(worker->job.n_train, sizeof(*worker->order));
	worker->verify = memory_new(2 * worker->job.n_verify, sizeof(*worker->verify));
	worker->weights = memory_new(worker->job.model.parameters, sizeof(*worker->weights));
	stage = "platform";
	worker->net = worker->platform->open(&worker->job, worker->options);
	return 0;
}

static int run_job(struct worker *worker)
{
	if (open_all(worker) < 0 || train_all(worker) < 0)
		return -1;
	if (worker->arguments.profile && profile(worker) < 0)
		return -1;
	span_begin("close");
	worker->platform->close(worker->net);
	worker->net = NULL;
	span_end("close");
	return 0;
}

/* -1 after an `error` event; 0 after `done` and `unavailable`. */
static int run(struct worker *worker)
{
	bool probe = worker->arguments.probe;

	stage = "platform";
	int ready = greet(worker, probe);
	if (ready < 1)
		return ready;
	if (!probe && run_job(worker) < 0)
		return -1;
	channel_send(json_pack("{s:s}", "event", "done"));
	return 0;
}

static void free_all(struct worker *worker)
{
	if (worker->net)
		worker->platform->close(worker->net);
	free(worker->order);
	free(worker->verify);
	free(worker->weights);
	if (worker->job.folder)
		job_close(&worker->job);
	options_free(worker->options);
	arguments_free(&worker->arguments);
}

static void show_help(const struct platform *self)
{
	printf("worker-%s: %s\n\n"
	       "  --probe [--events FD] [--option KEY=VALUE]...\n"
	       "  --job DIR --out DIR [--events FD] [--min-time SECONDS] [--profile]\n"
	       "      [--option KEY=VALUE]...\n\n",
	       self->name, self->summary);
	arguments_help();
	printf("\nOptions of the platform:\n");
	options_help(stdout, self->options);
}

static int start(struct worker *worker, int argc, char **argv)
{
	if (arguments_read(&worker->arguments, argc, argv) < 0)
		return EXIT_USAGE;
	if (worker->arguments.help) {
		show_help(worker->platform);
		return EXIT_FINE;
	}
	if (channel_open(worker->arguments.events) < 0)
		return EXIT_USAGE;
	error_set_sink(tell_error);
	if (arguments_check(&worker->arguments, worker->options) < 0)
		return EXIT_USAGE;
	if (worker->arguments.profile && !worker->platform->profile) {
		error("--profile: %s cannot tell the time of its layers; leave it out",
		      worker->platform->name);
		return EXIT_USAGE;
	}
	return run(worker) < 0 ? EXIT_INTERNAL : EXIT_FINE;
}

int worker_main(const struct platform *self, int argc, char **argv)
{
	struct worker worker = {.platform = self, .options = options_new(self->options)};

	options_prefix(worker.options, "--option ");
	int code = start(&worker, argc, argv);

	error_set_sink(NULL);
	free_all(&worker);
	return code;
}
