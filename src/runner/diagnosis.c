/* SPDX-License-Identifier: MIT */
/*
 * e = w - ref is what is wrong, d = ref - w0 what training should change.  A mistake of one step spreads
 * to all tensors in the next, so that the tensors furthest off, as parts of d, tell where it sits.
 *
 * The thresholds part the faults of worker-selftest at the default job.
 */
#include "runner/diagnosis.h"

#include "core/bound.h"
#include "core/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Part of ||e|| that a pattern must explain: its rest is at most this. */
static const double rest_of_factor = 0.5, rest_of_start = 0.3, rest_of_order = 0.1;
static const double along = 0.95; /* a cosine: e is along the weights */
static const double alike = 0.25; /* |k - 1| of the tensors differ by this part at most */
/* Tensors within this factor of the furthest share the lead; the others stand as far behind them. */
static const double leading = 3;
/* So many times the change: e is not what wrong training makes of w0. */
static const double elsewhere = 3;
static const double form_near = 0.15; /* k is that of a form of momentum */
static const double little = 1e-2;    /* of the change: no plain mistake */

struct diagnosis {
	const struct diagnosis_input *input;
	struct distance distances[TENSOR_COUNT];
	unsigned off; /* a bit a tensor that is outside the bound */
	char **words;
	size_t count;
	bool named; /* the cause, or its place */
};

static void say(struct diagnosis *diagnosis, const char *format, ...) PRINTF_LIKE(2, 3);
static void say(struct diagnosis *diagnosis, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	diagnosis->words =
		memory_grow(diagnosis->words, diagnosis->count + 2, sizeof(*diagnosis->words));
	diagnosis->words[diagnosis->count++] = memory_copy(text);
	diagnosis->words[diagnosis->count] = NULL;
}

/* ---- tensors ---- */

#define BIT(id) (1u << (id))
enum {
	ALL = BIT(TENSOR_COUNT) - 1,
	CONV1 = BIT(CONV1_WEIGHT) | BIT(CONV1_BIAS),
	CONV2 = BIT(CONV2_WEIGHT) | BIT(CONV2_BIAS),
	FC1 = BIT(FC1_WEIGHT) | BIT(FC1_BIAS),
	FC2 = BIT(FC2_WEIGHT) | BIT(FC2_BIAS),
	BIASES = BIT(CONV1_BIAS) | BIT(CONV2_BIAS) | BIT(FC1_BIAS) | BIT(FC2_BIAS),
};

/* Of one tensor: element i of w, ref and w0. */
struct view {
	const struct tensor *tensor;
	const float *weights, *init;
	const double *reference;
	size_t size;
};

static struct view view_of(const struct diagnosis *diagnosis, int id)
{
	const struct diagnosis_input *input = diagnosis->input;
	const struct tensor *tensor = &input->model->tensors[id];

	return (struct view){tensor, input->weights + tensor->offset, input->init + tensor->offset,
	                     input->reference + tensor->offset, tensor->size};
}

static bool is_off(const struct diagnosis *diagnosis, int id)
{
	return diagnosis->off & BIT(id);
}

/* "conv1.weight, conv1.bias and fc1.bias" */
static const char *names_of(const struct diagnosis *diagnosis, unsigned set, char out[256])
{
	size_t used = 0;

	out[0] = '\0';
	for (int id = 0; id < TENSOR_COUNT; id++) {
		if (!(set & BIT(id)))
			continue;
		const char *between = used == 0 ? "" : set >> (id + 1) ? ", " : " and ";
		used += (size_t)snprintf(out + used, 256 - used, "%s%s", between,
		                         diagnosis->input->model->tensors[id].name);
	}
	return out;
}

/* The tensors that are off and of which `test` is true. */
static unsigned find(const struct diagnosis *diagnosis, bool (*test)(const struct view *view))
{
	unsigned found = 0;

	for (int id = 0; id < TENSOR_COUNT; id++) {
		const struct view view = view_of(diagnosis, id);

		if (is_off(diagnosis, id) && test(&view))
			found |= BIT(id);
	}
	return found;
}

static bool is_one(unsigned set)
{
	return set && !(set & (set - 1));
}

/* ---- patterns of single tensors ---- */

static bool is_wild(const struct view *view)
{
	for (size_t i = 0; i < view->size; i++)
		if (!isfinite(view->weights[i]))
			return true;
	return false;
}

