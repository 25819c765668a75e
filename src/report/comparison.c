/* SPDX-License-Identifier: MIT */
#include "report/comparison.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "report/averages.h"
#include "results/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COMPARE_SCHEMA "cnnbench-compare-1"

/* docs/METHOD.md, "Rounds and statistics": within these bounds two platforms are called the same. */
static const double same_low = 0.98, same_high = 1.02;

enum { RUNS_MAX = 1000 }; /* more rounds than this are no advice */

static const char *const verdict_names[] = {
	[VERDICT_NONE] = NULL,       [VERDICT_REFERENCE] = "reference",
	[VERDICT_SAME] = "same",     [VERDICT_FASTER] = "faster",
	[VERDICT_SLOWER] = "slower", [VERDICT_UNDECIDED] = "undecided",
};

const char *verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

/* ---- Figures of one execution ---- */

static const struct epoch *last_epoch(const struct execution *execution)
{
	for (size_t i = execution->n_epochs; i-- > 0;)
		if (!execution->epochs[i].extra)
			return &execution->epochs[i];
	return NULL;
}

static double cold_epoch(const struct execution *execution)
{
	return execution->n_epochs && execution->epochs[0].number == 1
	           ? execution->epochs[0].train_seconds
	           : UNMEASURED;
}

static double train_seconds(const struct execution *execution)
{
	double sum = 0;

	for (size_t i = 0; i < execution->n_epochs; i++)
		if (!execution->epochs[i].extra)
			sum += execution->epochs[i].train_seconds;
	return execution->n_epochs ? sum : UNMEASURED;
}

static double total_seconds(const struct execution *execution)
{
	return execution->total_seconds;
}

static double seconds_to_97(const struct execution *execution)
{
	int number = 0;

	for (size_t i = execution->n_epochs; i-- > 0;)
		if (execution->epochs[i].test_accuracy >= 0.97)
			number = execution->epochs[i].number;
	for (size_t i = 0; number && i < execution->n_spans; i++)
		if (execution->spans[i].epoch == number && strcmp(execution->spans[i].name, "eval") == 0)
			return execution->spans[i].end;
	return UNMEASURED;
}

static double train_loss(const struct execution *execution)
{
	const struct epoch *epoch = last_epoch(execution);

	return epoch ? epoch->train_loss : UNMEASURED;
}

/* What is counted where the loss is not finite says nothing: the outputs are no numbers then. */
static double accuracy(double counted, double loss)
{
	return isfinite(loss) ? counted : UNMEASURED;
}

static double train_accuracy(const struct execution *execution)
{
	const struct epoch *epoch = last_epoch(execution);

	return epoch ? accuracy(epoch->train_accuracy, epoch->train_loss) : UNMEASURED;
}

static double test_accuracy(const struct execution *execution)
{
	const struct epoch *epoch = last_epoch(execution);

	return epoch ? accuracy(epoch->test_accuracy, epoch->test_loss) : UNMEASURED;
}

static double max_test_accuracy(const struct execution *execution)
{
	double best = UNMEASURED;

	for (size_t i = 0; i < execution->n_epochs; i++) {
		const struct epoch *epoch = &execution->epochs[i];
		/* fmax takes the one that is no NAN */
		best = fmax(best, accuracy(epoch->test_accuracy, epoch->test_loss));
	}
	return best;
}

static double mean_rss(const struct execution *execution)
{
	return execution->mean_rss;
}

static double peak_rss(const struct execution *execution)
{
	return execution->peak_rss;
}

static double peak_vram(const struct execution *execution)
{
	return execution->peak_vram;
}

/* ---- Figures of one platform ---- */

