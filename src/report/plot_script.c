/* SPDX-License-Identifier: MIT */
/* gnuplot's script.  No text of a user's stands in it: names come from the data files. */
#include "report/plot_draft.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>

enum {
	AXIS = 58, /* room for the numbers and the name of a horizontal axis */
	PANEL_TITLE = 34,
	BAR_SLOTS = 4, /* bars never get thicker than with so many */
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

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

/* A panel's frame. */
struct frame {
	int left, right, bottom, top;
};

/* As a factor from end to end; the widest axis of 2 and 5 has eight numbers or nine. */
static const double short_axis = 1000;

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
		        font, plot_font_sizes[font], font == FONT_SMALL ? "#555555" : "#000000");
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

/* Powers of ten alone would leave a short logarithmic axis with a number or two: then 2 and 5 times them have
 * one, too. */
static void put_powers(FILE *out, char name, const struct axis *axis)
{
	static const int digits[] = {1, 2, 5};
	const char *comma = "";

	if (!axis->logarithmic || axis->high / axis->low > short_axis) {
		fprintf(out, "set %ctics autofreq\n", name);
		return;
	}
	fprintf(out, "set %ctics (", name);
	for (double power = pow(10, floor(log10(axis->low))); power <= axis->high; power *= 10)
		for (size_t i = 0; i < COUNT(digits); i++) {
			const double at = digits[i] * power;
			if (at < axis->low || at > axis->high)
				continue;
			fprintf(out, "%s%.9g", comma, at);
			comma = ", ";
		}
	fputs(")\n", out);
}

/* `name`: x or y. */
static void put_axis(FILE *out, char name, const struct axis *axis)
{
	put_powers(out, name, axis);
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
	const double last = plot_bar_place(set, set->count - 1);
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
	fputs("unset grid; set grid xtics lc rgb '#dddddd' lw 1 lt 1\nunset ytics\n", out);
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
		const int before = i < 3 ? TICS : draft->bar_names + 20;
		const struct frame frame = {x + before, x + width - (i % 2 ? 0 : 20), y + AXIS,
		                            y + height - PANEL_TITLE};
		if (i < 3)
			put_lines(draft, &panels[i], frame);
		else
			put_bar_plot(draft, frame);
	}
	fputs("unset multiplot\nset output\n", draft->files[FILE_SCRIPT]);
}

void plot_put_script(struct draft *draft, enum plot_format format)
{
	put_script_head(draft, format);
	put_styles(draft);
	put_page(draft);
	put_panels(draft);
}
