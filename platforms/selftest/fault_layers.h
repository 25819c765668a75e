/* SPDX-License-Identifier: MIT */
/* Faults of single layers, named in faults.inc.  Some functions only prepare what the layers need to
 * know, as the layers see no net. */
#ifndef SELFTEST_FAULT_LAYERS_H
#define SELFTEST_FAULT_LAYERS_H

#include "net.h"

extern const struct layers layers_rounded_input, layers_raw_input, layers_ignored_border;
extern const struct layers layers_average_pool, layers_spread_pool, layers_tied_pool;
extern const struct layers layers_leaky_relu, layers_smoothed_loss;

extern const struct layers layers_open_relu; /* with set_hidden */
void set_hidden(const struct net *net, float *weights);

extern const struct layers layers_flipped_back; /* with keep_flipped_kernels */
void keep_flipped_kernels(const struct net *net, float *weights);

/* Weights, and gradients back, to the other meaning of their places. */
void flip_kernels(const struct net *net, float *weights);
void flip_kernels_gradient(struct net *net, struct step *step);
void transpose_flatten(const struct net *net, float *weights);
void transpose_flatten_gradient(struct net *net, struct step *step);

#endif
