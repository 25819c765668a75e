/* SPDX-License-Identifier: MIT */
#include "results/original.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/statistics.h"
#include "results/field.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_SIZE_MAX = 16 << 20, COLUMNS_MAX = 64, MESSAGE_TEXT = 40 };

enum column {
	PLATFORM,
	EPOCH,
	TIME,
	LOSS,
	TRAIN,
	TEST,
	SPEED,
	STAMP,
	SYSTEM_RAM,
	PROCESS_RAM,
	VRAM,
	COLUMNS,
};

/* The smallest and the largest that can be, in the unit of the column. */
static const struct {
	const char *name;
	double least, most;
} columns[COLUMNS] = {
	[PLATFORM] = {"Platform", 0, 0},
	[EPOCH] = {"Epoch", 0, INT_MAX},
	[TIME] = {"Epoch Time (s)", 1e-9, 1e9},
	[LOSS] = {"Train Loss", 0, 1e30},
	[TRAIN] = {"Train Accuracy", 0, 1},
	[TEST] = {"Test Accuracy", 0, 1},
	[SPEED] = {"Throughput (samples/s)", 0, 1e15},
	[STAMP] = {"Timestamp", 0, 0},
	[SYSTEM_RAM] = {"System RAM Used (MB)", 0, 1e12},
	[PROCESS_RAM] = {"Process RAM Used (MB)", 0, 1e12},
	[VRAM] = {"GPU VRAM Used (MB)", 0, 1e12},
};

/* ---- Which files ---- */

