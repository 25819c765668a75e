/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/program.h"
#include "report/comparison.h"
#include "report/csv.h"
#include "report/export.h"
#include "report/gnuplot.h"
#include "results/journal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORT_RUN "run.json"
#define REPORT_SUMMARY "summary.csv"

static int write_file(const char *folder, const char *name, const char *bytes, size_t size)
{
	char *path = files_join(folder, name);
	int result = files_write(path, bytes, size);

	free(path);
	return result;
}

static int write_run(const char *folder, const struct results *results)
{
	json_t *record = results_record(results);
	char *text = json_dumps(record, JSON_INDENT(1));

	if (!text)
		BUG("run.json cannot be written as JSON");
	size_t size = strlen(text);
	text[size] = '\n'; /* in the place of the NUL */
	int result = write_file(folder, REPORT_RUN, text, size + 1);
	free(text);
	json_decref(record);
	return result;
}

static const char *const metrics_header[] = {
	"Platform",
	"Epoch",
	"Epoch Time (s)",
	"Train Loss",
	"Train Accuracy",
	"Test Accuracy",
	"Throughput (samples/s)",
	"Timestamp",
	"System RAM Used (MB)",
	"Process RAM Used (MB)",
	"GPU VRAM Used (MB)",
	"Run",
	"Extra",
	"Runner Time (s)",
	"Test Loss",
	"RAM Anonymous (MB)",
	"RAM File (MB)",
	"Status",
	NULL,
};

/* Extra epochs are for time only: what the network was worth then is no result. */
static double unless_extra(const struct epoch *epoch, double figure)
{
	return epoch->extra ? UNMEASURED : figure;
}

static void put_epoch(struct csv *csv, const struct results *results, const char *label,
                      const struct execution *execution, const struct epoch *epoch)
{
	csv_text(csv, label);
	csv_number(csv, epoch->number, 0);
	csv_number(csv, epoch->train_seconds, 6);
	csv_significant(csv, unless_extra(epoch, epoch->train_loss), CSV_LOSS_DIGITS);
	csv_number(csv, unless_extra(epoch, epoch->train_accuracy), 6);
	csv_number(csv, epoch->test_accuracy, 6);
	csv_number(csv, results->n_train / epoch->train_seconds, 1);
	csv_text(csv, epoch->stamp);
	csv_number(csv, epoch->system / 1e6, 3);
	csv_number(csv, (epoch->anonymous + epoch->file) / 1e6, 3);
	csv_number(csv, epoch->vram / 1e6, 3);
	csv_number(csv, execution->round, 0);
	csv_text(csv, epoch->extra ? "true" : "false");
	csv_number(csv, epoch->runner_seconds, 6);
	csv_significant(csv, epoch->test_loss, CSV_LOSS_DIGITS);
	csv_number(csv, epoch->anonymous / 1e6, 3);
	csv_number(csv, epoch->file / 1e6, 3);
	csv_text(csv, status_name(execution->status));
	csv_row(csv);
}

static int write_csv(const char *folder, const char *name, struct csv *csv)
{
	size_t size;
	char *text = csv_end(csv, &size);
	int result = write_file(folder, name, text, size);

	free(text);
	return result;
}

static size_t count_epochs(const struct contestant *contestant)
{
	size_t n = 0;

	for (size_t i = 0; i < contestant->n_executions; i++)
		n += contestant->executions[i].n_epochs;
	return n;
}

static char *metrics_name(const struct contestant *contestant)
{
	return memory_text("metrics_%s.csv", contestant->file);
}

/* Platforms without an epoch have no file. */
static int write_metrics(const char *folder, const struct results *results,
                         const struct contestant *contestant)
{
	if (count_epochs(contestant) == 0)
		return 0;
	struct csv *csv = csv_begin();
	csv_header(csv, metrics_header);
	for (size_t i = 0; i < contestant->n_executions; i++) {
		const struct execution *execution = &contestant->executions[i];
		for (size_t e = 0; e < execution->n_epochs; e++)
			put_epoch(csv, results, contestant->label, execution, &execution->epochs[e]);
	}
	char *name = metrics_name(contestant);
	int result = write_csv(folder, name, csv);
	free(name);
	return result;
}

