/* SPDX-License-Identifier: MIT */
/*
 * What a linear classifier makes of a dataset: softmax regression on the standardised pixels, by
 * the default training's rules (SGD, lr 0.01, momentum 0.9, batch 512, 10 epochs).  Where it comes
 * near the network, the data asks too little of a network.
 *
 *     linear_classifier [mnist|synth|DIR]
 */
#include "core/dataset.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/model.h"
#include "core/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS = 10, BATCH = 512, INPUTS = MODEL_PIXELS, OUTPUTS = MODEL_CLASSES };

static const float RATE = 0.01f, MOMENTUM = 0.9f;

/* logit[k] = bias[k] + sum over p of x[p] * weight[p][k]: the ten outputs lie side by side. */
struct layer {
	float weight[INPUTS][OUTPUTS];
	float bias[OUTPUTS];
};

enum { LAYER_FLOATS = sizeof(struct layer) / sizeof(float) };

static float standardised[256];

static void fill_standardised(void)
{
	for (int pixel = 0; pixel < 256; pixel++)
		standardised[pixel] = (float)((pixel / 255.0 - MODEL_MEAN) / MODEL_DEVIATION);
}

static void forward(const struct layer *layer, const uint8_t *image, float logit[OUTPUTS])
{
	memcpy(logit, layer->bias, sizeof(layer->bias));
	for (size_t p = 0; p < INPUTS; p++) {
		float x = standardised[image[p]];
		for (size_t k = 0; k < OUTPUTS; k++)
			logit[k] += x * layer->weight[p][k];
	}
}

static size_t largest(const float logit[OUTPUTS])
{
	size_t best = 0;
	for (size_t k = 1; k < OUTPUTS; k++)
		if (logit[k] > logit[best])
			best = k;
	return best;
}

/* Turns logits into d loss / d logit: softmax less one at the label.  Returns the loss. */
static double softmax_backward(float logit[OUTPUTS], size_t label)
{
	float top = logit[largest(logit)], sum = 0;
	for (size_t k = 0; k < OUTPUTS; k++)
		sum += logit[k] = expf(logit[k] - top);
	for (size_t k = 0; k < OUTPUTS; k++)
		logit[k] /= sum;
	double loss = -log((double)logit[label] + 1e-30);
	logit[label] -= 1;
	return loss;
}

static void add_gradient(struct layer *gradient, const uint8_t *image, const float slope[OUTPUTS])
{
	for (size_t k = 0; k < OUTPUTS; k++)
		gradient->bias[k] += slope[k];
	for (size_t p = 0; p < INPUTS; p++) {
		float x = standardised[image[p]];
		for (size_t k = 0; k < OUTPUTS; k++)
			gradient->weight[p][k] += x * slope[k];
	}
}

static void update(struct layer *layer, struct layer *velocity, const struct layer *gradient,
                   size_t n)
{
	float *w = &layer->weight[0][0], *v = &velocity->weight[0][0];
	const float *g = &gradient->weight[0][0];
	for (size_t i = 0; i < LAYER_FLOATS; i++) {
		v[i] = MOMENTUM * v[i] + g[i] / (float)n;
		w[i] -= RATE * v[i];
	}
}

/* The three copies of the layer that training needs. */
struct training {
	struct layer layer, velocity, gradient;
};

static double train_step(struct training *training, const struct dataset *dataset,
                         const uint32_t *order, size_t n)
{
	double loss = 0;
	memset(&training->gradient, 0, sizeof(training->gradient));
	for (size_t i = 0; i < n; i++) {
		const uint8_t *image = dataset->train_images + (size_t)order[i] * INPUTS;
		float logit[OUTPUTS];
		forward(&training->layer, image, logit);
		loss += softmax_backward(logit, dataset->train_labels[order[i]]);
		add_gradient(&training->gradient, image, logit);
	}
	update(&training->layer, &training->velocity, &training->gradient, n);
	return loss;
}

static double train_epoch(struct training *training, const struct dataset *dataset, uint32_t *order,
                          int epoch)
{
	struct random random = random_stream(1, "linear", (uint64_t)epoch);
	double loss = 0;
	random_permutation(&random, order, dataset->n_train);
	for (size_t i = 0; i < dataset->n_train; i += BATCH) {
		size_t left = dataset->n_train - i;
		loss += train_step(training, dataset, order + i, left < BATCH ? left : BATCH);
	}
	return loss / (double)dataset->n_train;
}

static double test_accuracy(const struct layer *layer, const struct dataset *dataset)
{
	size_t correct = 0;
	for (size_t i = 0; i < dataset->n_test; i++) {
		float logit[OUTPUTS];
		forward(layer, dataset->test_images + i * INPUTS, logit);
		correct += largest(logit) == dataset->test_labels[i];
	}
	return (double)correct / (double)dataset->n_test;
}

int main(int argc, char **argv)
{
	struct dataset dataset;
	if (argc > 2) {
		error("usage: linear_classifier [mnist|synth|DIR]");
		return EXIT_USAGE;
	}
	if (dataset_load(&dataset, argc > 1 ? argv[1] : NULL) != 0)
		return EXIT_DATA;
	fill_standardised();
	struct training *training = memory_new(1, sizeof(*training)); /* zero: the loss is convex */
	uint32_t *order = memory_new(dataset.n_train, sizeof(*order));
	for (int epoch = 1; epoch <= EPOCHS; epoch++) {
		double loss = train_epoch(training, &dataset, order, epoch);
		printf("%s epoch %2d: mean loss %.4f, test accuracy %.2f%%\n", dataset.name, epoch, loss,
		       100 * test_accuracy(&training->layer, &dataset));
	}
	free(order);
	free(training);
	dataset_free(&dataset);
	return EXIT_FINE;
}
