/* SPDX-License-Identifier: MIT */
#include "core/verification.h"

#include "core/memory.h"
#include "core/random.h"
#include "core/reference_float.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Candidates that are looked at for one step: so many times its samples, and some more, but none twice.
 * Where these are not enough (all images alike), more would not be. */
enum { LOOK_TIMES = 4, LOOK_MORE = 64 };

struct choice {
	const struct verification_inputs *inputs;
	struct verification *made;
	struct reference *reference;
	struct reference_float *control;
	uint32_t *drawn; /* a permutation of all samples: the row's drawn order */
	bool *used;      /* by sample: stands in the row already */
	size_t place;    /* in `drawn`, of the next candidate; goes round */
	uint32_t *candidates;
	double *margins;
};

/* ---- The samples of one step ---- */

static void take(struct choice *choice, uint32_t sample, double margin, uint32_t *out)
{
	struct verification_facts *facts = &choice->made->facts;

	facts->repeated += choice->used[sample];
	facts->margin = fmin(facts->margin, margin);
	choice->used[sample] = true;
	*out = sample;
}

/* Look at the next `count` candidates; those that are clear go to `out`, `room` at most.  Their number. */
static size_t look(struct choice *choice, size_t count, uint32_t *out)
{
	const struct verification_inputs *inputs = choice->inputs;
	size_t taken = 0;

	for (size_t i = 0; i < count; i++)
		choice->candidates[i] = choice->drawn[choice->place++ % inputs->data.count];
	reference_margins(choice->reference, &inputs->data, choice->candidates, count, choice->margins);
	for (size_t i = 0; i < count; i++) {
		if (choice->margins[i] >= VERIFICATION_MARGIN)
			take(choice, choice->candidates[i], choice->margins[i], &out[taken++]);
		else
			choice->made->facts.skipped++;
	}
	return taken;
}

/* `count` samples for the next step.  Where too few are clear, those that are stand there again; where
 * none is, the last that were looked at have to do: the facts then say how near to a tie they are. */
static void choose(struct choice *choice, size_t count, uint32_t *out)
{
	size_t limit = LOOK_TIMES * count + LOOK_MORE, chosen = 0, looked = 0, now = 0;

	if (limit > choice->inputs->data.count)
		limit = choice->inputs->data.count;
	while (chosen < count && looked < limit) {
		now = count - chosen < limit - looked ? count - chosen : limit - looked;
		chosen += look(choice, now, out + chosen);
		looked += now;
	}
	for (size_t i = 0; chosen == 0 && i < now; i++)
		take(choice, choice->candidates[i], choice->margins[i], &out[i]);
	size_t distinct = chosen ? chosen : now;
	for (size_t i = distinct; i < count; i++)
		out[i] = out[i - distinct];
	choice->made->facts.repeated += count > distinct ? count - distinct : 0;
}

/* ---- Two mini-epochs ---- */

/* Once it is no number it stays so. */
static void note_loss(struct verification_facts *facts, double loss)
{
	if (!isnan(facts->largest_loss) && !(loss <= facts->largest_loss))
		facts->largest_loss = loss;
}

static void step(struct choice *choice, size_t count, uint32_t *samples)
{
	const struct verification_inputs *inputs = choice->inputs;
	const double lr = inputs->work->lr, momentum = inputs->work->momentum;
	struct reference_stats stats;

	choose(choice, count, samples);
	reference_step(choice->reference, &inputs->data, samples, count, lr, momentum, &stats);
	note_loss(&choice->made->facts, stats.loss);
	reference_float_step(choice->control, &inputs->data, samples, count, lr, momentum, &stats);
}

static void walk(struct choice *choice, size_t row, const struct job_progress *progress)
{
	const struct verification_inputs *inputs = choice->inputs;
	const size_t n = inputs->n, batch = inputs->work->batch, samples = inputs->data.count;
	struct random random = random_stream(inputs->work->seed, "verify", row);

	random_permutation(&random, choice->drawn, samples);
	memset(choice->used, 0, samples * sizeof(*choice->used));
	choice->place = 0;
	for (size_t first = 0; first < n; first += batch) {
		const size_t count = n - first < batch ? n - first : batch;

		step(choice, count, choice->made->rows + row * n + first);
		if (progress)
			progress->tell(progress->context, (double)(row * n + first + count) / (double)(2 * n));
		if (count < batch)
			break; /* first + batch might not fit */
	}
}

void verification_make(struct verification *verification, const struct verification_inputs *inputs,
                       int threads, const struct job_progress *progress)
{
	const size_t n = inputs->n, samples = inputs->data.count;
	const size_t parameters = inputs->model->parameters;
	struct choice choice = {
		.inputs = inputs,
		.made = verification,
		.reference = reference_new(inputs->model, threads),
		.control = reference_float_new(inputs->model, threads),
		.drawn = memory_new(samples, sizeof(uint32_t)),
		.used = memory_new(samples, sizeof(bool)),
		.candidates = memory_new(n, sizeof(uint32_t)),
		.margins = memory_new(n, sizeof(double)),
	};

	*verification = (struct verification){
		.rows = memory_new(2 * n, sizeof(uint32_t)),
		.reference = memory_new(2 * parameters, sizeof(double)),
		.facts = {.margin = HUGE_VAL},
	};
	reference_set_float(choice.reference, inputs->init);
	reference_float_set_float(choice.control, inputs->init);
	for (size_t row = 0; row < 2; row++)
		walk(&choice, row, progress);
	reference_get(choice.reference, verification->reference);
	reference_float_get(choice.control, verification->reference + parameters);
	reference_free(choice.reference);
	reference_float_free(choice.control);
	free(choice.drawn);
	free(choice.used);
	free(choice.candidates);
	free(choice.margins);
}

void verification_free(struct verification *verification)
{
	free(verification->rows);
	free(verification->reference);
	*verification = (struct verification){0};
}
