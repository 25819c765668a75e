/* SPDX-License-Identifier: MIT */
#include "report/plot.h"

#include "core/error.h"
#include "core/memory.h"
#include "report/plot_draft.h"
#include "report/plot_text.h"
#include "results/field.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEAD = 26,      /* a line of the head */
	HEAD_LINES = 5, /* with several comparisons; further ones are counted */
	FOOT = 20,      /* a line of the foot */
	FOOT_LINES = 2,
	LEGEND_ROW = 25,
	LEGEND_ROWS = 10, /* at most: more go into further columns, with shorter names */
	SAMPLE = 22,      /* half of the line before a name in the legend */
	BAR_NAMES = 236,  /* room for the names before the bars, at most */
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const file_names[PLOT_FILES] = {
	[FILE_SCRIPT] = PLOT_SCRIPT,  [FILE_TEXT] = "text.tsv", [FILE_LEGEND] = "legend.tsv",
	[FILE_EPOCHS] = "epochs.tsv", [FILE_BARS] = "bars.tsv",
};

/* Where values of one axis lie further apart than the first, it is logarithmic; beyond the second nothing
 * real lies, and gnuplot's axes end. */
static const double log_from = 20, log_to = 1e12;

/* ---- Text ---- */

const int plot_font_sizes[FONT_COUNT] = {LARGE, TEXT, SMALL};

/* Text at a place in pixels, in a font of the script's: a line of text.tsv for each. */
struct words {
	enum font font;
	int x, y;
	char *text; /* freed by put_words */
};

static void put_words(struct draft *draft, struct words words)
{
	const size_t room = plot_columns_of(PLOT_WIDTH - words.x - MARGIN, plot_font_sizes[words.font]);
	char *visible = memory_visible(words.text), *text = plot_shorten(visible, room, room / 3);

	fprintf(draft->files[FILE_TEXT], "%d\t%d\t%d\t", (int)words.font, words.x, words.y);
	plot_put_field(draft->files[FILE_TEXT], text);
	fputc('\n', draft->files[FILE_TEXT]);
	free(text);
	free(visible);
	free(words.text);
}

/* ---- Head and foot ---- */

static void add_number(FILE *out, const json_t *object, const char *key, const char *behind)
{
	const double value = field_number(object, key);

	if (isfinite(value))
		fprintf(out, "%.15g%s", value, behind);
	else
		fprintf(out, "?%s", behind);
}

static FILE *open_text(char **text, size_t *size)
{
	FILE *file = open_memstream(text, size);

	if (!file)
		die("out of memory");
	return file;
}

static char *work_text(const struct results *results)
{
	if (results->original)
		return memory_text("CSV files of %s; an epoch holds its evaluation", results->folder);
	const json_t *work = json_object_get(results->run, "work");
	const json_t *dataset = json_object_get(work, "dataset"),
				 *shape = json_object_get(work, "shape");
	const char *name = field_text(dataset, "name");
	char *text;
	size_t size;
	FILE *out = open_text(&text, &size);

	fprintf(out, "%s, ", name ? name : "dataset unknown");
	add_number(out, dataset, "n_train", " + ");
	add_number(out, dataset, "n_test", " images; ");
	add_number(out, shape, "filters1", " and ");
	add_number(out, shape, "filters2", " filters of ");
	add_number(out, shape, "fsize", "\u00d7");
	add_number(out, shape, "fsize", ", ");
	add_number(out, shape, "hidden", " hidden; batch ");
	add_number(out, work, "batch", ", lr ");
	add_number(out, work, "lr", ", momentum ");
	add_number(out, work, "momentum", "; runs ");
	add_number(out, results->run, "runs", "");
	fclose(out);
	return text;
}

static char *machine_text(const struct results *results)
{
	if (results->original)
		return memory_copy("work and machine are not known");
	const json_t *machine = json_object_get(results->run, "machine");
	const char *cpu = field_text(machine, "cpu"), *system = field_text(machine, "system");
	const char *when = results->finished ? results->finished : field_text(results->run, "started");
	char *text;
	size_t size;
	FILE *out = open_text(&text, &size);

	fprintf(out, "%s, ", cpu ? cpu : "CPU unknown");
	add_number(out, machine, "cores", " cores, ");
	add_number(out, results->run, "threads", " threads used; ");
	fprintf(out, "%s; %s%s", system ? system : "system unknown",
	        results->finished ? "" : "cut off, begun ", when ? when : "at an unknown time");
	fclose(out);
	return text;
}

