/* SPDX-License-Identifier: MIT */
/*
 * The network: its shape, the table of its tensors, its initial weights.
 *
 *   input 1 x 28 x 28 -> conv1, ReLU, max pool 2x2 -> conv2, ReLU, max pool 2x2
 *   -> flatten (channel, y, x) -> fc1, ReLU -> fc2 -> softmax cross-entropy, mean over the batch
 *
 * Convolutions are "valid" with stride 1, pools have stride 2 and drop an odd last row and column.
 * All parameters stand in one vector of float32, in PyTorch's names, layouts and order.
 */
#ifndef CORE_MODEL_H
#define CORE_MODEL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_SIDE = 28, MODEL_PIXELS = MODEL_SIDE * MODEL_SIDE, MODEL_CLASSES = 10 };

/* Legal shapes: 1 to these.  All of them leave pixels. */
enum { MODEL_FILTERS_MAX = 64, MODEL_HIDDEN_MAX = 1024, MODEL_FSIZE_MAX = 7 };

/* Standardised input: (pixel / 255 - MODEL_MEAN) / MODEL_DEVIATION. */
#define MODEL_MEAN 0.1307
#define MODEL_DEVIATION 0.3081

struct shape {
	int filters1, filters2, hidden, fsize;
};

enum tensor_id {
	CONV1_WEIGHT,
	CONV1_BIAS,
	CONV2_WEIGHT,
	CONV2_BIAS,
	FC1_WEIGHT,
	FC1_BIAS,
	FC2_WEIGHT,
	FC2_BIAS,
	TENSOR_COUNT,
};

struct tensor {
	const char *name; /* "conv1.weight" */
	int rank;
	size_t dims[4];
	size_t offset, size; /* in the vector of parameters, in floats */
	size_t fan_in;       /* inputs of one output of its layer */
};

struct model {
	struct shape shape;
	int conv1_side, pool1_side, conv2_side, pool2_side; /* 26, 13, 11, 5 by default */
	size_t flat;                                        /* filters2 * pool2_side^2: 400 */
	struct tensor tensors[TENSOR_COUNT];
	size_t parameters;              /* floats in all: 53,866 by default */
	uint64_t multiply_adds_forward; /* of one sample, dense: 240,544 */
	uint64_t multiply_adds_step;    /* forward and backward of one sample, dense: 672,960 */
};

/* Fill in the model of a shape.  -1 after error() where a number is out of its range. */
int model_init(struct model *model, struct shape shape);

/* Weights uniform in +-sqrt(6/fan_in), biases uniform in +-0.05 (never zero: where all inputs of a
 * ReLU are dead, a zero bias would put it exactly on its kink).  Same bytes on every machine. */
void model_init_weights(const struct model *model, uint64_t seed, float *weights);

/* The table of tensors as JSON: [{"name", "shape", "offset", "size"}, ...], offsets in floats. */
json_t *model_record(const struct model *model);

#endif
