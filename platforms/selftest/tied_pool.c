/* SPDX-License-Identifier: MIT */
#include "tied_pool.h"

#include <string.h>

enum { PLACE_BITS = 28 }; /* the largest layer has 64 * 28 * 28 places, below 2^16 */

static void window_pool(size_t in_side, const float *in, size_t first, float *out, uint32_t *winner)
{
	const float window[] = {in[first], in[first + 1], in[first + in_side], in[first + in_side + 1]};
	float best = window[0];
	uint32_t ties = 0;

	for (size_t k = 1; k < 4; k++)
		best = window[k] > best ? window[k] : best;
	for (uint32_t k = 0; k < 4; k++)
		ties |= (uint32_t)(window[k] == best) << k;
	*out = best;
	*winner = ties << PLACE_BITS | (uint32_t)first;
}

void tied_pool(size_t channels, size_t in_side, const float *in, float *out, uint32_t *winner)
{
	size_t side = in_side / 2;

	for (size_t c = 0; c < channels; c++)
		for (size_t y = 0; y < side; y++)
			for (size_t x = 0; x < side; x++)
				window_pool(in_side, in, (c * in_side + 2 * y) * in_side + 2 * x, out++, winner++);
}

static void back(size_t channels, size_t in_side, const float *d_out, const uint32_t *winner,
                 float *d_in, const float share[5])
{
	const size_t places[] = {0, 1, in_side, in_side + 1};

	memset(d_in, 0, channels * in_side * in_side * sizeof(*d_in));
	for (size_t i = 0; i < channels * (in_side / 2) * (in_side / 2); i++) {
		uint32_t ties = winner[i] >> PLACE_BITS, first = winner[i] & ((1u << PLACE_BITS) - 1);
		float d = d_out[i] * share[__builtin_popcount(ties)];

		for (uint32_t k = 0; k < 4; k++)
			if (ties >> k & 1)
				d_in[first + places[k]] = d;
	}
}

void tied_pool_back_full(size_t channels, size_t in_side, const float *d_out,
                         const uint32_t *winner, float *d_in)
{
	back(channels, in_side, d_out, winner, d_in, (const float[]){1, 1, 1, 1, 1});
}

void tied_pool_back_shared(size_t channels, size_t in_side, const float *d_out,
                           const uint32_t *winner, float *d_in)
{
	back(channels, in_side, d_out, winner, d_in, (const float[]){0, 1, 1 / 2.f, 1 / 3.f, 1 / 4.f});
}
