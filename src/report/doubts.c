/* SPDX-License-Identifier: MIT */
#include "report/doubts.h"

#include "core/error.h"
#include "core/memory.h"
#include "core/statistics.h"
#include "report/text.h"
#include "results/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The same size as that from which a figure is called noisy. */
static const double drift_least = 0.05;

/* A machine that has been up for long has some pages out; a hundredth of its memory is more than that. */
static const double swap_least = 0.01;

/* The load average of an idle machine stays below this. */
static const double load_idle = 0.5;

/* As slow as this, as a part of what it was, a processor's clock has fallen. */
static const double clock_fallen = 0.95;

enum { FREEDOM_LEAST = 3 };

/* ---- Drift ---- */

/* Sums of squares about the means of each round. */
struct trend {
	double xx, xy, yy;
	size_t n, rounds;
	int first, last; /* steady epochs */
};

static bool is_steady(const struct epoch *epoch)
{
	return epoch->number >= 2 && epoch->train_seconds > 0 && isfinite(epoch->train_seconds);
}

static void add_round(struct trend *trend, const struct execution *execution)
{
	double x = 0, y = 0, n = 0;

	for (size_t i = 0; i < execution->n_epochs; i++)
		if (is_steady(&execution->epochs[i])) {
			x += execution->epochs[i].number;
			y += log(execution->epochs[i].train_seconds);
			n++;
		}
	if (n < 2)
		return;
	x /= n;
	y /= n;
	trend->rounds++;
	trend->n += (size_t)n;
	for (size_t i = 0; i < execution->n_epochs; i++) {
		const struct epoch *epoch = &execution->epochs[i];
		if (!is_steady(epoch))
			continue;
		const double along = epoch->number - x, off = log(epoch->train_seconds) - y;
		trend->xx += along * along;
		trend->xy += along * off;
		trend->yy += off * off;
		trend->last = epoch->number > trend->last ? epoch->number : trend->last;
		trend->first = epoch->number < trend->first || !trend->first ? epoch->number : trend->first;
	}
}

struct drift doubts_drift(const struct contestant *contestant)
{
	struct trend trend = {0};

	for (size_t i = 0; i < contestant->n_executions; i++)
		if (execution_counts(contestant, &contestant->executions[i]))
			add_round(&trend, &contestant->executions[i]);
	if (trend.n < trend.rounds + 1 + FREEDOM_LEAST)
		return (struct drift){UNMEASURED, false};
	const int freedom = (int)(trend.n - trend.rounds - 1);
	const double slope = trend.xy / trend.xx;
	const double rest = fmax(trend.yy - slope * trend.xy, 0); /* rounding may take it below */
	const double half = statistics_student(0.995, freedom) * sqrt(rest / freedom / trend.xx);
	return (struct drift){exp(slope * (trend.last - trend.first)) - 1, fabs(slope) > half};
}

/* ---- Lines ---- */

struct line {
	char *text;
	size_t size;
	FILE *file;
	int n; /* things in it */
};

static void line_open(struct line *line)
{
	line->n = 0;
	line->file = open_memstream(&line->text, &line->size);
	if (!line->file)
		die("out of memory");
}

/* Nothing where there is nothing in it. */
static void line_print(struct line *line, const char *first, const char *behind, FILE *out)
{
	fputs(behind, line->file);
	fclose(line->file);
	if (line->n > 0)
		text_wrap(out, first, line->text);
	free(line->text);
}

static void print_drift(const struct comparison *comparison, FILE *out)
{
	struct line line;

	line_open(&line);
	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		const struct drift drift = doubts_drift(row->contestant);
		if (row->results->original || !drift.certain || !(fabs(drift.change) > drift_least))
			continue;
		fprintf(line.file, "%s%s (%+.0f%%)", line.n++ ? ", " : "", row->name, 100 * drift.change);
	}
	line_print(
		&line, "drift: ",
		"; a line through the steady epochs changes so much from the first to the last: does the "
		"machine get hot, or something else begin or end?",
		out);
}

/* The clocks at the ends of the first and the last epoch, medians over the rounds. */
static struct clocks {
	double first, last; /* Hz, NAN: not known */
} clocks_of(const struct contestant *contestant)
{
	const size_t count = contestant->n_executions;
	double *first = memory_new(count, sizeof(*first)), *last = memory_new(count, sizeof(*last));
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct execution *execution = &contestant->executions[i];
		if (!execution_counts(contestant, execution) || execution->n_epochs == 0)
			continue;
		first[n] = execution->epochs[0].clock_hz;
		last[n++] = execution->epochs[execution->n_epochs - 1].clock_hz;
	}
	const struct clocks clocks = {statistics_spread(first, n).median,
	                              statistics_spread(last, n).median};
	free(first);
	free(last);
	return clocks;
}

