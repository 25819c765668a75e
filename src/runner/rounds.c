/* SPDX-License-Identifier: MIT */
#include "runner/rounds.h"

#include "core/clock.h"
#include "core/memory.h"
#include "core/random.h"
#include "runner/epoch_check.h"
#include "runner/interrupt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct rounds {
	const struct rounds_order *order;
	struct journal *journal;
	const struct observer *observer;
	bool *out;     /* an element a candidate: not started any more */
	char **chosen; /* an element a candidate: what its first process chose by trials, or NULL */
	uint32_t *row; /* the candidates of this round in their order, room for all */
	int process;   /* number of the last one started */
	struct epoch_claim
		*claims; /* of the processes that trained an epoch and stood before the judge */
	size_t n_claims;
};

bool rounds_go_on(const char *status)
{
	static const char *const statuses[] = {"verified", "not_sharp", "unjudged", "diverged"};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (strcmp(status, statuses[i]) == 0)
			return true;
	return false;
}

/* The order of a round: a permutation of those that are still in.  Their number. */
static size_t shuffle(struct rounds *rounds, int round)
{
	const struct selection *selection = rounds->order->selection;
	struct random random = random_stream(rounds->order->shuffle, "round", (uint64_t)round);
	size_t count = 0;

	random_permutation(&random, rounds->row, selection->count);
	for (size_t i = 0; i < selection->count; i++)
		if (!rounds->out[rounds->row[i]])
			rounds->row[count++] = rounds->row[i];
	return count;
}

static int record_round(const struct rounds *rounds, int round, size_t count)
{
	json_t *labels = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(labels,
		                      json_string(rounds->order->selection->items[rounds->row[i]].label));
	return journal_append(rounds->journal,
	                      json_pack("{s:s, s:I, s:i, s:o}", "record", "round", "ns",
	                                (json_int_t)clock_ns(), "round", round, "order", labels));
}

static void keep_claim(struct rounds *rounds, const struct follow_order *one,
                       const struct outcome *outcome)
{
	const bool stood =
		strcmp(outcome->status, "verified") == 0 || strcmp(outcome->status, "not_sharp") == 0;

	if (!stood || isnan(outcome->first_loss))
		return;
	rounds->claims = memory_grow(rounds->claims, rounds->n_claims + 1, sizeof(*rounds->claims));
	rounds->claims[rounds->n_claims++] =
		(struct epoch_claim){one->candidate->label, one->process, outcome->first_loss};
}

/* All processes of a candidate train the same form. */
static void keep_choice(struct rounds *rounds, uint32_t candidate, const struct outcome *outcome)
{
	if (rounds->chosen[candidate] || rounds->out[candidate])
		free(outcome->chosen);
	else
		rounds->chosen[candidate] = outcome->chosen;
}

static int run_one(struct rounds *rounds, int round, uint32_t candidate)
{
	const struct rounds_order *order = rounds->order;
	const struct follow_order one = {
		.candidate = &order->selection->items[candidate],
		.job = order->job,
		.judge = order->judge,
		.results = order->results,
		.environment = order->environment,
		.process = ++rounds->process,
		.round = round,
		.min_time = order->min_time,
		.timeout = order->timeout,
		.chosen = rounds->chosen[candidate],
		.thread_flops = order->thread_flops,
		.profile = order->profile,
		.keep_weights = order->keep_weights,
	};
	struct outcome outcome;

	if (follow(&one, rounds->journal, rounds->observer, &outcome)) {
		free(outcome.chosen);
		return -1;
	}
	rounds->out[candidate] = !rounds_go_on(outcome.status);
	keep_claim(rounds, &one, &outcome);
	keep_choice(rounds, candidate, &outcome);
	return 0;
}

static int run_round(struct rounds *rounds, int round)
{
	size_t count = shuffle(rounds, round);

	if (count == 0)
		return 0;
	if (record_round(rounds, round, count))
		return -1;
	for (size_t i = 0; i < count && !interrupt_signal(); i++)
		if (run_one(rounds, round, rounds->row[i]))
			return -1;
	return 0;
}

static int compare_labels(const void *a, const void *b)
{
	return strcmp(((const struct epoch_claim *)a)->label, ((const struct epoch_claim *)b)->label);
}

static int check_epochs(struct rounds *rounds)
{
	const struct epoch_check check = {
		.job = rounds->order->job,
		.claims = rounds->claims,
		.count = rounds->n_claims,
		.always = rounds->order->check_epoch,
		.progress = rounds->order->progress,
	};

	if (rounds->n_claims == 0 || interrupt_signal())
		return 0;
	qsort(rounds->claims, rounds->n_claims, sizeof(*rounds->claims), compare_labels);
	return epoch_check(&check, rounds->journal);
}

static int run_all(struct rounds *rounds)
{
	char finished[CLOCK_STAMP_SIZE];

	for (int round = 1; round <= rounds->order->runs && !interrupt_signal(); round++)
		if (run_round(rounds, round))
			return -1;
	if (check_epochs(rounds))
		return -1;
	clock_stamp(finished, 0);
	return journal_append(rounds->journal, json_pack("{s:s, s:I, s:s, s:i}", "record", "end", "ns",
	                                                 (json_int_t)clock_ns(), "finished", finished,
	                                                 "signal", interrupt_signal()));
}

int rounds_run(const struct rounds_order *order, struct journal *journal,
               const struct observer *observer)
{
	size_t count = order->selection->count;
	struct rounds rounds = {.order = order, .journal = journal, .observer = observer};

	rounds.out = memory_new(count ? count : 1, sizeof(*rounds.out));
	rounds.row = memory_new(count ? count : 1, sizeof(*rounds.row));
	rounds.chosen = memory_new(count ? count : 1, sizeof(*rounds.chosen));
	for (size_t i = 0; i < count; i++)
		rounds.out[i] = !order->selection->items[i].ready;
	int failed = run_all(&rounds);
	for (size_t i = 0; i < count; i++)
		free(rounds.chosen[i]);
	free(rounds.chosen);
	free(rounds.out);
	free(rounds.row);
	free(rounds.claims);
	return failed;
}
