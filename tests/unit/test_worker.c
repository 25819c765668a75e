/* SPDX-License-Identifier: MIT */
/*
 * The worker's main loop, driven as a runner drives it, with a platform that computes nothing but
 * counts its calls.
 */
#include "core/error.h"
#include "core/event.h"
#include "core/files.h"
#include "core/memory.h"
#include "worker/profile.h"
#include "worker/span.h"
#include "worker/worker.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- A platform that counts ---- */

/* The first weights tell what was called. */
enum { TRAINS, RESETS, FIRST_INDEX, SUM_OF_INDICES, EVALS };

struct net {
	const struct job *job;
	float calls[8];
	bool not_finite;
	int64_t sleep;
};

static const struct option_spec counting_options[] = {
	{"missing", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL, "probe says that nothing is here"},
	{"dies", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL, "open cannot go on"},
	{"not-finite", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL, "the loss is no number"},
	{"threads", NULL, OPTION_INT, 1, 64, "1", NULL, "N", "threads"},
	{"sleep", NULL, OPTION_INT, 0, 1000000, "0", NULL, "MS", "train takes as long"},
	{0},
};

static int counting_probe(const struct options *options, struct device_info *out, char *why,
                          size_t size)
{
	*out = (struct device_info){.device = "an abacus", .kind = "cpu", .help = "buy one"};
	if (!options_flag(options, "missing"))
		return 0;
	error("not for the runner's ears");
	snprintf(why, size, "no abacus found");
	return -1;
}

static struct net *counting_open(const struct job *job, const struct options *options)
{
	struct net *net = memory_new(1, sizeof(*net));

	span_begin("upload");
	if (options_flag(options, "dies")) {
		free(net);
		die("the abacus \"broke\"");
	}
	net->job = job;
	net->not_finite = options_flag(options, "not-finite");
	net->sleep = options_int(options, "sleep");
	span_end("upload");
	return net;
}

static void counting_train(struct net *net, const uint32_t *order, size_t n, struct stats *stats)
{
	const struct timespec nap = {net->sleep / 1000, net->sleep % 1000 * 1000000};
	size_t batch = net->job->work.batch;

	nanosleep(&nap, NULL);
	net->calls[TRAINS]++;
	net->calls[FIRST_INDEX] = (float)order[0];
	for (size_t i = 0; i < n; i++)
		net->calls[SUM_OF_INDICES] += (float)order[i];
	*stats =
		(struct stats){.samples = n, .steps = (n + batch - 1) / batch, .correct = 1, .loss = 0.5};
	if (net->not_finite)
		stats->loss = (double)NAN;
}

static void counting_eval(struct net *net, struct stats *stats)
{
	net->calls[EVALS]++;
	*stats = (struct stats){.samples = net->job->n_test, .correct = 2, .loss = 0.25};
}

static void counting_read(struct net *net, float *weights)
{
	memcpy(weights, net->calls, sizeof(net->calls));
}

static void counting_reset(struct net *net)
{
	net->calls[RESETS]++;
	net->calls[TRAINS] = net->calls[SUM_OF_INDICES] = 0;
}

static void counting_close(struct net *net)
{
	free(net);
}

static const struct platform counting = {
	.name = "counting",
	.summary = "counts its calls",
	.precision = "float32",
	.data = "none",
	.compiler = "cc",
	.flags = "-O0",
	.options = counting_options,
	.probe = counting_probe,
	.open = counting_open,
	.train = counting_train,
	.eval = counting_eval,
	.read = counting_read,
	.reset = counting_reset,
	.close = counting_close,
};

/* ---- A job of 7 samples ---- */

enum { N_TRAIN = 7, N_TEST = 3, BATCH = 3 };

static char folder[4096]; /* of this program; below it cache, out, log, events */

static char *write_job(int epochs)
{
	uint8_t images[N_TRAIN * MODEL_PIXELS] = {0}, labels[N_TRAIN] = {0};
	struct dataset dataset = {
		.name = (char *)"seven",
		.source = (char *)"here",
		.n_train = N_TRAIN,
		.n_test = N_TEST,
		.train_images = images,
		.train_labels = labels,
		.test_images = images,
		.test_labels = labels,
		.digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	};
	const struct work work = {
		.shape = {1, 1, 1, 3}, .epochs = epochs, .batch = BATCH, .lr = 0.1, .seed = 1};
	char *cache = files_join(folder, "cache"), *job = job_write(cache, &dataset, &work, NULL);

	free(cache);
	assert_non_null(job);
	return job;
}

