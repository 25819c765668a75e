/* SPDX-License-Identifier: MIT */
/*
 * All kernels of one instruction set as one translation unit: the build compiles this file once for
 * each, with -DISA=avx2 -DSIMD_HEADER='"simd_avx2.h"', say, and the compiler's flags for it.
 */
#include "update.c"
#include "conv1.c"
#include "conv2.c"
#include "conv2_winograd.c"
#include "dense.c"
#include "head.c"

#define KERNELS_OF(isa) kernels_##isa
#define KERNELS(isa) KERNELS_OF(isa)
#define TEXT_OF(isa) #isa
#define TEXT(isa) TEXT_OF(isa)

/* What both ways of conv2 share. */
#define KERNELS_SHARED                                                                             \
	.name = TEXT(ISA), .lanes = LANES, .panel = PANEL, .conv1_forward = conv1_forward,             \
	.conv1_gradient = conv1_gradient, .conv2_gradient = conv2_gradient,                            \
	.conv2_input = conv2_input, .dense_product = dense_product, .dense_update = dense_update,      \
	.dense_sum = dense_sum, .panels_put = panels_put, .panels_get = panels_get, .head = head,      \
	.update = update

static const struct kernels by_winograd = {
	KERNELS_SHARED,
	.conv = "winograd",
	.window_products = PRODUCTS,
	.conv2_forward = winograd_forward,
	.conv2_arrange = winograd_arrange,
};

const struct kernels KERNELS(ISA) = {
	KERNELS_SHARED,
	.conv = "direct",
	.conv2_forward = conv2_forward,
	.conv2_arrange = conv2_arrange,
	.winograd = &by_winograd,
};