static bool is_metrics(const char *name)
{
	const size_t length = strlen(name);

	return strncmp(name, "metrics_", 8) == 0 && length > 12 &&
	       strcmp(name + length - 4, ".csv") == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Their names in order, with NULL at the end; NULL: the folder cannot be read. */
static char **list_files(const char *path, size_t *count)
{
	DIR *folder = opendir(path);
	char **names = NULL;

	*count = 0;
	if (!folder)
		return NULL;
	for (const struct dirent *entry; (entry = readdir(folder));)
		if (is_metrics(entry->d_name)) {
			names = memory_grow(names, *count + 2, sizeof(*names));
			names[(*count)++] = memory_copy(entry->d_name);
			names[*count] = NULL;
		}
	closedir(folder);
	if (names)
		qsort(names, *count, sizeof(*names), by_name);
	return names;
}

bool original_found(const char *folder)
{
	size_t count;
	char **names = list_files(folder, &count);

	if (names)
		memory_free_words(names);
	return count > 0;
}

/* ---- Lines and cells ---- */

struct reader {
	struct results *results;
	struct contestant *contestant; /* of this file; NULL before its first line */
	const char *path;
	size_t line;
	char *at, *end;
	char *cells[COLUMNS_MAX];
	size_t n_cells;
	size_t run, extra; /* places of these columns; 0: there is none */
};

static int refuse(const struct reader *reader, const char *what, const char *text)
{
	return error("%s: line %zu: %s%s%.*s%s; it is no file of this layout, or damaged", reader->path,
	             reader->line, what, *text ? " '" : "", MESSAGE_TEXT, text, *text ? "'" : "");
}

/* Take the quotes from a cell in place (RFC 4180); returns what ends it: ',', '\n' or 0. */
static char read_quoted(struct reader *reader, char **cell)
{
	char *out = ++reader->at;

	*cell = out;
	for (; reader->at < reader->end; reader->at++) {
		if (*reader->at == '"' && reader->at[1] != '"')
			break;
		reader->at += *reader->at == '"';
		*out++ = *reader->at;
	}
	if (reader->at == reader->end)
		return '"'; /* it was never closed */
	const char after = *++reader->at;
	*out = '\0';
	return after;
}

static char read_plain(struct reader *reader, char **cell)
{
	*cell = reader->at;
	reader->at += strcspn(reader->at, ",\r\n");
	const char after = *reader->at;
	*reader->at = '\0';
	return after;
}

/* The next line's cells, which lie in the text itself; false: there is none. */
static int read_line(struct reader *reader)
{
	char after = ',';

	reader->n_cells = 0;
	reader->line++;
	while (after == ',') {
		char *cell;
		if (reader->n_cells == COLUMNS_MAX)
			return refuse(reader, "more than 64 columns", "");
		after = *reader->at == '"' ? read_quoted(reader, &cell) : read_plain(reader, &cell);
		reader->cells[reader->n_cells++] = cell;
		if (reader->at < reader->end)
			reader->at++;
	}
	if (after == '\r' && *reader->at == '\n')
		reader->at++;
	if (after && after != '\r' && after != '\n')
		return refuse(reader, "quotes around a cell that do not end with it", "");
	return 0;
}

/* An apostrophe before what a spreadsheet would take for a formula is no part of the text (report/csv.h). */
static const char *plain_text(const char *cell)
{
	return *cell == '\'' && cell[1] && strchr("=+-@", cell[1]) ? cell + 1 : cell;
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* A number of a column, NAN where it says that it was not measured.  A loss may be no number. */
static int read_number(const struct reader *reader, enum column column, double *out)
{
	const char *cell = reader->cells[column];
	char *end;
	const double value = strtod(cell, &end);
	char what[64];

	*out = UNMEASURED;
	if (!*cell || (column == LOSS && (same_text(cell, "nan") || same_text(cell, "inf"))))
		return 0;
	snprintf(what, sizeof(what), "%s is", columns[column].name);
	if (*end || !isfinite(value) || strspn(cell, "0123456789+-.eE") != strlen(cell))
		return refuse(reader, strcat(what, " no number:"), cell);
	if (value == -1.0)
		return 0;
	if (value < columns[column].least || value > columns[column].most)
		return refuse(reader, strcat(what, " a number that cannot be:"), cell);
	*out = value;
	return 0;
}

/* ---- A file ---- */

static int read_header(struct reader *reader)
{
	if (reader->end - reader->at >= 3 && memcmp(reader->at, "\xef\xbb\xbf", 3) == 0)
		reader->at += 3; /* the byte order mark of a spreadsheet */
	if (read_line(reader))
		return -1;
	for (size_t i = 0; i < COLUMNS; i++)
		if (i >= reader->n_cells || !same_text(reader->cells[i], columns[i].name))
			return refuse(reader, "the first eleven columns are not those of the layout: missing",
			              columns[i].name);
	for (size_t i = COLUMNS; i < reader->n_cells; i++) {
		reader->run = same_text(reader->cells[i], "Run") ? i : reader->run;
		reader->extra = same_text(reader->cells[i], "Extra") ? i : reader->extra;
	}
	return 0;
}

static int take_contestant(struct reader *reader, const char *label)
{
	struct results *results = reader->results;

	if (reader->contestant)
		return same_text(label, reader->contestant->label)
		           ? 0
		           : refuse(reader, "another platform in the same file:", label);
	if (!*label || results_contestant(results, label))
		return refuse(reader, *label ? "another file has this platform, too:" : "no platform",
		              label);
	results->contestants = memory_grow(results->contestants, results->n_contestants + 1,
	                                   sizeof(*results->contestants));
	reader->contestant = &results->contestants[results->n_contestants++];
	*reader->contestant = (struct contestant){
		.label = memory_copy(label),
		.file = contestant_file(label),
		.platform = memory_copy(label),
		.status = STATUS_UNVERIFIED_CSV,
	};
	return 0;
}

/* Visible: nothing says in which encoding the file is, and JSON holds UTF-8 alone. */
static int find_contestant(struct reader *reader)
{
	char *label = memory_visible(plain_text(reader->cells[PLATFORM]));
	const int result = take_contestant(reader, label);

	free(label);
	return result;
}

/* The execution that a line belongs to; NULL after error(). */
static struct execution *find_execution(struct reader *reader)
{
	struct contestant *contestant = reader->contestant;
	int round = 1;
	char tail;

	if (reader->run &&
	    (reader->run >= reader->n_cells ||
	     sscanf(reader->cells[reader->run], "%9d%c", &round, &tail) != 1 || round < 1)) {
		refuse(reader, "Run is no whole number above 0", "");
		return NULL;
	}
	for (size_t i = 0; i < contestant->n_executions; i++)
		if (contestant->executions[i].round == round)
			return &contestant->executions[i];
	struct execution *execution =
		contestant_add(contestant, (int)contestant->n_executions + 1, round);
	execution->status = STATUS_UNVERIFIED_CSV;
	return execution;
}

static int read_epoch(struct reader *reader)
{
	double values[COLUMNS];

	if (reader->n_cells < COLUMNS)
		return refuse(reader, "fewer than eleven cells", "");
	for (int column = EPOCH; column < COLUMNS; column++)
		if (column != STAMP && read_number(reader, (enum column)column, &values[column]))
			return -1;
	if (find_contestant(reader))
		return -1;
	struct execution *execution = find_execution(reader);
	if (!execution)
		return -1;
	const int before = execution->n_epochs ? execution->epochs[execution->n_epochs - 1].number : 0;
	if (!(values[EPOCH] > before) || values[EPOCH] != floor(values[EPOCH]))
		return refuse(reader,
		              "Epoch is no whole number above the one before:", reader->cells[EPOCH]);
	execution->epochs =
		memory_grow(execution->epochs, execution->n_epochs + 1, sizeof(*execution->epochs));
	struct epoch *epoch = &execution->epochs[execution->n_epochs++];
	*epoch = (struct epoch){
		.number = (int)values[EPOCH],
		.extra = reader->extra && reader->extra < reader->n_cells &&
	             same_text(reader->cells[reader->extra], "true"),
		.train_seconds = values[TIME],
		.runner_seconds = UNMEASURED,
		.train_loss = values[LOSS],
		.train_accuracy = values[TRAIN],
		.test_loss = 0, /* not told; an accuracy counts where the loss is a number */
		.test_accuracy = values[TEST],
		.anonymous = values[PROCESS_RAM] * 1e6, /* not told apart */
		.file = 0,
		.vram = values[VRAM] * 1e6,
		.system = values[SYSTEM_RAM] * 1e6,
		.throughput = values[SPEED],
	};
	if (strlen(reader->cells[STAMP]) < sizeof(epoch->stamp))
		strcpy(epoch->stamp, reader->cells[STAMP]);
	return 0;
}

static int read_lines(struct reader *reader)
{
	if (read_header(reader))
		return -1;
	while (reader->at < reader->end) {
		if (read_line(reader))
			return -1;
		if (reader->n_cells == 1 && !*reader->cells[0])
			continue; /* an empty line */
		if (read_epoch(reader))
			return -1;
	}
	return reader->contestant ? 0 : refuse(reader, "no epoch", "");
}

static int read_file(struct results *results, const char *folder, const char *name)
{
	char *path = files_join(folder, name);
	size_t size = 0;
	char *text = files_read(path, FILE_SIZE_MAX, &size);
	struct reader reader = {.results = results, .path = path, .at = text};
	int result = -1;

	if (text)
		reader.end = text + size;
	if (text && memchr(text, '\0', size))
		error("%s: it is no text; it is no file of this layout, or damaged", path);
	else if (text)
		result = read_lines(&reader);
	free(text);
	free(path);
	return result;
}

/* ---- The whole ---- */

/* What the ends of epochs tell of a process. */
static void finish_execution(struct execution *execution)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < execution->n_epochs; i++) {
		const struct epoch *epoch = &execution->epochs[i];
		/* fmax takes the one that is no NAN */
		execution->peak_rss = fmax(execution->peak_rss, epoch->anonymous);
		execution->peak_vram = fmax(execution->peak_vram, epoch->vram);
		sum += isfinite(epoch->anonymous) ? epoch->anonymous : 0;
		n += isfinite(epoch->anonymous);
	}
	execution->mean_rss = n ? sum / (double)n : UNMEASURED;
}

