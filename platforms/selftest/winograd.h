/* SPDX-License-Identifier: MIT */
/*
 * Convolution by minimal filtering, F(2x2, r x r) for r = 2 and 3; other kernels are plain.
 * Sources: S. Winograd, "Arithmetic Complexity of Computations", 1980; A. Lavin, S. Gray, "Fast
 * Algorithms for Convolutional Neural Networks", 2015.
 */
#ifndef SELFTEST_WINOGRAD_H
#define SELFTEST_WINOGRAD_H

#include "layers.h"

extern const struct layers layers_winograd;

#endif