static bool is_untrained(const struct view *view)
{
	return memcmp(view->weights, view->init, view->size * sizeof(float)) == 0;
}

/* Began at zero: w = d, or e = -w0. */
static bool is_begun_at_zero(const struct view *view)
{
	double rest = 0, start = 0;

	for (size_t i = 0; i < view->size; i++) {
		const double init = (double)view->init[i];
		const double off = (double)view->weights[i] - view->reference[i] + init;

		rest += off * off;
		start += init * init;
	}
	return sqrt(rest) < rest_of_start * sqrt(start);
}

/* ---- the right values in another order ---- */

static int by_value(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* ||a - b|| of w in the order of `place` and ref. */
static double distance_in_order(const struct view *view,
                                size_t (*place)(const struct tensor *, size_t))
{
	double sum = 0;

	for (size_t i = 0; i < view->size; i++) {
		const double off = (double)view->weights[place(view->tensor, i)] - view->reference[i];
		sum += off * off;
	}
	return sqrt(sum);
}

/* The same where both are sorted. */
static double distance_sorted(const struct view *view)
{
	double *values = memory_new(2 * view->size, sizeof(*values)), sum = 0;

	for (size_t i = 0; i < view->size; i++) {
		values[i] = (double)view->weights[i];
		values[view->size + i] = view->reference[i];
	}
	qsort(values, view->size, sizeof(*values), by_value);
	qsort(values + view->size, view->size, sizeof(*values), by_value);
	for (size_t i = 0; i < view->size; i++)
		sum += (values[i] - values[view->size + i]) * (values[i] - values[view->size + i]);
	free(values);
	return sqrt(sum);
}

/* Where element i of a matrix stands if the rows were written as columns. */
static size_t transposed(const struct tensor *tensor, size_t i)
{
	const size_t rows = tensor->dims[0], columns = tensor->size / rows;

	return i % columns * rows + i / columns;
}

static size_t turned(const struct tensor *tensor, size_t i)
{
	const size_t kernel = tensor->dims[2] * tensor->dims[3];

	return i / kernel * kernel + (kernel - 1 - i % kernel);
}

/* Kernels [y][x] written as [x][y]. */
static size_t kernels_transposed(const struct tensor *tensor, size_t i)
{
	const size_t side = tensor->dims[3], kernel = side * side, at = i % kernel;

	return i / kernel * kernel + at % side * side + at / side;
}

static const struct {
	int rank;
	size_t (*place)(const struct tensor *tensor, size_t i);
	const char *words;
} orders[] = {
	{2, transposed, "transposed: its rows are the outputs"},
	{4, turned, "turned: kernels are not turned by 180 degrees in this network"},
	{4, kernels_transposed, "transposed within the kernels: rows come before columns"},
	{4, transposed, "transposed: filters come before channels"},
};

/* Other values sort alike, too, where there are many; so the rest must be small beside the change. */
static bool is_reordered(const struct view *view, const struct distance *distance)
{
	const double enough = fmax(rest_of_order * distance->change, 10 * bound_allowed(distance));

	return view->size > 1 && distance->difference > elsewhere * distance->change &&
	       distance->difference > 10 * enough && distance_sorted(view) < enough;
}

static bool say_order(struct diagnosis *diagnosis, int id)
{
	const struct view view = view_of(diagnosis, id);
	const struct distance *distance = &diagnosis->distances[id];

	if (!is_off(diagnosis, id) || !is_reordered(&view, distance))
		return false;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (orders[i].rank == view.tensor->rank &&
		    distance_in_order(&view, orders[i].place) < rest_of_order * distance->difference) {
			say(diagnosis, "%s has the right values, but %s", view.tensor->name, orders[i].words);
			return true;
		}
	say(diagnosis,
	    "%s has the right values, but in another order: look at its layout where weights are read out",
	    view.tensor->name);
	return true;
}

static bool say_orders(struct diagnosis *diagnosis)
{
	bool said = false;

	for (int id = 0; id < TENSOR_COUNT; id++)
		said = say_order(diagnosis, id) || said;
	return said;
}

/* ---- all tensors by the same factor ---- */

/* w - w0 = k d + rest; `rest` as a part of ||e||. */
static double factor_of(const struct view *view, double *rest)
{
	double product = 0, square = 0, left = 0, error = 0;

	for (size_t i = 0; i < view->size; i++) {
		const double d = view->reference[i] - (double)view->init[i];

		product += d * ((double)view->weights[i] - (double)view->init[i]);
		square += d * d;
	}
	const double k = product / square;
	for (size_t i = 0; i < view->size; i++) {
		const double d = view->reference[i] - (double)view->init[i];
		const double moved = (double)view->weights[i] - (double)view->init[i];

		left += (moved - k * d) * (moved - k * d);
		error += (moved - d) * (moved - d);
	}
	*rest = sqrt(left / error);
	return k;
}

/* The common factor, or NAN.  Of a tensor within the bound it is asked, too: where steps are small, rounding
 * is allowed more than a factor near 1 makes. */
static double common_factor(const struct diagnosis *diagnosis)
{
	double least = HUGE_VAL, most = -HUGE_VAL, sum = 0;
	int count = 0;

	for (int id = 0; id < TENSOR_COUNT; id++) {
		const struct view view = view_of(diagnosis, id);
		double rest;

		if (!(diagnosis->distances[id].change > 0))
			continue;
		const double k = factor_of(&view, &rest);
		if (!(rest < rest_of_factor))
			return (double)NAN;
		least = fmin(least, k);
		most = fmax(most, k);
		sum += k;
		count++;
	}
	const double k = count ? sum / count : (double)NAN;
	return most - least <= alike * fabs(k - 1) ? k : (double)NAN;
}

/* How far all tensors move, as a part of how far they should, where the gradient stays the same: that
 * of other forms of momentum, mean and steps.  Of plain steps t the way is the sum of v = mu v + g(t),
 * g = 1. */

static double momentum_sum(double momentum, size_t steps)
{
	double sum = 0, v = 0;

	for (size_t t = 0; t < steps; t++) {
		v = momentum * v + 1;
		sum += v;
	}
	return sum;
}

static double part_of_way(const struct diagnosis_input *input, double way)
{
	return way / momentum_sum(input->momentum, 2 * input->steps);
}

static double partial_batch(const struct diagnosis_input *input)
{
	return (double)(input->samples - (input->steps - 1) * input->batch) / (double)input->batch;
}

/* Of the sum over a batch divided by the full batch's size: g is `part` in the last step of a mini-epoch. */
static double form_full_batch(const struct diagnosis_input *input)
{
	const double part = partial_batch(input);
	double sum = 0, v = 0;

	for (size_t t = 1; t <= 2 * input->steps; t++) {
		v = input->momentum * v + (t % input->steps == 0 ? part : 1);
		sum += v;
	}
	return part_of_way(input, sum);
}

static double form_sum(const struct diagnosis_input *input)
{
	return (double)input->batch * form_full_batch(input);
}

static double form_dropped(const struct diagnosis_input *input)
{
	if (!(partial_batch(input) < 1))
		return 1;
	return part_of_way(input, momentum_sum(input->momentum, 2 * (input->steps - 1)));
}

static double form_none(const struct diagnosis_input *input)
{
	return part_of_way(input, 2 * (double)input->steps);
}

static double form_dampened(const struct diagnosis_input *input)
{
	return 1 - input->momentum;
}

static double form_nesterov(const struct diagnosis_input *input)
{
	return form_none(input) + input->momentum;
}

static double form_lost(const struct diagnosis_input *input)
{
	return part_of_way(input, 2 * momentum_sum(input->momentum, input->steps));
}

static const struct {
	double (*factor)(const struct diagnosis_input *input);
	const char *words;
} forms[] = {
	{form_sum, "the gradient is the sum over the batch, where its mean is meant"},
	{form_full_batch,
     "the last, partial batch is divided by the full batch's size, not by its own"},
	{form_dropped, "the last, partial batch is left out"},
	{form_dampened,
     "the gradient enters the momentum with the weight 1 - mu; v = mu v + g is meant"},
	{form_none, "there is no momentum; v = mu v + g is meant"},
	{form_nesterov, "this is Nesterov's momentum; w -= lr v is meant"},
	{form_lost, "the momentum is zero again at the beginning of an epoch; only reset makes it so"},
};

static const char *form_words(const struct diagnosis_input *input, double k)
{
	const char *words = NULL;
	double nearest = HUGE_VAL;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const double factor = forms[i].factor(input), off = fabs(k - factor);

		if (factor != 1 && off <= form_near * fmin(fabs(factor - 1), factor) && off < nearest) {
			nearest = off;
			words = forms[i].words;
		}
	}
	return words;
}

