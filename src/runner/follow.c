/* SPDX-License-Identifier: MIT */
/*
 * The life of `follow`: prepare (folder for weights, log), start, listen until the process has ended
 * or must be stopped, conclude (reap, judge the end, hold the clocks together, write "exit").
 *
 * The first verdict stands: what goes wrong after it is mostly its consequence.
 */
#include "runner/follow.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/event.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/npy.h"
#include "results/field.h"
#include "runner/clocks.h"
#include "runner/grammar.h"
#include "runner/interrupt.h"
#include "runner/judge.h"
#include "runner/log.h"
#include "runner/meter.h"
#include "runner/process.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS 1000000LL /* in ns */
#define SECOND (1000 * MS)

/* Rule 2: at most five samples a second. */
#define SAMPLE_NS (SECOND / 5)
/* A worker that has said its last word, or closed its events, may take so long to end: frameworks
 * free gigabytes and contexts of devices. */
#define LAST_WORD_NS (10 * SECOND)
#define CLOSED_NS (2 * SECOND)
/* Between polite and not. */
enum { STOP_MS = 2000 };
/* Once the events are closed there is nothing to poll for but the end itself. */
#define WAIT_NS MS
/* poll(2) that came back sooner found the line already there: it may have come while the runner
 * was busy with what was before it. */
#define PROMPT_NS (50 * 1000)
/* The measured peak may be too low by a tenth. */
#define PEAK_SLACK 1.1
enum { READ_SIZE = 64 << 10, DRAIN_SIZE = 1 << 20, QUOTE_SIZE = 80 };

struct following {
	const struct follow_order *order;
	struct journal *journal;
	const struct observer *observer;
	char *out;                 /* the worker's --out */
	char *log_path, *log_name; /* log_name: in the results folder */
	int log;
	off_t log_start;

	struct process process;
	struct event_reader reader;
	struct grammar grammar;
	struct clocks clocks;
	struct meter_vram vram;
	bool gpu;                  /* VRAM can be asked for */
	int64_t peak;              /* bytes; -1 */
	int64_t last_sample;       /* ns */
	int64_t deadline;          /* ns; INT64_MAX: none */
	int64_t busy_since, delay; /* end of the last wait; run-queue time until then */
	int64_t cpu_start;

	char *verify, *final; /* paths of the weights; NULL: not there yet */
	size_t correct;       /* of the last `eval` */
	double first_loss;    /* of epoch 1 */
	char *chosen;         /* in the `tune` span, or NULL */
	json_t *certificate;  /* or NULL */

	const char *status; /* NULL: nothing is wrong so far */
	char why[512], help[256];
	bool stop;   /* do not wait for the process to end by itself */
	bool ended;  /* it has */
	bool broken; /* the journal cannot be written */
};

/* ---- Verdicts and records ---- */

static void verdict(struct following *f, const char *status, const char *format, ...)
	PRINTF_LIKE(3, 4);
static void verdict(struct following *f, const char *status, const char *format, ...)
{
	va_list arguments;

	if (f->status)
		return;
	f->status = status;
	va_start(arguments, format);
	vsnprintf(f->why, sizeof(f->why), format, arguments);
	va_end(arguments);
}

/* A verdict that the worker is ended for. */
#define CUT_SHORT(f, ...) (verdict(f, __VA_ARGS__), (void)((f)->stop = true))

static void append(struct following *f, json_t *record)
{
	if (!record)
		BUG("a record of the journal could not be made");
	if (!f->broken && journal_append(f->journal, record))
		f->broken = f->stop = true;
	else if (f->broken)
		json_decref(record);
}

/* The beginning of a line that is not in order. */
static void record_refused(struct following *f, int64_t heard, const char *why)
{
	char quote[QUOTE_SIZE + 1];

	snprintf(quote, sizeof(quote), "%.*s", (int)strcspn(f->reader.line, "\n"), f->reader.line);
	append(f,
	       json_pack("{s:s, s:I, s:i, s:o, s:o}", "record", "event", "ns", (json_int_t)heard,
	                 "process", f->order->process, "text", log_text(quote), "why", log_text(why)));
}

