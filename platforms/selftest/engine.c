/* SPDX-License-Identifier: MIT */
/* The reference's source once more, under the names of engine.h and with layers_active for its layers;
 * only this file sees both (as core/reference_float.c). */
#include "layers.h" /* REAL, before any other header asks for the layers */

#include "core/model.h"

/* reference.c calls the layers by the names on the left; they are declared by now. */
#define input_forward layers_active.input
#define convolution_forward layers_active.convolution
#define convolution_backward layers_active.convolution_back
#define relu_forward layers_active.relu
#define relu_backward layers_active.relu_back
#define pool_forward layers_active.pool
#define pool_backward layers_active.pool_back
#define dense_forward layers_active.dense
#define dense_backward layers_active.dense_back
#define loss_forward layers_active.loss
#define loss_backward layers_active.loss_back
#define loss_prediction layers_active.prediction

#define reference engine
#define reference_new engine_new
#define reference_free engine_free
#define reference_set engine_set
#define reference_set_float engine_set_float
#define reference_get engine_get
#define reference_get_float engine_get_float
#define reference_step engine_step
#define reference_train engine_train
#define reference_eval engine_eval
#define reference_gradient engine_gradient
#define reference_margins engine_margins

#include "core/reference.c"
