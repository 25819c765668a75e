/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "report/comparison.h"
#include "report/csv.h"
#include "report/export.h"
#include "report/gnuplot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

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
	int result = write_file(folder, "run.json", text, size + 1);
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
	char *name = memory_text("metrics_%s.csv", contestant->file);
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
	return write_csv(folder, "summary.csv", csv);
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

/* The folder's own.  One of another state of the journal would mislead, and goes. */
static int draw_plot(const char *folder, const struct results *results)
{
	struct comparison comparison;
	const struct comparison *const all[] = {&comparison};
	struct plot plot;
	char why[GNUPLOT_WHY], *picture = NULL;
	char *path = files_join(folder, REPORT_PLOT);
	size_t size;
	int result = comparison_make(&comparison, results, NULL);

	if (result) {
		free(path);
		return -1;
	}
	unlink(path);
	if (plot_make(&plot, all, 1, PLOT_PNG) == 0) {
		if (gnuplot_draw(&plot, GNUPLOT_SECONDS, &picture, &size, why))
			note("no %s: %s", REPORT_PLOT, why);
		else
			result = write_file(folder, REPORT_PLOT, picture, size);
		free(picture);
		plot_free(&plot);
	}
	comparison_free(&comparison);
	free(path);
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
