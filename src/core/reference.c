/* SPDX-License-Identifier: MIT */
#include "core/reference.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "core/reference_layers.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * The samples of a call are cut into this many parts, one behind the other, whatever the number of
 * threads; each has its own sums, which are added in the order of the parts.  So the bits do not
 * depend on the threads.  More parts would feed more cores, and cost a vector of parameters each.
 */
enum { PARTS = 16 };

/* What a sample leaves behind on its way through the network, or its gradients on the way back. */
struct activations {
	REAL *input, *conv1, *relu1, *pool1, *conv2, *relu2, *pool2, *fc1, *relu3, *logits;
};

struct part {
	struct activations value, gradient; /* of the sample at work */
	uint32_t *winner1, *winner2;        /* of the pools */
	REAL probabilities[MODEL_CLASSES];
	REAL *d_weights; /* sum over the samples of the part so far */
	double loss;     /* the same */
	size_t samples, correct;
};

struct reference {
	const struct model *model;
	int threads;
	struct convolution conv1, conv2;
	REAL *weights, *momentum, *d_weights; /* d_weights: the gradient of the mean loss */
	struct part parts[PARTS];
};

/* ---- Life ---- */

static void activations_open(struct activations *a, const struct model *model)
{
	size_t filters1 = (size_t)model->shape.filters1, filters2 = (size_t)model->shape.filters2;
	size_t conv1 = filters1 * (size_t)(model->conv1_side * model->conv1_side);
	size_t conv2 = filters2 * (size_t)(model->conv2_side * model->conv2_side);
	size_t hidden = (size_t)model->shape.hidden;
	const struct {
		REAL **at;
		size_t count;
	} table[] = {
		{&a->input, MODEL_PIXELS},
		{&a->conv1, conv1},
		{&a->relu1, conv1},
		{&a->pool1, filters1 * (size_t)(model->pool1_side * model->pool1_side)},
		{&a->conv2, conv2},
		{&a->relu2, conv2},
		{&a->pool2, model->flat},
		{&a->fc1, hidden},
		{&a->relu3, hidden},
		{&a->logits, MODEL_CLASSES},
	};
	size_t total = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		total += table[i].count;
	REAL *block = memory_new(total, sizeof(*block)); /* freed as a->input */
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		*table[i].at = block;
		block += table[i].count;
	}
}

static void part_open(struct part *part, const struct model *model)
{
	size_t pool1 = (size_t)(model->shape.filters1 * model->pool1_side * model->pool1_side);

	activations_open(&part->value, model);
	activations_open(&part->gradient, model);
	part->winner1 = memory_new(pool1, sizeof(*part->winner1));
	part->winner2 = memory_new(model->flat, sizeof(*part->winner2));
	part->d_weights = memory_new(model->parameters, sizeof(*part->d_weights));
}

static void part_close(struct part *part)
{
	free(part->value.input);
	free(part->gradient.input);
	free(part->winner1);
	free(part->winner2);
	free(part->d_weights);
}

static struct convolution convolution_of(const struct model *model, int channels, int filters,
                                         int in_side, int out_side)
{
	return (struct convolution){(size_t)channels, (size_t)filters, (size_t)model->shape.fsize,
	                            (size_t)in_side, (size_t)out_side};
}

struct reference *reference_new(const struct model *model, int threads)
{
	struct reference *reference = memory_new(1, sizeof(*reference));
	const struct shape *shape = &model->shape;

	reference->model = model;
	reference->threads = threads;
	reference->conv1 = convolution_of(model, 1, shape->filters1, MODEL_SIDE, model->conv1_side);
	reference->conv2 = convolution_of(model, shape->filters1, shape->filters2, model->pool1_side,
	                                  model->conv2_side);
	reference->weights = memory_new(model->parameters, sizeof(REAL));
	reference->momentum = memory_new(model->parameters, sizeof(REAL));
	reference->d_weights = memory_new(model->parameters, sizeof(REAL));
	for (size_t i = 0; i < PARTS; i++)
		part_open(&reference->parts[i], model);
	return reference;
}

