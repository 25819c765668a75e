/* SPDX-License-Identifier: MIT */
#include "report/comparison.h"

#include "core/memory.h"
#include "report/text.h"
#include "results/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double noisy_spread = 0.05; /* (q3 - q1)/median above which a figure is called noisy */
enum { LOG_LINES = 5, LOG_LINE_BYTES = 400 };

/* ---- Numbers ---- */

enum { CELL_SIZE = 48 };

/* Three significant digits, none behind the point from 100 on; "-" where there is no number. */
static void format_number(char out[CELL_SIZE], double value)
{
	double size = fabs(value);
	int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;

	if (!isfinite(value))
		strcpy(out, "-");
	else if (size >= 999999.5)
		snprintf(out, CELL_SIZE, "%.0e", value); /* nothing real comes here: as short as it gets */
	else
		snprintf(out, CELL_SIZE, "%.*f", decimals, value);
}

static void format_range(char out[CELL_SIZE], double low, double high)
{
	char from[CELL_SIZE], to[CELL_SIZE];

	out[0] = '\0';
	if (!isfinite(low) || !isfinite(high))
		return;
	format_number(from, low);
	format_number(to, high);
	snprintf(out, CELL_SIZE, "[%.20s-%.20s]", from, to);
}

/* Of a quantity whose figures lie far apart: 73.9k, 1.23M. */
static void format_large(char out[CELL_SIZE], double value)
{
	const char *letter = value >= 999500 ? "M" : value >= 999.5 ? "k" : "";

	format_number(out, *letter == 'M' ? value / 1e6 : *letter == 'k' ? value / 1e3 : value);
	if (isfinite(value))
		strcat(out, letter);
}

/* ---- Columns ---- */

/* Of all epoch times of a table; chosen by the shortest. */
struct unit {
	const char *name;
	double seconds;
};

static void cell_label(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	snprintf(out, CELL_SIZE, "%s", row->contestant->label); /* long ones do not come here */
}

static void cell_epoch(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	format_number(out, row->epoch.median / unit->seconds);
}

static void cell_quartiles(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	format_range(out, row->epoch.q1 / unit->seconds, row->epoch.q3 / unit->seconds);
}

static void cell_speed(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_large(out, row->samples_per_second);
}

static void cell_ratio(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_number(out, row->ratio.value);
}

static void cell_interval(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_range(out, row->ratio.low, row->ratio.high);
}

static void cell_cold(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	format_number(out, row->cold_epoch / unit->seconds);
}

static void cell_total(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_number(out, row->total_seconds);
}

static void cell_to_97(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_number(out, row->seconds_to_97);
}

static void cell_accuracy(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	strcpy(out, "-");
	if (isfinite(row->test_accuracy))
		snprintf(out, CELL_SIZE, "%.2f", 100 * row->test_accuracy);
}

static void cell_ram(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_number(out, row->peak_rss / 1e6);
}

static void cell_vram(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_number(out, row->peak_vram / 1e6);
	if (row->vram_delta)
		strcat(out, "*");
}

static void cell_status(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	snprintf(out, CELL_SIZE, "%s", status_name(row->contestant->status));
}

/* "@" in a heading stands for the unit of epochs.  `close`: one space before it, always. */
static const struct column {
	const char *head, *foot;
	bool left, close;
	void (*cell)(const struct row *, const struct unit *, char out[CELL_SIZE]);
} columns[] = {
	{"", "platform", true, false, cell_label},     {"epoch", "@", false, false, cell_epoch},
	{"", "quartiles", true, true, cell_quartiles}, {"samples", "per s", false, false, cell_speed},
	{"", "ratio", false, false, cell_ratio},       {"95%", "interval", true, true, cell_interval},
	{"first", "@", false, false, cell_cold},       {"total", "s", false, false, cell_total},
	{"to 97%", "s", false, false, cell_to_97},     {"test", "%", false, false, cell_accuracy},
	{"RAM", "MB", false, false, cell_ram},         {"VRAM", "MB", false, false, cell_vram},
	{"", "status", true, false, cell_status},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), LABEL = 0, STATUS = COLUMNS - 1 };

