/* SPDX-License-Identifier: MIT */
/* Reduced precision: float32 numbers rounded to fewer bits, and layers whose operands are. */
#ifndef SELFTEST_ROUNDING_H
#define SELFTEST_ROUNDING_H

#include "net.h"

/* Weights of convolutions and dense layers, or of convolutions alone, to the deviation's bits. */
void round_weights(const struct net *net, float *weights);
void round_convolution_weights(const struct net *net, float *weights);

/* The layers' inputs and gradients likewise.  Biases and their gradients are no operands. */
extern const struct layers layers_rounded_operands, layers_rounded_convolutions;

/* The mean gradient to IEEE's half precision: 10 mantissa bits, quantum 2^-24 below 2^-14. */
void halve_gradient_precision(struct net *net, struct step *step);

#endif
