/* SPDX-License-Identifier: MIT */
#include "runner/grammar.h"

#include "core/error.h"
#include "core/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a whole cross-entropy may lie below 0 by rounding alone. */
#define LOSS_BELOW_ZERO 1e-6

/* One event on its way through the machine. */
struct hearing {
	struct grammar *grammar;
	const json_t *event;
	const char *kind;
	char *why;
	size_t size;
};

/* The words, behind: event 7 ("end"):.  Always -1. */
static int refuse(const struct hearing *hearing, const char *format, ...) PRINTF_LIKE(2, 3);
static int refuse(const struct hearing *hearing, const char *format, ...)
{
	char words[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	snprintf(hearing->why, hearing->size, "event %lu (\"%.32s\"): %s", hearing->grammar->events,
	         hearing->kind, words);
	return -1;
}

/* ---- Members ---- */

enum member_type { TEXT, TRUTH, WHOLE, OBJECT, ARRAY };

struct member {
	const char *name;
	enum member_type type;
	bool required;
};

static bool has_type(const json_t *value, enum member_type type)
{
	switch (type) {
	case TEXT: return json_is_string(value);
	case TRUTH: return json_is_boolean(value);
	case WHOLE: return json_is_integer(value) && json_integer_value(value) >= 0;
	case OBJECT: return json_is_object(value);
	case ARRAY: return json_is_array(value);
	}
	return false;
}

static int check_members(const struct hearing *hearing, const struct member *members)
{
	static const char *const words[] = {"text", "true or false", "a whole number, 0 or more",
	                                    "an object", "an array"};
	for (const struct member *member = members; member->name; member++) {
		const json_t *value = json_object_get(hearing->event, member->name);
		if (!value && member->required)
			return refuse(hearing, "\"%s\" is missing", member->name);
		if (value && !has_type(value, member->type))
			return refuse(hearing, "\"%s\" is not %s", member->name, words[member->type]);
	}
	return 0;
}

static long long whole(const struct hearing *hearing, const char *name)
{
	return json_integer_value(json_object_get(hearing->event, name));
}

static int check_equal(const struct hearing *hearing, const char *name, long long wanted,
                       const char *of)
{
	long long got = whole(hearing, name);
	return got == wanted ? 0
	                     : refuse(hearing, "\"%s\" is %lld, but %s is %lld", name, got, of, wanted);
}

/* "loss": null stands for a number that is not finite. */
static int check_loss(const struct hearing *hearing)
{
	const json_t *loss = json_object_get(hearing->event, "loss");
	if (!loss)
		return refuse(hearing, "\"loss\" is missing");
	if (json_is_null(loss)) {
		hearing->grammar->diverged = true;
		return 0;
	}
	if (!json_is_number(loss))
		return refuse(hearing, "\"loss\" is neither a number nor null");
	if (json_number_value(loss) < -LOSS_BELOW_ZERO)
		return refuse(hearing, "\"loss\" is %g, and a cross-entropy is never below 0",
		              json_number_value(loss));
	return 0;
}

static int check_counts(const struct hearing *hearing, size_t samples)
{
	static const struct member members[] = {
		{"samples", WHOLE, true}, {"correct", WHOLE, true}, {0}};
	if (check_members(hearing, members) || check_loss(hearing) ||
	    check_equal(hearing, "samples", (long long)samples, "the job's number"))
		return -1;
	if (whole(hearing, "correct") > (long long)samples)
		return refuse(hearing, "%lld correct of %zu samples", whole(hearing, "correct"), samples);
	return 0;
}

/* ---- The ends of spans ---- */

static int end_train(const struct hearing *hearing)
{
	static const struct member members[] = {{"steps", WHOLE, true}, {0}};
	const struct job *job = hearing->grammar->job;
	size_t steps = (job->n_train + job->work.batch - 1) / job->work.batch;
	if (check_counts(hearing, job->n_train) || check_members(hearing, members))
		return -1;
	return check_equal(hearing, "steps", (long long)steps, "the number of batches");
}

static int end_eval(const struct hearing *hearing)
{
	hearing->grammar->evaluated = true;
	return check_counts(hearing, hearing->grammar->job->n_test);
}

/* A plain name: it stays in the folder of --out. */
static int end_with_file(const struct hearing *hearing)
{
	static const struct member members[] = {{"file", TEXT, true}, {0}};
	if (check_members(hearing, members))
		return -1;
	const char *file = json_string_value(json_object_get(hearing->event, "file"));
	if (!*file || *file == '.' || strchr(file, '/') || strlen(file) > 100)
		return refuse(hearing, "\"file\" is no plain file name");
	return 0;
}

/* ---- The beginnings of spans ---- */

static int begin_train(const struct hearing *hearing)
{
	struct grammar *grammar = hearing->grammar;
	int epochs = grammar->job->work.epochs;
	bool extra = json_is_true(json_object_get(hearing->event, "extra"));
	if (extra && (grammar->state != GRAMMAR_READ || epochs == 0))
		return refuse(hearing, "extra epochs come after \"read\" of a job with epochs");
	if (extra && grammar->no_extra)
		return refuse(hearing, "extra epochs were not asked for: there was no --min-time");
	if (extra && grammar->epoch - epochs >= EVENT_EXTRA_MAX)
		return refuse(hearing, "more than %d extra epochs", EVENT_EXTRA_MAX);
	if (!extra && grammar->state == GRAMMAR_READ)
		return refuse(hearing, "an epoch after \"read\" must be marked \"extra\"");
	if (!extra && grammar->state == GRAMMAR_EPOCHS && !grammar->evaluated)
		return refuse(hearing, "epoch %d was not evaluated", grammar->epoch);
	if (!extra && grammar->epoch >= epochs)
		return refuse(hearing, "the job has %d epochs, no more", epochs);
	if (check_equal(hearing, "epoch", grammar->epoch + 1, "the next epoch"))
		return -1;
	grammar->epoch++;
	grammar->extra = extra;
	grammar->evaluated = false;
	if (!extra)
		grammar->state = GRAMMAR_EPOCHS;
	return 0;
}

static int begin_eval(const struct hearing *hearing)
{
	const struct grammar *grammar = hearing->grammar;
	if (grammar->state != GRAMMAR_EPOCHS || grammar->evaluated)
		return refuse(hearing, "\"eval\" comes once after each \"train\" that is not extra");
	return check_equal(hearing, "epoch", grammar->epoch, "the epoch just trained");
}

static int begin_read(const struct hearing *hearing)
{
	struct grammar *grammar = hearing->grammar;
	int epochs = grammar->job->work.epochs;
	if (grammar->epoch < epochs)
		return refuse(hearing, "\"read\" after %d of %d epochs", grammar->epoch, epochs);
	if (epochs && !grammar->evaluated)
		return refuse(hearing, "epoch %d was not evaluated", grammar->epoch);
	grammar->state = GRAMMAR_READ;
	return 0;
}

static int begin_verify(const struct hearing *hearing)
{
	hearing->grammar->state = GRAMMAR_VERIFIED;
	return 0;
}

static int begin_profile(const struct hearing *hearing)
{
	struct grammar *grammar = hearing->grammar;
	if (!grammar->profile)
		return refuse(hearing, "a profile was not asked for: there was no --profile");
	grammar->profile_ns = grammar->last_ns;
	return 0;
}

static int end_profile(const struct hearing *hearing)
{
	hearing->grammar->profile_ns = hearing->grammar->last_ns - hearing->grammar->profile_ns;
	return 0;
}

/* ---- The table of spans ---- */

enum {
	IN_SETUP = 1 << GRAMMAR_SETUP,
	IN_EPOCHS = 1 << GRAMMAR_EPOCHS,
	IN_READ = 1 << GRAMMAR_READ,
	IN_VERIFIED = 1 << GRAMMAR_VERIFIED,
};

struct span_rule {
	const char *name;
	bool once, epochs; /* at most one of it; its events carry "epoch" */
	unsigned states;   /* in which it may begin */
	const char *place; /* the same in words */
	int (*begin)(const struct hearing *);
	int (*end)(const struct hearing *);
};

#define SET_UP "before the first epoch and \"read\""
static const struct span_rule spans[] = {
	{"import", true, false, IN_SETUP, SET_UP, NULL, NULL},
	{"device", true, false, IN_SETUP, SET_UP, NULL, NULL},
	{"tune", true, false, IN_SETUP, SET_UP, NULL, NULL},
	{"compile", true, false, IN_SETUP, SET_UP, NULL, NULL},
	{"upload", true, false, IN_SETUP, SET_UP, NULL, NULL},
	{"train", false, true, IN_SETUP | IN_EPOCHS | IN_READ, "before \"verify\"", begin_train,
     end_train},
	{"eval", false, true, IN_SETUP | IN_EPOCHS | IN_READ, "after \"train\"", begin_eval, end_eval},
	{"read", true, false, IN_SETUP | IN_EPOCHS, "once, after the last epoch", begin_read,
     end_with_file},
	{"verify", true, false, IN_READ, "once, after \"read\"", begin_verify, end_with_file},
	{"close", true, false, IN_VERIFIED, "once, after \"verify\"", NULL, NULL},
	{"profile", true, false, IN_VERIFIED, "once, after \"verify\"", begin_profile, end_profile},
};
enum {
	SPANS = sizeof(spans) / sizeof(*spans),
	BEFORE_UNAVAILABLE = 1 << 0 | 1 << 1 /* import, device */
};

static int find_span(const char *name)
{
	for (int i = 0; i < SPANS; i++)
		if (strcmp(spans[i].name, name) == 0)
			return i;
	return -1;
}

/* What begin and end have in common: "span", "ns", "epoch", "extra".  The span's row in the table, or -1. */
static int check_mark(const struct hearing *hearing)
{
	static const struct member always[] = {
		{"span", TEXT, true}, {"ns", WHOLE, true}, {"extra", TRUTH, false}, {0}};
	static const struct member of_epoch[] = {{"epoch", WHOLE, true}, {0}};
	struct grammar *grammar = hearing->grammar;
	if (check_members(hearing, always))
		return -1;
	const char *name = json_string_value(json_object_get(hearing->event, "span"));
	int row = find_span(name);
	if (row < 0)
		return refuse(hearing, "\"%.32s\" is no span of protocol %d", name, EVENT_PROTOCOL);
	if (spans[row].epochs && check_members(hearing, of_epoch))
		return -1;
	if (whole(hearing, "ns") < grammar->last_ns)
		return refuse(hearing, "the clock goes back by %lld ns",
		              (long long)grammar->last_ns - whole(hearing, "ns"));
	grammar->last_ns = whole(hearing, "ns");
	grammar->memories = 0;
	return row;
}

/* ---- The table of events ---- */

/* What calls itself by another name would be compared under that of somebody else. */
static int check_platform(const struct hearing *hearing)
{
	const char *got = json_string_value(json_object_get(hearing->event, "platform"));
	const char *wanted = hearing->grammar->platform;
	return strcmp(got, wanted) == 0
	           ? 0
	           : refuse(hearing,
	                    "\"platform\" is \"%.64s\", but the worker was called as \"%.64s\"", got,
	                    wanted);
}

static int hear_hello(const struct hearing *hearing)
{
	static const struct member members[] = {
		{"protocol", WHOLE, true},
		{"platform", TEXT, true},
		{"device", TEXT, true},
		{"device_kind", TEXT, true},
		{"simulated", TRUTH, true},
		{"precision", TEXT, true},
		{"data", TEXT, true},
		{"options", OBJECT, true},
		{"summary", TEXT, false},
		{"variant", TEXT, false},
		{"compiler", TEXT, false},
		{"flags", TEXT, false},
		{"libraries", TEXT, false},
		{"specs", ARRAY, false},
		{"profile", TRUTH, false},
		{"variants", ARRAY, false},
		{0},
	};
	if (check_members(hearing, members) ||
	    check_equal(hearing, "protocol", EVENT_PROTOCOL, "the runner's") || check_platform(hearing))
		return -1;
	const char *kind = json_string_value(json_object_get(hearing->event, "device_kind"));
	if (strcmp(kind, "cpu") != 0 && strcmp(kind, "gpu") != 0)
		return refuse(hearing, "\"device_kind\" is neither \"cpu\" nor \"gpu\"");
	hearing->grammar->state = GRAMMAR_SETUP;
	return 0;
}

static int hear_begin(const struct hearing *hearing)
{
	struct grammar *grammar = hearing->grammar;
	int row = check_mark(hearing);
	if (row < 0)
		return -1;
	const struct span_rule *rule = &spans[row];
	if (*grammar->span)
		return refuse(hearing, "span \"%s\" begins inside \"%s\"", rule->name, grammar->span);
	if (rule->once && grammar->seen >> row & 1)
		return refuse(hearing, "a second span \"%s\"", rule->name);
	if (!(rule->states >> grammar->state & 1))
		return refuse(hearing, "span \"%s\" out of order: it comes %s", rule->name, rule->place);
	if (rule->begin && rule->begin(hearing))
		return -1;
	grammar->seen |= 1u << row;
	snprintf(grammar->span, sizeof(grammar->span), "%s", rule->name);
	return 0;
}

static int hear_end(const struct hearing *hearing)
{
	struct grammar *grammar = hearing->grammar;
	int row = check_mark(hearing);
	if (row < 0)
		return -1;
	const struct span_rule *rule = &spans[row];
	if (!*grammar->span)
		return refuse(hearing, "span \"%s\" ended but none is open", rule->name);
	if (strcmp(grammar->span, rule->name) != 0)
		return refuse(hearing, "span \"%s\" ended but \"%s\" is open", rule->name, grammar->span);
	if (rule->epochs && check_equal(hearing, "epoch", grammar->epoch, "the open one"))
		return -1;
	bool extra = json_is_true(json_object_get(hearing->event, "extra"));
	if (rule->epochs && extra != grammar->extra)
		return refuse(hearing, "\"extra\" differs from that of the span's \"begin\"");
	if (rule->end && rule->end(hearing))
		return -1;
	grammar->span[0] = '\0';
	return 0;
}

static int hear_memory(const struct hearing *hearing)
{
	static const struct member members[] = {{"name", TEXT, true}, {"bytes", WHOLE, true}, {0}};
	if (++hearing->grammar->memories > GRAMMAR_MEMORY_MAX)
		return refuse(hearing, "more than %d without a span between them", GRAMMAR_MEMORY_MAX);
	return check_members(hearing, members);
}

/* Parts that tell of more than the span are no times of it. */
static int check_parts(const struct hearing *hearing)
{
	double sum = 0;
	size_t i;
	json_t *part;
	json_array_foreach (json_object_get(hearing->event, "parts"), i, part) {
		const json_t *seconds = json_object_get(part, "seconds");
		if (!json_is_string(json_object_get(part, "layer")) ||
		    !json_is_string(json_object_get(part, "direction")))
			return refuse(hearing, "part %zu has no text \"layer\" or \"direction\"", i + 1);
		if (!json_is_number(seconds) || json_number_value(seconds) < 0)
			return refuse(hearing, "\"seconds\" of part %zu is no number, 0 or more", i + 1);
		sum += json_number_value(seconds);
	}
	double span = 1e-9 * (double)hearing->grammar->profile_ns;
	return sum <= span ? 0
	                   : refuse(hearing, "the parts take %g s, but the span took %g s", sum, span);
}

static int hear_profile(const struct hearing *hearing)
{
	static const struct member members[] = {{"parts", ARRAY, true}, {0}};
	struct grammar *grammar = hearing->grammar;
	if (*grammar->span || !(grammar->seen >> find_span("profile") & 1))
		return refuse(hearing, "comes after span \"profile\" only");
	if (grammar->profiled)
		return refuse(hearing, "comes a second time");
	grammar->profiled = true;
	return check_members(hearing, members) || check_parts(hearing) ? -1 : 0;
}

static int hear_done(const struct hearing *hearing)
{
	struct grammar *grammar = hearing->grammar;
	if (*grammar->span)
		return refuse(hearing, "span \"%s\" is still open", grammar->span);
	if (grammar->job && grammar->state != GRAMMAR_VERIFIED)
		return refuse(hearing, "\"%s\" is missing",
		              grammar->state == GRAMMAR_READ ? "verify" : "read");
	if (grammar->profile && !grammar->profiled)
		return refuse(hearing, "a profile was asked for, and did not come");
	grammar->state = GRAMMAR_LAST;
	return 0;
}

static int hear_error(const struct hearing *hearing)
{
	static const struct member members[] = {{"kind", TEXT, true}, {"message", TEXT, true}, {0}};
	hearing->grammar->state = GRAMMAR_LAST;
	return check_members(hearing, members);
}

static int hear_unavailable(const struct hearing *hearing)
{
	static const struct member members[] = {{"reason", TEXT, true}, {"help", TEXT, false}, {0}};
	if (hearing->grammar->seen & ~(unsigned)BEFORE_UNAVAILABLE)
		return refuse(hearing, "comes before any span but \"import\" and \"device\"");
	hearing->grammar->state = GRAMMAR_LAST;
	return check_members(hearing, members);
}

static const struct {
	const char *kind;
	bool first, later; /* before hello; after it */
	bool probe;        /* with --probe, too */
	int (*hear)(const struct hearing *);
} events[] = {
	{"hello", true, false, true, hear_hello},
	{"begin", false, true, false, hear_begin},
	{"end", false, true, false, hear_end},
	{"memory", false, true, false, hear_memory},
	{"profile", false, true, false, hear_profile},
	{"done", false, true, true, hear_done},
	{"error", true, true, true, hear_error},
	{"unavailable", true, true, true, hear_unavailable},
};

void grammar_start(struct grammar *grammar, const char *platform, const struct job *job)
{
	memset(grammar, 0, sizeof(*grammar));
	grammar->platform = platform;
	grammar->job = job;
	grammar->state = GRAMMAR_START;
}

int grammar_accept(struct grammar *grammar, const json_t *event, char *why, size_t size)
{
	const char *kind = json_string_value(json_object_get(event, "event"));
	struct hearing hearing = {grammar, event, kind ? kind : "", why, size};
	grammar->events++;
	if (grammar->state == GRAMMAR_LAST)
		return refuse(&hearing, "comes after the last event");
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		if (strcmp(events[i].kind, hearing.kind) != 0)
			continue;
		if (!grammar->job && !events[i].probe)
			return refuse(&hearing, "does not belong in a probe");
		if (grammar->state == GRAMMAR_START && !events[i].first)
			return refuse(&hearing, "comes before \"hello\"");
		if (grammar->state != GRAMMAR_START && !events[i].later)
			return refuse(&hearing, "comes a second time");
		return events[i].hear(&hearing);
	}
	return refuse(&hearing, "is no event of protocol %d", EVENT_PROTOCOL);
}

int grammar_finish(const struct grammar *grammar, char *why, size_t size)
{
	if (grammar->state == GRAMMAR_LAST)
		return 0;
	if (grammar->state == GRAMMAR_START)
		snprintf(why, size, "the worker ended without any event");
	else if (*grammar->span)
		snprintf(why, size, "the events end after event %lu, in span \"%s\"", grammar->events,
		         grammar->span);
	else
		snprintf(why, size, "the events end after event %lu, without \"done\"", grammar->events);
	return -1;
}
