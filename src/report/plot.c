/* SPDX-License-Identifier: MIT */
#include "report/plot.h"

#include "core/error.h"
#include "core/memory.h"
#include "report/plot_series.h"
#include "results/field.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All places are in pixels, from the lower left corner. */
enum {
	MARGIN = 32,    /* at the left and right of the whole */
	HEAD = 26,      /* a line of the head */
	HEAD_LINES = 5, /* with several comparisons; further ones are counted */
	FOOT = 20,      /* a line of the foot */
	FOOT_LINES = 2,
	LEGEND_ROW = 25,
	LEGEND_ROWS = 16, /* at most: more go into further columns, with shorter names */
	SAMPLE = 22,      /* half of the line before a name in the legend */
	TICS = 76,        /* room for the numbers and the name of a vertical axis */
	AXIS = 58,        /* the same for a horizontal one */
	PANEL_TITLE = 34,
	BAR_NAMES = 236, /* room for the names before the bars, at most */
	BAR_SLOTS = 4,   /* bars never get thicker than with so many */
	TEXT = 15,       /* sizes of letters */
	SMALL = 13,
	LARGE = 20,
};

/* Wide enough for the letters of most sans-serif fonts, as a part of their size. */
static const double letter = 0.56;

/* Where values of one axis lie further apart than this, it is logarithmic. */
static const double log_from = 20;

/* Paul Tol's "muted", in an order of ours: neighbours differ most. */
static const char *const colours[PLOT_COLOURS] = {
	"#332288", "#CC6677", "#117733", "#88CCEE", "#882255",
	"#DDCC77", "#44AA99", "#AA4499", "#999933",
};

/* gnuplot's point types: a filled one, and the same hollow. */
static const struct {
	int filled, hollow;
} marks[] = {{7, 6}, {5, 4}, {9, 8}, {13, 12}, {11, 10}, {15, 14}};

/* Of series of one colour; in lengths of dash and gap. */
static const char *const dashes[] = {"1", "(16,5)", "(14,4,3,4)", "(6,4)", "(10,3,3,3,3,3)"};
static const char *const dotted = "(2,4)";

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum file { FILE_SCRIPT, FILE_TEXT, FILE_LEGEND, FILE_EPOCHS, FILE_BARS };

static const char *const file_names[PLOT_FILES] = {
	[FILE_SCRIPT] = PLOT_SCRIPT,  [FILE_TEXT] = "text.tsv", [FILE_LEGEND] = "legend.tsv",
	[FILE_EPOCHS] = "epochs.tsv", [FILE_BARS] = "bars.tsv",
};

/* A range of values and how an axis shows it. */
struct axis {
	double low, high;
	bool logarithmic;
	double unit;
	const char *name;
};

struct draft {
	struct plot_set set;
	const struct comparison *const *comparisons;
	size_t n_comparisons;
	struct axis epochs, time, speed, accuracy, means;
	size_t legend_columns, legend_rows;
	int bottom, top; /* of the panels */
	FILE *files[PLOT_FILES];
};

/* A panel's frame. */
struct frame {
	int left, right, bottom, top;
};

/* ---- Text ---- */

static size_t character_size(const char *at)
{
	size_t size = 1;

	while (((unsigned char)at[size] & 0xc0) == 0x80)
		size++;
	return size;
}

/* Letters of East Asia and pictures are about twice as wide; they begin at U+1100. */
static int character_columns(const char *at)
{
	return (unsigned char)*at > 0xe1 || ((unsigned char)*at == 0xe1 && (unsigned char)at[1] > 0x83)
	           ? 2
	           : 1;
}

static size_t count_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text += character_size(text))
		columns += (size_t)character_columns(text);
	return columns;
}

static size_t columns_of(int pixels, int size)
{
	return (size_t)(pixels / (letter * size));
}

/* The middle is left out of what is longer than `room` columns: a label's beginning and the status at
 * its end stay.  free() it. */
static char *shorten(const char *text, size_t room, size_t tail)
{
	static const char ellipsis[] = "\u2026";
	const size_t columns = count_columns(text);
	size_t at = 0;

	if (columns <= room)
		return memory_copy(text);
	char *out = memory_new(strlen(text) + sizeof(ellipsis), 1), *end = out;
	bool cut = false;
	for (const char *from = text; *from; from += character_size(from)) {
		const bool stays = at + tail + 1 < room || at >= columns - tail;
		const char *part = stays ? from : ellipsis;
		const size_t size = stays ? character_size(from) : cut ? 0 : strlen(ellipsis);
		memcpy(end, part, size);
		end += size;
		cut = cut || !stays;
		at += (size_t)character_columns(from);
	}
	return out;
}