/* Where in its work the worker is, for messages. */
static const char *place(const struct following *f)
{
	static char words[64];

	if (!*f->grammar.span)
		return f->grammar.state == GRAMMAR_START ? "before its first event" : "between two spans";
	if (f->grammar.epoch > 0 && f->grammar.state < GRAMMAR_VERIFIED)
		snprintf(words, sizeof(words), "in span \"%s\", epoch %d", f->grammar.span,
		         f->grammar.epoch);
	else
		snprintf(words, sizeof(words), "in span \"%s\"", f->grammar.span);
	return words;
}

/* ---- Memory ---- */

/* `epoch` 0: a sample in between. */
static void sample(struct following *f, int epoch)
{
	struct meter_ram ram;
	int64_t vram = -1;

	meter_ram(f->process.pid, &ram);
	if (f->gpu)
		vram = meter_vram(&f->vram, f->process.pid);
	if (ram.peak > f->peak)
		f->peak = ram.peak;
	f->last_sample = clock_ns();
	if (ram.anonymous < 0 && !epoch)
		return; /* the process is gone */
	json_t *record = json_pack("{s:s, s:I, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "record", "memory",
	                           "ns", (json_int_t)f->last_sample, "process", f->order->process,
	                           "anonymous", field_integer_new(ram.anonymous), "file",
	                           field_integer_new(ram.file), "vram", field_integer_new(vram),
	                           "vram_delta", vram < 0 ? json_null() : json_boolean(f->vram.delta),
	                           "system", field_integer_new(meter_system_ram()), "clock_hz",
	                           field_integer_new(meter_clock_hz(f->process.pid)));
	if (epoch)
		json_object_set_new(record, "epoch", json_integer(epoch));
	append(f, record);
}

/* Extra epochs are for time only: they are sampled at the common rate, however short they are. */
static void sample_at_end(struct following *f, const char *span)
{
	int64_t since = clock_ns() - f->last_sample;

	if (strcmp(span, "train") == 0 && (!f->grammar.extra || since >= SAMPLE_NS))
		sample(f, f->grammar.epoch);
	else if (since >= SAMPLE_NS)
		sample(f, 0);
}

static void open_vram(struct following *f, const json_t *hello)
{
	if (!f->gpu && strcmp(event_text(hello, "device_kind"), "gpu") == 0)
		f->gpu = meter_vram_open(&f->vram) == 0;
}

/* ---- Events ---- */

static void shorten_deadline(struct following *f, int64_t patience)
{
	int64_t deadline = clock_ns() + patience;

	if (deadline < f->deadline)
		f->deadline = deadline;
}

/*
 * No CPU trains a sample faster than it can do the multiply-adds of the dense layers, forward and twice
 * backward.  (Of the convolutions exact savings leave out a good part.)
 */
static double least_pace(const struct following *f, const json_t *hello)
{
	const struct tensor *tensors = f->order->job->model.tensors;
	const double weights = (double)(tensors[FC1_WEIGHT].size + tensors[FC2_WEIGHT].size);
	const double threads = field_number(json_object_get(hello, "options"), "threads");
	const double flops = PEAK_SLACK * threads * f->order->thread_flops;

	if (strcmp(event_text(hello, "device_kind"), "cpu") != 0 || !(flops > 0))
		return 0;
	return 3 * 2 * weights / flops;
}

static void hear_hello(struct following *f, const json_t *event)
{
	f->clocks.least_pace = least_pace(f, event);
	open_vram(f, event);
}

/* A whole float32 vector of all parameters; what is in it others judge. */
static void check_weights(struct following *f, const char *file, const char *path)
{
	const size_t *parameters = &f->order->job->model.parameters;
	struct npy array;
	char got[NPY_TEXT_SIZE], wanted[NPY_TEXT_SIZE];
	const char *wrong = npy_inspect(&array, path);

	npy_text(NPY_F32, 1, parameters, wanted);
	npy_text(array.type, array.rank, array.dims, got);
	if (wrong)
		CUT_SHORT(f, "protocol_error", "event %lu (\"end\"): \"%s\": %s, wanted %s",
		          f->grammar.events, file, wrong, wanted);
	else if (strcmp(got, wanted) != 0)
		CUT_SHORT(f, "protocol_error", "event %lu (\"end\"): \"%s\" holds %s, wanted %s",
		          f->grammar.events, file, got, wanted);
	npy_close(&array);
}