/* ---- Table ---- */

struct table {
	char (*cells)[COLUMNS][CELL_SIZE]; /* two rows of headings, then a row a platform */
	const char **labels;               /* of the rows; NULL of headings */
	size_t n_rows;
	size_t widths[COLUMNS];
	size_t gap;
	bool stacked; /* too wide: labels and statuses have lines of their own */
};

static struct unit choose_unit(const struct comparison *comparison)
{
	double shortest = UNMEASURED;

	for (size_t i = 0; i < comparison->n_rows; i++)
		shortest =
			fmin(shortest, fmin(comparison->rows[i].epoch.median, comparison->rows[i].cold_epoch));
	if (shortest < 1e-3)
		return (struct unit){"us", 1e-6};
	return shortest < 1 ? (struct unit){"ms", 1e-3} : (struct unit){"s", 1};
}

static void add_headings(struct table *table, const struct unit *unit)
{
	for (int c = 0; c < COLUMNS; c++) {
		const char *foot = strcmp(columns[c].foot, "@") == 0 ? unit->name : columns[c].foot;
		snprintf(table->cells[0][c], CELL_SIZE, "%s", columns[c].head);
		snprintf(table->cells[1][c], CELL_SIZE, "%s", foot);
	}
	table->n_rows = 2;
}

static void add_row(struct table *table, const struct row *row, const struct unit *unit)
{
	for (int c = 0; c < COLUMNS; c++)
		columns[c].cell(row, unit, table->cells[table->n_rows][c]);
	table->labels[table->n_rows++] = row->contestant->label;
}

static size_t table_width(const struct table *table, size_t label, size_t gap)
{
	size_t width = label;

	for (int c = LABEL + 1; c < (table->stacked ? STATUS : COLUMNS); c++)
		width += table->widths[c] + (columns[c].close ? 1 : gap);
	return width;
}

static bool is_plain(const char *label)
{
	for (; *label; label++)
		if (*label < ' ' || *label > '~')
			return false;
	return true;
}

/* A label that is too long, or whose width is not sure, has a line of its own. */
static bool label_fits(const struct table *table, size_t row)
{
	const char *label = table->labels[row];

	return !label || (!table->stacked && is_plain(label) && strlen(label) <= table->widths[LABEL]);
}

static size_t longest_label(const struct table *table)
{
	size_t longest = strlen(columns[LABEL].foot);

	for (size_t row = 0; row < table->n_rows; row++)
		if (table->labels[row] && is_plain(table->labels[row]) &&
		    strlen(table->labels[row]) > longest)
			longest = strlen(table->labels[row]);
	return longest < CELL_SIZE ? longest : CELL_SIZE - 1;
}

/* Two spaces between columns where all labels then fit, else one, and the labels get what is left. */
static void set_widths(struct table *table)
{
	size_t longest = longest_label(table), least = strlen(columns[LABEL].foot);

	for (size_t row = 0; row < table->n_rows; row++)
		for (int c = LABEL + 1; c < COLUMNS; c++)
			if (strlen(table->cells[row][c]) > table->widths[c])
				table->widths[c] = strlen(table->cells[row][c]);
	table->gap = table_width(table, longest, 2) <= TEXT_WIDTH ? 2 : 1;
	table->stacked = table_width(table, least, table->gap) > TEXT_WIDTH;
	size_t rest = table_width(table, 0, table->gap);
	table->widths[LABEL] = table->stacked                 ? 2
	                       : longest <= TEXT_WIDTH - rest ? longest
	                                                      : TEXT_WIDTH - rest;
}

static void print_label(const struct table *table, size_t row, FILE *out)
{
	char *line = memory_text("%s%s%s", table->labels[row], table->stacked ? ": " : "",
	                         table->stacked ? table->cells[row][STATUS] : "");

	text_wrap(out, "", line);
	free(line);
}

