/* SPDX-License-Identifier: MIT */
#include "results/results.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/memory.h"
#include "results/field.h"
#include "results/foreign.h"
#include "results/journal.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t unknown_ns = INT64_MIN;

/* A process whose records are being read, and its open span. */
struct reading {
	size_t contestant, execution; /* places, as the arrays still move */
	int64_t start_ns;
	char span[16]; /* or "" */
	int64_t begin_ns, begin_receipt_ns;
};

struct reader {
	struct results *results;
	const char *path;
	size_t line; /* in the journal */
	int64_t run_ns;
	time_t started;
	struct reading *readings; /* in the order of their start */
	size_t n_readings;
};

/* The first line that makes no sense ends the reading: what follows would rest on it. */
static int refuse(const struct reader *reader, const char *what)
{
	return error("%s: line %zu: %s; restore the file, or remove that line", reader->path,
	             reader->line, what);
}

static int64_t read_ns(const json_t *record)
{
	int64_t ns;

	return field_integer(record, "ns", 0, INT64_MAX, &ns) ? ns : unknown_ns;
}

static double seconds_between(int64_t from, int64_t to)
{
	if (from == unknown_ns || to == unknown_ns)
		return UNMEASURED;
	return (double)(to - from) * 1e-9; /* neither is negative, their difference may be */
}

/* "2026-11-22T20:48:42Z"; -1 where it is no time. */
static time_t read_stamp(const char *text)
{
	struct tm utc = {0};

	if (!text || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
	                    &utc.tm_hour, &utc.tm_min, &utc.tm_sec) != 6)
		return -1;
	utc.tm_year -= 1900;
	utc.tm_mon -= 1;
	return timegm(&utc);
}

/* The wall clock at a time of the monotonic one; "" where it is not known. */
static void stamp_at(const struct reader *reader, int64_t ns, char out[24])
{
	double seconds = seconds_between(reader->run_ns, ns);
	struct tm utc;

	out[0] = '\0';
	if (reader->started < 0 || !(fabs(seconds) < 1e9))
		return;
	time_t time = reader->started + (time_t)seconds;
	if (!gmtime_r(&time, &utc) || !strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &utc))
		out[0] = '\0';
}

/* ---- Its first record ---- */

static int read_platform(struct reader *reader, const json_t *record)
{
	struct results *results = reader->results;
	const char *label = field_text(record, "label"), *file = field_text(record, "file");
	const char *platform = field_text(record, "platform");

	if (!label || !*label || results_contestant(results, label))
		return refuse(reader, "a platform without a label of its own");
	results->contestants = memory_grow(results->contestants, results->n_contestants + 1,
	                                   sizeof(*results->contestants));
	results->contestants[results->n_contestants++] = (struct contestant){
		.label = memory_copy(label),
		.file = contestant_file(file ? file : label),
		.platform = memory_copy(platform ? platform : label),
		.status = json_is_true(json_object_get(record, "ready")) ? STATUS_INTERRUPTED
	                                                             : STATUS_UNAVAILABLE,
		.why = field_text_copy(record, "reason"),
		.help = field_text_copy(record, "help"),
		.hello = json_incref(json_object_get(record, "hello")),
	};
	return 0;
}

static int read_run(struct reader *reader, json_t *record)
{
	struct results *results = reader->results;
	const json_t *platforms = json_object_get(record, "platforms"), *platform;
	struct foreign_flaw flaw;
	size_t i;

	results->run = json_incref(record);
	results->n_train = results_samples(record);
	if (foreign_find_flaw(record, &flaw)) {
		char *text = memory_text("its %s %s", flaw.key, flaw.what);
		refuse(reader, text);
		free(text);
		return -1;
	}
	reader->run_ns = read_ns(record);
	reader->started = read_stamp(field_text(record, "started"));
	json_array_foreach (platforms, i, platform)
		if (read_platform(reader, platform))
			return -1;
	return 0;
}

/* ---- Processes ---- */

static struct execution *execution_of(const struct reader *reader, const struct reading *reading)
{
	return &reader->results->contestants[reading->contestant].executions[reading->execution];
}

/* The process that a record is about; NULL after error(). */
static struct reading *find_reading(struct reader *reader, const json_t *record)
{
	int64_t process;