static int folder_make(void **state)
{
	const char *temp = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/worker.XXXXXX", temp ? temp : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void **state)
{
	(void)state;
	return files_remove_folder(folder);
}

/* ---- Running it ---- */

struct result {
	int status; /* as of waitpid */
	json_t *events;
};

static int count_arguments(char *const *arguments)
{
	int count = 0;

	while (arguments[count])
		count++;
	return count;
}

/* In the child: what it says goes to the log, and it leads a group of its own. */
static _Noreturn void be_worker(const struct platform *self, char **arguments)
{
	char *log = files_join(folder, "log");
	int descriptor = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	free(log);
	dup2(descriptor, STDOUT_FILENO);
	dup2(descriptor, STDERR_FILENO);
	setpgid(0, 0);
	exit(worker_main(self, count_arguments(arguments), arguments));
}

static json_t *read_events(int descriptor)
{
	static struct event_reader reader;
	json_t *events = json_array(), *event;
	char bytes[4096];
	ssize_t got;

	reader = (struct event_reader){0};
	while ((got = read(descriptor, bytes, sizeof(bytes))) > 0) {
		const char *at = bytes;
		size_t size = (size_t)got;

		for (enum event_status found;
		     (found = event_next(&reader, &at, &size, &event)) != EVENT_NONE;) {
			assert_int_equal(found, EVENT_LINE);
			json_array_append_new(events, event);
		}
	}
	assert_int_equal(reader.length, 0);
	return events;
}

/* `arguments` end with NULL; --events is put before them. */
static struct result run_worker(const struct platform *self, char *const *arguments)
{
	char *all[32] = {(char *)"worker-counting", (char *)"--events"}, number[16];
	struct result result;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	snprintf(number, sizeof(number), "%d", ends[1]);
	all[2] = number;
	for (int i = 0; arguments[i]; i++)
		all[3 + i] = arguments[i];
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		be_worker(self, all);
	}
	close(ends[1]);
	result.events = read_events(ends[0]);
	close(ends[0]);
	assert_int_equal(waitpid(child, &result.status, 0), child);
	return result;
}

#define RUN(...) run_worker(&counting, (char *const[]){__VA_ARGS__, NULL})
#define TEXT(text) ((char *)(text))

static void assert_exit(const struct result *result, int wanted)
{
	if (!WIFEXITED(result->status) || WEXITSTATUS(result->status) != wanted)
		fail_msg("got wait status 0x%x, wanted exit code %d", (unsigned)result->status, wanted);
}

/* The events in short: "hello +upload -upload +train1 -train1 ... done"; extra epochs as "+train3x". */
static char *in_short(const json_t *events)
{
	char *text = memory_copy("");
	size_t i;
	json_t *event;

	json_array_foreach (events, i, event) {
		const char *kind = json_string_value(json_object_get(event, "event"));
		const char *span = json_string_value(json_object_get(event, "span"));
		json_int_t epoch = json_integer_value(json_object_get(event, "epoch"));
		char number[24] = "";

		if (epoch)
			snprintf(number, sizeof(number), "%d%s", (int)epoch,
			         json_is_true(json_object_get(event, "extra")) ? "x" : "");
		char *longer = memory_text("%s%s%s%s%s", text, i ? " " : "",
		                           !span                    ? kind
		                           : !strcmp(kind, "begin") ? "+"
		                                                    : "-",
		                           span ? span : "", number);
		free(text);
		text = longer;
	}
	return text;
}

static void assert_events(const struct result *result, const char *wanted)
{
	char *got = in_short(result->events);

	assert_string_equal(got, wanted);
	free(got);
}

/* The member `key` of event `at`, counted from the end where negative. */
static const json_t *member(const struct result *result, int at, const char *key)
{
	size_t size = json_array_size(result->events);

	return json_object_get(json_array_get(result->events, at < 0 ? size - (size_t)-at : (size_t)at),
	                       key);
}