static void print_row(const struct table *table, size_t row, FILE *out)
{
	bool fits = label_fits(table, row) && !table->stacked;
	int pending = 0; /* spaces, printed only when something follows: no line ends with them */

	if (!label_fits(table, row))
		print_label(table, row, out);
	for (int c = LABEL; c < (table->stacked ? STATUS : COLUMNS); c++) {
		const char *text = c == LABEL && !fits ? "" : table->cells[row][c];
		int fill = (int)(table->widths[c] - strlen(text));
		pending += c == LABEL ? 0 : columns[c].close ? 1 : (int)table->gap;
		pending += columns[c].left ? 0 : fill;
		if (*text) {
			fprintf(out, "%*s%s", pending, "", text);
			pending = 0;
		}
		pending += columns[c].left ? fill : 0;
	}
	fputc('\n', out);
}

static void print_table(const struct comparison *comparison, FILE *out)
{
	struct unit unit = choose_unit(comparison);
	struct table table = {0};

	table.cells = memory_new(comparison->n_rows + 2, sizeof(*table.cells));
	table.labels = memory_new(comparison->n_rows + 2, sizeof(*table.labels));
	add_headings(&table, &unit);
	for (size_t i = 0; i < comparison->n_rows; i++)
		if (comparison->rows[i].contestant->n_executions > 0)
			add_row(&table, &comparison->rows[i], &unit);
	set_widths(&table);
	for (size_t row = 0; table.n_rows > 2 && row < table.n_rows; row++)
		print_row(&table, row, out);
	free(table.cells);
	free(table.labels);
}

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

static void print_work(const struct results *results, FILE *out)
{
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
	fprintf(line.file, "batch %s, lr %s, momentum %s, epochs %s, runs %s",
	        number_text(work, "batch", n[6]), number_text(work, "lr", n[7]),
	        number_text(work, "momentum", n[8]), number_text(work, "epochs", n[9]),
	        number_text(results->run, "runs", n[10]));
	line_print_parts(&line, out);
}

