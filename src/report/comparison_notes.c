/* SPDX-License-Identifier: MIT */
/* The lines above and below a table: what a reader must know of its figures. */
#include "report/comparison_cells.h"

#include "core/memory.h"
#include "report/arithmetic.h"
#include "report/doubts.h"
#include "report/profile.h"
#include "report/text.h"
#include "results/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double noisy_spread = 0.05; /* (q3 - q1)/median above which a figure is called noisy */
enum { LOG_LINES = 5, LOG_LINE_BYTES = 400 };

/* ---- Lines above ---- */

/* A line that is put together in memory and then wrapped. */
struct line {
	char *text;
	size_t size;
	FILE *file;
};

static void line_open(struct line *line)
{
	line->file = open_memstream(&line->text, &line->size);
	if (!line->file)
		die("out of memory");
}

static void line_print(struct line *line, const char *first, FILE *out)
{
	fclose(line->file);
	text_wrap(out, first, line->text);
	free(line->text);
}

/* A line of many small parts: no part is broken. */
static void line_print_parts(struct line *line, FILE *out)
{
	fclose(line->file);
	text_wrap_parts(out, line->text);
	free(line->text);
}

/* "512", "0.01", "?" of a member that is missing. */
static const char *number_text(const json_t *object, const char *key, char out[CELL_SIZE])
{
	double value = field_number(object, key);

	snprintf(out, CELL_SIZE, "%.10g", value);
	return isfinite(value) ? out : "?";
}

/* Rounds stand in this line where there is one run, else with each machine. */
static void print_work(const struct comparison *comparison, FILE *out)
{
	const struct results *results = comparison->results;
	const json_t *work = json_object_get(results->run, "work"),
				 *dataset = json_object_get(work, "dataset");
	const json_t *shape = json_object_get(work, "shape");
	const char *name = field_text(dataset, "name");
	char n[11][CELL_SIZE];
	struct line line;

	line_open(&line);
	fprintf(line.file, "%s, images %s + %s; %s and %s filters of %sx%s, %s hidden; ",
	        name ? name : "?", number_text(dataset, "n_train", n[0]),
	        number_text(dataset, "n_test", n[1]), number_text(shape, "filters1", n[2]),
	        number_text(shape, "filters2", n[3]), number_text(shape, "fsize", n[4]),
	        number_text(shape, "fsize", n[4]), number_text(shape, "hidden", n[5]));
	fprintf(line.file, "batch %s, lr %s, momentum %s, epochs %s", number_text(work, "batch", n[6]),
	        number_text(work, "lr", n[7]), number_text(work, "momentum", n[8]),
	        number_text(work, "epochs", n[9]));
	if (comparison->n_runs == 1)
		fprintf(line.file, ", runs %s", number_text(results->run, "runs", n[10]));
	line_print_parts(&line, out);
}

static void put_machine(const struct results *results, FILE *out)
{
	const json_t *machine = json_object_get(results->run, "machine");
	const char *cpu = field_text(machine, "cpu"), *system = field_text(machine, "system");
	double memory = field_number(machine, "memory_bytes");
	char n[2][CELL_SIZE];

	fprintf(out, "%s, %s cores, %s threads used", cpu ? cpu : "CPU unknown",
	        number_text(machine, "cores", n[0]), number_text(results->run, "threads", n[1]));
	if (memory > 0)
		fprintf(out, ", %.1f GB", memory / 1e9);
	if (system)
		fprintf(out, "; %s", system);
}

/* "@B (new): the machine of A, 2 threads used; runs 3": of one of several runs. */
static void print_run(const struct comparison *comparison, size_t run, FILE *out)
{
	const struct results *results = comparison->runs[run];
	const size_t machine = comparison_machine(comparison, run);
	const char *started = field_text(results->run, "started");
	char tag[RUN_TAG_SIZE], of[RUN_TAG_SIZE], n[2][CELL_SIZE];
	struct line line;

	run_tag(run, tag);
	run_tag(machine, of);
	line_open(&line);
	fprintf(line.file, "@%s %s: ", tag, results->folder);
	if (machine == run)
		put_machine(results, line.file);
	else
		fprintf(line.file, "the machine of @%s, %s threads used", of,
		        number_text(results->run, "threads", n[0]));
	fprintf(line.file, "; runs %s", number_text(results->run, "runs", n[1]));
	if (started)
		fprintf(line.file, ", %s", started);
	line_print(&line, "", out);
}

static void print_machines(const struct comparison *comparison, FILE *out)
{
	struct line line;

	if (comparison->n_runs > 1) {
		for (size_t run = 0; run < comparison->n_runs; run++)
			print_run(comparison, run, out);
		return;
	}
	line_open(&line);
	put_machine(comparison->results, line.file);
	line_print_parts(&line, out);
}

