/* SPDX-License-Identifier: MIT */
/*
 * A worker that trains nothing and misbehaves by its name: as worker-crash it crashes, as
 * worker-honest it keeps to docs/PROTOCOL.md.  To the judge it shows what it looks for: the initial
 * weights with their true count of correct test images, and the reference's own weights.  Tests link to it under the names they need:
 *
 *     ln -s "$CNNBENCH_BUILD/tests/workers/hostile" "$folder/worker-crash"
 *
 * The table `modes` says what each does.  Every process of it holds a shared lock on the file
 * `alive` in the folder above --out, if that file is there: who gets it exclusively knows that none
 * is left.
 */
#include "core/clock.h"
#include "core/error.h"
#include "core/event.h"
#include "core/job.h"
#include "core/memory.h"
#include "core/reference.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum moment { BEFORE_HELLO, HELLO, IN_EPOCH, BETWEEN, END_EPOCH, READ, LAST, AFTER_LAST };

struct mode {
	const char *name;
	enum moment moment; /* in epoch 2 where it is one of an epoch */
	void (*act)(void);  /* at that moment, once */
	int epoch_ms;       /* how long an epoch takes; 0: 4 ms */
};

/* ---- What the process knows ---- */

static const struct mode *mode;
static int events = 1, epochs;
static const char *out, *chosen; /* chosen: in an earlier process, or NULL */
static struct job job;
static int64_t shift_ns; /* added to stamps */
static bool halved;      /* durations of train spans are told as half of what they were */
static enum npy_type weights_type = NPY_F32;
static size_t weights_count, weights_cut; /* elements; bytes off the end of the file */
static float *init, *verified;            /* the weights of both files */
static size_t correct;                    /* test images, with the initial weights */
static bool one_file;                     /* for the weights of both spans */
static bool not_finite, keep;             /* losses are null; events are kept back */

static void rest(int ms)
{
	struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};

	while (nanosleep(&time, &time))
		;
}

static void send(json_t *event)
{
	if (event_write(events, event))
		_exit(9);
}

static void write_bytes(const char *bytes, size_t size)
{
	if (write(events, bytes, size) < 0)
		_exit(9);
}

static void write_text(const char *text)
{
	write_bytes(text, strlen(text));
}

/* ---- Ways to misbehave ---- */

static void crash(void)
{
	signal(SIGSEGV, SIG_DFL); /* a sanitizer has its own opinion */
	raise(SIGSEGV);
}

static void fail(void)
{
	fprintf(stderr, "first line of the log\nlast line of the log\n");
	send(json_pack("{s:s, s:s, s:s}", "event", "error", "kind", "memory", "message",
	               "no room for the weights"));
	_exit(1);
}

static void leave(void)
{
	_exit(3);
}

static void quit(void)
{
	_exit(0);
}

static void be_silent(void)
{
	for (;;)
		pause();
}

static void flood(void)
{
	static char bytes[64 << 10];

	memset(bytes, 'x', sizeof(bytes));
	for (;;)
		write_bytes(bytes, sizeof(bytes));
}

static void chatter(void)
{
	for (;;)
		write_text("{\"event\": \"memory\", \"name\": \"pool\", \"bytes\": 1}\n");
}

static void tear(void)
{
	write_text("{\"event\": \"begin\", \"span\": \"tr");
	_exit(0);
}

static void babble(void)
{
	write_text("epoch 1 of 4 \xff\x1b[31m loss 0.3\n");
	be_silent();
}

static void be_foreign(void)
{
	write_text("{\"event\": \"tea\", \"sugar\": 2}\n");
	be_silent();
}

static void close_events(void)
{
	close(events);
	be_silent();
}

/* The child has the events, the log and the lock. */
static void leave_child(void)
{
	if (fork() == 0)
		be_silent();
}

static void be_stubborn(void)
{
	signal(SIGTERM, SIG_IGN);
	if (fork() == 0)
		be_silent();
	be_silent();
}

static void stop_early(void)
{
	epochs = 1;
}

static void halve(void)
{
	halved = true;
}

static void idle(void)
{
	rest(150);
}

static void foresee(void)
{
	shift_ns = 50 * 1000000;
}

static void keep_back(void)
{
	keep = true;
}

static void diverge(void)
{
	not_finite = true;
}

static void be_unavailable(void)
{
	send(json_pack("{s:s, s:s, s:s}", "event", "unavailable", "reason", "no such device", "help",
	               "buy one"));
	_exit(0);
}

static void talk_on(void)
{
	write_text("{\"event\": \"memory\", \"name\": \"pool\", \"bytes\": 1}\n");
}

static void lose_file(void)
{
	out = NULL;
}

static void reuse_file(void)
{
	one_file = true;
}

static void shorten(void)
{
	weights_count--;
}