/* The median over the executions that count; `all`: NAN unless each of them has the figure. */
static double median_over_runs(const struct contestant *contestant,
                               double (*figure)(const struct execution *), bool all)
{
	double *values = memory_new(contestant->n_executions, sizeof(*values));
	size_t n = 0;

	for (size_t i = 0; i < contestant->n_executions; i++)
		if (execution_counts(contestant, &contestant->executions[i]))
			values[n++] = figure(&contestant->executions[i]);
	struct spread spread = statistics_spread(values, n);
	free(values);
	return all && spread.n < n ? UNMEASURED : spread.median;
}

/* Steady epochs of one execution into `values`; returns their number. */
static size_t steady_epochs(const struct execution *execution, double *values)
{
	size_t n = 0;

	for (size_t i = 0; i < execution->n_epochs; i++)
		if (execution->epochs[i].number >= 2)
			values[n++] = execution->epochs[i].train_seconds;
	return n;
}

static struct spread steady_spread(const struct contestant *contestant)
{
	size_t room = 0, n = 0;

	for (size_t i = 0; i < contestant->n_executions; i++)
		room += contestant->executions[i].n_epochs;
	double *values = memory_new(room, sizeof(*values));
	for (size_t i = 0; i < contestant->n_executions; i++)
		if (execution_counts(contestant, &contestant->executions[i]))
			n += steady_epochs(&contestant->executions[i], values + n);
	struct spread spread = statistics_spread(values, n);
	free(values);
	return spread;
}

static double steady_median(const struct execution *execution)
{
	double *values = memory_new(execution->n_epochs, sizeof(*values));
	struct spread spread = statistics_spread(values, steady_epochs(execution, values));

	free(values);
	return spread.median;
}

/* Why a platform that was measured stands outside of the ranking; NULL: it does not. */
static const char *find_unranked(const struct contestant *contestant)
{
	const json_t *hello = contestant_hello(contestant);
	const char *precision = field_text(hello, "precision"), *data = field_text(hello, "data");

	if (contestant->status == STATUS_UNJUDGED)
		return "nothing has checked what it computed: the run was cut off before, or an older version "
			   "made it";
	if (contestant->status != STATUS_VERIFIED)
		return contestant->why ? contestant->why : "it is not verified";
	if (json_is_true(json_object_get(hello, "simulated")))
		return "its device is simulated";
	if (precision && strcmp(precision, "float32") != 0)
		return "it does not compute in float32";
	if (data && !strstr(data, "resident"))
		return "its data is not resident where it computes";
	return NULL;
}

static size_t count_runs(const struct contestant *contestant)
{
	size_t n = 0;

	for (size_t i = 0; i < contestant->n_executions; i++)
		n += execution_counts(contestant, &contestant->executions[i]);
	return n;
}

/* In any of the executions that count. */
static bool any_delta(const struct contestant *contestant)
{
	for (size_t i = 0; i < contestant->n_executions; i++)
		if (execution_counts(contestant, &contestant->executions[i]) &&
		    contestant->executions[i].vram_delta)
			return true;
	return false;
}

void run_tag(size_t run, char out[RUN_TAG_SIZE])
{
	char letters[RUN_TAG_SIZE];
	size_t n = 0, place = 0;

	for (run++; run > 0; run = (run - 1) / 26)
		letters[n++] = (char)('A' + (run - 1) % 26);
	while (n > 0)
		out[place++] = letters[--n];
	out[place] = '\0';
}

/* By the digest that tells machines apart; where one has none, each run has a machine of its own. */
static bool same_machine(const struct results *a, const struct results *b)
{
	const char *own = field_text(json_object_get(a->run, "machine"), "host_id");
	const char *other = field_text(json_object_get(b->run, "machine"), "host_id");

	return own && other && strcmp(own, other) == 0;
}

size_t comparison_machine(const struct comparison *comparison, size_t run)
{
	size_t first = 0;

	while (first < run && !same_machine(comparison->runs[first], comparison->runs[run]))
		first++;
	return first;
}

static char *row_name(const struct comparison *comparison, size_t run, const char *label)
{
	char tag[RUN_TAG_SIZE];

	run_tag(run, tag);
	return comparison->n_runs > 1 ? memory_text("%s@%s", label, tag) : memory_copy(label);
}