/* Of CSV files, which tell nothing else. */
static void print_source(const struct comparison *comparison, FILE *out)
{
	const json_t *work = json_object_get(comparison->results->run, "work");
	char epochs[CELL_SIZE];
	struct line line;

	line_open(&line);
	fprintf(line.file, "CSV files of %s, epochs %s; data, network and machine are not known",
	        comparison->results->folder, number_text(work, "epochs", epochs));
	line_print(&line, "", out);
}

/* ---- Lines below ---- */

/* One line with the labels of all rows that `select` takes, if there are any. */
static void print_labels(const struct comparison *comparison, FILE *out, const char *first,
                         const char *before, bool (*select)(const struct row *), const char *behind)
{
	struct line line;
	int n = 0;

	line_open(&line);
	fputs(before, line.file);
	for (size_t i = 0; i < comparison->n_rows; i++)
		if (select(&comparison->rows[i]))
			fprintf(line.file, "%s%s", n++ ? ", " : "", comparison->rows[i].name);
	fputs(behind, line.file);
	fclose(line.file);
	if (n > 0)
		text_wrap(out, first, line.text);
	free(line.text);
}

static bool is_verified(const struct row *row)
{
	return row->contestant->status == STATUS_VERIFIED;
}

static bool is_same(const struct row *row)
{
	return row->verdict == VERDICT_SAME;
}

static bool is_noisy(const struct row *row)
{
	return row->ranked && row->epoch.q3 - row->epoch.q1 > noisy_spread * row->epoch.median;
}

static bool has_figures(const struct row *row)
{
	return isfinite(row->cold_epoch);
}

static bool has_ratio(const struct row *row)
{
	return row->ratio.n > 0 && row->verdict != VERDICT_REFERENCE;
}

static bool lacks_steady(const struct row *row)
{
	return row->ranked && has_figures(row) && row->epoch.n == 0;
}

static bool lacks_interval(const struct row *row)
{
	return row->ranked && has_ratio(row) && row->ratio.n == 1 &&
	       field_number(row->results->run, "runs") < 2;
}

static bool any(const struct comparison *comparison, bool (*select)(const struct row *))
{
	for (size_t i = 0; i < comparison->n_rows; i++)
		if (select(&comparison->rows[i]))
			return true;
	return false;
}

static bool is_delta(const struct row *row)
{
	return row->vram_delta;
}

static bool is_paired(const struct row *row)
{
	return has_ratio(row) && row->paired;
}

static bool is_apart(const struct row *row)
{
	return has_ratio(row) && !row->paired;
}

/* What the columns of a view mean. */
static const char *const view_notes[] = {
	[VIEW_DEFAULT] =
		"epoch: training time, median of all epochs but each process's first; total: from "
		"the start of the process to the final weights.",
	[VIEW_ORIGINAL] =
		"avg, samples: plain averages over all epochs of all runs, the first too; training: the sum of a "
		"run's epochs.  How they compare, and how sure that is, shows the default view.",
};

static const char *const original_notes[] = {
	[VIEW_DEFAULT] = "epoch: time as the files give it, median of all epochs but the first; the "
					 "original's holds the evaluation.",
	[VIEW_ORIGINAL] =
		"avg, samples: plain averages over all epochs, the first too; training: their sum.  "
		"The original's epoch time holds the evaluation.",
};

static void print_ratios(const struct comparison *comparison, FILE *out)
{
	const char *reference = comparison->reference->name;
	struct line line;

	if (any(comparison, is_paired)) {
		line_open(&line);
		fprintf(
			line.file,
			"ratio: epoch time over that of %s (verified) in the same round (2.00: takes twice as long), "
			"and its 95%% interval.",
			reference);
		line_print(&line, "", out);
	}
	if (!any(comparison, is_apart))
		return;
	line_open(&line);
	fprintf(
		line.file,
		"ratio to %s of another run: not paired; of the geometric means of the processes' medians, "
		"with Welch's 95%% interval, which holds the noise within the runs and nothing else that "
		"differed between them.  No verdict is made of it.",
		reference);
	line_print(&line, "", out);
}

static void print_reading(const struct comparison *comparison, FILE *out)
{
	const bool original = comparison->results->original;

	if (any(comparison, has_figures))
		text_wrap(out, "",
		          original ? original_notes[comparison->view] : view_notes[comparison->view]);
	if (original)
		text_wrap(
			out, "unverified_csv: ",
			"nothing tells what these programs computed, or how they took the time: they have no "
			"rank, and no ratio is made with them.");
	if (comparison->view != VIEW_DEFAULT)
		return;
	if (any(comparison, is_delta))
		text_wrap(out, "",
		          "VRAM*: the driver does not tell of this process alone; what all processes use "
		          "beyond what they used before.");
	if (any(comparison, has_ratio))
		print_ratios(comparison, out);
}

