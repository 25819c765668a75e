/* SPDX-License-Identifier: MIT */
/* Honest variants of the step, named in variants.inc. */
#ifndef SELFTEST_VARIANT_STEPS_H
#define SELFTEST_VARIANT_STEPS_H

#include "net.h"

void reverse_samples(struct net *net, struct step *step);
void compute_micro_batches(struct net *net, struct step *step);
void compute_three_shares(struct net *net, struct step *step);
void compute_in_double(struct net *net, struct step *step);
void update_rate_in_momentum(struct net *net, const struct step *step);

#endif
