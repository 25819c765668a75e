/* SPDX-License-Identifier: MIT */
/* Results from run.json alone, as somebody sends it: it may hold anything. */
#include "results/results.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "results/field.h"
#include "results/foreign.h"
#include "results/journal.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes.  An epoch has some 1 KB: sixteen platforms of 1,000 epochs. */
enum { RUN_SIZE_MAX = 16 << 20 };

#define SCHEMA_FAMILY "cnnbench-run-"

/* Where in the file the reader is: "platforms[2].executions[0].epochs[4]". */
struct place {
	const char *path;
	const struct place *above;
	const char *list;
	size_t index;
};

static void print_place(const struct place *place, FILE *out)
{
	if (!place || !place->list)
		return;
	print_place(place->above, out);
	fprintf(out, "%s[%zu].", place->list, place->index);
}

static int refuse(const struct place *place, const char *key, const char *what)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		die("out of memory");
	print_place(place, out);
	fclose(out);
	error("%s: %s%s %s; ask for the file anew, or compare the run's " JOURNAL_FILE, place->path,
	      text, key, what);
	free(text);
	return -1;
}

/* ---- Single members ---- */

/* A number within the limits of its field, or null: not known. */
static int read_number(const struct place *place, const json_t *object,
                       const struct number_field *field, double *out)
{
	const json_t *value = json_object_get(object, field->name);

	*out = UNMEASURED;
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_number(value))
		return refuse(place, field->name, "is no number");
	*out = json_number_value(value);
	return number_can_be(field, *out) ? 0
	                                  : refuse(place, field->name, "is a number that cannot be");
}

static int read_numbers(const struct place *place, const json_t *object,
                        const struct number_field *fields, void *structure)
{
	for (; fields->name; fields++) {
		double value;
		if (read_number(place, object, fields, &value))
			return -1;
		memcpy((char *)structure + fields->offset, &value, sizeof(value));
	}
	return 0;
}

static int read_status(const struct place *place, const json_t *object, enum status *status)
{
	if (status_read(field_text(object, "status"), status))
		return refuse(place, "status", "is none that this version knows");
	return 0;
}

/* A list of objects; missing: an empty one. */
static int read_list(const struct place *place, const json_t *object, const char *key,
                     int (*read)(const struct place *, json_t *, void *), void *into)
{
	json_t *list = json_object_get(object, key), *member;
	struct place below = {place->path, place, key, 0};

	if (list && !json_is_array(list))
		return refuse(place, key, "is no list");
	json_array_foreach (list, below.index, member) {
		if (!json_is_object(member))
			return refuse(&below, "it", "is no object");
		if (read(&below, member, into))
			return -1;
	}
	return 0;
}

static json_t *array_of(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_array(value) ? json_incref(value) : json_array();
}

/* ---- From the inside to the outside ---- */

static int read_epoch(const struct place *place, json_t *object, void *into)
{
	struct execution *execution = into;
	const char *finished = field_text(object, "finished");
	int64_t number, before = 0;

	if (execution->n_epochs)
		before = execution->epochs[execution->n_epochs - 1].number;
	if (!field_integer(object, "epoch", before + 1, INT_MAX, &number))
		return refuse(place, "epoch", "is not above the one before");
	execution->epochs =
		memory_grow(execution->epochs, execution->n_epochs + 1, sizeof(*execution->epochs));
	struct epoch *epoch = &execution->epochs[execution->n_epochs++];
	*epoch = (struct epoch){.number = (int)number,
	                        .extra = json_is_true(json_object_get(object, "extra")),
	                        .throughput = UNMEASURED};
	if (finished && strlen(finished) < sizeof(epoch->stamp))
		strcpy(epoch->stamp, finished);
	return read_numbers(place, object, results_epoch_fields, epoch);
}

static int read_span(const struct place *place, json_t *object, void *into)
{
	struct execution *execution = into;
	const char *name = field_text(object, "span");
	int64_t epoch = 0;

	(void)place;
	field_integer(object, "epoch", 1, INT_MAX, &epoch);
	execution->spans =
		memory_grow(execution->spans, execution->n_spans + 1, sizeof(*execution->spans));
	struct span *span = &execution->spans[execution->n_spans++];
	*span = (struct span){.epoch = (int)epoch,
	                      .begin = field_number(object, "begin_seconds"),
	                      .end = field_number(object, "end_seconds")};
	numbers_limit(results_span_fields, span);
	if (name && strlen(name) < sizeof(span->name))
		strcpy(span->name, name);
	return 0;
}