/* As a field of a data file: gnuplot undoes \ooo in strings, and takes no other sign for special where
 * tabs part the fields.  Never empty, for such a field would be taken for a missing one. */
static void put_field(FILE *file, const char *text)
{
	char *visible = memory_visible(text);

	for (const char *at = visible; *at; at++)
		if (*at == '"' || *at == '\\' || *at == '\'')
			fprintf(file, "\\%03o", (unsigned)*at);
		else
			fputc(*at, file);
	if (!*visible)
		fputc('-', file);
	free(visible);
}

static void put_number(FILE *file, double value)
{
	if (isfinite(value))
		fprintf(file, "%.9g", value);
	else
		fputs("NaN", file);
}

/* Text at a place in pixels, in a font of the script's: a block of text.tsv for each. */
enum font { FONT_LARGE, FONT_TEXT, FONT_SMALL, FONT_COUNT };
static const int font_sizes[FONT_COUNT] = {LARGE, TEXT, SMALL};

struct words {
	enum font font;
	int x, y;
	char *text; /* freed by put_words */
};

static void put_words(struct draft *draft, struct words words)
{
	const size_t room = columns_of(PLOT_WIDTH - words.x - MARGIN, font_sizes[words.font]);
	char *visible = memory_visible(words.text), *text = shorten(visible, room, room / 3);

	fprintf(draft->files[FILE_TEXT], "%d\t%d\t%d\t", (int)words.font, words.x, words.y);
	put_field(draft->files[FILE_TEXT], text);
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
	char *how =
		memory_text("Lines: medians over the rounds.  Bars: samples over the mean epoch but "
	                "each process's first; whiskers: quartiles.%s",
	                style);

	put_words(draft, (struct words){FONT_SMALL, MARGIN, FOOT + FOOT / 2, how});
	if (*set->left_out)
		put_words(draft, (struct words){FONT_SMALL, MARGIN, FOOT / 2,
		                                memory_text("Not drawn: %s", set->left_out)});
}

/* ---- Legend ---- */