/* Takes over the path, where the file is as it should be. */
static void hear_weights(struct following *f, const char *file, char **path)
{
	*path = files_join(f->out, file);
	if (f->final && f->verify && strcmp(f->final, f->verify) == 0)
		CUT_SHORT(f, "protocol_error",
		          "event %lu (\"end\"): \"%s\" is the file of \"read\"; the weights of "
		          "\"verify\" go to another",
		          f->grammar.events, file);
	else if (files_is_regular(*path))
		check_weights(f, file, *path);
	else
		CUT_SHORT(f, "protocol_error", "event %lu (\"end\"): there is no file \"%s\" in --out",
		          f->grammar.events, file);
}

static void hear_tune(struct following *f, const json_t *event)
{
	const char *chosen = event_text(event, "chosen");

	f->chosen = chosen && *chosen ? memory_copy(chosen) : NULL;
}

static void hear_train(struct following *f, const json_t *event)
{
	if (f->grammar.epoch == 1)
		f->first_loss = field_number(event, "loss");
}

static void hear_eval(struct following *f, const json_t *event)
{
	f->correct = (size_t)json_integer_value(json_object_get(event, "correct"));
}

static void hear_read(struct following *f, const json_t *event)
{
	hear_weights(f, event_text(event, "file"), &f->final);
}

static void hear_verify(struct following *f, const json_t *event)
{
	hear_weights(f, event_text(event, "file"), &f->verify);
}

static void hear_end(struct following *f, const json_t *event)
{
	static const struct {
		const char *span;
		void (*hear)(struct following *f, const json_t *event);
	} spans[] = {{"tune", hear_tune},
	             {"train", hear_train},
	             {"eval", hear_eval},
	             {"read", hear_read},
	             {"verify", hear_verify}};
	const char *span = event_text(event, "span");

	for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++)
		if (strcmp(spans[i].span, span) == 0)
			spans[i].hear(f, event);
	sample_at_end(f, span);
}

static void hear_done(struct following *f, const json_t *event)
{
	(void)event;
	shorten_deadline(f, LAST_WORD_NS);
}

static void hear_error(struct following *f, const json_t *event)
{
	verdict(f, "failed", "%s: %s", event_text(event, "kind"), event_text(event, "message"));
	shorten_deadline(f, LAST_WORD_NS);
}

static void hear_unavailable(struct following *f, const json_t *event)
{
	verdict(f, "unavailable", "%s", event_text(event, "reason"));
	snprintf(f->help, sizeof(f->help), "%s", event_text(event, "help"));
	shorten_deadline(f, LAST_WORD_NS);
}

static const struct {
	const char *kind;
	void (*hear)(struct following *f, const json_t *event);
} listeners[] = {
	{"hello", hear_hello},
	{"end", hear_end},
	{"done", hear_done},
	{"error", hear_error},
	{"unavailable", hear_unavailable},
};

/* What the worker said is not in order. */
static void refuse(struct following *f, int64_t heard, const char *why)
{
	CUT_SHORT(f, "protocol_error", "%s", why);
	record_refused(f, heard, why);
}

/* Takes over the event. */
static void hear(struct following *f, json_t *event, struct clocks_time time)
{
	char why[sizeof(f->why)];

	if (grammar_accept(&f->grammar, event, why, sizeof(why))) {
		refuse(f, time.heard, why);
		json_decref(event);
		return;
	}
	clocks_hear(&f->clocks, event, time);
	append(f, json_pack("{s:s, s:I, s:i, s:O}", "record", "event", "ns", (json_int_t)time.heard,
	                    "process", f->order->process, "event", event));
	if (f->observer && f->observer->event)
		f->observer->event(f->observer->context, f->order, event);
	for (size_t i = 0; i < sizeof(listeners) / sizeof(*listeners); i++)
		if (strcmp(listeners[i].kind, event_text(event, "event")) == 0)
			listeners[i].hear(f, event);
	json_decref(event);
}

/* All lines in some bytes; the first offence ends it. */
static void hear_bytes(struct following *f, const char *bytes, size_t size, struct clocks_time time)
{
	json_t *event;

	char why[128];

	while (!f->stop) {
		switch (event_next(&f->reader, &bytes, &size, &event)) {
		case EVENT_NONE: return;
		case EVENT_LINE: hear(f, event, time); continue;
		case EVENT_TOO_LONG:
			snprintf(why, sizeof(why), "line %zu is longer than %d bytes", f->reader.lines,
			         EVENT_LINE_MAX);
			break;
		case EVENT_BROKEN:
			snprintf(why, sizeof(why), "line %zu is no JSON object with a text \"event\"",
			         f->reader.lines);
			break;
		}
		refuse(f, time.heard, why);
	}
}