static bool say_factor(struct diagnosis *diagnosis)
{
	const double k = common_factor(diagnosis);

	if (isnan(k))
		return false;
	const char *words = form_words(diagnosis->input, k);
	if (words)
		say(diagnosis, "all tensors move %.4g times as far as they should, which fits: %s", k,
		    words);
	else
		say(diagnosis,
		    "all tensors move %.4g times as far as they should: look at the learning rate, at the mean "
		    "over the batch, at how momentum enters, and at whether each step is made once",
		    k);
	return true;
}

/* ---- along the weights ---- */

static double cosine_with_weights(const struct view *view)
{
	double product = 0, error = 0, size = 0;

	for (size_t i = 0; i < view->size; i++) {
		const double e = (double)view->weights[i] - view->reference[i];

		product += e * view->reference[i];
		error += e * e;
		size += view->reference[i] * view->reference[i];
	}
	return product / sqrt(error * size);
}

/* Matrices alone: vectors of few elements may lie anyhow. */
static bool say_decay(struct diagnosis *diagnosis)
{
	static const int large[] = {CONV1_WEIGHT, CONV2_WEIGHT, FC1_WEIGHT, FC2_WEIGHT};
	int shrunk = 0, off = 0;

	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		const struct view view = view_of(diagnosis, large[i]);

		off += is_off(diagnosis, large[i]);
		shrunk += is_off(diagnosis, large[i]) && cosine_with_weights(&view) < -along;
	}
	if (off == 0 || shrunk < off)
		return false;
	say(diagnosis,
	    "what is off points from the weights to zero: there is a weight decay, or another "
	    "penalty on weights; none is meant");
	return true;
}