/* A run's line, while there is room; "[2] B: " before it, as far as labels bear such signs. */
static void put_run(struct draft *draft, size_t number, const struct comparison *comparison,
                    size_t run, bool with_work)
{
	char *machine = machine_text(comparison->runs[run]);
	char *work = with_work ? work_text(comparison->runs[run]) : memory_copy("");
	char tag[RUN_TAG_SIZE] = "", *mark = number ? memory_text("[%zu] ", number) : memory_copy("");

	if (comparison->n_runs > 1)
		run_tag(run, tag);
	put_words(draft, (struct words){FONT_TEXT, MARGIN, draft->top,
	                                memory_text("%s%s%s%s%s%s", mark, tag, *tag ? ": " : "",
	                                            machine, *work ? "; " : "", work)});
	draft->top -= HEAD;
	free(mark);
	free(work);
	free(machine);
}

/* The work of the one comparison and the machine of each of its runs; of several comparisons a line for
 * each run, with the numbers that stand behind the labels. */
static void put_head(struct draft *draft)
{
	const bool several = draft->n_comparisons > 1;
	size_t lines = 0, left = 0;

	draft->top = PLOT_HEIGHT - MARGIN;
	if (!several) {
		put_words(draft, (struct words){FONT_LARGE, MARGIN, draft->top,
		                                work_text(draft->comparisons[0]->results)});
		draft->top -= HEAD;
	}
	for (size_t i = 0; i < draft->n_comparisons; i++)
		for (size_t run = 0; run < draft->comparisons[i]->n_runs; run++)
			if (lines++ < HEAD_LINES)
				put_run(draft, several ? i + 1 : 0, draft->comparisons[i], run, several);
			else
				left++;
	if (left) {
		put_words(draft,
		          (struct words){FONT_TEXT, MARGIN, draft->top, memory_text("and %zu more", left)});
		draft->top -= HEAD;
	}
}

static void put_foot(struct draft *draft)
{
	const struct plot_set *set = &draft->set;
	const char *style = set->n_ranked == set->count
	                        ? ""
	                        : "  Dotted and hollow: not ranked; the status in the legend says why.";
	char *how = memory_text(
		"Lines: medians over the rounds.  Bars: samples over the mean of all epochs but each "
		"process's first; whiskers: quartiles.%s",
		style);

	put_words(draft, (struct words){FONT_SMALL, MARGIN, FOOT + FOOT / 2, how});
	if (*set->left_out)
		put_words(draft, (struct words){FONT_SMALL, MARGIN, FOOT / 2,
		                                memory_text("Not drawn: %s", set->left_out)});
}

/* ---- Legend ---- */

/* Columns of equal width: as many as names fit beside each other, and no more rows than a legend has. */
static size_t legend_columns(size_t count, int wanted, int room)
{
	const size_t least = (count + LEGEND_ROWS - 1) / LEGEND_ROWS;
	size_t columns = wanted < room ? (size_t)(room / wanted) : 1;

	columns = columns < least ? least : columns;
	return columns < count ? columns : count;
}

static size_t longest_name(const struct plot_set *set)
{
	size_t longest = 0;

	for (size_t i = 0; i < set->count; i++)
		if (plot_columns(set->series[i].name) > longest)
			longest = plot_columns(set->series[i].name);
	return longest;
}

