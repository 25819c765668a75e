/* SPDX-License-Identifier: MIT */
#include "results/results.h"

#include "results/field.h"

#include <math.h>
#include <string.h>

#define EPOCH_FIELD(name, member, least, most)                                                     \
	{                                                                                              \
		name, offsetof(struct epoch, member), least, most                                          \
	}
#define EXECUTION_FIELD(name, member, most)                                                        \
	{                                                                                              \
		name, offsetof(struct execution, member), 0, most                                          \
	}

/* No run takes 30 years, no machine has an exabyte: what is above is no figure of a run. */
#define SECONDS_MAX 1e9
#define SECONDS_LEAST 1e-9 /* of an epoch: clocks count nanoseconds, and none trains in no time */
#define BYTES_MAX 1e18
#define CLOCK_MAX 1e12
#define LOSS_MAX 3.5e38 /* a float32 */

const struct number_field results_epoch_fields[] = {
	EPOCH_FIELD("train_seconds", train_seconds, SECONDS_LEAST, SECONDS_MAX),
	EPOCH_FIELD("runner_seconds", runner_seconds, SECONDS_LEAST, SECONDS_MAX),
	EPOCH_FIELD("train_loss", train_loss, 0, LOSS_MAX),
	EPOCH_FIELD("train_accuracy", train_accuracy, 0, 1),
	EPOCH_FIELD("test_loss", test_loss, 0, LOSS_MAX),
	EPOCH_FIELD("test_accuracy", test_accuracy, 0, 1),
	EPOCH_FIELD("rss_anonymous_bytes", anonymous, 0, BYTES_MAX),
	EPOCH_FIELD("rss_file_bytes", file, 0, BYTES_MAX),
	EPOCH_FIELD("vram_bytes", vram, 0, BYTES_MAX),
	EPOCH_FIELD("system_ram_bytes", system, 0, BYTES_MAX),
	EPOCH_FIELD("clock_hz", clock_hz, 0, CLOCK_MAX),
	{NULL, 0, 0, 0},
};

const struct number_field results_execution_fields[] = {
	EXECUTION_FIELD("wall_seconds", wall_seconds, SECONDS_MAX),
	EXECUTION_FIELD("total_seconds", total_seconds, SECONDS_MAX),
	EXECUTION_FIELD("outside_seconds", outside_seconds, SECONDS_MAX),
	EXECUTION_FIELD("user_seconds", user_seconds, SECONDS_MAX),
	EXECUTION_FIELD("system_seconds", system_seconds, SECONDS_MAX),
	EXECUTION_FIELD("runner_seconds", runner_seconds, SECONDS_MAX),
	EXECUTION_FIELD("mean_rss_bytes", mean_rss, BYTES_MAX),
	EXECUTION_FIELD("peak_rss_bytes", peak_rss, BYTES_MAX),
	EXECUTION_FIELD("peak_vram_bytes", peak_vram, BYTES_MAX),
	{NULL, 0, 0, 0},
};

const struct number_field results_span_fields[] = {
	{"begin_seconds", offsetof(struct span, begin), 0, SECONDS_MAX},
	{"end_seconds", offsetof(struct span, end), 0, SECONDS_MAX},
	{NULL, 0, 0, 0},
};

bool number_can_be(const struct number_field *field, double value)
{
	return value >= field->least && value <= field->most;
}

void numbers_limit(const struct number_field *fields, void *structure)
{
	const double unmeasured = UNMEASURED;

	for (; fields->name; fields++) {
		char *place = (char *)structure + fields->offset;
		double value;
		memcpy(&value, place, sizeof(value));
		if (!number_can_be(fields, value))
			memcpy(place, &unmeasured, sizeof(unmeasured));
	}
}

double results_samples(const json_t *run)
{
	return field_number(json_object_get(json_object_get(run, "work"), "dataset"), "n_train");
}

static void set_numbers(json_t *object, const struct number_field *fields, const void *structure)
{
	for (; fields->name; fields++) {
		double value;
		memcpy(&value, (const char *)structure + fields->offset, sizeof(value));
		json_object_set_new(object, fields->name, field_number_new(value));
	}
}

