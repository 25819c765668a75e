/* SPDX-License-Identifier: MIT */
#include "reference.h"

#include "core/clock.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/reference_layers.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>

enum { IMAGES = 6, ROUNDS = 3 };

static const struct reference_call blank[REFERENCE_CALLS] = {
	{"conv1", {"forward"}, 0},
	{"conv2", {"forward"}, 0},
	{"fc1", {"forward"}, 0},
	{"fc2", {"forward"}, 0},
	{"head", {"loss"}, 0},
	{"fc2", {"backward", "update"}, 0},
	{"fc1", {"backward", "update"}, 0},
	{"conv2", {"gradient", "backward"}, 0},
	{"conv1", {"gradient"}, 0},
};

/* A convolution, its ReLU and its pool, and what flows through them. */
struct stage {
	struct convolution shape;
	double *weight, *bias, *d_weight, *d_bias;
	double *z, *d_z, *pooled, *d_pooled, *d_in;
	uint32_t *winner;
};

struct layers {
	struct stage conv1, conv2;
	double *image;
	double *fc1, *fc2, *bias, *d_fc1, *d_fc2, *d_bias;
	double *hidden, *d_hidden, logits[MODEL_CLASSES], d_logits[MODEL_CLASSES];
	double odds[MODEL_CLASSES];
	size_t flat, units;
};

static double *numbers(size_t count)
{
	return memory_new(count, sizeof(double));
}

static double *weights(struct random *random, size_t count)
{
	double *weight = numbers(count);
	for (size_t i = 0; i < count; i++)
		weight[i] = random_between(random, -0.1, 0.1);
	return weight;
}

static struct stage stage_new(struct random *random, struct convolution shape)
{
	const size_t in = shape.channels * shape.in_side * shape.in_side;
	const size_t out = shape.filters * shape.out_side * shape.out_side;
	const size_t taps = shape.filters * shape.channels * shape.fsize * shape.fsize;

	return (struct stage){
		.shape = shape,
		.weight = weights(random, taps),
		.bias = weights(random, shape.filters),
		.d_weight = numbers(taps),
		.d_bias = numbers(shape.filters),
		.z = numbers(out),
		.d_z = numbers(out),
		.pooled = numbers(out),
		.d_pooled = numbers(out),
		.d_in = numbers(in),
		.winner = memory_new(out, sizeof(uint32_t)),
	};
}

static void stage_free(struct stage *stage)
{
	double *const all[] = {stage->weight, stage->bias,   stage->d_weight, stage->d_bias, stage->z,
	                       stage->d_z,    stage->pooled, stage->d_pooled, stage->d_in};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		free(all[i]);
	free(stage->winner);
}

static void stage_forward(struct stage *s, const double *in)
{
	const size_t side = s->shape.out_side;

	convolution_forward(&s->shape, in, s->weight, s->bias, s->z);
	relu_forward(s->shape.filters * side * side, s->z, s->z);
	pool_forward(s->shape.filters, side, s->z, s->pooled, s->winner);
}

static void stage_backward(struct stage *s, const double *in, double *d_in)
{
	const size_t side = s->shape.out_side;

	pool_backward(s->shape.filters, side, s->d_pooled, s->winner, s->d_z);
	relu_backward(s->shape.filters * side * side, s->z, s->d_z, s->d_z);
	convolution_backward(&s->shape, in, s->weight, s->d_z, s->d_weight, s->d_bias, d_in);
}

static void layers_new(struct layers *l, struct shape shape, struct random *random)
{
	const size_t fsize = (size_t)shape.fsize, one = MODEL_SIDE - fsize + 1;
	const size_t pool1 = one / 2, two = pool1 - fsize + 1, pool2 = two / 2;
	const size_t filters1 = (size_t)shape.filters1, filters2 = (size_t)shape.filters2;

	*l = (struct layers){.flat = filters2 * pool2 * pool2, .units = (size_t)shape.hidden};
	l->conv1 = stage_new(random, (struct convolution){1, filters1, fsize, MODEL_SIDE, one});
	l->conv2 = stage_new(random, (struct convolution){filters1, filters2, fsize, pool1, two});
	l->image = numbers(MODEL_PIXELS);
	l->fc1 = weights(random, l->flat * l->units);
	l->fc2 = weights(random, l->units * MODEL_CLASSES);
	l->bias = weights(random, l->units + MODEL_CLASSES);
	l->d_fc1 = numbers(l->flat * l->units);
	l->d_fc2 = numbers(l->units * MODEL_CLASSES);
	l->d_bias = numbers(l->units + MODEL_CLASSES);
	l->hidden = numbers(l->units);
	l->d_hidden = numbers(l->units);
}

static void layers_free(struct layers *l)
{
	double *const all[] = {l->image, l->fc1,    l->fc2,    l->bias,    l->d_fc1,
	                       l->d_fc2, l->d_bias, l->hidden, l->d_hidden};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		free(all[i]);
	stage_free(&l->conv1);
	stage_free(&l->conv2);
}

/* In the order of `blank`. */
static void call(struct layers *l, int index, int label)
{
	switch (index) {
	case 0: stage_forward(&l->conv1, l->image); break;
	case 1: stage_forward(&l->conv2, l->conv1.pooled); break;
	case 2:
		dense_forward(l->flat, l->units, l->conv2.pooled, l->fc1, l->bias, l->hidden);
		relu_forward(l->units, l->hidden, l->hidden);
		break;
	case 3: dense_forward(l->units, MODEL_CLASSES, l->hidden, l->fc2, l->bias, l->logits); break;
	case 4:
		loss_forward(l->logits, label, l->odds);
		loss_backward(l->odds, label, l->d_logits);
		break;
	case 5:
		dense_backward(l->units, MODEL_CLASSES, l->hidden, l->fc2, l->d_logits, l->d_fc2, l->d_bias,
		               l->d_hidden);
		relu_backward(l->units, l->hidden, l->d_hidden, l->d_hidden);
		break;
	case 6:
		dense_backward(l->flat, l->units, l->conv2.pooled, l->fc1, l->d_hidden, l->d_fc1, l->d_bias,
		               l->conv2.d_pooled);
		break;
	case 7: stage_backward(&l->conv2, l->conv1.pooled, l->conv1.d_pooled); break;
	case 8: stage_backward(&l->conv1, l->image, NULL); break;
	}
}

static void round_measure(struct layers *l, struct random *random, struct reference_call *calls)
{
	double ns[REFERENCE_CALLS] = {0};

	for (int i = 0; i < IMAGES; i++) {
		uint8_t image[MODEL_PIXELS];
		image_draw(random, image, i % MODEL_CLASSES);
		input_forward(image, l->image);
		for (int k = 0; k < REFERENCE_CALLS; k++) {
			const int64_t start = clock_ns();
			call(l, k, i % MODEL_CLASSES);
			ns[k] += (double)(clock_ns() - start) / IMAGES;
		}
	}
	for (int k = 0; k < REFERENCE_CALLS; k++)
		if (calls[k].ns == 0 || ns[k] < calls[k].ns)
			calls[k].ns = ns[k];
}

void reference_measure(struct shape shape, struct reference_call calls[REFERENCE_CALLS])
{
	struct random random = random_stream(1, "reference", 0);
	struct layers layers;

	memcpy(calls, blank, sizeof(blank));
	layers_new(&layers, shape, &random);
	for (int i = 0; i < ROUNDS; i++)
		round_measure(&layers, &random, calls);
	layers_free(&layers);
}
