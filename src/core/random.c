/* SPDX-License-Identifier: MIT */
#include "core/random.h"

/* The golden ratio's fraction in 64 bits, odd. */
#define SPLITMIX_STEP 0x9e3779b97f4a7c15u

static uint64_t mix(uint64_t bits)
{
	bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
	bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
	return bits ^ bits >> 31;
}

/* FNV-1a, 64 bits: Fowler, Noll, Vo; draft-eastlake-fnv. */
static uint64_t hash_name(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
	return hash;
}

/* All streams are stretches of one cycle of 2^64 numbers; mixing after each part spreads their
 * starts, so that streams of a few million numbers do not meet. */
struct random random_stream(uint64_t seed, const char *name, uint64_t index)
{
	uint64_t state = mix(seed + SPLITMIX_STEP);

	state = mix((state ^ hash_name(name)) + SPLITMIX_STEP);
	state = mix((state ^ index) + SPLITMIX_STEP);
	return (struct random){state};
}

uint64_t random_bits(struct random *random)
{
	random->state += SPLITMIX_STEP;
	return mix(random->state);
}

/* The first 2^64 mod bound numbers are refused: the rest is a whole multiple of bound. */
uint64_t random_below(struct random *random, uint64_t bound)
{
	uint64_t refused = -bound % bound, bits;

	do
		bits = random_bits(random);
	while (bits < refused);
	return bits % bound;
}

double random_unit(struct random *random)
{
	return (double)(random_bits(random) >> 11) * 0x1p-53;
}

double random_between(struct random *random, double low, double high)
{
	return low + (high - low) * random_unit(random);
}

void random_permutation(struct random *random, uint32_t *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out[i] = (uint32_t)i;
	for (size_t i = count; i > 1; i--) {
		size_t other = (size_t)random_below(random, i);
		uint32_t kept = out[i - 1];

		out[i - 1] = out[other];
		out[other] = kept;
	}
}
