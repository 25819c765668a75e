/* SPDX-License-Identifier: MIT */
#include "report/averages.h"

#include <math.h>

/* A mean that is added to; nothing measured: NAN. */
struct mean {
	double sum;
	size_t n;
};

static void mean_add(struct mean *mean, double value)
{
	if (!isfinite(value))
		return;
	mean->sum += value;
	mean->n++;
}

static double mean_of(const struct mean *mean)
{
	return mean->n ? mean->sum / (double)mean->n : UNMEASURED;
}

static double throughput(const struct results *results, const struct epoch *epoch)
{
	return results->original ? epoch->throughput : results->n_train / epoch->train_seconds;
}

/* Accuracies of what diverged are none. */
static double accuracy(const struct epoch *epoch)
{
	return isfinite(epoch->test_loss) ? epoch->test_accuracy : UNMEASURED;
}

struct means {
	struct mean epoch, train, speed, final, rss;
	double best, vram;
	int last;
};

static void add_execution(struct means *means, const struct results *results,
                          const struct execution *execution)
{
	double train = 0, final = UNMEASURED;

	for (size_t i = 0; i < execution->n_epochs; i++) {
		const struct epoch *epoch = &execution->epochs[i];
		if (epoch->extra)
			continue;
		mean_add(&means->epoch, epoch->train_seconds);
		mean_add(&means->speed, throughput(results, epoch));
		mean_add(&means->rss, epoch->anonymous + epoch->file);
		train += epoch->train_seconds;
		final = accuracy(epoch);
		means->best = fmax(means->best, final); /* fmax takes the one that is no NAN */
		means->vram = fmax(means->vram, epoch->vram);
		means->last = epoch->number > means->last ? epoch->number : means->last;
	}
	mean_add(&means->train, execution->n_epochs ? train : UNMEASURED);
	mean_add(&means->final, final);
}

struct averages averages_make(const struct results *results, const struct contestant *contestant)
{
	struct means means = {.best = UNMEASURED, .vram = UNMEASURED};

	for (size_t i = 0; i < contestant->n_executions; i++)
		if (execution_counts(contestant, &contestant->executions[i]))
			add_execution(&means, results, &contestant->executions[i]);
	return (struct averages){
		.epoch_seconds = mean_of(&means.epoch),
		.train_seconds = mean_of(&means.train),
		.throughput = mean_of(&means.speed),
		.final_test_accuracy = mean_of(&means.final),
		.best_test_accuracy = means.best,
		.rss = mean_of(&means.rss),
		.max_vram = means.vram,
		.last_epoch = means.last,
	};
}