static void make_row(struct row *row, const struct results *results,
                     const struct contestant *contestant)
{
	const char *unranked = status_measured(contestant->status) ? find_unranked(contestant) : NULL;

	*row = (struct row){
		.contestant = contestant,
		.results = results,
		.runs = count_runs(contestant),
		.ranked = status_measured(contestant->status) && !unranked,
		.unranked = unranked,
		.proof = contestant_proof(contestant),
		.epoch = steady_spread(contestant),
		.ratio = {UNMEASURED, UNMEASURED, UNMEASURED, 0},
		.cold_epoch = median_over_runs(contestant, cold_epoch, false),
		.train_seconds = median_over_runs(contestant, train_seconds, false),
		.total_seconds = median_over_runs(contestant, total_seconds, false),
		.seconds_to_97 = median_over_runs(contestant, seconds_to_97, true),
		.train_loss = median_over_runs(contestant, train_loss, false),
		.train_accuracy = median_over_runs(contestant, train_accuracy, false),
		.test_accuracy = median_over_runs(contestant, test_accuracy, false),
		.max_test_accuracy = median_over_runs(contestant, max_test_accuracy, false),
		.mean_rss = median_over_runs(contestant, mean_rss, false),
		.peak_rss = median_over_runs(contestant, peak_rss, false),
		.peak_vram = median_over_runs(contestant, peak_vram, false),
	};
	row->vram_delta = any_delta(contestant);
	row->averages = averages_make(results, contestant);
	row->samples_per_second = results->n_train / row->epoch.median;
}

/* ---- Ratios and verdicts ---- */

/* The steady median of the round, or NAN. */
static double round_median(const struct contestant *contestant, int round)
{
	for (size_t i = 0; i < contestant->n_executions; i++)
		if (contestant->executions[i].round == round &&
		    execution_counts(contestant, &contestant->executions[i]))
			return steady_median(&contestant->executions[i]);
	return UNMEASURED;
}

size_t contestant_medians(const struct contestant *contestant, double *values)
{
	size_t n = 0;

	for (size_t i = 0; i < contestant->n_executions; i++)
		if (execution_counts(contestant, &contestant->executions[i]))
			values[n++] = steady_median(&contestant->executions[i]);
	return n;
}

/* Of runs that share no rounds. */
static struct ratio make_ratio_apart(const struct contestant *contestant,
                                     const struct contestant *reference)
{
	double *own = memory_new(contestant->n_executions, sizeof(*own));
	double *other = memory_new(reference->n_executions, sizeof(*other));
	const size_t n_own = contestant_medians(contestant, own);
	const struct ratio ratio =
		statistics_ratio_apart(own, n_own, other, contestant_medians(reference, other));

	free(own);
	free(other);
	return ratio;
}

static struct ratio make_ratio(const struct contestant *contestant,
                               const struct contestant *reference)
{
	size_t count = reference->n_executions;
	double *own = memory_new(count, sizeof(*own)), *other = memory_new(count, sizeof(*other));

	for (size_t i = 0; i < count; i++) {
		int round = reference->executions[i].round;
		own[i] = round_median(contestant, round);
		other[i] = round_median(reference, round);
	}
	struct ratio ratio = statistics_ratio(own, other, count);
	free(own);
	free(other);
	return ratio;
}

static enum verdict decide(double low, double high)
{
	if (low >= same_low && high <= same_high)
		return VERDICT_SAME;
	if (high < 1)
		return VERDICT_FASTER;
	return low > 1 ? VERDICT_SLOWER : VERDICT_UNDECIDED;
}