static int write_summary(const char *folder, const struct results *results)
{
	struct comparison comparison;
	struct csv *csv;

	if (comparison_make(&comparison, results, NULL))
		return -1;
	csv = csv_begin();
	export_summary(csv, &comparison);
	comparison_free(&comparison);
	return write_csv(folder, REPORT_SUMMARY, csv);
}

/* ---- The picture ---- */

/* A name that ends in .png or .svg; false: another. */
static bool find_format(const char *path, enum plot_format *format)
{
	const char *end = strrchr(path, '.');

	*format = end && strcasecmp(end, ".svg") == 0 ? PLOT_SVG : PLOT_PNG;
	return end && (*format == PLOT_SVG || strcasecmp(end, ".png") == 0);
}

int report_try_plot(const char *path)
{
	enum plot_format format;

	if (!find_format(path, &format))
		return error("--plot %s: its name must end in .png or .svg", path);
	return files_try_put(path);
}

int report_plot(const struct comparison *const *comparisons, size_t count, const char *path)
{
	enum plot_format format;
	struct plot plot;
	char why[GNUPLOT_WHY], *picture;
	size_t size;

	find_format(path, &format);
	if (plot_make(&plot, comparisons, count, format))
		return error("--plot %s: no platform has an epoch that could be drawn", path);
	int result = gnuplot_draw(&plot, GNUPLOT_SECONDS, &picture, &size, why);
	if (result)
		error("--plot %s: %s", path, why);
	else
		result = files_put(path, picture, size);
	free(picture);
	plot_free(&plot);
	return result;
}

/* The folder's picture shows another state of the journal. */
static bool is_outdated(const char *folder, const char *picture)
{
	char *journal = files_join(folder, JOURNAL_FILE);
	struct stat of_journal, of_picture;
	const bool outdated = !stat(journal, &of_journal) && !stat(picture, &of_picture) &&
	                      of_picture.st_mtime < of_journal.st_mtime;

	free(journal);
	return outdated;
}

static int draw_folder(const char *folder, const struct plot *plot)
{
	char why[GNUPLOT_WHY], *picture = NULL, *path = files_join(folder, REPORT_PLOT);
	size_t size;
	int result = 0;

	if (gnuplot_draw(plot, GNUPLOT_SECONDS, &picture, &size, why) == 0) {
		result = write_file(folder, REPORT_PLOT, picture, size);
	} else {
		note("no %s: %s", REPORT_PLOT, why);
		if (is_outdated(folder, path))
			unlink(path);
	}
	free(picture);
	free(path);
	return result;
}

static int draw_plot(const char *folder, const struct results *results)
{
	struct comparison comparison;
	const struct comparison *const all[] = {&comparison};
	struct plot plot;
	int result = comparison_make(&comparison, results, NULL);

	if (result)
		return -1;
	if (plot_make(&plot, all, 1, PLOT_PNG) == 0) {
		result = draw_folder(folder, &plot);
		plot_free(&plot);
	}
	comparison_free(&comparison);
	return result;
}

/* ---- All files ---- */

/* run.json last: where it is there and not older than the journal, so are the others. */
int report_write(const char *folder, const struct results *results)
{
	for (size_t i = 0; i < results->n_contestants; i++)
		if (write_metrics(folder, results, &results->contestants[i]))
			return -1;
	if (write_summary(folder, results) || draw_plot(folder, results))
		return -1;
	return write_run(folder, results);
}

static bool lacks(const char *folder, const char *name)
{
	char *path = files_join(folder, name);
	const bool missing = access(path, F_OK) != 0;

	free(path);
	return missing;
}

static bool lacks_metrics(const char *folder, const struct contestant *contestant)
{
	char *name = metrics_name(contestant);
	const bool missing = count_epochs(contestant) > 0 && lacks(folder, name);

	free(name);
	return missing;
}

bool report_lacks(const char *folder, const struct results *results)
{
	for (size_t i = 0; i < results->n_contestants; i++)
		if (lacks_metrics(folder, &results->contestants[i]))
			return true;
	return lacks(folder, REPORT_RUN) || lacks(folder, REPORT_SUMMARY);
}

int report_draw_missing(const char *folder, const struct results *results)
{
	char *gnuplot = lacks(folder, REPORT_PLOT) ? program_find("gnuplot") : NULL;
	const int result = gnuplot ? draw_plot(folder, results) : 0;

	free(gnuplot);
	return result;
}
