/* SPDX-License-Identifier: MIT */
/*
 * The integer generator behind weights, orders and synthetic digits: the same numbers on every
 * machine and compiler.  Streams of different names are independent.  Not for secrets.
 * Source: SplitMix64, Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

/* A stream for (seed, name, index): "order" of epoch 3, "digit" number 17. */
struct random random_stream(uint64_t seed, const char *name, uint64_t index);

uint64_t random_bits(struct random *random);
uint64_t random_below(struct random *random, uint64_t bound); /* unbiased; bound >= 1 */
double random_unit(struct random *random);                    /* k * 2^-53, in [0, 1) */
double random_between(struct random *random, double low, double high);

/* Fisher-Yates over 0 .. count-1. */
void random_permutation(struct random *random, uint32_t *out, size_t count);

#endif