static void print_verdicts(const struct comparison *comparison, FILE *out)
{
	if (comparison->view != VIEW_DEFAULT)
		return;
	print_labels(comparison, out, "same (within 2%): ", "", is_same, "");
	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		struct line line;
		if (row->verdict != VERDICT_UNDECIDED)
			continue;
		line_open(&line);
		if (row->runs_needed)
			fprintf(line.file, "%s; about %d runs would decide (--runs %d)", row->name,
			        row->runs_needed, row->runs_needed);
		else
			fprintf(line.file, "%s; a thousand runs would not decide", row->name);
		line_print(&line, "undecided (verified): ", out);
	}
}

/* The proof of all that are verified: of one job, so that it differs in its figures alone. */
static struct proof find_proof(const struct comparison *comparison)
{
	struct proof proof = {.worst = UNMEASURED};

	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		double worst = fmax(proof.worst, row->proof.worst); /* fmax takes the one that is no NAN */
		if (!is_verified(row) || row->proof.runs == 0)
			continue;
		proof = row->proof;
		proof.worst = worst;
	}
	return proof;
}

/* "at 7.5%", "below 0.1%". */
static void format_part(char out[CELL_SIZE], double part)
{
	double percent = 100 * part;

	if (percent < 0.1)
		strcpy(out, "below 0.1%");
	else
		snprintf(out, CELL_SIZE, "at %.*f%%", percent < 9.95 ? 1 : 0, fmin(percent, 1e9));
}

static void print_verified(const struct comparison *comparison, FILE *out)
{
	const struct proof proof = find_proof(comparison);
	char part[CELL_SIZE];
	struct line line;

	if (!isfinite(proof.worst))
		return;
	format_part(part, proof.worst);
	line_open(&line);
	fprintf(
		line.file,
		"verified: in the timed process, %d steps from the initial weights agree with the float64 "
		"reference in all %d tensors (worst %s of what is allowed); docs/METHOD.md says what that "
		"proves.",
		proof.steps, proof.tensors, part);
	line_print(&line, "", out);
}

/* "@B: " of one of several runs. */
static void put_tag(const struct comparison *comparison, size_t run, FILE *out)
{
	char tag[RUN_TAG_SIZE];

	run_tag(run, tag);
	if (comparison->n_runs > 1)
		fprintf(out, "@%s: ", tag);
}

static bool run_has_verified(const struct comparison *comparison, size_t run)
{
	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		if (row->run == run && is_verified(row) && has_figures(row))
			return true;
	}
	return false;
}

static void print_epoch_check(const struct comparison *comparison, size_t run, FILE *out)
{
	const json_t *check = comparison->runs[run]->epoch_check;
	const bool checked = json_is_true(json_object_get(check, "checked"));
	const char *why = field_text(check, "why");
	struct line line;

	if (!check && run_has_verified(comparison, run))
		why = "the run had not come to that";
	if (!why)
		return;
	line_open(&line);
	put_tag(comparison, run, line.file);
	fprintf(line.file, "%s: %s.", checked ? "epoch 1 checked" : "epochs not cross-checked", why);
	line_print(&line, "", out);
}

static void print_epoch_checks(const struct comparison *comparison, FILE *out)
{
	for (size_t run = 0; run < comparison->n_runs; run++)
		print_epoch_check(comparison, run, out);
}

static void print_resolution(const struct comparison *comparison, FILE *out)
{
	const int runs = comparison_resolution(comparison);

	if (runs > 0 && comparison->view == VIEW_DEFAULT)
		fprintf(out, "resolution: at this scatter --runs %d tells 5%% apart, 19 times in 20.\n",
		        runs);
}

static void print_arithmetic(const struct comparison *comparison, FILE *out)
{
	if (comparison->view == VIEW_DEFAULT)
		arithmetic_print(comparison, out);
}

static void print_profiles(const struct comparison *comparison, FILE *out)
{
	if (comparison->view == VIEW_DEFAULT)
		profile_print(comparison, out);
}