static void change_type(void)
{
	weights_type = NPY_U32;
}

static void cut_file(void)
{
	weights_cut = 1;
}

static void tune(void)
{
	char name[32];

	if (chosen)
		return;
	snprintf(name, sizeof(name), "process %ld", (long)getpid());
	send(json_pack("{s:s, s:s, s:I}", "event", "begin", "span", "tune", "ns",
	               (json_int_t)clock_ns()));
	send(json_pack("{s:s, s:s, s:I, s:s}", "event", "end", "span", "tune", "ns",
	               (json_int_t)clock_ns(), "chosen", name));
}

static const struct mode modes[] = {
	{"honest", HELLO, NULL, 0},
	{"slow", HELLO, NULL, 300},
	{"crash", IN_EPOCH, crash, 0},          /* by signal 11 */
	{"fail", IN_EPOCH, fail, 0},            /* an "error" event and two lines in the log */
	{"leave", IN_EPOCH, leave, 0},          /* exit status 3, without a word */
	{"quit", BETWEEN, quit, 0},             /* exit status 0 without "done" */
	{"mute", BEFORE_HELLO, be_silent, 0},   /* no event at all */
	{"silent", IN_EPOCH, be_silent, 0},     /* no further event */
	{"flood", IN_EPOCH, flood, 0},          /* bytes without end, no line */
	{"chatter", BETWEEN, chatter, 0},       /* events in order without end */
	{"torn", BETWEEN, tear, 0},             /* half a line, then exit status 0 */
	{"babble", BETWEEN, babble, 0},         /* a line that is no JSON */
	{"foreign", BETWEEN, be_foreign, 0},    /* an event of another protocol */
	{"close", IN_EPOCH, close_events, 0},   /* no events any more, and lives on */
	{"child", LAST, leave_child, 0},        /* a child keeps events and log open */
	{"stubborn", IN_EPOCH, be_stubborn, 0}, /* ignores SIGTERM, its child too; silent */
	{"early", HELLO, stop_early, 0},        /* one epoch only */
	{"half", HELLO, halve, 30},             /* tells half of the time */
	{"idle", BETWEEN, idle, 0},             /* 150 ms between two spans */
	{"future", END_EPOCH, foresee, 0},      /* stamps 50 ms ahead */
	{"keep", IN_EPOCH, keep_back, 0},       /* sends lines 200 ms after their stamp */
	{"diverge", IN_EPOCH, diverge, 0},      /* losses are not finite */
	{"unavailable", HELLO, be_unavailable, 0},
	{"talk", AFTER_LAST, talk_on, 0}, /* an event after "done" */
	{"status", AFTER_LAST, leave, 0}, /* exit status 3 after "done" */
	{"lost", READ, lose_file, 0},     /* names a file that it did not write */
	{"short", READ, shorten, 0},      /* weights that lack an element */
	{"typed", READ, change_type, 0},  /* weights of another type */
	{"same", READ, reuse_file, 0},    /* one file for both weights */
	{"cut", READ, cut_file, 0},       /* weights whose last byte is missing */
	{"alias", HELLO, NULL, 0},        /* calls itself "honest" */
	{"tune", HELLO, tune, 0},         /* honest, and chooses by trials unless told what */
};
enum { MODES = sizeof(modes) / sizeof(*modes) };

static void pass(enum moment moment)
{
	if (mode->moment == moment && mode->act)
		mode->act();
}

/* ---- An honest worker otherwise ---- */

static json_t *mark(const char *kind, const char *span, int epoch, bool extra, int64_t ns)
{
	json_t *event = json_pack("{s:s, s:s, s:I}", "event", kind, "span", span, "ns",
	                          (json_int_t)(ns + shift_ns));

	if (epoch)
		json_object_set_new(event, "epoch", json_integer(epoch));
	if (extra)
		json_object_set_new(event, "extra", json_true());
	return event;
}

static void set_counts(json_t *event, size_t samples, size_t right)
{
	json_object_set_new(event, "samples", json_integer((json_int_t)samples));
	json_object_set_new(event, "correct", json_integer((json_int_t)right));
	json_object_set_new(event, "loss", not_finite ? json_null() : json_real(0.5));
}

static void train(int epoch, bool extra)
{
	int64_t start = clock_ns();
	send(mark("begin", "train", epoch, extra, start));
	rest(mode->epoch_ms ? mode->epoch_ms : 4);
	if (epoch == 2)
		pass(IN_EPOCH);
	int64_t end = clock_ns();
	if (epoch == 2)
		pass(END_EPOCH);
	json_t *event = mark("end", "train", epoch, extra, halved ? start + (end - start) / 2 : end);
	set_counts(event, job.n_train, job.n_train / 2);
	json_object_set_new(
		event, "steps",
		json_integer((json_int_t)((job.n_train + job.work.batch - 1) / job.work.batch)));
	if (keep)
		rest(200);
	send(event);
}

