/* SPDX-License-Identifier: MIT */
/* Honest variants of single layers, named in variants.inc. */
#ifndef SELFTEST_VARIANT_LAYERS_H
#define SELFTEST_VARIANT_LAYERS_H

#include "net.h"

extern const struct layers layers_reversed, layers_pairwise, layers_double;
extern const struct layers layers_float_input, layers_float_loss;
extern const struct layers layers_last_maximum, layers_shared_ties;

extern const struct layers layers_shifted_input; /* with the two that follow */
void fold_scale(const struct net *net, float *weights);
void fold_scale_gradient(struct net *net, struct step *step);

#endif