	if (field_integer(record, "process", 1, INT_MAX, &process))
		for (size_t i = reader->n_readings; i-- > 0;)
			if (execution_of(reader, &reader->readings[i])->process == process)
				return &reader->readings[i];
	refuse(reader, "it is about a process that was not started");
	return NULL;
}

static int read_start(struct reader *reader, json_t *record)
{
	struct results *results = reader->results;
	struct contestant *contestant = results_contestant(results, field_text(record, "label"));
	int64_t process, round;

	if (!contestant || !field_integer(record, "process", 1, INT_MAX, &process) ||
	    !field_integer(record, "round", 1, INT_MAX, &round))
		return refuse(reader, "a start without a known label, a process and a round");
	for (size_t i = 0; i < reader->n_readings; i++)
		if (execution_of(reader, &reader->readings[i])->process == process)
			return refuse(reader, "a process that was started before");

	struct execution *execution = contestant_add(contestant, (int)process, (int)round);
	execution->start = json_incref(record);
	reader->readings =
		memory_grow(reader->readings, reader->n_readings + 1, sizeof(*reader->readings));
	reader->readings[reader->n_readings++] = (struct reading){
		.contestant = (size_t)(contestant - results->contestants),
		.execution = contestant->n_executions - 1,
		.start_ns = read_ns(record),
	};
	return 0;
}

static int read_exit(struct reader *reader, json_t *record)
{
	struct reading *reading = find_reading(reader, record);

	if (!reading)
		return -1;
	struct execution *execution = execution_of(reader, reading);
	if (execution->exit)
		return refuse(reader, "a process that had ended before");
	if (status_read(field_text(record, "status"), &execution->status))
		return refuse(reader, "a status that this version does not know");
	execution->exit = json_incref(record);
	execution->why = field_text_copy(record, "why");
	execution->help = field_text_copy(record, "help");
	execution->wall_seconds = field_number(record, "wall_seconds");
	execution->user_seconds = field_number(record, "user_seconds");
	execution->system_seconds = field_number(record, "system_seconds");
	execution->runner_seconds = field_number(record, "runner_seconds");
	execution->outside_seconds = field_number(json_object_get(record, "ledger"), "outside_seconds");
	return 0;
}

static int read_memory(struct reader *reader, json_t *record)
{
	struct reading *reading = find_reading(reader, record);

	return reading ? json_array_append(execution_of(reader, reading)->samples, record) : -1;
}

/* What the timed epochs showed outweighs what the process's own end said. */
static int read_refusal(struct reader *reader, const json_t *refusal)
{
	struct reading *reading = find_reading(reader, refusal);

	if (!reading)
		return -1;
	struct execution *execution = execution_of(reader, reading);
	if (!execution->exit)
		return refuse(reader, "it refuses a process that has not ended");
	execution->status = STATUS_NOT_VERIFIED;
	free(execution->why);
	execution->why = field_text_copy(refusal, "why");
	return 0;
}

static int read_epoch_check(struct reader *reader, json_t *record)
{
	const json_t *refusal;
	size_t i;

	if (reader->results->epoch_check)
		return refuse(reader, "a second check of epoch 1");
	reader->results->epoch_check = json_incref(record);
	json_array_foreach (json_object_get(record, "refused"), i, refusal)
		if (read_refusal(reader, refusal))
			return -1;
	return 0;
}

static int read_round(struct reader *reader, json_t *record)
{
	return json_array_append(reader->results->rounds, record);
}

static int read_end(struct reader *reader, json_t *record)
{
	struct results *results = reader->results;
	int64_t signal = 0;

	free(results->finished);
	results->finished = field_text_copy(record, "finished");
	field_integer(record, "signal", 0, 1024, &signal);
	results->signal = (int)signal;
	return 0;
}

/* ---- Events ---- */

static struct epoch *find_epoch(struct execution *execution, const json_t *object)
{
	int64_t number;

	if (!field_integer(object, "epoch", 1, INT_MAX, &number))
		return NULL;
	for (size_t i = execution->n_epochs; i-- > 0;)
		if (execution->epochs[i].number == number)
			return &execution->epochs[i];
	return NULL;
}

static double accuracy(const json_t *event)
{
	double samples = field_number(event, "samples"), correct = field_number(event, "correct");

	return samples > 0 && correct >= 0 && correct <= samples ? correct / samples : UNMEASURED;
}