static json_t *epochs_record(const struct execution *execution)
{
	json_t *list = json_array();

	for (size_t i = 0; i < execution->n_epochs; i++) {
		const struct epoch *epoch = &execution->epochs[i];
		json_t *object =
			json_pack("{s:i, s:b, s:o}", "epoch", epoch->number, "extra", (int)epoch->extra,
		              "finished", field_text_new(*epoch->stamp ? epoch->stamp : NULL));
		set_numbers(object, results_epoch_fields, epoch);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *spans_record(const struct execution *execution)
{
	json_t *list = json_array();

	for (size_t i = 0; i < execution->n_spans; i++) {
		const struct span *span = &execution->spans[i];
		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "span", span->name, "epoch",
		                                      span->epoch ? json_integer(span->epoch) : json_null(),
		                                      "begin_seconds", field_number_new(span->begin),
		                                      "end_seconds", field_number_new(span->end)));
	}
	return list;
}

/* Members of the journal's records that are handed on as they are. */
static void set_members(json_t *object, const json_t *from, const char *const *keys)
{
	for (; *keys; keys++)
		json_object_set_new(object, *keys, field_member_new(from, *keys));
}

static json_t *execution_record(const struct execution *execution)
{
	static const char *const of_start[] = {"argv", NULL};
	static const char *const of_exit[] = {"exit_code", "signal",      "ledger", "log",
	                                      "log_tail",  "certificate", NULL};
	json_t *object =
		json_pack("{s:i, s:i, s:s, s:o, s:o}", "process", execution->process, "round",
	              execution->round, "status", status_name(execution->status), "why",
	              field_text_new(execution->why), "help", field_text_new(execution->help));

	set_numbers(object, results_execution_fields, execution);
	json_object_set_new(object, "vram_delta",
	                    isfinite(execution->peak_vram) ? json_boolean(execution->vram_delta)
	                                                   : json_null());
	set_members(object, execution->start, of_start);
	set_members(object, execution->exit, of_exit);
	json_object_set_new(object, "hello",
	                    execution->hello ? json_incref(execution->hello) : json_null());
	json_object_set_new(object, "epochs", epochs_record(execution));
	json_object_set_new(object, "spans", spans_record(execution));
	json_object_set(object, "memory", execution->samples);
	json_object_set(object, "counters", execution->counters);
	if (execution->profile)
		json_object_set(object, "profile", execution->profile);
	return object;
}

static json_t *contestant_record(const struct contestant *contestant)
{
	json_t *executions = json_array();

	for (size_t i = 0; i < contestant->n_executions; i++)
		json_array_append_new(executions, execution_record(&contestant->executions[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "label", contestant->label, "file",
	                 contestant->file, "platform", contestant->platform, "status",
	                 status_name(contestant->status), "why", field_text_new(contestant->why),
	                 "help", field_text_new(contestant->help), "hello",
	                 contestant->hello ? json_incref(contestant->hello) : json_null(), "executions",
	                 executions);
}

json_t *results_epoch_check(const struct results *results)
{
	json_t *object = results->epoch_check ? json_copy(results->epoch_check) : json_null();

	json_object_del(object, "record");
	json_object_del(object, "ns");
	return object;
}

/* What the journal's "run" record says, its platforms exchanged for what they have done. */
json_t *results_record(const struct results *results)
{
	json_t *object = json_pack("{s:s}", "schema", RESULTS_SCHEMA), *platforms = json_array(),
		   *value;
	const char *key;

	json_object_foreach (results->run, key, value)
		if (strcmp(key, "schema") != 0 && strcmp(key, "record") != 0)
			json_object_set(object, key, value);
	for (size_t i = 0; i < results->n_contestants; i++)
		json_array_append_new(platforms, contestant_record(&results->contestants[i]));
	json_object_set_new(object, "finished", field_text_new(results->finished));
	json_object_set_new(object, "signal", json_integer(results->signal));
	json_object_set(object, "rounds", results->rounds);
	json_object_set_new(object, "epoch_check", results_epoch_check(results));
	json_object_set_new(object, "platforms", platforms);
	return object;
}