void reference_free(struct reference *reference)
{
	if (!reference)
		return;
	for (size_t i = 0; i < PARTS; i++)
		part_close(&reference->parts[i]);
	free(reference->weights);
	free(reference->momentum);
	free(reference->d_weights);
	free(reference);
}

/* ---- Weights ---- */

void reference_set(struct reference *reference, const double *weights)
{
	for (size_t i = 0; i < reference->model->parameters; i++)
		reference->weights[i] = (REAL)weights[i];
	memset(reference->momentum, 0, reference->model->parameters * sizeof(REAL));
}

void reference_set_float(struct reference *reference, const float *weights)
{
	for (size_t i = 0; i < reference->model->parameters; i++)
		reference->weights[i] = (REAL)weights[i];
	memset(reference->momentum, 0, reference->model->parameters * sizeof(REAL));
}

void reference_get(const struct reference *reference, double *weights)
{
	for (size_t i = 0; i < reference->model->parameters; i++)
		weights[i] = (double)reference->weights[i];
}

void reference_get_float(const struct reference *reference, float *weights)
{
	for (size_t i = 0; i < reference->model->parameters; i++)
		weights[i] = (float)reference->weights[i];
}

/* ---- One sample ---- */

static const REAL *tensor(const struct reference *reference, enum tensor_id id)
{
	return reference->weights + reference->model->tensors[id].offset;
}

static void forward(const struct reference *reference, struct part *part, const uint8_t *pixels)
{
	const struct convolution *conv1 = &reference->conv1, *conv2 = &reference->conv2;
	const struct model *model = reference->model;
	size_t hidden = (size_t)model->shape.hidden;
	struct activations *a = &part->value;

	input_forward(pixels, a->input);
	convolution_forward(conv1, a->input, tensor(reference, CONV1_WEIGHT),
	                    tensor(reference, CONV1_BIAS), a->conv1);
	relu_forward(conv1->filters * conv1->out_side * conv1->out_side, a->conv1, a->relu1);
	pool_forward(conv1->filters, conv1->out_side, a->relu1, a->pool1, part->winner1);

	convolution_forward(conv2, a->pool1, tensor(reference, CONV2_WEIGHT),
	                    tensor(reference, CONV2_BIAS), a->conv2);
	relu_forward(conv2->filters * conv2->out_side * conv2->out_side, a->conv2, a->relu2);
	pool_forward(conv2->filters, conv2->out_side, a->relu2, a->pool2, part->winner2);

	dense_forward(model->flat, hidden, a->pool2, tensor(reference, FC1_WEIGHT),
	              tensor(reference, FC1_BIAS), a->fc1);
	relu_forward(hidden, a->fc1, a->relu3);
	dense_forward(hidden, MODEL_CLASSES, a->relu3, tensor(reference, FC2_WEIGHT),
	              tensor(reference, FC2_BIAS), a->logits);
}

/* Adds the sample's gradient to the part's. */
static void backward(const struct reference *reference, struct part *part, int label)
{
	const struct convolution *conv1 = &reference->conv1, *conv2 = &reference->conv2;
	const struct model *model = reference->model;
	size_t hidden = (size_t)model->shape.hidden;
	const struct activations *a = &part->value, *d = &part->gradient;
	REAL *d_tensor[TENSOR_COUNT];

	for (int id = 0; id < TENSOR_COUNT; id++)
		d_tensor[id] = part->d_weights + model->tensors[id].offset;

	loss_backward(part->probabilities, label, d->logits);
	dense_backward(hidden, MODEL_CLASSES, a->relu3, tensor(reference, FC2_WEIGHT), d->logits,
	               d_tensor[FC2_WEIGHT], d_tensor[FC2_BIAS], d->relu3);
	relu_backward(hidden, a->relu3, d->relu3, d->fc1);
	dense_backward(model->flat, hidden, a->pool2, tensor(reference, FC1_WEIGHT), d->fc1,
	               d_tensor[FC1_WEIGHT], d_tensor[FC1_BIAS], d->pool2);

	pool_backward(conv2->filters, conv2->out_side, d->pool2, part->winner2, d->relu2);
	relu_backward(conv2->filters * conv2->out_side * conv2->out_side, a->relu2, d->relu2, d->conv2);
	convolution_backward(conv2, a->pool1, tensor(reference, CONV2_WEIGHT), d->conv2,
	                     d_tensor[CONV2_WEIGHT], d_tensor[CONV2_BIAS], d->pool1);

	pool_backward(conv1->filters, conv1->out_side, d->pool1, part->winner1, d->relu1);
	relu_backward(conv1->filters * conv1->out_side * conv1->out_side, a->relu1, d->relu1, d->conv1);
	convolution_backward(conv1, a->input, tensor(reference, CONV1_WEIGHT), d->conv1,
	                     d_tensor[CONV1_WEIGHT], d_tensor[CONV1_BIAS], NULL);
}

