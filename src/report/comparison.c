/* SPDX-License-Identifier: MIT */
#include "report/comparison.h"

#include "core/error.h"
#include "core/memory.h"
#include "report/averages.h"
#include "results/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* What sets measured work apart from what is ranked: in one word or two, and as a sentence; NULL: nothing. */
struct difference {
	const char *name, *why;
};

static struct difference differs_in_status(const struct contestant *contestant)
{
	const char *name = status_name(contestant->status);

	if (contestant->status == STATUS_VERIFIED)
		return (struct difference){NULL, NULL};
	if (contestant->status == STATUS_UNJUDGED)
		return (struct difference){name, "nothing has checked what it computed: the run was cut "
		                                 "off before, or an older version made it"};
	return (struct difference){name, contestant->why ? contestant->why : "it is not verified"};
}

static struct difference differs_in_device(const struct contestant *contestant)
{
	if (json_is_true(json_object_get(contestant_hello(contestant), "simulated")))
		return (struct difference){"simulated device", "its device is simulated"};
	return (struct difference){NULL, NULL};
}

static struct difference differs_in_precision(const struct contestant *contestant)
{
	const char *precision = contestant_division(contestant);

	return (struct difference){precision, precision ? "it does not compute in float32" : NULL};
}

static struct difference differs_in_data(const struct contestant *contestant)
{
	const char *data = field_text(contestant_hello(contestant), "data");

	if (data && !strstr(data, "resident"))
		return (struct difference){data, "its data is not resident where it computes"};
	return (struct difference){NULL, NULL};
}

/* Sets `apart` and `unranked`, or leaves both NULL. */
static void find_differences(struct row *row)
{
	static struct difference (*const differs[])(const struct contestant *) = {
		differs_in_status, differs_in_device, differs_in_precision, differs_in_data};

	for (size_t i = 0; i < sizeof(differs) / sizeof(differs[0]); i++) {
		const struct difference difference = differs[i](row->contestant);
		char *before = row->apart;
		if (!difference.name)
			continue;
		row->apart =
			before ? memory_text("%s; %s", before, difference.name) : memory_copy(difference.name);
		row->unranked = row->unranked ? row->unranked : difference.why;
		free(before);
	}
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
	*row = (struct row){
		.contestant = contestant,
		.results = results,
		.runs = count_runs(contestant),
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
	find_differences(row);
	row->ranked = !row->apart;
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

/* Those that are ranked first, then what is apart for the same reason together.  Equal rows keep the order
 * of --platform; `key` NULL: by label. */
static int compare_rows(const struct row *a, const struct row *b, double (*key)(const struct row *))
{
	int order = row_class(a) - row_class(b);

	if (order == 0 && a->apart && b->apart)
		order = strcmp(a->apart, b->apart);
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
		return comparison->n_runs == 1
		           ? error("--reference %s: %s has no such platform", label,
		                   comparison->results->folder)
		           : error("--reference %s: none of these runs has such a platform", label);
	if (label && !row->ranked)
		return error("--reference %s: it is not ranked in %s (%s%s%s); choose another", label,
		             row->results->folder, status_name(row->contestant->status),
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
		free(comparison->rows[i].name), free(comparison->rows[i].apart);
	free(comparison->rows);
	*comparison = (struct comparison){0};
}
