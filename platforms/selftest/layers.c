/* SPDX-License-Identifier: MIT */
/* The reference's layers once for each table: LAYERS names it, and the flags say what differs. */
#ifndef LAYERS
#define LAYERS layers_plain
#endif
#define JOINED(a, b) a##_##b
#define NAMED(a, b) JOINED(a, b)

#define input_forward NAMED(LAYERS, input)
#define convolution_forward NAMED(LAYERS, convolution)
#define convolution_backward NAMED(LAYERS, convolution_back)
#define relu_forward NAMED(LAYERS, relu)
#define relu_backward NAMED(LAYERS, relu_back)
#define pool_forward NAMED(LAYERS, pool)
#define pool_backward NAMED(LAYERS, pool_back)
#define dense_forward NAMED(LAYERS, dense)
#define dense_backward NAMED(LAYERS, dense_back)
#define loss_forward NAMED(LAYERS, loss)
#define loss_backward NAMED(LAYERS, loss_back)
#define loss_prediction NAMED(LAYERS, prediction)

#include "layers.h"

#include "core/reference_layers.c"

const struct layers LAYERS = {
	.input = input_forward,
	.convolution = convolution_forward,
	.convolution_back = convolution_backward,
	.relu = relu_forward,
	.relu_back = relu_backward,
	.pool = pool_forward,
	.pool_back = pool_backward,
	.dense = dense_forward,
	.dense_back = dense_backward,
	.loss = loss_forward,
	.loss_back = loss_backward,
	.prediction = loss_prediction,
};