/* Read once.  The number of bytes; 0: nothing is there now, or the worker has closed its end. */
static size_t read_events(struct following *f, int64_t late)
{
	char bytes[READ_SIZE];
	ssize_t size = read(f->process.events, bytes, sizeof(bytes));

	if (size > 0) {
		struct clocks_time time = {.heard = clock_ns(), .late = late};
		time.waited = meter_run_delay(f->process.pid);
		hear_bytes(f, bytes, (size_t)size, time);
		return (size_t)size;
	}
	if (size < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	close(f->process.events);
	f->process.events = -1;
	shorten_deadline(f, f->grammar.state == GRAMMAR_LAST ? LAST_WORD_NS : CLOSED_NS);
	return 0;
}

/* A child may hold the pipe open when the worker has ended: what the worker wrote is there now. */
static void drain_events(struct following *f)
{
	size_t drained = 0;

	process_stop(&f->process, SIGKILL); /* the group; the ended worker still keeps its number */
	while (f->process.events >= 0 && !f->stop && drained < DRAIN_SIZE) {
		size_t size = read_events(f, 0);
		if (size == 0)
			return;
		drained += size;
	}
}

/* ---- Listening ---- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Sleep until an event, a signal, the next sample or the deadline.  How late the runner may be with
 * what it finds (runner/clocks.h); -1: no event is there. */
static int64_t wait_for_event(struct following *f)
{
	int64_t start = clock_ns(), busy = start - f->busy_since;
	int64_t tick = f->process.events >= 0 ? f->last_sample + SAMPLE_NS : start + WAIT_NS;
	int64_t sleep = least(tick, f->deadline) - start;
	struct pollfd places[] = {{.fd = f->process.events, .events = POLLIN},
	                          {.fd = interrupt_descriptor(), .events = POLLIN}};

	int found = poll(places, 2, sleep > 0 ? (int)((sleep + MS - 1) / MS) : 0);
	int64_t delay = meter_run_delay(getpid()), waited = delay - f->delay;
	f->busy_since = clock_ns();
	f->delay = delay;
	if (found <= 0 || !places[0].revents)
		return -1;
	return waited + (f->busy_since - start < PROMPT_NS ? busy : 0);
}

static void check_deadline(struct following *f, int64_t now)
{
	if (now < f->deadline)
		return;
	if (f->grammar.state == GRAMMAR_LAST)
		CUT_SHORT(f, "failed", "did not end after its last event");
	else if (f->process.events < 0)
		CUT_SHORT(f, "protocol_error", "closed its events %s, and did not end", place(f));
	else
		CUT_SHORT(f, "timeout", "not finished after %g s, %s", f->order->timeout, place(f));
	f->stop = true;
}

static void listen_to(struct following *f)
{
	while (!f->stop && !f->ended) {
		int64_t late = wait_for_event(f);
		if (interrupt_signal())
			CUT_SHORT(f, "interrupted", "by signal %d (%s)", interrupt_signal(),
			          strsignal(interrupt_signal()));
		else if (late >= 0)
			read_events(f, late);
		int64_t now = clock_ns();
		bool due = f->process.events < 0 || now - f->last_sample >= SAMPLE_NS;
		if (due && !f->stop && process_has_ended(&f->process))
			f->ended = true;
		else if (now - f->last_sample >= SAMPLE_NS)
			sample(f, 0);
		check_deadline(f, now);
	}
	if (f->ended)
		drain_events(f);
}

/* ---- Start ---- */

static int prepare(struct following *f)
{
	const struct follow_order *order = f->order;
	char stamp[CLOCK_STAMP_SIZE];

	f->out = memory_text("%s/out-%d", order->results, order->process);
	f->log_name = memory_text("logs/%s.log", order->candidate->file);
	f->log_path = files_join(order->results, f->log_name);
	if (files_make_folder(f->out))
		return -1;
	clock_stamp(stamp, 0);
	char *heading = memory_text("# process %d, round %d, %s: %s", order->process, order->round,
	                            stamp, order->candidate->label);
	f->log = log_open(f->log_path, heading, &f->log_start);
	free(heading);
	return f->log < 0 ? -1 : 0;
}

/* Only a worker that says so knows the word. */
static bool is_profiled(const struct follow_order *order)
{
	return order->profile && json_is_true(json_object_get(order->candidate->hello, "profile"));
}

/* The words of the call, each and the list to be freed. */
static char **make_arguments(const struct following *f)
{
	enum { FIXED = 16 };
	const struct follow_order *order = f->order;
	char **options = order->candidate->options ? selection_arguments(order->candidate) : NULL;
	size_t count = 0, n_options = 0;

	while (options && options[n_options])
		n_options++;
	char **words = memory_new(FIXED + n_options, sizeof(*words));
	const char *slash = strrchr(order->candidate->path, '/');
	words[count++] = memory_copy(slash ? slash + 1 : order->candidate->path);
	words[count++] = memory_copy("--job");
	words[count++] = memory_copy(order->job->folder);
	words[count++] = memory_copy("--out");
	words[count++] = memory_copy(f->out);
	words[count++] = memory_copy("--events");
	words[count++] = memory_text("%d", PROCESS_EVENTS);
	if (order->min_time > 0) {
		words[count++] = memory_copy("--min-time");
		words[count++] = memory_text("%.9g", order->min_time);
	}
	if (is_profiled(order))
		words[count++] = memory_copy("--profile");
	if (order->chosen) {
		words[count++] = memory_copy("--chosen");
		words[count++] = memory_copy(order->chosen);
	}
	for (size_t i = 0; i < n_options; i++)
		words[count++] = options[i];
	free(options);
	return words;
}

/* False: it could not be started. */
static bool start(struct following *f)
{
	const struct follow_order *order = f->order;
	char **words = make_arguments(f);

	open_vram(f, order->candidate->hello); /* before the worker uses any */
	f->cpu_start = clock_cpu_ns();
	bool started = process_start(&f->process, order->candidate->path, words, order->environment,
	                             f->log, f->why, sizeof(f->why)) == 0;
	if (!started)
		f->status = "failed";
	append(f, json_pack("{s:s, s:I, s:i, s:i, s:s, s:o}", "record", "start", "ns",
	                    (json_int_t)f->process.started_ns, "process", order->process, "round",
	                    order->round, "label", order->candidate->label, "argv", log_words(words)));
	memory_free_words(words);
	grammar_start(&f->grammar, order->candidate->platform, order->job);
	f->grammar.no_extra = !(order->min_time > 0);
	f->grammar.profile = is_profiled(order);
	clocks_start(&f->clocks, f->process.started_ns);
	f->last_sample = f->busy_since = f->process.started_ns;
	f->delay = meter_run_delay(getpid());
	f->deadline = INT64_MAX;
	if (order->timeout > 0 && order->timeout < 1e9)
		f->deadline = f->process.started_ns + (int64_t)(order->timeout * 1e9);
	return started;
}

/* ---- Conclusion ---- */

static void judge_signal(struct following *f, int number)
{
	verdict(f, "failed", "killed by signal %d (%s) %s%s", number, strsignal(number), place(f),
	        number == SIGKILL ? "; the system does that when memory runs out" : "");
}

/* How the process itself ended, where nothing was wrong before. */
static void judge_end(struct following *f, const struct process_end *end)
{
	bool last = f->grammar.state == GRAMMAR_LAST;
	char why[256];

	if (!end->exited)
		judge_signal(f, end->code);
	else if (last && end->code != 0)
		verdict(f, "failed", "exit status %d after \"done\"", end->code);
	else if (!last && end->code != 0)
		verdict(f, "failed", "exit status %d without an \"error\" event, %s", end->code, place(f));
	else if (f->reader.length > 0)
		verdict(f, "protocol_error", "line %zu was not finished", f->reader.lines + 1);
	else if (grammar_finish(&f->grammar, why, sizeof(why)))
		verdict(f, "protocol_error", "%s", why);
}

static void judge_clocks(struct following *f, const struct ledger *ledger)
{
	char why[256];

	if (!f->status && clocks_check(&f->clocks, ledger, why, sizeof(why)))
		verdict(f, "failed", "%s", why);
}

/* What the judge finds stands behind all that went wrong on the way. */
static void judge_weights(struct following *f)
{
	const struct claim claim = {
		.verify = f->verify,
		.final = f->final,
		.evaluated = f->order->job->work.epochs > 0,
		.correct = f->correct,
		.diverged = f->grammar.diverged,
	};
	struct judgement judgement;

	if (f->status || !f->verify || !f->final)
		return;
	if (!f->order->judge)
		verdict(f, f->grammar.diverged ? "diverged" : "unjudged", "%s",
		        f->grammar.diverged ? "a loss is not finite" : "");
	else if (judge_claim(f->order->judge, &claim, &judgement))
		verdict(f, "failed", "its weights could not be read any more when it had ended");
	else
		verdict(f, judgement.status, "%s", judgement.why), f->certificate = judgement.certificate;
}

/* Statuses whose reason does not lie in the process, and not in its log. */
static bool went_well(const struct following *f)
{
	static const char *const statuses[] = {"unjudged", "verified", "not_sharp"};
	bool well = false;

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		well = well || strcmp(f->status, statuses[i]) == 0;
	return well;
}

static void record_exit(struct following *f, const struct process_end *end,
                        const struct ledger *ledger)
{
	json_t *tail = went_well(f) ? json_array() : log_tail(f->log_path, f->log_start);
	json_t *record = json_pack(
		"{s:s, s:I, s:i, s:s, s:o, s:o, s:f, s:f, s:f, s:o, s:f, s:i, s:{s:f, s:f, s:f, s:f}, s:s, s:o, s:O?}",
		"record", "exit", "ns", (json_int_t)end->ended_ns, "process", f->order->process, "status",
		f->status, "why", log_text_or_null(f->why), "help", log_text_or_null(f->help),
		"wall_seconds", ledger->wall, "user_seconds", end->user_seconds, "system_seconds",
		end->system_seconds, "peak_rss", field_integer_new(f->peak), "runner_seconds",
		1e-9 * (double)(clock_cpu_ns() - f->cpu_start), end->exited ? "exit_code" : "signal",
		end->code, "ledger", "start_seconds", ledger->start, "spans_seconds", ledger->spans,
		"outside_seconds", ledger->outside, "end_seconds", ledger->end, "log", f->log_name,
		"log_tail", tail, "certificate", f->certificate);

	json_incref(record);
	append(f, record);
	if (f->observer && f->observer->ended)
		f->observer->ended(f->observer->context, f->order, record);
	json_decref(record);
}

static void conclude(struct following *f)
{
	struct process_end end;

	if (f->stop)
		process_stop(&f->process, SIGTERM);
	process_reap(&f->process, STOP_MS, &end);
	if (end.peak_rss > f->peak)
		f->peak = end.peak_rss;
	struct ledger ledger = clocks_ledger(&f->clocks, end.ended_ns);
	if (!f->stop)
		judge_end(f, &end);
	judge_clocks(f, &ledger);
	judge_weights(f);
	record_exit(f, &end, &ledger);
}

/* Nothing ran: exit status 127, as a shell's for a command that it cannot start. */
static void conclude_unstarted(struct following *f)
{
	struct process_end end = {.ended_ns = f->process.started_ns, .exited = true, .code = 127};
	struct ledger ledger = {0};

	record_exit(f, &end, &ledger);
}

static void clean_up(struct following *f)
{
	if (f->log >= 0)
		close(f->log);
	if (f->gpu)
		meter_vram_close(&f->vram);
	if (!f->order->keep_weights && files_is_folder(f->out) && files_remove_folder(f->out))
		warning("%s: remove this folder yourself", f->out);
	clocks_free(&f->clocks);
	json_decref(f->certificate);
	free(f->verify);
	free(f->final);
	free(f->out);
	free(f->log_name);
	free(f->log_path);
}

int follow(const struct follow_order *order, struct journal *journal,
           const struct observer *observer, struct outcome *outcome)
{
	struct following f = {
		.order = order,
		.journal = journal,
		.observer = observer,
		.log = -1,
		.peak = -1,
		.first_loss = (double)NAN,
	};
	int failed = prepare(&f);

	if (!failed && start(&f)) {
		listen_to(&f);
		conclude(&f);
	} else if (!failed) {
		conclude_unstarted(&f);
	}
	clean_up(&f);
	*outcome = (struct outcome){f.status, f.first_loss, f.chosen};
	return failed || f.broken ? -1 : 0;
}
