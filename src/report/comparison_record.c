/* SPDX-License-Identifier: MIT */
/* The object of `compare --json`: docs/METHOD.md, "Comparing runs". */
#include "report/comparison.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "report/arithmetic.h"
#include "report/profile.h"
#include "results/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COMPARE_SCHEMA "cnnbench-compare-1"

static json_t *epoch_record(const struct spread *epoch)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I}", "median", field_number_new(epoch->median),
	                 "q1", field_number_new(epoch->q1), "q3", field_number_new(epoch->q3), "min",
	                 field_number_new(epoch->min), "mean", field_number_new(epoch->mean), "n",
	                 (json_int_t)epoch->n);
}

static json_t *ratio_record(const struct row *row)
{
	const bool other = isfinite(row->ratio.value) && row->verdict != VERDICT_REFERENCE;

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "value", field_number_new(row->ratio.value),
	                 "low", field_number_new(row->ratio.low), "high",
	                 field_number_new(row->ratio.high), "verdict",
	                 field_text_new(verdict_name(row->verdict)), "paired",
	                 other ? json_boolean(row->paired) : json_null());
}

static json_t *verification_record(const struct proof *proof)
{
	if (proof->runs == 0)
		return json_null();
	return json_pack("{s:o, s:i}", "worst_of_allowed", field_number_new(proof->worst), "runs",
	                 proof->runs);
}

static json_t *row_record(const struct row *row)
{
	const json_t *work = json_object_get(row->results->run, "work");
	const struct {
		const char *name;
		double value;
	} figures[] = {
		{"samples_per_second", row->samples_per_second},
		{"train_seconds", row->train_seconds},
		{"total_seconds", row->total_seconds},
		{"cold_epoch_seconds", row->cold_epoch},
		{"seconds_to_97", row->seconds_to_97},
		{"final_train_loss", row->train_loss},
		{"final_train_accuracy", row->train_accuracy},
		{"final_test_accuracy", row->test_accuracy},
		{"max_test_accuracy", row->max_test_accuracy},
		{"mean_rss_bytes", row->mean_rss},
		{"peak_rss_bytes", row->peak_rss},
		{"peak_vram_bytes", row->peak_vram},
	};
	const struct arithmetic arithmetic = arithmetic_of(row);
	int64_t epochs;
	bool known = field_integer(work, "epochs", 0, INT32_MAX, &epochs);
	json_t *object =
		json_pack("{s:s, s:I, s:s, s:o, s:I, s:o}", "platform", row->contestant->label, "run",
	              (json_int_t)row->run, "status", status_name(row->contestant->status), "epochs",
	              known ? json_integer(epochs) : json_null(), "runs", (json_int_t)row->runs,
	              "epoch_seconds", epoch_record(&row->epoch));

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		json_object_set_new(object, figures[i].name, field_number_new(figures[i].value));
	json_object_set_new(object, "dense_flops", field_number_new(arithmetic.flops));
	json_object_set_new(object, "share_of_peak", field_number_new(arithmetic.share));
	json_object_set_new(object, "vram_delta",
	                    isfinite(row->peak_vram) ? json_boolean(row->vram_delta) : json_null());
	json_object_set_new(object, "apart", field_text_new(row->apart));
	json_object_set_new(object, "unranked", field_text_new(row->unranked));
	json_object_set_new(object, "ratio", ratio_record(row));
	json_object_set_new(object, "verification", verification_record(&row->proof));
	json_object_set_new(object, "profile", profile_record(row));
	return object;
}

static json_t *run_record(const struct results *results)
{
	const json_t *run = results->run;
	char *path = memory_visible(results->folder);
	json_t *record = json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "path", path, "version",
		field_member_new(run, "version"), "started", field_member_new(run, "started"), "runs",
		field_member_new(run, "runs"), "threads", field_member_new(run, "threads"), "machine",
		field_member_new(run, "machine"), "epoch_check", results_epoch_check(results));

	free(path);
	return record;
}

/* "machine" and "epoch_check" are the first run's; of several, each has its own in "runs".  "difference",
 * from the first group, is the caller's to set. */
json_t *comparison_group_record(const struct comparison *comparison)
{
	const json_t *run = comparison->results->run;
	const struct row *reference = comparison->reference;
	json_t *platforms = json_array(), *runs = json_array();

	for (size_t i = 0; i < comparison->n_rows; i++)
		json_array_append_new(platforms, row_record(&comparison->rows[i]));
	for (size_t i = 0; i < comparison->n_runs; i++)
		json_array_append_new(runs, run_record(comparison->runs[i]));
	return json_pack(
		"{s:n, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "difference", "work",
		field_member_new(run, "work"), "machine", field_member_new(run, "machine"), "runs", runs,
		"reference", field_text_new(reference ? reference->contestant->label : NULL),
		"reference_status",
		field_text_new(reference ? status_name(reference->contestant->status) : NULL),
		"reference_run", reference ? json_integer((json_int_t)reference->run) : json_null(),
		"epoch_check", results_epoch_check(comparison->results), "platforms", platforms);
}

json_t *comparison_document(json_t *groups)
{
	return json_pack("{s:s, s:o}", "schema", COMPARE_SCHEMA, "groups", groups);
}

json_t *comparison_record(const struct comparison *comparison)
{
	json_t *groups = json_array();

	json_array_append_new(groups, comparison_group_record(comparison));
	return comparison_document(groups);
}

/* All text goes out at once, so that a pipe is never left with half a document.  In ASCII: what hides or
 * turns text, in a stranger's names, then does so on no terminal. */
int comparison_write(const json_t *record, const char *path)
{
	char *text = json_dumps(record, JSON_INDENT(2) | JSON_REAL_PRECISION(15) | JSON_ENSURE_ASCII);
	int result = 0;

	if (!text)
		BUG("the comparison cannot be written as JSON");
	size_t size = strlen(text);
	text[size] = '\n'; /* in the place of the NUL */
	if (strcmp(path, "-") == 0)
		fwrite(text, 1, size + 1, stdout);
	else
		result = files_put(path, text, size + 1);
	free(text);
	return result;
}
