/* SPDX-License-Identifier: MIT */
/* The reference's source once more, with float for REAL and with other names; only this file sees both. */
#define REAL float

#define reference reference_float
#define reference_new reference_float_new
#define reference_free reference_float_free
#define reference_set reference_float_set
#define reference_set_float reference_float_set_float
#define reference_get reference_float_get
#define reference_get_float reference_float_get_float
#define reference_step reference_float_step
#define reference_train reference_float_train
#define reference_eval reference_float_eval
#define reference_gradient reference_float_gradient
#define reference_margins reference_float_margins

#define input_forward input_float_forward
#define convolution_forward convolution_float_forward
#define convolution_backward convolution_float_backward
#define relu_forward relu_float_forward
#define relu_backward relu_float_backward
#define pool_forward pool_float_forward
#define pool_backward pool_float_backward
#define dense_forward dense_float_forward
#define dense_backward dense_float_backward
#define loss_forward loss_float_forward
#define loss_backward loss_float_backward
#define loss_prediction loss_float_prediction

#include "core/reference.c"
#include "core/reference_layers.c"
