/* SPDX-License-Identifier: MIT */
#include "report/comparison_cells.h"

#include "core/memory.h"
#include "report/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Numbers ---- */

void format_number(char out[CELL_SIZE], double value)
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

void format_large(char out[CELL_SIZE], double value)
{
	const char *letter = value >= 999500 ? "M" : value >= 999.5 ? "k" : "";

	format_number(out, *letter == 'M' ? value / 1e6 : *letter == 'k' ? value / 1e3 : value);
	if (isfinite(value))
		strcat(out, letter);
}

static void format_percent(char out[CELL_SIZE], double fraction)
{
	strcpy(out, "-");
	if (isfinite(fraction))
		snprintf(out, CELL_SIZE, "%.2f", 100 * fraction);
}

/* ---- Columns ---- */

static void cell_label(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	snprintf(out, CELL_SIZE, "%s", row->name); /* long ones do not come here */
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
	format_percent(out, row->test_accuracy);
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

/* The same for the summary of the original system: plain averages, in seconds and MB. */
static void cell_average_epoch(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	format_number(out, row->averages.epoch_seconds / unit->seconds);
}

static void cell_training(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_number(out, row->averages.train_seconds);
}

static void cell_average_speed(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_large(out, row->averages.throughput);
}

static void cell_final(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_percent(out, row->averages.final_test_accuracy);
}

static void cell_best(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_percent(out, row->averages.best_test_accuracy);
}

static void cell_average_ram(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_number(out, row->averages.rss / 1e6);
}

static void cell_max_vram(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	format_number(out, row->averages.max_vram / 1e6);
}

static void cell_last_epoch(const struct row *row, const struct unit *unit, char out[CELL_SIZE])
{
	(void)unit;
	snprintf(out, CELL_SIZE, "%d", row->averages.last_epoch);
}

static const struct column default_columns[] = {
	{"", "platform", true, false, cell_label},     {"epoch", "@", false, false, cell_epoch},
	{"", "quartiles", true, true, cell_quartiles}, {"samples", "per s", false, false, cell_speed},
	{"", "ratio", false, false, cell_ratio},       {"95%", "interval", true, true, cell_interval},
	{"first", "@", false, false, cell_cold},       {"total", "s", false, false, cell_total},
	{"to 97%", "s", false, false, cell_to_97},     {"test", "%", false, false, cell_accuracy},
	{"RAM", "MB", false, false, cell_ram},         {"VRAM", "MB", false, false, cell_vram},
	{"", "status", true, false, cell_status},
};

static const struct column original_columns[] = {
	{"", "platform", true, false, cell_label},
	{"avg epoch", "@", false, false, cell_average_epoch},
	{"training", "s", false, false, cell_training},
	{"samples", "per s", false, false, cell_average_speed},
	{"final", "test %", false, false, cell_final},
	{"best", "test %", false, false, cell_best},
	{"avg RAM", "MB", false, false, cell_average_ram},
	{"max VRAM", "MB", false, false, cell_max_vram},
	{"last", "epoch", false, false, cell_last_epoch},
	{"", "status", true, false, cell_status},
};

static const struct {
	const struct column *columns;
	size_t count;
} views[] = {
	[VIEW_DEFAULT] = {default_columns, sizeof(default_columns) / sizeof(default_columns[0])},
	[VIEW_ORIGINAL] = {original_columns, sizeof(original_columns) / sizeof(original_columns[0])},
};

enum { COLUMNS_MAX = sizeof(default_columns) / sizeof(default_columns[0]), LABEL = 0 };
_Static_assert(sizeof(original_columns) <= sizeof(default_columns), "COLUMNS_MAX is too small");

const struct column *comparison_columns(enum view view, size_t *count)
{
	*count = views[view].count;
	return views[view].columns;
}

/* ---- Table ---- */

struct table {
	const struct column *columns;
	size_t count;                          /* of columns; the last is the status */
	char (*cells)[COLUMNS_MAX][CELL_SIZE]; /* two rows of headings, then a row a platform */
	const char **labels;                   /* of the rows; NULL of headings */
	const char **apart;                    /* what begins with this row: a heading, or NULL */
	size_t n_rows;
	size_t widths[COLUMNS_MAX];
	size_t gap;
	bool stacked; /* too wide: labels and statuses have lines of their own */
};

struct unit comparison_unit(const struct comparison *comparison)
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
	for (size_t c = 0; c < table->count; c++) {
		const char *foot =
			strcmp(table->columns[c].foot, "@") == 0 ? unit->name : table->columns[c].foot;
		snprintf(table->cells[0][c], CELL_SIZE, "%s", table->columns[c].head);
		snprintf(table->cells[1][c], CELL_SIZE, "%s", foot);
	}
	table->n_rows = 2;
}