static void print_doubts(const struct comparison *comparison, FILE *out)
{
	const json_t *work = json_object_get(comparison->results->run, "work");

	print_labels(
		comparison, out, "noisy (verified): ", "", is_noisy,
		"; the middle half of the epochs spreads over more than 5% of the median: is the machine "
		"busy with something else?");
	doubts_print(comparison, out);
	if (field_number(work, "epochs") < 2 && any(comparison, lacks_steady))
		text_wrap(
			out, "",
			"A first epoch alone is no steady figure: there is a comparison from --epochs 2 on.");
	if (any(comparison, lacks_interval))
		text_wrap(out, "",
		          "A single run has no interval and no verdict: there are both from --runs 2 on.");
	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		struct line line;
		if (!row->unranked || !status_measured(row->contestant->status))
			continue;
		line_open(&line);
		fprintf(line.file, "%s (%s): %s", row->name, status_name(row->contestant->status),
		        row->unranked);
		line_print(&line, "not ranked: ", out);
	}
}

static void print_interruption(const struct comparison *comparison, FILE *out)
{
	for (size_t run = 0; run < comparison->n_runs; run++) {
		const struct results *results = comparison->runs[run];
		struct line line;
		if (results->original || (results->finished && !results->signal))
			continue;
		line_open(&line);
		put_tag(comparison, run, line.file);
		if (results->signal)
			fprintf(line.file, "The run was ended by signal %d; this is what was measured before.",
			        results->signal);
		else
			fputs("The run has no end yet, or was cut off; this is what was measured so far.",
			      line.file);
		line_print(&line, "", out);
	}
}

/* The execution that its contestant's status and reason come from. */
static const struct execution *speaker(const struct contestant *contestant)
{
	for (size_t i = 0; i < contestant->n_executions; i++)
		if (contestant->executions[i].status == contestant->status)
			return &contestant->executions[i];
	return NULL;
}

static void print_log(const struct execution *execution, FILE *out)
{
	const json_t *tail = json_object_get(execution ? execution->exit : NULL, "log_tail");
	size_t count = json_array_size(tail);

	for (size_t i = count > LOG_LINES ? count - LOG_LINES : 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(tail, i));
		int size = (int)strnlen(text ? text : "", LOG_LINE_BYTES);
		struct line line;
		while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
			size--; /* not through a character */
		line_open(&line);
		fprintf(line.file, "%.*s", size, text ? text : "");
		line_print(&line, "    | ", out);
	}
}

static void print_reason(const struct row *row, FILE *out)
{
	const struct contestant *contestant = row->contestant;
	const struct execution *execution = speaker(contestant);
	const char *log = field_text(execution ? execution->exit : NULL, "log");
	const char *division = contestant_division(contestant);
	struct line line;

	line_open(&line);
	fprintf(line.file, "%s: %s", row->name, status_name(contestant->status));
	if (division && contestant->status == STATUS_NOT_VERIFIED)
		fprintf(line.file, " as float32, but it says that it computes in %s", division);
	if (contestant->why)
		fprintf(line.file, ": %s", contestant->why);
	if (contestant->help)
		fprintf(line.file, "; what would help: %s", contestant->help);
	if (log && contestant->status != STATUS_UNAVAILABLE)
		fprintf(line.file, " (%s)", log);
	line_print(&line, "- ", out);
	if (contestant->status != STATUS_UNAVAILABLE)
		print_log(execution, out);
}

static bool is_missing(const struct row *row)
{
	return !status_measured(row->contestant->status) && !row->results->original;
}

static void print_missing(const struct comparison *comparison, FILE *out)
{
	for (size_t i = 0; i < comparison->n_rows; i++)
		if (is_missing(&comparison->rows[i]))
			print_reason(&comparison->rows[i], out);
}

/* One of the parts of a report, with an empty line above it; where it has nothing to say, nothing. */
static void print_part(const struct comparison *comparison, FILE *out,
                       void (*const *print)(const struct comparison *, FILE *))
{
	struct line part;

	line_open(&part);
	for (; *print; print++)
		(*print)(comparison, part.file);
	fclose(part.file);
	if (part.size > 0)
		fprintf(out, "\n%s", part.text);
	free(part.text);
}

void comparison_head(const struct comparison *comparison, FILE *out)
{
	if (comparison->results->original) {
		print_source(comparison, out);
	} else {
		print_work(comparison, out);
		print_machines(comparison, out);
	}
}

void comparison_notes(const struct comparison *comparison, FILE *out)
{
	static void (*const parts[][9])(const struct comparison *, FILE *) = {
		{print_reading, print_verdicts, print_resolution, print_arithmetic, print_verified,
	     print_epoch_checks, print_doubts, print_interruption},
		{print_profiles},
		{print_missing},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		print_part(comparison, out, parts[i]);
}

void comparison_table(const struct comparison *comparison, FILE *out)
{
	static void (*const table[])(const struct comparison *, FILE *) = {comparison_cells, NULL};

	comparison_head(comparison, out);
	print_part(comparison, out, table);
	comparison_notes(comparison, out);
}