/* The fewest rounds after which the interval would decide, if ratio and scatter stayed as they are. */
static int find_runs_needed(const struct ratio *ratio)
{
	double mean = log(ratio->value), scatter = statistics_scatter(ratio);

	for (int runs = (int)ratio->n + 1; runs <= RUNS_MAX; runs++) {
		double half = statistics_student(0.975, runs - 1) * scatter / sqrt(runs);
		if (decide(exp(mean - half), exp(mean + half)) != VERDICT_UNDECIDED)
			return runs;
	}
	return 0;
}

static void judge_row(struct row *row, const struct row *reference)
{
	if (row == reference) {
		row->ratio = (struct ratio){1, UNMEASURED, UNMEASURED, reference->runs};
		row->verdict = VERDICT_REFERENCE;
		return;
	}
	row->paired = row->run == reference->run;
	if (!row->paired) {
		row->ratio = make_ratio_apart(row->contestant, reference->contestant);
		return;
	}
	row->ratio = make_ratio(row->contestant, reference->contestant);
	if (row->ratio.n < 2)
		return;
	row->verdict = decide(row->ratio.low, row->ratio.high);
	if (row->verdict == VERDICT_UNDECIDED)
		row->runs_needed = find_runs_needed(&row->ratio);
}

int comparison_resolution(const struct comparison *comparison)
{
	double largest = UNMEASURED;

	for (size_t i = 0; i < comparison->n_rows; i++)
		if (comparison->rows[i].ranked && comparison->rows[i].paired)
			largest = fmax(largest, statistics_scatter(&comparison->rows[i].ratio));
	return isfinite(largest) ? statistics_pairs(largest, 1.05, RUNS_MAX) : 0;
}

/* ---- Order ---- */

/* What a row is sorted by, the smallest first; NAN last. */
static double key_epoch(const struct row *row)
{
	return row->epoch.median;
}

static double key_total(const struct row *row)
{
	return row->total_seconds;
}

static double key_accuracy(const struct row *row)
{
	return -row->test_accuracy;
}

static double key_memory(const struct row *row)
{
	return row->peak_rss;
}

static int compare_keys(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return (a > b) - (a < b);
}

/* 0: ranked; then measured but not ranked, failed with figures, without any, never started. */
static int row_class(const struct row *row)
{
	if (row->ranked)
		return 0;
	if (row->contestant->n_executions == 0)
		return 4;
	if (status_measured(row->contestant->status))
		return 1;
	return isnan(row->cold_epoch) ? 3 : 2;
}

/* Equal rows keep the order of --platform; `key` NULL: by label. */
static int compare_rows(const struct row *a, const struct row *b, double (*key)(const struct row *))
{
	int order = row_class(a) - row_class(b);

	if (order == 0)
		order =
			key ? compare_keys(key(a), key(b)) : strcmp(a->contestant->label, b->contestant->label);
	if (order == 0)
		order = (a->run > b->run) - (a->run < b->run);
	return order ? order : (a->contestant > b->contestant) - (a->contestant < b->contestant);
}

/* By insertion: a handful of rows, and qsort() cannot be told the key. */
static void sort_rows(struct comparison *comparison, double (*key)(const struct row *))
{
	for (size_t i = 1; i < comparison->n_rows; i++) {
		struct row row = comparison->rows[i];
		size_t place = i;
		for (; place > 0 && compare_rows(&row, &comparison->rows[place - 1], key) < 0; place--)
			comparison->rows[place] = comparison->rows[place - 1];
		comparison->rows[place] = row;
	}
}

/* A label alone: of the first run that has it. */
static const struct row *find_row(const struct comparison *comparison, const char *label)
{
	const struct row *found = NULL;

	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		if (strcmp(row->name, label) == 0)
			return row;
		if (strcmp(row->contestant->label, label) == 0 && (!found || row->run < found->run))
			found = row;
	}
	return found;
}