/* Does another group of rows begin with this one, of such that are not ranked? */
static bool begins_group(const struct row *row, const struct row *before)
{
	return row->apart && before && (!before->apart || strcmp(row->apart, before->apart) != 0);
}

/* `before`: the row above, or NULL. */
static void add_row(struct table *table, const struct row *row, const struct row *before,
                    const struct unit *unit)
{
	table->apart[table->n_rows] = begins_group(row, before) ? row->apart : NULL;
	for (size_t c = 0; c < table->count; c++)
		table->columns[c].cell(row, unit, table->cells[table->n_rows][c]);
	table->labels[table->n_rows++] = row->name;
}

/* The columns in lines of figures: the status is the last, and may stand above them. */
static size_t shown(const struct table *table)
{
	return table->count - table->stacked;
}

static size_t table_width(const struct table *table, size_t label, size_t gap)
{
	size_t width = label;

	for (size_t c = LABEL + 1; c < shown(table); c++)
		width += table->widths[c] + (table->columns[c].close ? 1 : gap);
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
	size_t longest = strlen(table->columns[LABEL].foot);

	for (size_t row = 0; row < table->n_rows; row++)
		if (table->labels[row] && is_plain(table->labels[row]) &&
		    strlen(table->labels[row]) > longest)
			longest = strlen(table->labels[row]);
	return longest < CELL_SIZE ? longest : CELL_SIZE - 1;
}

/* Two spaces between columns where all labels then fit, else one, and the labels get what is left. */
static void set_widths(struct table *table)
{
	size_t longest = longest_label(table), least = strlen(table->columns[LABEL].foot);

	for (size_t row = 0; row < table->n_rows; row++)
		for (size_t c = LABEL + 1; c < table->count; c++)
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
	                         table->stacked ? table->cells[row][table->count - 1] : "");

	text_wrap(out, "", line);
	free(line);
}

static void print_row(const struct table *table, size_t row, FILE *out)
{
	bool fits = label_fits(table, row) && !table->stacked;
	int pending = 0; /* spaces, printed only when something follows: no line ends with them */

	if (table->apart[row])
		fprintf(out, "-- apart: %s\n", table->apart[row]);
	if (!label_fits(table, row))
		print_label(table, row, out);
	for (size_t c = LABEL; c < shown(table); c++) {
		const char *text = c == LABEL && !fits ? "" : table->cells[row][c];
		int fill = (int)(table->widths[c] - strlen(text));
		pending += c == LABEL ? 0 : table->columns[c].close ? 1 : (int)table->gap;
		pending += table->columns[c].left ? 0 : fill;
		if (*text) {
			fprintf(out, "%*s%s", pending, "", text);
			pending = 0;
		}
		pending += table->columns[c].left ? fill : 0;
	}
	fputc('\n', out);
}

void comparison_cells(const struct comparison *comparison, FILE *out)
{
	struct unit unit = comparison_unit(comparison);
	struct table table = {0};

	table.columns = comparison_columns(comparison->view, &table.count);
	table.cells = memory_new(comparison->n_rows + 2, sizeof(*table.cells));
	table.labels = memory_new(comparison->n_rows + 2, sizeof(*table.labels));
	table.apart = memory_new(comparison->n_rows + 2, sizeof(*table.apart));
	add_headings(&table, &unit);
	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		if (row->contestant->n_executions > 0)
			add_row(&table, row, i > 0 ? row - 1 : NULL, &unit);
	}
	set_widths(&table);
	for (size_t row = 0; table.n_rows > 2 && row < table.n_rows; row++)
		print_row(&table, row, out);
	free(table.cells);
	free(table.labels);
	free(table.apart);
}