static void print_clock(const struct comparison *comparison, FILE *out)
{
	struct line line;

	line_open(&line);
	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		const struct clocks clocks = clocks_of(row->contestant);
		if (clocks.last < clock_fallen * clocks.first)
			fprintf(line.file, "%s%s (from %.2f to %.2f GHz)", line.n++ ? ", " : "", row->name,
			        1e-9 * clocks.first, 1e-9 * clocks.last);
	}
	line_print(&line, "clock: ",
	           "; the processor's clock fell from the first epoch to the last: is it hot, or held "
	           "back to save power?",
	           out);
}

static void put_run(const struct comparison *comparison, size_t run, struct line *line)
{
	char tag[RUN_TAG_SIZE];

	run_tag(run, tag);
	fputs(line->n++ ? ", " : "", line->file);
	if (comparison->n_runs > 1)
		fprintf(line->file, "@%s ", tag);
}

/* Of processes that would want a processor on average in the minute before, beside those that train. */
static void print_load(const struct comparison *comparison, FILE *out)
{
	struct line line;

	line_open(&line);
	for (size_t i = 0; i < comparison->n_runs; i++) {
		const json_t *run = comparison->runs[i]->run, *machine = json_object_get(run, "machine");
		const double load = field_number(machine, "load"), threads = field_number(run, "threads");
		const double cores = field_number(machine, "usable_cores");
		if (!(load > fmax(cores - threads, 0) + load_idle))
			continue;
		put_run(comparison, i, &line);
		fprintf(line.file, "%.2f before %g threads on %g cores", load, threads, cores);
	}
	line_print(
		&line, "load: ",
		"; the machine was busy in the minute before the run: with other programs, or a build?",
		out);
}

static void print_swap(const struct comparison *comparison, FILE *out)
{
	struct line line;

	line_open(&line);
	for (size_t i = 0; i < comparison->n_runs; i++) {
		const json_t *machine = json_object_get(comparison->runs[i]->run, "machine");
		const double used = field_number(machine, "swap_used_bytes");
		if (!(used > swap_least * field_number(machine, "memory_bytes")))
			continue;
		put_run(comparison, i, &line);
		fprintf(line.file, "%.0f MB", used / 1e6);
	}
	line_print(&line, "swap: ",
	           " were swapped out when the run began: is there too little memory for what ran?",
	           out);
}

/* Threads of a CPU platform, by its own word; 0: not known, or none of its business. */
static int64_t threads_of(const struct row *row)
{
	const json_t *hello = contestant_hello(row->contestant);
	const char *kind = field_text(hello, "device_kind");
	int64_t threads = 0;

	if (kind && strcmp(kind, "cpu") == 0 && row->contestant->n_executions)
		field_integer(json_object_get(hello, "options"), "threads", 1, INT32_MAX, &threads);
	return threads;
}

static void print_threads(const struct comparison *comparison, FILE *out)
{
	int64_t least = INT64_MAX, most = 0;
	struct line line;

	line_open(&line);
	for (size_t i = 0; i < comparison->n_rows; i++) {
		const int64_t threads = threads_of(&comparison->rows[i]);
		if (threads == 0)
			continue;
		least = threads < least ? threads : least;
		most = threads > most ? threads : most;
		fprintf(line.file, "%s%s %lld", line.n++ ? ", " : "", comparison->rows[i].name,
		        (long long)threads);
	}
	line.n = least < most;
	line_print(&line, "threads: ", "; the CPU platforms did not have the same number", out);
}

static bool is_debug(const struct row *row)
{
	const char *flags = field_text(contestant_hello(row->contestant), "flags");

	return flags && row->contestant->n_executions &&
	       (strstr(flags, "-O0") || strstr(flags, "-fsanitize"));
}

static void print_debug(const struct comparison *comparison, FILE *out)
{
	struct line line;

	line_open(&line);
	for (size_t i = 0; i < comparison->n_rows; i++)
		if (is_debug(&comparison->rows[i]))
			fprintf(line.file, "%s%s", line.n++ ? ", " : "", comparison->rows[i].name);
	line_print(&line, "debug build: ",
	           "; compiled without optimisation or with a sanitizer: the times say nothing", out);
}

void doubts_print(const struct comparison *comparison, FILE *out)
{
	print_drift(comparison, out);
	print_clock(comparison, out);
	print_load(comparison, out);
	print_swap(comparison, out);
	print_threads(comparison, out);
	print_debug(comparison, out);
}