static void add_epoch(struct reader *reader, const struct reading *reading, const json_t *event,
                      int64_t receipt_ns)
{
	struct execution *execution = execution_of(reader, reading);
	int64_t number;

	if (find_epoch(execution, event) || !field_integer(event, "epoch", 1, INT_MAX, &number))
		return;
	execution->epochs =
		memory_grow(execution->epochs, execution->n_epochs + 1, sizeof(*execution->epochs));
	struct epoch *epoch = &execution->epochs[execution->n_epochs++];
	*epoch = (struct epoch){
		.number = (int)number,
		.extra = json_is_true(json_object_get(event, "extra")),
		.train_seconds = seconds_between(reading->begin_ns, read_ns(event)),
		.runner_seconds = seconds_between(reading->begin_receipt_ns, receipt_ns),
		.train_loss = field_number(event, "loss"),
		.train_accuracy = accuracy(event),
		.test_loss = UNMEASURED,
		.test_accuracy = UNMEASURED,
		.anonymous = UNMEASURED,
		.file = UNMEASURED,
		.vram = UNMEASURED,
		.system = UNMEASURED,
		.clock_hz = UNMEASURED,
		.throughput = UNMEASURED,
	};
	stamp_at(reader, read_ns(event), epoch->stamp);
}

static void add_test(struct execution *execution, const json_t *event)
{
	struct epoch *epoch = find_epoch(execution, event);

	if (!epoch)
		return;
	epoch->test_loss = field_number(event, "loss");
	epoch->test_accuracy = accuracy(event);
}

static void add_span(struct execution *execution, const struct reading *reading,
                     const json_t *event)
{
	int64_t epoch = 0;

	field_integer(event, "epoch", 1, INT_MAX, &epoch);
	execution->spans =
		memory_grow(execution->spans, execution->n_spans + 1, sizeof(*execution->spans));
	struct span *span = &execution->spans[execution->n_spans++];
	*span = (struct span){
		.epoch = (int)epoch,
		.begin = seconds_between(reading->start_ns, reading->begin_ns),
		.end = seconds_between(reading->start_ns, read_ns(event)),
	};
	memcpy(span->name, reading->span, sizeof(span->name));
}

static void on_begin(struct reader *reader, struct reading *reading, json_t *event,
                     int64_t receipt_ns)
{
	const char *span = field_text(event, "span");

	(void)reader;
	reading->span[0] = '\0';
	if (span && strlen(span) < sizeof(reading->span)) /* all names of the protocol are short */
		strcpy(reading->span, span);
	reading->begin_ns = read_ns(event);
	reading->begin_receipt_ns = receipt_ns;
}

/* The end of a span that is not the open one breaks the grammar: the status says that. */
static void on_end(struct reader *reader, struct reading *reading, json_t *event,
                   int64_t receipt_ns)
{
	struct execution *execution = execution_of(reader, reading);
	const char *span = field_text(event, "span");

	if (!span || !*span || strcmp(span, reading->span) != 0)
		return;
	add_span(execution, reading, event);
	if (strcmp(span, "train") == 0)
		add_epoch(reader, reading, event, receipt_ns);
	else if (strcmp(span, "eval") == 0)
		add_test(execution, event);
	else if (strcmp(span, "read") == 0)
		execution->total_seconds = seconds_between(reading->start_ns, read_ns(event));
	reading->span[0] = '\0';
}

static void on_hello(struct reader *reader, struct reading *reading, json_t *event,
                     int64_t receipt_ns)
{
	struct execution *execution = execution_of(reader, reading);

	(void)receipt_ns;
	if (!execution->hello)
		execution->hello = json_incref(event);
}

static void on_memory(struct reader *reader, struct reading *reading, json_t *event,
                      int64_t receipt_ns)
{
	(void)receipt_ns;
	json_array_append(execution_of(reader, reading)->counters, event);
}

static void on_profile(struct reader *reader, struct reading *reading, json_t *event,
                       int64_t receipt_ns)
{
	struct execution *execution = execution_of(reader, reading);
	json_t *parts = json_object_get(event, "parts");

	(void)receipt_ns;
	if (!execution->profile && json_is_array(parts))
		execution->profile = json_incref(parts);
}

