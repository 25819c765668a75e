/* SPDX-License-Identifier: MIT */
/* Faults of samples, steps, updates and resets: functions of struct deviation, named in faults.inc. */
#ifndef SELFTEST_FAULT_STEPS_H
#define SELFTEST_FAULT_STEPS_H

#include "net.h"

void reset_without_biases(struct net *net);

void lose_momentum(struct net *net, struct call *call);
void drop_partial_batch(struct net *net, struct call *call);
void pad_partial_batch(struct net *net, struct call *call);
void drop_last_sample(struct net *net, struct call *call);
void double_first_sample(struct net *net, struct call *call);
void mislabel_last_sample(struct net *net, struct call *call);
void ignore_order(struct net *net, struct call *call);
void repeat_first_order(struct net *net, struct call *call);

void drop_momentum(struct net *net, struct step *step);
void weaken_momentum(struct net *net, struct step *step);
void raise_rate(struct net *net, struct step *step);
void use_previous_weights(struct net *net, struct step *step);
void skip_second_step(struct net *net, struct step *step);
void repeat_second_step(struct net *net, struct step *step);

void freeze_typical_weight(struct net *net, struct step *step);
void sum_gradient(struct net *net, struct step *step);
void divide_by_full_batch(struct net *net, struct step *step);
void dampen_gradient(struct net *net, struct step *step);
void decay_weights(struct net *net, struct step *step);
void double_bias_gradient(struct net *net, struct step *step);
void clip_gradient(struct net *net, struct step *step);
void delay_gradient(struct net *net, struct step *step);

void update_nesterov(struct net *net, const struct step *step);

#endif
