/* SPDX-License-Identifier: MIT */
#include "report/export.h"

#include "core/memory.h"
#include "report/comparison_cells.h"
#include "results/field.h"

#include <stdlib.h>
#include <string.h>

/* ---- CSV ---- */

static const char *const summary_header[] = {
	"Platform",
	"Status",
	"Runs",
	"Steady Epochs",
	"Median Epoch Time (s)",
	"First Quartile of Epoch Time (s)",
	"Third Quartile of Epoch Time (s)",
	"Minimum Epoch Time (s)",
	"Mean Epoch Time (s)",
	"Throughput (samples/s)",
	"Ratio of Epoch Times",
	"Ratio Low (95%)",
	"Ratio High (95%)",
	"Verdict",
	"First Epoch Time (s)",
	"Training Time (s)",
	"Total Time (s)",
	"Time to 97% Test Accuracy (s)",
	"Final Train Loss",
	"Final Train Accuracy",
	"Final Test Accuracy",
	"Maximum Test Accuracy",
	"Mean Process RAM (MB)",
	"Peak Process RAM (MB)",
	"Peak GPU VRAM (MB)",
	"Worst Tensor (of allowed)",
	NULL,
};

static void put_summary(struct csv *csv, const struct row *row)
{
	const double seconds[] = {row->epoch.median, row->epoch.q1, row->epoch.q3, row->epoch.min,
	                          row->epoch.mean};
	const double durations[] = {row->cold_epoch, row->train_seconds, row->total_seconds,
	                            row->seconds_to_97};

	csv_text(csv, row->contestant->label);
	csv_text(csv, status_name(row->contestant->status));
	csv_number(csv, (double)row->runs, 0);
	csv_number(csv, (double)row->epoch.n, 0);
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		csv_number(csv, seconds[i], 6);
	csv_number(csv, row->samples_per_second, 1);
	csv_number(csv, row->ratio.value, 6);
	csv_number(csv, row->ratio.low, 6);
	csv_number(csv, row->ratio.high, 6);
	csv_text(csv, verdict_name(row->verdict));
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++)
		csv_number(csv, durations[i], 6);
	csv_significant(csv, row->train_loss, CSV_LOSS_DIGITS);
	csv_number(csv, row->train_accuracy, 6);
	csv_number(csv, row->test_accuracy, 6);
	csv_number(csv, row->max_test_accuracy, 6);
	csv_number(csv, row->mean_rss / 1e6, 3);
	csv_number(csv, row->peak_rss / 1e6, 3);
	csv_number(csv, row->peak_vram / 1e6, 3);
	csv_significant(csv, row->proof.worst, 3);
}

void export_summary(struct csv *csv, const struct comparison *comparison)
{
	csv_header(csv, summary_header);
	for (size_t i = 0; i < comparison->n_rows; i++) {
		put_summary(csv, &comparison->rows[i]);
		csv_row(csv);
	}
}

/* The columns of the original system's summary. */
static const char *const averages_header[] = {
	"Platform",
	"Average Epoch Time (s)",
	"Total Training Time (s)",
	"Average Throughput (samples/s)",
	"Final Test Accuracy",
	"Best Test Accuracy",
	"Average Process RAM (MB)",
	"Max GPU VRAM (MB)",
	"Last Epoch",
	"Status",
	NULL,
};

static void put_averages(struct csv *csv, const struct row *row)
{
	const struct averages *averages = &row->averages;

	csv_text(csv, row->contestant->label);
	csv_number(csv, averages->epoch_seconds, 6);
	csv_number(csv, averages->train_seconds, 6);
	csv_number(csv, averages->throughput, 1);
	csv_number(csv, averages->final_test_accuracy, 6);
	csv_number(csv, averages->best_test_accuracy, 6);
	csv_number(csv, averages->rss / 1e6, 3);
	csv_number(csv, averages->max_vram / 1e6, 3);
	csv_number(csv, averages->last_epoch, 0);
	csv_text(csv, status_name(row->contestant->status));
}

static const struct {
	const char *const *header;
	void (*put)(struct csv *, const struct row *);
} csv_views[] = {
	[VIEW_DEFAULT] = {summary_header, put_summary},
	[VIEW_ORIGINAL] = {averages_header, put_averages},
};

void export_csv_header(struct csv *csv, enum view view)
{
	csv_text(csv, "Group");
	csv_text(csv, "Run");
	csv_text(csv, "CPU");
	csv_header(csv, csv_views[view].header);
}

void export_csv(struct csv *csv, const struct comparison *comparison, size_t group)
{
	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		char *path = memory_visible(row->results->folder);
		csv_number(csv, (double)group, 0);
		csv_text(csv, path);
		csv_text(csv, field_text(json_object_get(row->results->run, "machine"), "cpu"));
		csv_views[comparison->view].put(csv, row);
		csv_row(csv);
		free(path);
	}
}

/* ---- Markdown ---- */

void export_text(const char *text, FILE *out)
{
	char *visible = memory_visible(text);

	for (const char *at = visible; *at; at++) {
		if (strchr("\\`*_{}[]#|~", *at) || strncmp(at, "://", 3) == 0)
			fputc('\\', out);
		if (*at == '<' || *at == '>' || *at == '&')
			fprintf(out, "&#%d;", *at);
		else
			fputc(*at, out);
	}
	free(visible);
}

static void put_heads(const struct column *columns, size_t count, const struct unit *unit,
                      FILE *out)
{
	for (size_t c = 0; c < count; c++) {
		const char *foot = strcmp(columns[c].foot, "@") == 0 ? unit->name : columns[c].foot;
		fprintf(out, "| %s%s%s ", columns[c].head, *columns[c].head && *foot ? " " : "", foot);
	}
	fputs("|\n", out);
	for (size_t c = 0; c < count; c++)
		fputs(columns[c].left ? "|---" : "|--:", out);
	fputs("|\n", out);
}

static void put_row(const struct column *columns, size_t count, const struct unit *unit,
                    const struct row *row, FILE *out)
{
	fputs("| ", out);
	export_text(row->name, out);
	for (size_t c = 1; c < count; c++) {
		char cell[CELL_SIZE];
		columns[c].cell(row, unit, cell);
		fprintf(out, " | %s", cell); /* numbers, and a status's name */
	}
	fputs(" |\n", out);
}

/* Lines for terminals, indented by four: Markdown takes nothing in them for markup, and cannot leave them. */
static void put_lines(const struct comparison *comparison, FILE *out,
                      void (*print)(const struct comparison *, FILE *))
{
	char *text;
	size_t size;
	FILE *lines = open_memstream(&text, &size);

	if (!lines)
		die("out of memory");
	print(comparison, lines);
	fclose(lines);
	for (const char *at = text; *at;) {
		const size_t length = strcspn(at, "\n");
		fprintf(out, "%s%.*s\n", length ? "    " : "", (int)length, at);
		at += length + (at[length] == '\n');
	}
	free(text);
}

void export_markdown(const struct comparison *comparison, FILE *out)
{
	const struct unit unit = comparison_unit(comparison);
	size_t count;
	const struct column *columns = comparison_columns(comparison->view, &count);

	put_lines(comparison, out, comparison_head);
	fputc('\n', out);
	put_heads(columns, count, &unit, out);
	for (size_t i = 0; i < comparison->n_rows; i++)
		put_row(columns, count, &unit, &comparison->rows[i], out);
	put_lines(comparison, out, comparison_notes);
}
