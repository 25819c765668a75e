/* SPDX-License-Identifier: MIT */
/*
 * A pool that knows its ties: `winner` holds the first place of the window in its lower bits, and above
 * them one bit for each of the four places that has the maximum.
 */
#ifndef SELFTEST_TIED_POOL_H
#define SELFTEST_TIED_POOL_H

#include "layers.h"

void tied_pool(size_t channels, size_t in_side, const float *in, float *out, uint32_t *winner);

/* The gradient goes to each of the maxima: in full, or in equal parts. */
void tied_pool_back_full(size_t channels, size_t in_side, const float *d_out,
                         const uint32_t *winner, float *d_in);
void tied_pool_back_shared(size_t channels, size_t in_side, const float *d_out,
                           const uint32_t *winner, float *d_in);

#endif