/* ---- where it sits ---- */

/* A part of the change; where nothing changes, of what is allowed. */
static double part_off(const struct diagnosis *diagnosis, int id)
{
	const struct distance *distance = &diagnosis->distances[id];

	return distance->change > 0 ? distance->difference / distance->change : 0;
}

static unsigned find_leaders(const struct diagnosis *diagnosis, double *furthest)
{
	unsigned leaders = 0;
	double least = HUGE_VAL, next = 0;

	*furthest = 0;
	for (int id = 0; id < TENSOR_COUNT; id++)
		if (is_off(diagnosis, id))
			*furthest = fmax(*furthest, part_off(diagnosis, id));
	for (int id = 0; id < TENSOR_COUNT; id++) {
		const double part = part_off(diagnosis, id);

		if (!is_off(diagnosis, id))
			continue;
		if (part * leading >= *furthest) {
			leaders |= BIT(id);
			least = fmin(least, part);
		} else {
			next = fmax(next, part);
		}
	}
	if (next * leading > least)
		return diagnosis->off;
	return leaders;
}

/* The first row that holds all of a set. */
static const struct {
	unsigned set;
	const char *words;
} places[] = {
	{CONV1,
     "look at conv1's own gradient, and at the one that reaches it: through pool1's chosen element "
     "only, through ReLU where it was positive, through conv2 with its kernels turned"},
	{CONV2,
     "look at conv2's own gradient, and at the one that reaches it: fc1's input in the order "
     "(channel, y, x), pool2's chosen element only, ReLU where it was positive"},
	{FC1, "look at fc1's own gradient, at its input's order (channel, y, x), and at its ReLU"},
	{FC2, "look at fc2's own gradient, and at softmax and cross-entropy: softmax less the one-hot "
          "label, over the batch size"},
	{BIASES,
     "look at the biases: their gradient is a sum over samples, and in convolutions over "
     "pixels; they have the weights' learning rate and momentum, and begin at the job's values"},
	{CONV1 | CONV2,
     "look at the convolutions: their gradient, the pools, and their precision (TF32 is "
     "not float32)"},
	{FC1 | FC2, "look at the dense layers: their gradient, the loss, and their precision"},
	{ALL & ~(unsigned)BIASES, "look at the gradients of weights; the biases' are better"},
};

static const char *place_words(unsigned set)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!(set & ~places[i].set))
			return places[i].words;
	return NULL;
}