/* ---- Many samples ---- */

/* A call over n samples. */
struct pass {
	struct reference *reference;
	const struct reference_data *data;
	const uint32_t *index;
	size_t n;
	bool backward;
	double *margins; /* or NULL */
};

static double margin(const struct reference *reference, const struct activations *a);

static void pass_sample(const struct pass *pass, struct part *part, size_t i)
{
	size_t sample = pass->index ? pass->index[i] : i;
	int label = pass->data->labels[sample];

	forward(pass->reference, part, pass->data->images + sample * MODEL_PIXELS);
	part->loss += (double)loss_forward(part->value.logits, label, part->probabilities);
	part->correct += loss_prediction(part->value.logits) == label;
	if (pass->backward)
		backward(pass->reference, part, label);
	if (pass->margins)
		pass->margins[i] = margin(pass->reference, &part->value);
}

static void pass_part(void *context, size_t which)
{
	const struct pass *pass = context;
	struct part *part = &pass->reference->parts[which];
	size_t first = pass->n * which / PARTS, end = pass->n * (which + 1) / PARTS;

	part->samples = end - first;
	part->loss = 0;
	part->correct = 0;
	if (pass->backward && part->samples > 0)
		memset(part->d_weights, 0, pass->reference->model->parameters * sizeof(REAL));
	for (size_t i = first; i < end; i++)
		pass_sample(pass, part, i);
}

/* The gradient of the mean loss, for one PARTS-th of the parameters, from all parts. */
static void pass_gather(void *context, size_t which)
{
	const struct pass *pass = context;
	struct reference *reference = pass->reference;
	size_t parameters = reference->model->parameters;

	for (size_t i = parameters * which / PARTS; i < parameters * (which + 1) / PARTS; i++) {
		REAL sum = 0;

		for (size_t part = 0; part < PARTS; part++)
			if (reference->parts[part].samples > 0)
				sum += reference->parts[part].d_weights[i];
		reference->d_weights[i] = sum / (REAL)pass->n;
	}
}

static void pass_run(struct pass *pass, struct reference_stats *stats)
{
	struct reference *reference = pass->reference;

	parallel_for(reference->threads, PARTS, pass_part, pass);
	if (pass->backward)
		parallel_for(reference->threads, PARTS, pass_gather, pass);
	*stats = (struct reference_stats){.samples = pass->n};
	for (size_t i = 0; i < PARTS; i++) {
		stats->loss += reference->parts[i].loss;
		stats->correct += reference->parts[i].correct;
	}
	stats->loss /= (double)pass->n;
}

void reference_gradient(struct reference *reference, const struct reference_data *data,
                        const uint32_t *index, size_t n, double *gradient,
                        struct reference_stats *stats)
{
	struct pass pass = {reference, data, index, n, .backward = true};

	pass_run(&pass, stats);
	for (size_t i = 0; i < reference->model->parameters; i++)
		gradient[i] = (double)reference->d_weights[i];
}

void reference_step(struct reference *reference, const struct reference_data *data,
                    const uint32_t *index, size_t n, double lr, double momentum,
                    struct reference_stats *stats)
{
	struct pass pass = {reference, data, index, n, .backward = true};