static int read_event(struct reader *reader, json_t *record)
{
	static const struct {
		const char *kind;
		void (*take)(struct reader *, struct reading *, json_t *, int64_t);
	} kinds[] = {{"hello", on_hello},
	             {"begin", on_begin},
	             {"end", on_end},
	             {"memory", on_memory},
	             {"profile", on_profile}};
	struct reading *reading = find_reading(reader, record);
	json_t *event = json_object_get(record, "event");
	const char *kind = field_text(event, "event");

	if (!reading)
		return -1;
	for (size_t i = 0; kind && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			kinds[i].take(reader, reading, event, read_ns(record));
	return 0;
}

/* ---- What only the whole tells ---- */

static void finish_memory(struct execution *execution)
{
	double peak = field_number(execution->exit, "peak_rss"), vram = UNMEASURED, sum = 0;
	size_t i, n = 0;
	json_t *sample;

	json_array_foreach (execution->samples, i, sample) {
		struct epoch *epoch = find_epoch(execution, sample);
		double anonymous = field_number(sample, "anonymous"), file = field_number(sample, "file");
		if (epoch) {
			epoch->anonymous = anonymous;
			epoch->file = file;
			epoch->vram = field_number(sample, "vram");
			epoch->system = field_number(sample, "system");
			epoch->clock_hz = field_number(sample, "clock_hz");
		}
		execution->vram_delta |= isfinite(field_number(sample, "vram")) &&
		                         json_is_true(json_object_get(sample, "vram_delta"));
		vram = fmax(vram, field_number(sample, "vram")); /* fmax takes the one that is no NAN */
		peak = fmax(peak, anonymous + file);
		if (isfinite(anonymous + file)) {
			sum += anonymous + file;
			n++;
		}
	}
	execution->peak_rss = peak;
	execution->peak_vram = vram;
	execution->mean_rss = n ? sum / (double)n : UNMEASURED;
}

static void limit_figures(struct execution *execution)
{
	numbers_limit(results_execution_fields, execution);
	for (size_t i = 0; i < execution->n_epochs; i++)
		numbers_limit(results_epoch_fields, &execution->epochs[i]);
	for (size_t i = 0; i < execution->n_spans; i++)
		numbers_limit(results_span_fields, &execution->spans[i]);
}

/* Without a last record the run may still be going on. */
static void finish_contestant(struct contestant *contestant, bool ended)
{
	if (!ended && contestant->status == STATUS_INTERRUPTED && !contestant->why)
		contestant->why =
			memory_copy("its turn has not come, or the run was cut off before it could");
	for (size_t i = 0; i < contestant->n_executions; i++) {
		struct execution *execution = &contestant->executions[i];
		finish_memory(execution);
		limit_figures(execution);
		if (!execution->exit)
			execution->why =
				memory_copy(ended ? "the run was cut off before it ended"
			                      : "it has not ended yet, or the run was cut off before");
	}
	contestant_conclude(contestant);
}

/* ---- All of it ---- */

/* Records of kinds that are not known are of a later version that only added something. */
static int read_records(struct reader *reader, const json_t *records)
{
	static const struct {
		const char *kind;
		int (*take)(struct reader *, json_t *);
	} kinds[] = {{"round", read_round},   {"start", read_start}, {"event", read_event},
	             {"memory", read_memory}, {"exit", read_exit},   {"epoch_check", read_epoch_check},
	             {"end", read_end}};
	json_t *record;
	size_t line;

	reader->line = 1;
	if (read_run(reader, json_array_get(records, 0)))
		return -1;
	json_array_foreach (records, line, record) {
		const char *kind = field_text(record, "record");
		reader->line = line + 1;
		if (foreign_is_deeper(record, FOREIGN_RECORD_DEPTH_MAX))
			return refuse(reader, "nested too deep to be a record of cnnbench");
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (strcmp(kind, kinds[i].kind) == 0 && kinds[i].take(reader, record))
				return -1;
	}
	return 0;
}

int results_read_journal(struct results *results, const char *path, const char *name)
{
	json_t *records = journal_read_file(path);
	struct reader reader = {.results = results, .path = path};

	*results = (struct results){0};
	if (!records)
		return -1;
	results->folder = memory_copy(name);
	results->rounds = json_array();
	int result = read_records(&reader, records);
	for (size_t i = 0; i < results->n_contestants; i++)
		finish_contestant(&results->contestants[i], results->finished);
	free(reader.readings);
	json_decref(records);
	if (result)
		results_free(results);
	return result;
}