static void assert_member(const struct result *result, int at, const char *key, const char *wanted)
{
	const json_t *value = member(result, at, key);
	char *got = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	if (!got || strcmp(got, wanted) != 0)
		fail_msg("event %d: %s: got %s, wanted %s", at, key, got ? got : "nothing", wanted);
	free(got);
}

static void read_weights(const char *out, const char *file, float calls[8])
{
	char *path = files_join(out, file);
	struct npy array;

	assert_int_equal(npy_open(&array, path), 0);
	assert_int_equal(array.type, NPY_F32);
	assert_int_equal(array.rank, 1);
	assert_int_equal(npy_read(&array, 0, 8, calls), 0);
	npy_close(&array);
	free(path);
}

/* ---- Tests ---- */

static void test_probe(void **state)
{
	(void)state;
	struct result result = RUN(TEXT("--probe"), TEXT("--option"), TEXT("threads=2"));

	assert_exit(&result, EXIT_FINE);
	assert_events(&result, "hello done");
	assert_member(&result, 0, "protocol", "1");
	assert_member(&result, 0, "platform", "\"counting\"");
	assert_member(&result, 0, "device", "\"an abacus\"");
	assert_member(&result, 0, "device_kind", "\"cpu\"");
	assert_member(&result, 0, "simulated", "false");
	assert_int_equal(json_integer_value(json_object_get(member(&result, 0, "options"), "threads")),
	                 2);
	struct option_spec *specs = options_specs_read(member(&result, 0, "specs"));
	assert_non_null(specs);
	assert_string_equal(specs[3].name, "threads");
	options_specs_free(specs);
	json_decref(result.events);
}

static void test_probe_of_what_is_missing(void **state)
{
	(void)state;
	struct result result = RUN(TEXT("--probe"), TEXT("--option=missing=true"));

	assert_exit(&result, EXIT_FINE);
	assert_events(&result, "unavailable");
	assert_member(&result, 0, "reason", "\"no abacus found\"");
	assert_member(&result, 0, "help", "\"buy one\"");
	json_decref(result.events);
}

static void assert_clock_goes_on(const json_t *events)
{
	json_int_t last = 0;
	size_t i;
	json_t *event;

	json_array_foreach (events, i, event) {
		const json_t *ns = json_object_get(event, "ns");

		assert_true(!ns || json_integer_value(ns) >= last);
		last = ns ? json_integer_value(ns) : last;
	}
}

static void test_job(void **state)
{
	(void)state;
	char *job = write_job(2), *out = files_join(folder, "out-job");
	struct result result = RUN(TEXT("--job"), job, TEXT("--out"), out);
	float final[8], verified[8];
	uint32_t order[2 * N_TRAIN], verify[2 * N_TRAIN];
	struct job opened;

	assert_exit(&result, EXIT_FINE);
	assert_events(
		&result,
		"hello +upload -upload +train1 -train1 +eval1 -eval1 +train2 -train2 +eval2 -eval2 "
		"+read -read +verify -verify +close -close done");
	assert_null(member(&result, 0, "specs"));
	assert_member(&result, 4, "samples", "7");
	assert_member(&result, 4, "steps", "3");
	assert_member(&result, 4, "loss", "0.5");
	assert_member(&result, 4, "correct", "1");
	assert_member(&result, 6, "samples", "3");
	assert_member(&result, 6, "loss", "0.25");
	assert_member(&result, 6, "correct", "2");
	assert_null(member(&result, 6, "steps"));
	assert_member(&result, 12, "file", "\"final.npy\"");
	assert_member(&result, 14, "file", "\"verify.npy\"");
	assert_clock_goes_on(result.events);

	assert_int_equal(job_open(&opened, job), 0);
	assert_int_equal(npy_read(&opened.order, 0, 2 * N_TRAIN, order), 0);
	assert_int_equal(npy_read(&opened.verify, 0, 2 * opened.n_verify, verify), 0);
	read_weights(out, "final.npy", final);
	assert_true(final[TRAINS] == 2 && final[EVALS] == 2 && final[RESETS] == 0);
	assert_int_equal(final[FIRST_INDEX], order[N_TRAIN]);
	assert_int_equal(final[SUM_OF_INDICES], 2 * 21);
	read_weights(out, "verify.npy", verified);
	assert_true(verified[TRAINS] == 2 && verified[EVALS] == 2 && verified[RESETS] == 1);
	assert_int_equal(verified[FIRST_INDEX], verify[opened.n_verify]);
	job_close(&opened);
	json_decref(result.events);
	free(job);
	free(out);
}

