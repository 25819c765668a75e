/* SPDX-License-Identifier: MIT */
#include "core/model.h"

#include "core/error.h"
#include "core/random.h"

#include <math.h>

/* Uniform in +-this; large enough to hold a dead ReLU clear of zero. */
#define BIAS_BOUND 0.05

static int check_shape(struct shape shape)
{
	const struct {
		const char *name;
		int value, max;
	} sizes[] = {
		{"filters1", shape.filters1, MODEL_FILTERS_MAX},
		{"filters2", shape.filters2, MODEL_FILTERS_MAX},
		{"hidden", shape.hidden, MODEL_HIDDEN_MAX},
		{"fsize", shape.fsize, MODEL_FSIZE_MAX},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (sizes[i].value < 1 || sizes[i].value > sizes[i].max)
			return error("%s %d: must be 1 to %d", sizes[i].name, sizes[i].value, sizes[i].max);
	return 0;
}

static void set_tensors(struct model *model)
{
	size_t filters1 = (size_t)model->shape.filters1, filters2 = (size_t)model->shape.filters2;
	size_t hidden = (size_t)model->shape.hidden, fsize = (size_t)model->shape.fsize;
	size_t flat = model->flat, area = fsize * fsize;
	const struct tensor table[TENSOR_COUNT] = {
		/* clang-format off */
		[CONV1_WEIGHT] = {"conv1.weight", 4, {filters1, 1, fsize, fsize}, .fan_in = area},
		[CONV1_BIAS] = {"conv1.bias", 1, {filters1}, .fan_in = area},
		[CONV2_WEIGHT] = {"conv2.weight", 4, {filters2, filters1, fsize, fsize}, .fan_in = filters1 * area},
		[CONV2_BIAS] = {"conv2.bias", 1, {filters2}, .fan_in = filters1 * area},
		[FC1_WEIGHT] = {"fc1.weight", 2, {hidden, flat}, .fan_in = flat},
		[FC1_BIAS] = {"fc1.bias", 1, {hidden}, .fan_in = flat},
		[FC2_WEIGHT] = {"fc2.weight", 2, {MODEL_CLASSES, hidden}, .fan_in = hidden},
		[FC2_BIAS] = {"fc2.bias", 1, {MODEL_CLASSES}, .fan_in = hidden},
		/* clang-format on */
	};

	for (int id = 0; id < TENSOR_COUNT; id++) {
		struct tensor *tensor = &model->tensors[id];

		*tensor = table[id];
		tensor->size = 1;
		for (int i = 0; i < tensor->rank; i++)
			tensor->size *= tensor->dims[i];
		tensor->offset = model->parameters;
		model->parameters += tensor->size;
	}
}

/* Each weight is used once for each of its layer's output pixels. */
static void count_work(struct model *model)
{
	uint64_t area1 = (uint64_t)model->conv1_side * (uint64_t)model->conv1_side;
	uint64_t area2 = (uint64_t)model->conv2_side * (uint64_t)model->conv2_side;
	uint64_t conv1 = model->tensors[CONV1_WEIGHT].size * area1;
	uint64_t conv2 = model->tensors[CONV2_WEIGHT].size * area2;
	uint64_t dense = model->tensors[FC1_WEIGHT].size + model->tensors[FC2_WEIGHT].size;

	model->multiply_adds_forward = conv1 + conv2 + dense;
	/* The gradients of weights and of inputs cost as much again each; conv1 needs none of its input. */
	model->multiply_adds_step = 3 * model->multiply_adds_forward - conv1;
}

int model_init(struct model *model, struct shape shape)
{
	if (check_shape(shape))
		return -1;
	*model = (struct model){.shape = shape};
	model->conv1_side = MODEL_SIDE - shape.fsize + 1;
	model->pool1_side = model->conv1_side / 2;
	model->conv2_side = model->pool1_side - shape.fsize + 1;
	model->pool2_side = model->conv2_side / 2;
	if (model->pool2_side < 1)
		return error("fsize %d: leaves no pixel; use a smaller one", shape.fsize);
	model->flat = (size_t)(shape.filters2 * model->pool2_side * model->pool2_side);
	set_tensors(model);
	count_work(model);
	return 0;
}

void model_init_weights(const struct model *model, uint64_t seed, float *weights)
{
	for (int id = 0; id < TENSOR_COUNT; id++) {
		const struct tensor *tensor = &model->tensors[id];
		struct random random = random_stream(seed, "init", (uint64_t)id);
		/* A weight is a matrix or more, a bias a vector. */
		double bound = tensor->rank > 1 ? sqrt(6.0 / (double)tensor->fan_in) : BIAS_BOUND;

		for (size_t i = 0; i < tensor->size; i++)
			weights[tensor->offset + i] = (float)(bound * (2.0 * random_unit(&random) - 1.0));
	}
}

json_t *model_record(const struct model *model)
{
	json_t *table = json_array();

	for (int id = 0; id < TENSOR_COUNT; id++) {
		const struct tensor *tensor = &model->tensors[id];
		json_t *shape = json_array();

		for (int i = 0; i < tensor->rank; i++)
			json_array_append_new(shape, json_integer((json_int_t)tensor->dims[i]));
		json_array_append_new(table, json_pack("{s:s, s:o, s:I, s:I}", "name", tensor->name,
		                                       "shape", shape, "offset", (json_int_t)tensor->offset,
		                                       "size", (json_int_t)tensor->size));
	}
	return table;
}
