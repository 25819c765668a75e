/* SPDX-License-Identifier: MIT */
/* The net of onednn_cpu: resident data, parameters, and a stack for each size of batch. */
#ifndef ONEDNN_NET_H
#define ONEDNN_NET_H

#include "core/job.h"
#include "worker/platform.h"

/* Marks the spans "upload" and "compile".  Dies on failure. */
struct net *net_open(const struct job *job, int threads);
void net_close(struct net *net);
void net_train(struct net *net, const uint32_t *order, size_t n, struct stats *stats);
void net_eval(struct net *net, struct stats *stats);
void net_read(struct net *net, float *weights);
void net_reset(struct net *net);

#endif