static void test_job_without_epochs(void **state)
{
	(void)state;
	char *job = write_job(0), *out = files_join(folder, "out-none");
	struct result result =
		RUN(TEXT("--job"), job, TEXT("--out"), out, TEXT("--min-time"), TEXT("5"));

	assert_exit(&result, EXIT_FINE);
	assert_events(&result, "hello +upload -upload +read -read +verify -verify +close -close done");
	json_decref(result.events);
	free(job);
	free(out);
}

static void counting_profile(struct net *net, const uint32_t *order, size_t n)
{
	struct stats stats;

	counting_train(net, order, n, &stats);
	profile_part("abacus", "forward", 0.25);
	profile_part("abacus", "backward", 0);
}

static void test_profile(void **state)
{
	(void)state;
	struct platform profiling = counting;
	profiling.profile = counting_profile;
	for (int epochs = 0; epochs < 2; epochs++) {
		char *job = write_job(epochs), *out = memory_text("%s/out-profile%d", folder, epochs);
		char *const arguments[] = {TEXT("--job"), job, TEXT("--out"), out, TEXT("--profile"), NULL};
		struct result result = run_worker(&profiling, arguments);

		assert_exit(&result, EXIT_FINE);
		assert_events(&result,
		              epochs ? "hello +upload -upload +train1 -train1 +eval1 -eval1 +read -read "
		                       "+verify -verify +profile -profile profile +close -close done"
		                     : "hello +upload -upload +read -read +verify -verify "
		                       "+profile -profile profile +close -close done");
		assert_member(&result, 0, "profile", "true");
		assert_member(&result, -4, "parts",
		              "[{\"layer\":\"abacus\",\"direction\":\"forward\",\"seconds\":0.25},"
		              "{\"layer\":\"abacus\",\"direction\":\"backward\",\"seconds\":0.0}]");
		json_decref(result.events);
		free(job);
		free(out);
	}
}

static void test_profile_of_what_has_none(void **state)
{
	(void)state;
	char *job = write_job(1), *out = files_join(folder, "out-no-profile");
	struct result result = RUN(TEXT("--job"), job, TEXT("--out"), out, TEXT("--profile"));

	assert_exit(&result, EXIT_USAGE);
	assert_events(&result, "error");
	json_decref(result.events);
	free(job);
	free(out);
}

static void test_extra_epochs(void **state)
{
	(void)state;
	char *job = write_job(2), *out = files_join(folder, "out-extra");
	struct result result =
		RUN(TEXT("--job"), job, TEXT("--out"), out, TEXT("--min-time"), TEXT("1e4"));
	size_t before = 13, extra = 1000; /* hello to the end of read; docs/PROTOCOL.md */
	float final[8];

	assert_exit(&result, EXIT_FINE);
	assert_int_equal(json_array_size(result.events), before + 2 * extra + 5);
	for (int i = 0; i < 2000; i++) {
		char epoch[16];

		snprintf(epoch, sizeof(epoch), "%d", 3 + i / 2);
		assert_member(&result, (int)before + i, "epoch", epoch);
		assert_member(&result, (int)before + i, "extra", "true");
	}
	read_weights(out, "final.npy", final);
	assert_true(final[TRAINS] == 2);
	json_decref(result.events);
	free(job);
	free(out);
}