static void put_legend(struct draft *draft)
{
	const struct plot_set *set = &draft->set;
	const int room = PLOT_WIDTH - 2 * MARGIN, before = 2 * SAMPLE + 10, behind = 24;
	const int wanted = before + behind + (int)ceil((double)longest_name(set) * PLOT_LETTER * TEXT);
	const size_t n = legend_columns(set->count, wanted, room);
	const size_t rows = (set->count + n - 1) / n;
	const int share = room / (int)n, column = wanted < share ? wanted : share;
	const size_t letters = plot_columns_of(column - before - (share < wanted ? behind : 0), TEXT);

	draft->bottom = FOOT * FOOT_LINES + (int)rows * LEGEND_ROW + 16;
	for (size_t i = 0; i < set->count; i++) {
		const int x = MARGIN + (int)(i / rows) * column;
		const int y = draft->bottom - 16 - (int)(i % rows) * LEGEND_ROW;
		char *name = plot_shorten(set->series[i].name, letters, letters / 2);
		fprintf(draft->files[FILE_LEGEND], "%d\t%d\t%d\t", x + SAMPLE, y, SAMPLE);
		plot_put_field(draft->files[FILE_LEGEND], name);
		fputc('\n', draft->files[FILE_LEGEND]);
		free(name);
	}
}

/* ---- Axes ---- */

static void axis_see(struct axis *axis, double value)
{
	if (!isfinite(value))
		return;
	axis->low = fmin(axis->low, value); /* of NAN and a number the number */
	axis->high = fmax(axis->high, value);
}

static void see_all(struct draft *draft)
{
	const struct axis nothing = {.low = UNMEASURED, .high = UNMEASURED, .unit = 1};

	draft->epochs = draft->time = draft->speed = draft->accuracy = draft->means = nothing;
	for (size_t i = 0; i < draft->set.count; i++) {
		const struct plot_series *series = &draft->set.series[i];
		for (size_t p = 0; p < series->n_points; p++) {
			axis_see(&draft->epochs, series->points[p].epoch);
			axis_see(&draft->time, series->points[p].seconds);
			axis_see(&draft->speed, series->points[p].samples_per_second);
			axis_see(&draft->accuracy, 100 * series->points[p].accuracy);
		}
		axis_see(&draft->means, series->mean);
		axis_see(&draft->means, series->low);
		axis_see(&draft->means, series->high);
	}
}

/* From zero, or by powers; `head`: room above the largest value, as a part of the axis. */
static void axis_from_zero(struct axis *axis, double head)
{
	const double low = axis->low / axis->unit, high = axis->high / axis->unit;

	if (!(low > 0 && isfinite(high))) {
		axis->low = 0;
		axis->high = 1;
		return;
	}
	axis->logarithmic = high / low > log_from && high / low < log_to;
	axis->low = axis->logarithmic ? low / 1.6 : 0;
	axis->high = axis->logarithmic ? high * pow(1.6 * high / low, head) : high * (1 + head);
}

static void choose_axes(struct draft *draft)
{
	struct axis *accuracy = &draft->accuracy, *epochs = &draft->epochs;

	see_all(draft);
	draft->time.unit = draft->time.high < 1 ? 1e-3 : 1;
	draft->time.name = draft->time.high < 1 ? "ms" : "s";
	axis_from_zero(&draft->time, 0.08);
	struct axis *const speeds[] = {&draft->speed, &draft->means};
	for (size_t i = 0; i < COUNT(speeds); i++) {
		const double high = speeds[i]->high;
		speeds[i]->unit = high >= 1e7 ? 1e6 : high >= 1e4 ? 1e3 : 1;
		speeds[i]->name = high >= 1e7   ? "million samples/s"
		                  : high >= 1e4 ? "thousand samples/s"
		                                : "samples/s";
		axis_from_zero(speeds[i], i == 0 ? 0.08 : 0.22);
	}
	const double pad =
		isfinite(accuracy->low) ? fmax(0.08 * (accuracy->high - accuracy->low), 0.05) : 0;
	accuracy->low = pad > 0 ? fmax(accuracy->low - pad, 0) : 0;
	accuracy->high = pad > 0 ? fmin(accuracy->high + pad, 100.2) : 100;
	const double side = fmax(0.02 * (epochs->high - epochs->low), 0.2);
	epochs->low -= side;
	epochs->high += side;
}

/* ---- Data of the panels ---- */