static void say_place(struct diagnosis *diagnosis)
{
	char names[256];
	double furthest;
	const unsigned leaders = find_leaders(diagnosis, &furthest);
	const char *words = place_words(leaders);
	const bool alone = leaders == diagnosis->off;

	diagnosis->named = words;
	if (words)
		say(diagnosis, "%s%s %s off, by up to %.2g of what training changes: %s",
		    alone ? "only " : "", names_of(diagnosis, leaders, names),
		    alone             ? is_one(leaders) ? "is" : "are"
		    : is_one(leaders) ? "is furthest"
		                      : "are furthest",
		    furthest, words);
	else
		say(diagnosis,
		    "many tensors are off alike, by up to %.2g of what training changes: look at what comes "
		    "before all of them (input, labels, the order of samples) or after (the update)",
		    furthest);
	if (furthest < little)
		say(diagnosis,
		    "that is little: a precision below float32 (TF32, bfloat16, half), a constant "
		    "not quite right (mean 0.1307, deviation 0.3081), or one sample of many");
}

/* ---- */

static bool say_single(struct diagnosis *diagnosis)
{
	char names[256];
	const unsigned untrained = find(diagnosis, is_untrained),
				   zero = find(diagnosis, is_begun_at_zero);

	if (untrained == ALL) {
		say(diagnosis,
		    "all weights are the initial ones: nothing was trained in the verification, or "
		    "what was written is not the trained copy");
		return true;
	}
	if (untrained)
		say(diagnosis, "%s still %s the initial values: no update reaches %s",
		    names_of(diagnosis, untrained, names), is_one(untrained) ? "has" : "have",
		    is_one(untrained) ? "it" : "them");
	if (zero)
		say(diagnosis, "%s began at zero, not at the job's initial values: look at the reset",
		    names_of(diagnosis, zero, names));
	return untrained || zero;
}

static void diagnose(struct diagnosis *diagnosis)
{
	static bool (*const patterns[])(struct diagnosis *) = {say_single, say_orders, say_factor,
	                                                       say_decay};
	char names[256];
	const unsigned wild = find(diagnosis, is_wild);

	if (wild) {
		say(diagnosis,
		    "%s %s a number that is not finite: look at memory that is read before it is written, and "
		    "at exp() of what the largest was not subtracted from",
		    names_of(diagnosis, wild, names), is_one(wild) ? "has" : "have");
		diagnosis->named = true;
		return;
	}
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (patterns[i](diagnosis)) {
			diagnosis->named = true;
			return;
		}
	say_place(diagnosis);
}

static struct diagnosis begin(const struct diagnosis_input *input)
{
	struct diagnosis diagnosis = {.input = input};

	bound_measure(input->model, input->weights, input->reference, input->init, diagnosis.distances);
	for (int id = 0; id < TENSOR_COUNT; id++)
		if (!bound_holds(&diagnosis.distances[id]))
			diagnosis.off |= BIT(id);
	return diagnosis;
}

char **diagnosis_make(const struct diagnosis_input *input, bool *named)
{
	struct diagnosis diagnosis = begin(input);

	if (diagnosis.off)
		diagnose(&diagnosis);
	else
		say(&diagnosis, "all tensors are within the bound");
	*named = diagnosis.named;
	return diagnosis.words;
}

char **diagnosis_factor(const struct diagnosis_input *input)
{
	struct diagnosis diagnosis = begin(input);

	if (!find(&diagnosis, is_wild))
		say_factor(&diagnosis);
	return diagnosis.words;
}

char **diagnosis_attempts(enum attempt without_momentum, enum attempt single_samples, bool named)
{
	struct diagnosis diagnosis = {0};

	if (single_samples == ATTEMPT_PASSES)
		say(&diagnosis,
		    "it passes with batches of one sample: look at the mean over the batch, and at "
		    "the last, partial batch");
	if (without_momentum == ATTEMPT_PASSES)
		say(&diagnosis, "it passes without momentum: look at the momentum's form, v = mu v + g, "
		                "w -= lr v, and at its reset");
	if (without_momentum == ATTEMPT_FAILS && single_samples == ATTEMPT_FAILS && !named)
		say(&diagnosis,
		    "it fails without momentum and with batches of one sample, too: look at the layers, the "
		    "input, the labels, the order of samples and the learning rate");
	return diagnosis.words ? diagnosis.words : memory_new(1, sizeof(char *));
}