static int read_execution(const struct place *place, json_t *object, void *into)
{
	int64_t process, round;

	if (!field_integer(object, "process", 1, INT_MAX, &process))
		return refuse(place, "process", "is no whole number above 0");
	if (!field_integer(object, "round", 1, INT_MAX, &round))
		return refuse(place, "round", "is no whole number above 0");
	struct execution *execution = contestant_add(into, (int)process, (int)round);
	execution->start = json_incref(object); /* members of both records stand in it */
	execution->exit = json_incref(object);
	execution->why = field_text_copy(object, "why");
	execution->help = field_text_copy(object, "help");
	execution->vram_delta = json_is_true(json_object_get(object, "vram_delta"));
	if (json_is_object(json_object_get(object, "hello")))
		execution->hello = json_incref(json_object_get(object, "hello"));
	json_decref(execution->samples);
	json_decref(execution->counters);
	execution->samples = array_of(object, "memory");
	execution->counters = array_of(object, "counters");
	if (json_is_array(json_object_get(object, "profile")))
		execution->profile = json_incref(json_object_get(object, "profile"));
	if (read_status(place, object, &execution->status) ||
	    read_numbers(place, object, results_execution_fields, execution) ||
	    read_list(place, object, "epochs", read_epoch, execution))
		return -1;
	return read_list(place, object, "spans", read_span, execution);
}

static int read_platform(const struct place *place, json_t *object, void *into)
{
	struct results *results = into;
	const char *label = field_text(object, "label"), *file = field_text(object, "file");
	const char *platform = field_text(object, "platform");

	if (!label || !*label || results_contestant(results, label))
		return refuse(place, "label", "is no name of its own");
	results->contestants = memory_grow(results->contestants, results->n_contestants + 1,
	                                   sizeof(*results->contestants));
	struct contestant *contestant = &results->contestants[results->n_contestants++];
	*contestant = (struct contestant){
		.label = memory_copy(label),
		.file = contestant_file(file ? file : label),
		.platform = memory_copy(platform ? platform : label),
		.why = field_text_copy(object, "why"),
		.help = field_text_copy(object, "help"),
		.hello = json_incref(json_object_get(object, "hello")),
	};
	if (read_status(place, object, &contestant->status) ||
	    read_list(place, object, "executions", read_execution, contestant))
		return -1;
	if (contestant->n_executions == 0 && contestant->status != STATUS_UNAVAILABLE &&
	    contestant->status != STATUS_INTERRUPTED)
		return refuse(place, "status", "is that of a platform that ran, and it has no executions");
	contestant_conclude(contestant);
	return 0;
}

/* ---- The whole ---- */

static int read_record(struct results *results, const char *path, json_t *record)
{
	const struct place top = {.path = path};
	struct foreign_flaw flaw;
	int64_t signal = 0;

	results->run = json_incref(record);
	results->finished = field_text_copy(record, "finished");
	field_integer(record, "signal", 0, 1024, &signal);
	results->signal = (int)signal;
	results->rounds = array_of(record, "rounds");
	if (json_is_object(json_object_get(record, "epoch_check")))
		results->epoch_check = json_incref(json_object_get(record, "epoch_check"));
	if (foreign_find_flaw(record, &flaw))
		return refuse(&top, flaw.key, flaw.what);
	results->n_train = results_samples(record);
	return read_list(&top, record, "platforms", read_platform, results);
}

static int check_record(const char *path, const json_t *record)
{
	const char *schema = field_text(record, "schema");

	if (foreign_is_deeper(record, FOREIGN_DEPTH_MAX))
		return error("%s: nested more than %d levels deep: no run.json of cnnbench", path,
		             FOREIGN_DEPTH_MAX);
	if (!schema || strncmp(schema, SCHEMA_FAMILY, strlen(SCHEMA_FAMILY)) != 0)
		return error("%s: no run.json of cnnbench (its schema is %s%.40s); name a results folder, "
		             "or its run.json or " JOURNAL_FILE,
		             path, schema ? "" : "missing", schema ? schema : "");
	if (strcmp(schema, RESULTS_SCHEMA) != 0)
		return error("%s: written by another version (%.40s, this one reads " RESULTS_SCHEMA
		             "); use the version that wrote it",
		             path, schema);
	return 0;
}

int results_read_run(struct results *results, const char *path, const char *name)
{
	size_t size = 0;
	json_error_t flaw;
	char *bytes = files_read(path, RUN_SIZE_MAX, &size);

	*results = (struct results){0};
	if (!bytes)
		return -1;
	json_t *record = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &flaw);
	free(bytes);
	if (!record)
		return error("%s: damaged, or no JSON: line %d: %s; ask for the file anew", path, flaw.line,
		             flaw.text);
	results->folder = memory_copy(name);
	int result = check_record(path, record) || read_record(results, path, record) ? -1 : 0;
	json_decref(record);
	if (result)
		results_free(results);
	return result;
}