/* With a sleep of 20 ms an epoch, 50 ms are not over before the third. */
static void test_extra_epochs_end(void **state)
{
	(void)state;
	char *job = write_job(1), *out = files_join(folder, "out-end");
	struct result result = RUN(TEXT("--job"), job, TEXT("--out"), out, TEXT("--min-time"),
	                           TEXT("0.05"), TEXT("--option"), TEXT("sleep=20"));
	size_t extra = (json_array_size(result.events) - 9 - 5) / 2;
	json_int_t in_train = 0;

	assert_exit(&result, EXIT_FINE);
	for (size_t i = 1; i < json_array_size(result.events); i++) {
		const char *span = json_string_value(member(&result, (int)i, "span"));

		if (span && !strcmp(span, "train"))
			in_train += (i % 2 ? -1 : 1) * json_integer_value(member(&result, (int)i, "ns"));
	}
	assert_true(in_train >= 50000000);
	assert_true(extra <= 2);
	json_decref(result.events);
	free(job);
	free(out);
}

static void test_loss_that_is_no_number(void **state)
{
	(void)state;
	char *job = write_job(1), *out = files_join(folder, "out-nan");
	struct result result =
		RUN(TEXT("--job"), job, TEXT("--out"), out, TEXT("--option"), TEXT("not-finite=true"));

	assert_exit(&result, EXIT_FINE);
	assert_member(&result, 4, "loss", "null");
	json_decref(result.events);
	free(job);
	free(out);
}

/* The last event is an error of that kind, and the exit status is not 0. */
static void assert_error(struct result result, int code, const char *kind, const char *part)
{
	const char *got = json_string_value(member(&result, -1, "kind"));
	const char *message = json_string_value(member(&result, -1, "message"));

	assert_exit(&result, code);
	assert_member(&result, -1, "event", "\"error\"");
	assert_string_equal(got, kind);
	if (!strstr(message, part))
		fail_msg("got \"%s\", wanted \"%s\" in it", message, part);
	json_decref(result.events);
}

static void test_errors(void **state)
{
	(void)state;
	char *job = write_job(1), *out = files_join(folder, "out-error"),
		 *log = files_join(folder, "log");

	assert_error(RUN(TEXT("--probe"), TEXT("--option"), TEXT("treads=2")), 2, "usage", "threads");
	assert_error(RUN(TEXT("--probe"), TEXT("--option"), TEXT("threads")), 2, "usage", "KEY=VALUE");
	assert_error(RUN(TEXT("--probe"), TEXT("--job"), job), 2, "usage", "--probe or --job");
	assert_error(RUN(TEXT("--min-time"), TEXT("1")), 2, "usage", "--probe or --job");
	assert_error(RUN(TEXT("--job"), job), 2, "usage", "--out");
	assert_error(RUN(TEXT("--job"), job, TEXT("--out"), out, TEXT("more")), 2, "usage", "more");
	assert_error(RUN(TEXT("--job"), TEXT("/no/such"), TEXT("--out"), out), 1, "job", "/no/such");
	assert_error(RUN(TEXT("--job"), job, TEXT("--out"), log), 1, "output", "log");
	assert_error(RUN(TEXT("--job"), job, TEXT("--out"), out, TEXT("--option"), TEXT("dies=true")),
	             1, "platform", "the abacus \"broke\"");
	free(job);
	free(out);
	free(log);
}

/* The second epoch's row names a sample that is not there: the first is trained, then it ends. */
static void test_order_out_of_range(void **state)
{
	(void)state;
	static const size_t dims[] = {2, N_TRAIN};
	uint32_t rows[2 * N_TRAIN] = {0};
	char *job = write_job(2), *out = files_join(folder, "out-range");
	char *order = files_join(job, "order.npy");

	rows[N_TRAIN + 3] = N_TRAIN;
	assert_int_equal(npy_write(order, NPY_U32, 2, dims, rows), 0);
	struct result result = RUN(TEXT("--job"), job, TEXT("--out"), out);
	assert_events(&result, "hello +upload -upload +train1 -train1 +eval1 -eval1 error");
	assert_error(result, 1, "job", "order.npy: a number in it is out of range");
	assert_int_equal(files_remove_folder(job), 0);
	free(order);
	free(job);
	free(out);
}

static void test_greeting_that_is_too_long(void **state)
{
	(void)state;
	static char flags[5000];
	struct platform wordy = counting;

	memset(flags, 'x', sizeof(flags) - 1);
	wordy.flags = flags;
	assert_error(run_worker(&wordy, (char *const[]){TEXT("--probe"), NULL}), 1, "platform",
	             "hello");
}