/* Samples of an epoch: the files tell them by time and throughput only. */
static double find_samples(const struct results *results)
{
	double *values = NULL;
	size_t n = 0;

	for (size_t c = 0; c < results->n_contestants; c++)
		for (size_t e = 0; e < results->contestants[c].n_executions; e++) {
			const struct execution *execution = &results->contestants[c].executions[e];
			values = memory_grow(values, n + execution->n_epochs, sizeof(*values));
			for (size_t i = 0; i < execution->n_epochs; i++)
				values[n++] = execution->epochs[i].throughput * execution->epochs[i].train_seconds;
		}
	const double median = statistics_spread(values, n).median;
	free(values);
	return round(median);
}

static void finish(struct results *results)
{
	int epochs = 0, runs = 0;

	for (size_t c = 0; c < results->n_contestants; c++) {
		struct contestant *contestant = &results->contestants[c];
		for (size_t e = 0; e < contestant->n_executions; e++) {
			const struct execution *execution = &contestant->executions[e];
			finish_execution(&contestant->executions[e]);
			runs = execution->round > runs ? execution->round : runs;
			for (size_t i = 0; i < execution->n_epochs; i++)
				if (!execution->epochs[i].extra && execution->epochs[i].number > epochs)
					epochs = execution->epochs[i].number;
		}
		contestant_conclude(contestant);
	}
	results->n_train = find_samples(results);
	results->run = json_pack("{s:{s:i}, s:i}", "work", "epochs", epochs, "runs", runs);
}

int original_read(struct results *results, const char *folder)
{
	size_t count;
	char **names = list_files(folder, &count);
	int result = 0;

	*results = (struct results){.folder = memory_copy(folder), .original = true};
	if (!names)
		result = error("%s: cannot be read: %s", folder, strerror(errno));
	results->rounds = json_array();
	for (size_t i = 0; i < count && !result; i++)
		result = read_file(results, folder, names[i]);
	if (names)
		memory_free_words(names);
	if (result)
		results_free(results);
	else
		finish(results);
	return result;
}