static void eval(int epoch)
{
	send(mark("begin", "eval", epoch, false, clock_ns()));
	json_t *event = mark("end", "eval", epoch, false, clock_ns());
	set_counts(event, job.n_test, correct);
	send(event);
}

static void write_weights(const char *span, const float *weights)
{
	send(mark("begin", span, 0, false, clock_ns()));
	char *name = memory_text("%s.npy", one_file ? "read" : span),
		 *path = memory_text("%s/%s", out ? out : "/nowhere", name);
	size_t size = npy_file_size(weights_type, 1, &weights_count) - weights_cut;
	if (out &&
	    (npy_write(path, weights_type, 1, &weights_count, weights) || truncate(path, (off_t)size)))
		_exit(9);
	json_t *event = mark("end", span, 0, false, clock_ns());
	json_object_set_new(event, "file", json_string(name));
	free(path);
	free(name);
	send(event);
}

static void count_correct(void)
{
	uint8_t *images = memory_new(job.test_images.count, 1), *labels = memory_new(job.n_test, 1);
	const struct reference_data data = {images, labels, job.n_test};
	struct reference *reference = reference_new(&job.model, 1);
	struct reference_stats stats;

	if (npy_read(&job.test_images, 0, job.test_images.count, images) ||
	    npy_read(&job.test_labels, 0, job.n_test, labels))
		_exit(9);
	reference_set_float(reference, init);
	reference_eval(reference, &data, NULL, job.n_test, &stats);
	correct = stats.correct;
	reference_free(reference);
	free(images);
	free(labels);
}

static void prepare(const char *folder)
{
	if (job_open(&job, folder))
		_exit(9);
	double *reference = memory_new(job.model.parameters, sizeof(*reference));

	epochs = job.work.epochs;
	weights_count = job.model.parameters;
	init = memory_new(job.model.parameters, sizeof(*init));
	verified = memory_new(job.model.parameters, sizeof(*verified));
	if (npy_read(&job.init, 0, weights_count, init) ||
	    npy_read(&job.reference, 0, weights_count, reference))
		_exit(9);
	for (size_t i = 0; i < weights_count; i++)
		verified[i] = (float)reference[i];
	free(reference);
	count_correct();
}

static void send_hello(bool with_specs)
{
	const char *name = strcmp(mode->name, "alias") == 0 ? "honest" : mode->name;
	json_t *hello = json_pack(
		"{s:s, s:i, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:{}}", "event", "hello",
		"protocol", EVENT_PROTOCOL, "platform", name, "summary", "a worker for tests", "device",
		"none", "device_kind", "cpu", "simulated", 0, "variant", "", "precision", "float32", "data",
		"none", "compiler", "", "flags", "", "libraries", "", "options");

	if (with_specs)
		json_object_set_new(hello, "specs", json_array());
	send(hello);
}

static void work(const char *folder)
{
	pass(BEFORE_HELLO);
	prepare(folder);
	send_hello(false);
	pass(HELLO);
	for (int epoch = 1; epoch <= epochs; epoch++) {
		train(epoch, false);
		if (epoch == 2)
			pass(BETWEEN);
		eval(epoch);
	}
	pass(READ);
	write_weights("read", init);
	write_weights("verify", verified);
	job_close(&job);
	free(init);
	free(verified);
	pass(LAST);
	send(json_pack("{s:s}", "event", "done"));
	pass(AFTER_LAST);
}

static void hold_lock(void)
{
	char *path = memory_text("%s/../alive", out);
	int lock = open(path, O_RDONLY);

	if (lock >= 0)
		flock(lock, LOCK_SH);
	free(path);
}

/* Its name without "worker-", or without the path where it has no such name. */
static const struct mode *find_mode(const char *name)
{
	const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;

	if (strncmp(last, "worker-", 7) == 0)
		last += 7;
	for (int i = 0; i < MODES; i++)
		if (strcmp(modes[i].name, last) == 0)
			return &modes[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const char *folder = NULL;

	mode = find_mode(argv[0]);
	if (!mode) {
		for (int i = 0; i < MODES; i++)
			printf("worker-%s\n", modes[i].name);
		return 2;
	}
	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "--events") == 0)
			events = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--job") == 0)
			folder = argv[i + 1];
		else if (strcmp(argv[i], "--out") == 0)
			out = argv[i + 1];
		else if (strcmp(argv[i], "--chosen") == 0)
			chosen = argv[i + 1];
	}
	signal(SIGPIPE, SIG_IGN);
	if (folder && out) {
		hold_lock();
		work(folder);
	} else {
		send_hello(true);
		send(json_pack("{s:s}", "event", "done"));
	}
	return 0;
}