static void test_long_message_fits(void **state)
{
	(void)state;
	static char name[8000];

	memset(name, '"', sizeof(name) - 1);
	memcpy(name + 1020, "\xc3\xa4\xc3\xa4\xc3\xa4", 6); /* the cut goes through a character */
	assert_error(RUN(TEXT("--job"), name, TEXT("--out"), folder), 1, "job", "\"\"\"");
}

static void test_help(void **state)
{
	(void)state;
	struct result result = RUN(TEXT("--help"));
	char *log = files_join(folder, "log"), *text;
	size_t size;

	assert_exit(&result, EXIT_FINE);
	assert_int_equal(json_array_size(result.events), 0);
	text = files_read(log, 1 << 16, &size);
	assert_non_null(strstr(text, "--min-time"));
	assert_non_null(strstr(text, "not-finite"));
	free(text);
	free(log);
	json_decref(result.events);
}

/* A worker whose train takes 1,000 s, with a child; both hold the write end of `alive`. */
static pid_t start_sleeper(char *job, char *out, int events[2], int alive[2])
{
	char number[16];
	char *arguments[] = {TEXT("worker-counting"),
	                     TEXT("--events"),
	                     number,
	                     TEXT("--job"),
	                     job,
	                     TEXT("--out"),
	                     out,
	                     TEXT("--option"),
	                     TEXT("sleep=1000000"),
	                     NULL};

	assert_int_equal(pipe(events), 0);
	assert_int_equal(pipe(alive), 0);
	snprintf(number, sizeof(number), "%d", events[1]);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		close(events[0]);
		close(alive[0]);
		setpgid(0, 0);
		if (fork() == 0) {
			close(events[1]);
			for (;;)
				pause();
		}
		be_worker(&counting, arguments);
	}
	close(events[1]);
	close(alive[1]);
	return child;
}

static void test_ends_with_its_reader(void **state)
{
	(void)state;
	char *job = write_job(1), *out = files_join(folder, "out-reader"), byte;
	int events[2], alive[2], status;
	pid_t worker = start_sleeper(job, out, events, alive);
	FILE *lines = fdopen(events[0], "r");
	char line[EVENT_LINE_MAX + 1];

	do
		assert_non_null(fgets(line, sizeof(line), lines));
	while (!strstr(line, "\"train\""));
	fclose(lines);
	assert_int_equal(waitpid(worker, &status, 0), worker);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(read(alive[0], &byte, 1), 0); /* the end: its child is gone, too */
	close(alive[0]);
	free(job);
	free(out);
}

/* Events to a file, as one does by hand; no pipe, nobody to be gone. */
static void test_events_to_a_file(void **state)
{
	(void)state;
	char *path = files_join(folder, "events"), number[16];
	int descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), status;
	char *arguments[] = {TEXT("worker-counting"), TEXT("--probe"), TEXT("--events"), number, NULL};

	snprintf(number, sizeof(number), "%d", descriptor);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		be_worker(&counting, arguments);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	lseek(descriptor, 0, SEEK_SET);
	struct result result = {status, read_events(descriptor)};
	assert_events(&result, "hello done");
	json_decref(result.events);
	close(descriptor);
	free(path);
}

static void test_no_descriptor(void **state)
{
	(void)state;
	struct result result = RUN(TEXT("--probe"), TEXT("--events"), TEXT("999"));

	assert_exit(&result, EXIT_USAGE);
	assert_int_equal(json_array_size(result.events), 0);
	json_decref(result.events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_probe_of_what_is_missing),
		cmocka_unit_test(test_job),
		cmocka_unit_test(test_job_without_epochs),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_profile_of_what_has_none),
		cmocka_unit_test(test_extra_epochs),
		cmocka_unit_test(test_extra_epochs_end),
		cmocka_unit_test(test_loss_that_is_no_number),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_order_out_of_range),
		cmocka_unit_test(test_greeting_that_is_too_long),
		cmocka_unit_test(test_long_message_fits),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_ends_with_its_reader),
		cmocka_unit_test(test_events_to_a_file),
		cmocka_unit_test(test_no_descriptor),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove) != 0;
}
