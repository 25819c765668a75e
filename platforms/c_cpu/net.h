/* SPDX-License-Identifier: MIT */
/*
 * The network in memory, and its step.
 *
 * A batch is cut into slots of samples, by its size alone.  Threads take whole slots: forward,
 * loss, backward and the convolutions' gradients of a slot, in blocks of samples that sit in cache
 * meanwhile.  After a barrier every thread owns a part of all weights: it sums their gradients
 * (the dense ones over all samples, the convolutions' over the slots), updates them and renews the
 * copies that kernels read.  A second barrier ends the step.  No sum depends on who computes it:
 * the result is the same, bit for bit, at any number of threads.
 */
#ifndef C_CPU_NET_H
#define C_CPU_NET_H

#include "kernels.h"

#include "core/job.h"
#include "worker/platform.h"

/* Reads the job's arrays into memory of its own and starts the threads.  Dies on failure. */
struct net *net_open(const struct job *job, const struct kernels *kernels, int threads);
void net_close(struct net *net);
void net_train(struct net *net, const uint32_t *order, size_t n, struct stats *stats);
/* Trains as net_train does, and tells what each part took. */
void net_profile(struct net *net, const uint32_t *order, size_t n);
void net_eval(struct net *net, struct stats *stats);
void net_read(struct net *net, float *weights);
void net_reset(struct net *net);

#endif