static void print_machine(const struct results *results, FILE *out)
{
	const json_t *machine = json_object_get(results->run, "machine");
	const char *cpu = field_text(machine, "cpu"), *system = field_text(machine, "system");
	double memory = field_number(machine, "memory_bytes");
	char n[2][CELL_SIZE];
	struct line line;

	line_open(&line);
	fprintf(line.file, "%s, %s cores, %s threads used", cpu ? cpu : "CPU unknown",
	        number_text(machine, "cores", n[0]), number_text(results->run, "threads", n[1]));
	if (isfinite(memory))
		fprintf(line.file, ", %.1f GB", memory / 1e9);
	if (system)
		fprintf(line.file, "; %s", system);
	line_print_parts(&line, out);
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
			fprintf(line.file, "%s%s", n++ ? ", " : "", comparison->rows[i].contestant->label);
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
	return row->ranked && has_ratio(row) && row->ratio.n == 1;
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

static void print_reading(const struct comparison *comparison, FILE *out)
{
	struct line line;

	if (any(comparison, has_figures))
		text_wrap(
			out, "",
			"epoch: training time, median of all epochs but each process's first; total: from "
			"the start of the process to the final weights.");
	if (any(comparison, is_delta))
		text_wrap(out, "",
		          "VRAM*: the driver does not tell of this process alone; what all processes use "
		          "beyond what they used before.");
	if (!any(comparison, has_ratio))
		return;
	line_open(&line);
	fprintf(
		line.file,
		"ratio: epoch time over that of %s in the same round (2.00: takes twice as long), and its 95%% interval.",
		comparison->reference->contestant->label);
	line_print(&line, "", out);
}

static void print_verdicts(const struct comparison *comparison, FILE *out)
{
	print_labels(comparison, out, "same (within 2%): ", "", is_same, "");
	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		struct line line;
		if (row->verdict != VERDICT_UNDECIDED)
			continue;
		line_open(&line);
		if (row->runs_needed)
			fprintf(line.file, "%s; about %d runs would decide (--runs %d)", row->contestant->label,
			        row->runs_needed, row->runs_needed);
		else
			fprintf(line.file, "%s; a thousand runs would not decide", row->contestant->label);
		line_print(&line, "undecided: ", out);
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

static void print_epoch_check(const struct comparison *comparison, FILE *out)
{
	const json_t *check = comparison->results->epoch_check;
	const bool checked = json_is_true(json_object_get(check, "checked"));
	const char *why = field_text(check, "why");
	struct line line;

	if (!check && any(comparison, is_verified) && any(comparison, has_figures))
		why = "the run had not come to that";
	if (!why)
		return;
	line_open(&line);
	fprintf(line.file, "%s: %s.", checked ? "epoch 1 checked" : "epochs not cross-checked", why);
	line_print(&line, "", out);
}

static void print_resolution(const struct comparison *comparison, FILE *out)
{
	const int runs = comparison_resolution(comparison);

	if (runs > 0)
		fprintf(out, "resolution: at this scatter --runs %d tells 5%% apart, 9 times in 10.\n",
		        runs);
}

static void print_doubts(const struct comparison *comparison, FILE *out)
{
	const json_t *run = comparison->results->run, *work = json_object_get(run, "work");

	print_labels(
		comparison, out, "noisy: ", "", is_noisy,
		"; the middle half of the epochs spreads over more than 5% of the median: is the machine "
		"busy with something else?");
	if (field_number(work, "epochs") < 2 && any(comparison, lacks_steady))
		text_wrap(
			out, "",
			"A first epoch alone is no steady figure: there is a comparison from --epochs 2 on.");
	if (field_number(run, "runs") < 2 && any(comparison, lacks_interval))
		text_wrap(out, "",
		          "A single run has no interval and no verdict: there are both from --runs 2 on.");
	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		struct line line;
		if (!row->unranked)
			continue;
		line_open(&line);
		fprintf(line.file, "%s (%s): %s", row->contestant->label,
		        status_name(row->contestant->status), row->unranked);
		line_print(&line, "not ranked: ", out);
	}
}

static void print_interruption(const struct comparison *comparison, FILE *out)
{
	const struct results *results = comparison->results;
	struct line line;

	if (results->finished && !results->signal)
		return;
	line_open(&line);
	if (results->signal)
		fprintf(line.file, "The run was ended by signal %d; this is what was measured before.",
		        results->signal);
	else
		fputs("The run has no end yet, or was cut off; this is what was measured so far.",
		      line.file);
	line_print(&line, "", out);
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

static void print_reason(const struct contestant *contestant, FILE *out)
{
	const struct execution *execution = speaker(contestant);
	const char *log = field_text(execution ? execution->exit : NULL, "log");
	struct line line;

	line_open(&line);
	fprintf(line.file, "%s: %s", contestant->label, status_name(contestant->status));
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
	return !status_measured(row->contestant->status);
}

static void print_missing(const struct comparison *comparison, FILE *out)
{
	for (size_t i = 0; i < comparison->n_rows; i++)
		if (is_missing(&comparison->rows[i]))
			print_reason(comparison->rows[i].contestant, out);
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

void comparison_title(const char *folder, FILE *out)
{
	text_wrap(out, "== ", folder);
}

void comparison_table(const struct comparison *comparison, FILE *out)
{
	static void (*const parts[][8])(const struct comparison *, FILE *) = {
		{print_table},
		{print_reading, print_verdicts, print_resolution, print_verified, print_epoch_check,
	     print_doubts, print_interruption},
		{print_missing},
	};

	print_work(comparison->results, out);
	print_machine(comparison->results, out);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		print_part(comparison, out, parts[i]);
}