	pass_run(&pass, stats);
	for (size_t i = 0; i < reference->model->parameters; i++) {
		REAL v = (REAL)momentum * reference->momentum[i] + reference->d_weights[i];

		reference->momentum[i] = v;
		reference->weights[i] -= (REAL)lr * v;
	}
}

void reference_train(struct reference *reference, const struct reference_data *data,
                     const uint32_t *index, size_t n, const struct reference_sgd *sgd,
                     struct reference_stats *stats)
{
	struct reference_stats step;

	*stats = (struct reference_stats){0};
	for (size_t first = 0; first < n; first += sgd->batch) {
		size_t count = n - first < sgd->batch ? n - first : sgd->batch;

		reference_step(reference, data, index + first, count, sgd->lr, sgd->momentum, &step);
		stats->samples += count;
		stats->correct += step.correct;
		stats->loss += step.loss * (double)count;
	}
	stats->loss /= (double)n;
}

void reference_eval(struct reference *reference, const struct reference_data *data,
                    const uint32_t *index, size_t n, struct reference_stats *stats)
{
	struct pass pass = {reference, data, index, n, .backward = false};

	pass_run(&pass, stats);
}

/* ---- Margins ---- */

void reference_margins(struct reference *reference, const struct reference_data *data,
                       const uint32_t *index, size_t n, double *margins)
{
	struct pass pass = {reference, data, index, n, .margins = margins};
	struct reference_stats stats;

	pass_run(&pass, &stats);
}

/* The smaller of both; what is not a number is no distance at all. */
static double nearer(double margin_so_far, double distance)
{
	if (distance > margin_so_far)
		return margin_so_far;
	return distance >= 0 ? distance : 0;
}

/* Whether the pixels a and b of a convolution's output see the same input. */
static bool same_patch(const struct convolution *shape, const REAL *in, size_t a, size_t b)
{
	size_t side = shape->in_side, out = shape->out_side;
	const REAL *patch_a = in + a / out * side + a % out, *patch_b = in + b / out * side + b % out;

	for (size_t c = 0; c < shape->channels; c++)
		for (size_t i = 0; i < shape->fsize; i++)
			for (size_t j = 0; j < shape->fsize; j++) {
				size_t at = (c * side + i) * side + j;

				if (patch_a[at] != patch_b[at])
					return false;
			}
	return true;
}

/* One window of a convolution with ReLU and pool: `out` is a filter's image before the ReLU, first
 * the window's upper left pixel. */
static double window_margin(const struct convolution *shape, const REAL *in, const REAL *out,
                            size_t first, double margin_so_far)
{
	const size_t window[] = {first, first + 1, first + shape->out_side,
	                         first + shape->out_side + 1};
	size_t best = first;

	for (size_t i = 1; i < 4; i++)
		if (out[window[i]] > out[best])
			best = window[i];
	margin_so_far = nearer(margin_so_far, fabs((double)out[best]));
	if (out[best] <= 0)
		return margin_so_far;
	for (size_t i = 0; i < 4; i++) {
		double distance = (double)out[best] - (double)out[window[i]];

		if (window[i] != best && !(distance > margin_so_far) &&
		    !same_patch(shape, in, best, window[i]))
			margin_so_far = nearer(margin_so_far, distance);
	}
	return margin_so_far;
}

static double convolution_margin(const struct convolution *shape, const REAL *in, const REAL *out,
                                 double margin_so_far)
{
	size_t side = shape->out_side;

	for (size_t f = 0; f < shape->filters; f++, out += side * side)
		for (size_t y = 0; y + 1 < side; y += 2)
			for (size_t x = 0; x + 1 < side; x += 2)
				margin_so_far = window_margin(shape, in, out, y * side + x, margin_so_far);
	return margin_so_far;
}

static double margin(const struct reference *reference, const struct activations *a)
{
	double smallest = convolution_margin(&reference->conv1, a->input, a->conv1, HUGE_VAL);

	smallest = convolution_margin(&reference->conv2, a->pool1, a->conv2, smallest);
	for (size_t i = 0; i < (size_t)reference->model->shape.hidden; i++)
		smallest = nearer(smallest, fabs((double)a->fc1[i]));
	return smallest;
}