void comparison_sort(struct comparison *comparison, const char *key)
{
	static const struct {
		const char *name;
		double (*key)(const struct row *);
	} keys[] = {{"epoch", key_epoch},
	            {"total", key_total},
	            {"label", NULL},
	            {"accuracy", key_accuracy},
	            {"memory", key_memory}};
	const char *reference = comparison->reference ? comparison->reference->name : NULL;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].name, key) == 0)
			sort_rows(comparison, keys[i].key);
	comparison->reference = reference ? find_row(comparison, reference) : NULL;
}

/* ---- The whole ---- */

/* The row that `label` names, or the fastest; NULL after error(), or where nothing can be compared. */
static int find_reference(struct comparison *comparison, const char *label)
{
	const struct row *row = label ? find_row(comparison, label) : comparison->rows;

	if (label && !row)
		return error("--reference %s: %s has no such platform", label, comparison->results->folder);
	if (label && !row->ranked)
		return error("--reference %s: it is not ranked in %s (%s%s%s); choose another", label,
		             comparison->results->folder, status_name(row->contestant->status),
		             row->unranked ? ": " : "", row->unranked ? row->unranked : "");
	if (comparison->n_rows && row->ranked && !isnan(row->epoch.median))
		comparison->reference = row;
	return 0;
}

static void make_rows(struct comparison *comparison)
{
	for (size_t run = 0; run < comparison->n_runs; run++)
		comparison->n_rows += comparison->runs[run]->n_contestants;
	comparison->rows = memory_new(comparison->n_rows, sizeof(*comparison->rows));
	struct row *row = comparison->rows;
	for (size_t run = 0; run < comparison->n_runs; run++) {
		const struct results *results = comparison->runs[run];
		for (size_t i = 0; i < results->n_contestants; i++, row++) {
			make_row(row, results, &results->contestants[i]);
			row->run = run;
			row->name = row_name(comparison, run, results->contestants[i].label);
		}
	}
}

static int make(struct comparison *comparison, const char *reference)
{
	comparison->results = comparison->runs[0];
	make_rows(comparison);
	sort_rows(comparison, key_epoch);
	if (find_reference(comparison, reference)) {
		comparison_free(comparison);
		return -1;
	}
	for (size_t i = 0; comparison->reference && i < comparison->n_rows; i++)
		if (comparison->rows[i].ranked)
			judge_row(&comparison->rows[i], comparison->reference);
	return 0;
}

int comparison_make_of(struct comparison *comparison, const struct results *const *runs,
                       size_t n_runs, const char *reference)
{
	*comparison = (struct comparison){.runs = runs, .n_runs = n_runs};
	return make(comparison, reference);
}

int comparison_make(struct comparison *comparison, const struct results *results,
                    const char *reference)
{
	*comparison = (struct comparison){.results = results, .n_runs = 1};
	/* The one pointer that is borrowed is the comparison's own. */
	comparison->runs = &comparison->results;
	return make(comparison, reference);
}

void comparison_free(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->n_rows; i++)
		free(comparison->rows[i].name);
	free(comparison->rows);
	*comparison = (struct comparison){0};
}

/* ---- JSON ---- */

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
	int64_t epochs;
	bool known = field_integer(work, "epochs", 0, INT32_MAX, &epochs);
	json_t *object =
		json_pack("{s:s, s:I, s:s, s:o, s:I, s:o}", "platform", row->contestant->label, "run",
	              (json_int_t)row->run, "status", status_name(row->contestant->status), "epochs",
	              known ? json_integer(epochs) : json_null(), "runs", (json_int_t)row->runs,
	              "epoch_seconds", epoch_record(&row->epoch));

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		json_object_set_new(object, figures[i].name, field_number_new(figures[i].value));
	json_object_set_new(object, "vram_delta",
	                    isfinite(row->peak_vram) ? json_boolean(row->vram_delta) : json_null());
	json_object_set_new(object, "ratio", ratio_record(row));
	json_object_set_new(object, "verification", verification_record(&row->proof));
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

/* All text goes out at once, so that a pipe is never left with half a document. */
int comparison_write(const json_t *record, const char *path)
{
	char *text = json_dumps(record, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
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