/* A block a series; gnuplot finds blocks by the empty lines between them. */
static void put_epochs(struct draft *draft)
{
	FILE *file = draft->files[FILE_EPOCHS];

	for (size_t i = 0; i < draft->set.count; i++) {
		const struct plot_series *series = &draft->set.series[i];
		fputs(i ? "\n" : "", file);
		for (size_t p = 0; p < series->n_points; p++) {
			const struct plot_point *point = &series->points[p];
			fprintf(file, "%d\t", point->epoch);
			plot_put_number(file, point->seconds / draft->time.unit);
			fputc('\t', file);
			plot_put_number(file, point->samples_per_second / draft->speed.unit);
			fputc('\t', file);
			plot_put_number(file, 100 * point->accuracy);
			fputc('\n', file);
		}
	}
}

/* Three digits: 133k, 1.23M. */
static char *value_text(const struct plot_series *series)
{
	const double value = series->mean;
	const char *letter_behind = value >= 999500 ? "M" : value >= 999.5 ? "k" : "";
	const double shown = *letter_behind == 'M' ? value / 1e6 : *letter_behind ? value / 1e3 : value;
	const int decimals = shown >= 99.95 ? 0 : shown >= 9.995 ? 1 : 2;

	if (!isfinite(value))
		return memory_copy("not measured");
	return memory_text("%.*f%s%s", decimals, shown, letter_behind,
	                   series->cold ? " (first epoch)" : "");
}

double plot_bar_place(const struct plot_set *set, size_t i)
{
	return -(double)i - (i >= set->n_ranked && set->n_ranked ? 1 : 0);
}

/* As wide as the longest name. */
static int bar_names_width(const struct plot_set *set)
{
	size_t longest = 0;

	for (size_t i = 0; i < set->count; i++)
		if (plot_columns(set->series[i].label) > longest)
			longest = plot_columns(set->series[i].label);
	return (int)fmin(BAR_NAMES, fmax(TICS, 16 + (double)longest * PLOT_LETTER * SMALL));
}

/* place, mean, quartiles, the end of all, the value, the name. */
static void put_bars(struct draft *draft)
{
	FILE *file = draft->files[FILE_BARS];
	const double unit = draft->means.unit;

	draft->bar_names = bar_names_width(&draft->set);
	for (size_t i = 0; i < draft->set.count; i++) {
		const struct plot_series *series = &draft->set.series[i];
		const size_t room = plot_columns_of(BAR_NAMES - 8, SMALL);
		char *value = value_text(series), *name = plot_shorten(series->label, room, room / 2);
		const double figures[] = {plot_bar_place(&draft->set, i), series->mean / unit,
		                          series->low / unit, series->high / unit,
		                          fmax(series->mean, series->high) / unit};
		for (size_t f = 0; f < COUNT(figures); f++) {
			plot_put_number(file, f && !isfinite(figures[f]) ? draft->means.low : figures[f]);
			fputc('\t', file);
		}
		plot_put_field(file, value);
		fputc('\t', file);
		plot_put_field(file, name);
		fputc('\n', file);
		free(value);
		free(name);
	}
}

/* ---- The whole ---- */

int plot_make(struct plot *plot, const struct comparison *const *comparisons, size_t count,
              enum plot_format format)
{
	struct draft draft = {.comparisons = comparisons, .n_comparisons = count};

	*plot = (struct plot){.format = format};
	plot_set_make(&draft.set, comparisons, count);
	if (draft.set.count == 0) {
		plot_set_free(&draft.set);
		return -1;
	}
	for (size_t i = 0; i < PLOT_FILES; i++) {
		plot->files[i].name = file_names[i];
		draft.files[i] = open_text(&plot->files[i].text, &plot->files[i].size);
	}
	choose_axes(&draft);
	put_head(&draft);
	put_legend(&draft);
	put_foot(&draft);
	put_epochs(&draft);
	put_bars(&draft);
	plot_put_script(&draft, format);
	for (size_t i = 0; i < PLOT_FILES; i++)
		if (fclose(draft.files[i]))
			die("out of memory");
	plot_set_free(&draft.set);
	return 0;
}

void plot_free(struct plot *plot)
{
	for (size_t i = 0; i < PLOT_FILES; i++)
		free(plot->files[i].text);
}