static void put_legend(struct draft *draft)
{
	const struct plot_set *set = &draft->set;
	const int room = PLOT_WIDTH - 2 * MARGIN, before = 2 * SAMPLE + 10, behind = 24;
	size_t longest = 0;

	for (size_t i = 0; i < set->count; i++)
		if (count_columns(set->series[i].name) > longest)
			longest = count_columns(set->series[i].name);
	const int wanted = before + behind + (int)ceil((double)longest * letter * TEXT);
	const size_t least = (set->count + LEGEND_ROWS - 1) / LEGEND_ROWS;
	draft->legend_columns = wanted < room ? (size_t)(room / wanted) : 1;
	if (draft->legend_columns < least)
		draft->legend_columns = least;
	if (draft->legend_columns > set->count)
		draft->legend_columns = set->count;
	draft->legend_rows = (set->count + draft->legend_columns - 1) / draft->legend_columns;
	draft->bottom = FOOT * FOOT_LINES + (int)draft->legend_rows * LEGEND_ROW + 16;

	const int share = room / (int)draft->legend_columns, column = wanted < share ? wanted : share;
	const size_t columns = columns_of(column - before - (share < wanted ? behind : 0), TEXT);
	for (size_t i = 0; i < set->count; i++) {
		const int x = MARGIN + (int)(i / draft->legend_rows) * column;
		const int y = draft->bottom - 16 - (int)(i % draft->legend_rows) * LEGEND_ROW;
		char *name = shorten(set->series[i].name, columns, columns / 2);
		fprintf(draft->files[FILE_LEGEND], "%d\t%d\t%d\t", x + SAMPLE, y, SAMPLE);
		put_field(draft->files[FILE_LEGEND], name);
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
	axis->logarithmic = high / low > log_from;
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
			put_number(file, point->seconds / draft->time.unit);
			fputc('\t', file);
			put_number(file, point->samples_per_second / draft->speed.unit);
			fputc('\t', file);
			put_number(file, 100 * point->accuracy);
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

/* The bar's place: from the top, with a gap before those that are not ranked. */
static double bar_place(const struct plot_set *set, size_t i)
{
	return -(double)i - (i >= set->n_ranked && set->n_ranked ? 1 : 0);
}

/* As wide as the longest name. */
static int bar_names_width(const struct plot_set *set)
{
	size_t longest = 0;

	for (size_t i = 0; i < set->count; i++)
		if (count_columns(set->series[i].label) > longest)
			longest = count_columns(set->series[i].label);
	return (int)fmin(BAR_NAMES, fmax(TICS, 16 + (double)longest * letter * SMALL));
}

/* place, mean, quartiles, the end of all, the value, the name. */
static void put_bars(struct draft *draft)
{
	FILE *file = draft->files[FILE_BARS];
	const double unit = draft->means.unit;

	for (size_t i = 0; i < draft->set.count; i++) {
		const struct plot_series *series = &draft->set.series[i];
		const size_t room = columns_of(BAR_NAMES - 8, SMALL);
		char *value = value_text(series), *name = shorten(series->label, room, room / 2);
		const double figures[] = {bar_place(&draft->set, i), series->mean / unit,
		                          series->low / unit, series->high / unit,
		                          fmax(series->mean, series->high) / unit};
		for (size_t f = 0; f < COUNT(figures); f++) {
			put_number(file, f && !isfinite(figures[f]) ? draft->means.low : figures[f]);
			fputc('\t', file);
		}
		put_field(file, value);
		fputc('\t', file);
		put_field(file, name);
		fputc('\n', file);
		free(value);
		free(name);
	}
}

/* ---- Script ---- */

/* gnuplot's SVG draws marks so much larger than its PNG. */
static const double svg_marks = 0.6;

/* Sizes stand in variables, so that no line of the script is made of parts.  G: libgd's PNG takes no
 * stand-in for a font that is not there. */
static void put_script_head(struct draft *draft, enum plot_format format)
{
	static const char *const terminals[] = {
		[PLOT_PNG] =
			"if (strstrt(GPVAL_TERMINALS, ' pngcairo ')) {\n"
			"  set terminal pngcairo size W,H noenhanced background rgb '#ffffff' font F fontscale 0.75\n"
			"} else { if (strstrt(GPVAL_TERMINALS, ' png ')) {\n"
			"  set terminal png size W,H noenhanced truecolor background rgb '#ffffff' font G fontscale 0.75\n"
			"} else { print 'no terminal for PNG'; exit } }\n",
		[PLOT_SVG] = "if (strstrt(GPVAL_TERMINALS, ' svg ')) {\n"
					 "  set terminal svg size W,H noenhanced background rgb '#ffffff' font F\n"
					 "} else { print 'no terminal for SVG'; exit }\n",
	};
	FILE *out = draft->files[FILE_SCRIPT];

	fprintf(out, "set encoding utf8\nW = %d\nH = %d\nF = 'Helvetica,%d'\nG = 'Sans,%d'\nS = %.2f\n",
	        PLOT_WIDTH, PLOT_HEIGHT, TEXT, TEXT, format == PLOT_SVG ? svg_marks : 1);
	fputs(terminals[format], out);
	fputs("set output '" PLOT_PICTURE "'\n"
	      "set datafile separator \"\\t\"\n"
	      "set datafile commentschars ''\n"
	      "unset key\n",
	      out);
}

static void put_styles(struct draft *draft)
{
	FILE *out = draft->files[FILE_SCRIPT];

	for (size_t i = 0; i < draft->set.count; i++) {
		const struct plot_series *series = &draft->set.series[i];
		const bool ranked = i < draft->set.n_ranked;
		const char *dash = dashes[(size_t)series->variant % COUNT(dashes)];
		fprintf(out, "set style line %zu lc rgb '%s' lw %s dt %s pt %d ps 1.5*S\n", i + 1,
		        colours[series->colour], ranked ? "2.2" : "1.8", ranked ? dash : dotted,
		        ranked ? marks[i % COUNT(marks)].filled : marks[i % COUNT(marks)].hollow);
	}
}

/* A page in pixels, for all that is no panel. */
static void put_page(struct draft *draft)
{
	FILE *out = draft->files[FILE_SCRIPT];

	fputs("set multiplot\n"
	      "set lmargin at screen 0; set rmargin at screen 1\n"
	      "set bmargin at screen 0; set tmargin at screen 1\n"
	      "unset border; unset tics\n"
	      "set xrange [0:W]; set yrange [0:H]\n"
	      "plot \\\n",
	      out);
	for (int font = 0; font < FONT_COUNT; font++)
		fprintf(out,
		        "  'text.tsv' using ($1 == %d ? $2 : NaN):3:4 with labels left font ',%d' tc "
		        "rgb '%s', \\\n",
		        font, font_sizes[font], font == FONT_SMALL ? "#555555" : "#000000");
	for (size_t i = 0; i < draft->set.count; i++)
		fprintf(out,
		        "  'legend.tsv' every ::%zu::%zu using ($1-$3):2:(2*$3):(0) with vectors nohead ls "
		        "%zu, \\\n"
		        "  '' every ::%zu::%zu using 1:2 with points ls %zu, \\\n",
		        i, i, i + 1, i, i, i + 1);
	fputs("  'legend.tsv' using ($1+$3+8):2:4 with labels left\n"
	      "set border 3 lc rgb '#555555'\n"
	      "set xtics out nomirror scale 0.6 tc rgb '#333333'\n"
	      "set ytics out nomirror scale 0.6 tc rgb '#333333'\n"
	      "set grid ytics lc rgb '#dddddd' lw 1 lt 1\n",
	      out);
}

static void put_frame(FILE *out, struct frame frame)
{
	fprintf(out,
	        "set lmargin at screen %.5f; set rmargin at screen %.5f\n"
	        "set bmargin at screen %.5f; set tmargin at screen %.5f\n",
	        frame.left / (double)PLOT_WIDTH, frame.right / (double)PLOT_WIDTH,
	        frame.bottom / (double)PLOT_HEIGHT, frame.top / (double)PLOT_HEIGHT);
}

/* The title and the name of the horizontal axis, in words of ours.  Placed by pixels: terminals differ
 * in the room that they give to what they place themselves. */
static void put_names(FILE *out, struct frame frame, const char *title, const char *below)
{
	const double middle = (frame.left + frame.right) / 2. / PLOT_WIDTH;

	fprintf(out,
	        "set label 1 '%s' at screen %.5f, screen %.5f center font ',%d'\n"
	        "set label 2 '%s' at screen %.5f, screen %.5f center\n",
	        title, middle, (frame.top + 16.) / PLOT_HEIGHT, TEXT + 2, below, middle,
	        (frame.bottom - 46.) / PLOT_HEIGHT);
}

/* `name`: x or y. */
static void put_axis(FILE *out, char name, const struct axis *axis)
{
	fprintf(out, "set %crange [%.9g:%.9g]\n%s logscale %c\nset format %c '%%g'\n", name, axis->low,
	        axis->high, axis->logarithmic ? "set" : "unset", name, name);
}

struct panel {
	const char *title, *name;
	const struct axis *axis;
	int column; /* of epochs.tsv */
};

/* Epochs are whole numbers: 1, 2, 5, 10, 20, ... apart, so that at most ten have a number. */
static int tic_step(const struct axis *epochs)
{
	static const double factors[] = {2, 2.5, 2};
	double step = 1;

	for (size_t i = 0; (epochs->high - epochs->low) / step > 11; i++)
		step *= factors[i % COUNT(factors)];
	return (int)step;
}

/* Accuracies of platforms that do the same work lie on each other: the marks get smaller and the lines
 * thinner from the first to the last, and each mark has a white edge, so that all can be seen. */
static void put_nested(FILE *out, size_t i, size_t n, int column, int every)
{
	const double part = (double)i / (double)(n - 1);
	const double size = 2.7 - 1.6 * part;

	fprintf(out, "  'epochs.tsv' every :::%zu::%zu using 1:%d with lines ls %zu lw %.2f, \\\n", i,
	        i, column, i + 1, 5 - 3.6 * part);
	fprintf(
		out,
		"  '' every %d:::%zu::%zu using 1:%d with points pt %d ps %.2f*S lc rgb '#ffffff', \\\n",
		every, i, i, column, marks[i % COUNT(marks)].filled, size + 0.35);
	fprintf(out, "  '' every %d:::%zu::%zu using 1:%d with points ls %zu ps %.2f*S", every, i, i,
	        column, i + 1, size);
}

static void put_lines(struct draft *draft, const struct panel *panel, struct frame frame)
{
	FILE *out = draft->files[FILE_SCRIPT];
	const size_t n = draft->set.count;
	const int every = 1 + (int)(draft->epochs.high - draft->epochs.low) / 25;
	const bool nested = panel->axis == &draft->accuracy && n > 1;

	put_frame(out, frame);
	put_axis(out, 'x', &draft->epochs);
	fprintf(out, "set xtics %d\n", tic_step(&draft->epochs));
	put_axis(out, 'y', panel->axis);
	put_names(out, frame, panel->title, "epoch");
	fprintf(out, "set label 3 '%s%s%s%s' at screen %.5f, screen %.5f center rotate by 90\n",
	        panel->name, *panel->name && panel->axis->name ? ", " : "",
	        panel->axis->name ? panel->axis->name : "",
	        panel->axis->logarithmic ? " (log scale)" : "",
	        (frame.left - TICS + 16) / (double)PLOT_WIDTH,
	        (frame.bottom + frame.top) / 2. / PLOT_HEIGHT);
	fputs("plot \\\n", out);
	for (size_t i = 0; i < n; i++) {
		if (nested)
			put_nested(out, i, n, panel->column, every);
		else
			fprintf(out,
			        "  'epochs.tsv' every :::%zu::%zu using 1:%d with linespoints ls %zu pi %d", i,
			        i, panel->column, i + 1, every);
		fputs(i + 1 < n ? ", \\\n" : "\n", out);
	}
}

static void put_bar_plot(struct draft *draft, struct frame frame)
{
	FILE *out = draft->files[FILE_SCRIPT];
	const struct plot_set *set = &draft->set;
	const double last = bar_place(set, set->count - 1);
	const double side = 0.6 + fmax(0, (last + BAR_SLOTS - 1) / 2);

	put_frame(out, frame);
	put_axis(out, 'x', &draft->means);
	fprintf(out, "set yrange [%.2f:%.2f]\nunset logscale y\n", last - side, side);
	char *name =
		memory_text("%s%s", draft->means.name,
	                draft->means.logarithmic ? " (log scale: bars do not begin at zero)" : "");
	put_names(out, frame, "Mean throughput", name);
	free(name);
	fputs("unset label 3\n", out);
	fputs(
		"set xtics autofreq\nunset grid; set grid xtics lc rgb '#dddddd' lw 1 lt 1\nunset ytics\n",
		out);
	if (set->n_ranked && set->n_ranked < set->count)
		fprintf(
			out,
			"set arrow 1 from graph 0, first %.2f to graph 1, first %.2f nohead lc rgb '#888888' "
			"dt (4,4)\n"
			"set label 4 'not ranked' at graph 1, first %.2f right offset 0,-0.5 font "
			"',%d' tc rgb '#555555'\n",
			-(double)set->n_ranked, -(double)set->n_ranked, -(double)set->n_ranked, SMALL);
	fprintf(out, "set ytics out nomirror scale 0 font ',%d' tc rgb '#000000'\nplot \\\n", SMALL);
	for (size_t i = 0; i < set->count; i++)
		fprintf(out,
		        "  'bars.tsv' every ::%zu::%zu using 2:1:(%.9g):2:($1-0.36):($1+0.36):ytic(7) with "
		        "boxxyerror fs %s lc rgb '%s' lw 1.5, \\\n",
		        i, i, draft->means.low, i < set->n_ranked ? "solid 0.9 noborder" : "empty",
		        colours[set->series[i].colour]);
	fputs("  'bars.tsv' using 2:1:3:4 with xerrorbars pt -1 lc rgb '#333333' lw 1.2, \\\n", out);
	fprintf(out, "  '' using 5:1:6 with labels left offset 0.6,0 font ',%d'\n", SMALL);
}

static void put_panels(struct draft *draft)
{
	const struct panel panels[] = {
		{"Time of an epoch", "epoch time", &draft->time, 2},
		{"Throughput", "", &draft->speed, 3},
		{draft->set.count > 1 ? "Test accuracy (of the same work, lines lie on each other)"
	                          : "Test accuracy",
	     "test accuracy, %", &draft->accuracy, 4},
	};
	const int width = (PLOT_WIDTH - 2 * MARGIN) / 2, height = (draft->top - draft->bottom) / 2;

	for (int i = 0; i < 4; i++) {
		const int x = MARGIN + i % 2 * width, y = draft->bottom + (1 - i / 2) * height;
		const int before = i < 3 ? TICS : bar_names_width(&draft->set) + 20;
		const struct frame frame = {x + before, x + width - (i % 2 ? 0 : 20), y + AXIS,
		                            y + height - PANEL_TITLE};
		if (i < 3)
			put_lines(draft, &panels[i], frame);
		else
			put_bar_plot(draft, frame);
	}
	fputs("unset multiplot\nset output\n", draft->files[FILE_SCRIPT]);
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
	put_script_head(&draft, format);
	put_styles(&draft);
	put_page(&draft);
	put_panels(&draft);
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
