/* SPDX-License-Identifier: MIT */
#include "report/plot_series.h"

#include "core/memory.h"
#include "core/statistics.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a (Fowler, Noll, Vo).  COLOUR_START is no part of it: the first number that gives the eight
 * platforms of the plan eight colours; tests/unit/test_plot.c names them. */
enum { COLOUR_START = 71 };

int plot_colour(const char *platform)
{
	uint32_t hash = 2166136261u ^ (uint32_t)COLOUR_START;

	for (; *platform; platform++)
		hash = (hash ^ (unsigned char)*platform) * 16777619u;
	return (int)((hash ^ hash >> 16) % PLOT_COLOURS);
}

/* ---- Points ---- */

struct sighting {
	int epoch;
	double seconds, accuracy;
};

static int by_epoch(const void *a, const void *b)
{
	const struct sighting *left = a, *right = b;

	return (left->epoch > right->epoch) - (left->epoch < right->epoch);
}

/* An outcome of outputs that are no numbers says nothing (comparison.c has the same rule). */
static struct sighting sight(const struct epoch *epoch, bool judged_by_loss)
{
	bool lost = judged_by_loss && !isfinite(epoch->test_loss);

	return (struct sighting){
		.epoch = epoch->number,
		.seconds = epoch->train_seconds > 0 ? epoch->train_seconds : UNMEASURED,
		.accuracy = lost ? UNMEASURED : epoch->test_accuracy,
	};
}

/* All epochs of the executions that count, in order of their numbers; free() them. */
static struct sighting *sight_all(const struct contestant *contestant, size_t *n)
{
	const bool judged_by_loss = contestant->status != STATUS_UNVERIFIED_CSV;
	size_t room = 0;

	for (size_t i = 0; i < contestant->n_executions; i++)
		room += contestant->executions[i].n_epochs;
	struct sighting *sightings = memory_new(room, sizeof(*sightings));
	*n = 0;
	for (size_t i = 0; i < contestant->n_executions; i++) {
		const struct execution *execution = &contestant->executions[i];
		for (size_t e = 0; execution_counts(contestant, execution) && e < execution->n_epochs; e++)
			if (!execution->epochs[e].extra)
				sightings[(*n)++] = sight(&execution->epochs[e], judged_by_loss);
	}
	if (*n)
		qsort(sightings, *n, sizeof(*sightings), by_epoch);
	return sightings;
}

static struct plot_point make_point(const struct sighting *sightings, size_t n, double n_train,
                                    double *room)
{
	for (size_t i = 0; i < n; i++)
		room[i] = sightings[i].seconds;
	const double seconds = statistics_spread(room, n).median;
	for (size_t i = 0; i < n; i++)
		room[i] = sightings[i].accuracy;
	return (struct plot_point){sightings[0].epoch, seconds, n_train / seconds,
	                           statistics_spread(room, n).median};
}

static void make_points(struct plot_series *series)
{
	const double n_train = series->row->results->n_train;
	size_t n, same;
	struct sighting *sightings = sight_all(series->row->contestant, &n);
	double *room = memory_new(n, sizeof(*room));

	series->points = memory_new(n, sizeof(*series->points));
	for (size_t i = 0; i < n; i += same) {
		for (same = 1; i + same < n && sightings[i + same].epoch == sightings[i].epoch; same++)
			;
		series->points[series->n_points++] = make_point(&sightings[i], same, n_train, room);
	}
	free(room);
	free(sightings);
}

/* ---- Series ---- */

static void make_mean(struct plot_series *series)
{
	const struct row *row = series->row;
	const double n_train = series->row->results->n_train;

	series->cold = !(row->epoch.mean > 0);
	series->mean = n_train / (series->cold ? row->cold_epoch : row->epoch.mean);
	if (!(series->mean > 0 && isfinite(series->mean)))
		series->mean = UNMEASURED;
	series->low = n_train / row->epoch.q3;
	series->high = n_train / row->epoch.q1;
}

/* `number`: the comparison's, or 0. */
static char *make_label(const struct row *row, size_t number)
{
	char *visible = memory_visible(row->name);

	if (!number)
		return visible;
	char *label = memory_text("%s [%zu]", visible, number);
	free(visible);
	return label;
}

static char *make_name(const struct row *row, const char *label)
{
	const bool aside = row->contestant->status == STATUS_VERIFIED && !row->ranked;

	return memory_text("%s (%s%s)", label, status_name(row->contestant->status),
	                   aside ? ", not ranked" : "");
}

static struct plot_series make_series(const struct comparison *source, const struct row *row,
                                      size_t number)
{
	struct plot_series series = {.row = row, .source = source};

	series.label = make_label(row, number);
	series.name = make_name(row, series.label);
	series.colour = plot_colour(row->contestant->platform);
	make_points(&series);
	make_mean(&series);
	return series;
}

static void free_series(struct plot_series *series)
{
	free(series->label);
	free(series->name);
	free(series->points);
}

static void add_name(char **list, const char *name)
{
	char *longer = memory_text("%s%s%s", *list, **list ? ", " : "", name);

	free(*list);
	*list = longer;
}

/* Those rows of all comparisons that are ranked, or those that are not. */
static void add_rows(struct plot_set *set, const struct comparison *const *comparisons,
                     size_t count, bool ranked)
{
	for (size_t c = 0; c < count; c++)
		for (size_t i = 0; i < comparisons[c]->n_rows; i++) {
			const struct row *row = &comparisons[c]->rows[i];
			if (row->ranked != ranked)
				continue;
			struct plot_series series = make_series(comparisons[c], row, count > 1 ? c + 1 : 0);
			if (series.n_points && set->count < PLOT_SERIES_MAX) {
				set->series[set->count++] = series;
				continue;
			}
			add_name(&set->left_out, series.name);
			free_series(&series);
		}
}

static void count_variants(struct plot_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		for (size_t other = 0; other < i; other++)
			set->series[i].variant += set->series[other].colour == set->series[i].colour;
}

void plot_set_make(struct plot_set *set, const struct comparison *const *comparisons, size_t count)
{
	*set = (struct plot_set){.left_out = memory_copy("")};
	set->series = memory_new(PLOT_SERIES_MAX, sizeof(*set->series));
	add_rows(set, comparisons, count, true);
	set->n_ranked = set->count;
	add_rows(set, comparisons, count, false);
	count_variants(set);
}

void plot_set_free(struct plot_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free_series(&set->series[i]);
	free(set->series);
	free(set->left_out);
	*set = (struct plot_set){0};
}
