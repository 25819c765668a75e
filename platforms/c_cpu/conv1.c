/* SPDX-License-Identifier: MIT */
/*
 * conv1, ReLU and max pool in one pass, and the gradients of conv1's weights.
 *
 *   z[f][y][x]  = bias[f] + sum over ky, kx of weight[f][ky][kx] in[y + ky][x + kx]
 *   p[f][y][x]  = max(0, z[f][2y + r][2x + c], r and c in 0..1); (r, c) is the window's cell, the
 *                 first maximum in row-major order
 *   dweight[f][ky][kx] = sum over y, x with p > 0 of dp[f][y][x] in[2y + r + ky][2x + c + kx]
 *   dbias[f]           = sum over y, x with p > 0 of dp[f][y][x]
 *
 * Lanes are filters; with half as many filters as lanes, two windows side by side share a vector
 * ("twins").  Layouts: kernels.h.  `in` is standardised from the bytes, 98 vectors of 8, say, a
 * sample, once in each direction: cheaper than to keep 3 KB of floats a sample.
 *
 * Exact savings: only side1 x side1 pooled pixels are computed, those that conv2 reads for the
 * pixels that its own pool keeps (default: 24 x 24 of 26 x 26 before the pool).  The gradient comes
 * through one cell of each window, so dweight sums over the pooled grid.
 *
 * Default shape, a sample: forward 41,472 multiply-adds, 784 bytes read, 5,760 written; gradient
 * 10,368 multiply-adds, 11,152 bytes read.
 */
#include "kernels.h"
#include "simd.h"
#include "core/model.h"

enum {
	HALF_ROW =
		MODEL_SIDE / 2, /* a row of a plane: the even columns of the image, or the odd ones */
	PLANE = 400,        /* floats of one; behind 392 there is room for the end of a vector */
	PAIR_ROW = 64, /* a row of `pairs`: 28 pairs, rounded up to whole vectors of up to 16 lanes */
	TOGETHER = REGISTERS / 5, /* windows whose sums, a weight and a broadcast are in registers */
};

/* out[i] = (byte[i] / 255 - mean) / deviation, MODEL_PIXELS of them. */
INLINE void standardise(const uint8_t *image, float *out)
{
	const vf scale = vf_set((float)(1.0 / (255.0 * MODEL_DEVIATION)));
	const vf shift = vf_set((float)(-MODEL_MEAN / MODEL_DEVIATION));

	for (int i = 0; i < MODEL_PIXELS; i += LANES)
		vf_store(out + i, vf_fma(vf_bytes(image + i), scale, shift));
}

/*
 * Twins: lane 2 f is filter f in one window, lane 2 f + 1 in the next.  Half a vector holds all filters,
 * and the rows of windows are even.
 */
INLINE int twins(const struct plan *plan)
{
	return 2 * plan->filters1 == LANES && plan->side1 % 2 == 0;
}

/* ---- Forward ---- */

/* The image in two planes: pixels that are two columns apart, one for each twin, come to stand side by
 * side. */
INLINE void planes_split(const float *in, float *planes)
{
	int i = 0;
	for (; i + 2 * LANES <= MODEL_PIXELS; i += 2 * LANES)
		vf_unzip(planes + i / 2, planes + PLANE + i / 2, vf_load(in + i), vf_load(in + i + LANES));
	if (i < MODEL_PIXELS)
		vf_unzip(planes + i / 2, planes + PLANE + i / 2, vf_load(in + i), vf_load(in + i));
}

/* The pixel that all filters see, of one window or of two; `in`: the corner, in the image or the planes. */
INLINE vf pixel_at(const float *in, int y, int x, const int windows)
{
	if (windows == 1)
		return vf_set(in[y * MODEL_SIDE + x]);
	return vf_pair(in + x % 2 * PLANE + y * HALF_ROW + x / 2);
}

/*
 * The four pixels before the pool of one window or two, a vector of filters.  Every pixel of the
 * (fsize + 1)^2 patch is broadcast once and goes to the up to four sums that it is in.  fsize 3: 4 sums,
 * 9 weights and a broadcast fit 16 registers.
 */
INLINE void window_forward(const float *in, const vf *weight, vf bias, const int fsize,
                           const int windows, vf *z)
{
	z[0] = z[1] = z[2] = z[3] = bias;
	EACH (y, fsize + 1) {
		EACH (x, fsize + 1) {
			vf pixel = pixel_at(in, y, x, windows);
			EACH (cell, 4) {
				int ky = y - cell / 2, kx = x - cell % 2;
				if (ky >= 0 && ky < fsize && kx >= 0 && kx < fsize)
					z[cell] = vf_fma(pixel, weight[ky * fsize + kx], z[cell]);
			}
		}
	}
}

/* ReLU and max pool of one window or two. */
INLINE void window_pool(const vf *z, const int windows, float *map1, uint8_t *cell1)
{
	vm right_above = vf_greater(z[1], z[0]), right_below = vf_greater(z[3], z[2]);
	vf above = vf_max(z[1], z[0]), below = vf_max(z[3], z[2]);
	vf most = vf_max(vf_set(0.0F), vf_max(below, above));
	vi cell_above = vi_choose(right_above, vi_set(2), vi_set(0));
	vi cell_below = vi_choose(right_below, vi_set(3), vi_set(1));
	vi cell = vi_choose(vf_greater(below, above), cell_below, cell_above);

	if (windows == 1) {
		vf_store(map1, most);
		vi_store_bytes(cell1, cell);
	} else {
		vf_unzip(map1, map1 + LANES / 2, most, most);
		vi_unzip_bytes(cell1, cell);
	}
}

/* A row of windows, a vector of filters, whose weights stay in registers; `stride`: of two taps. */
INLINE void row_forward(const struct plan *plan, const float *in, const float *weights, int stride,
                        vf bias, const int fsize, const int windows, float *map1, uint8_t *cell1)
{
	vf weight[49];
	EACH (tap, fsize * fsize)
		weight[tap] = vf_load(weights + tap * stride);

	for (int x = 0; x < plan->side1; x += windows) {
		vf z[4];
		window_forward(in + 2 * x / windows, weight, bias, fsize, windows, z);
		window_pool(z, windows, map1 + x * plan->filters1, cell1 + x * plan->filters1);
	}
}

/* All rows of twins. */
INLINE void twins_forward(const struct plan *plan, const float *in, const float *weight,
                          const float *bias, float *map1, uint8_t *cell1, const int fsize)
{
	float planes[2 * PLANE + LANES], weights[49 * LANES + LANES], biases[2 * LANES];

	planes_split(in, planes);
	EACH (tap, fsize * fsize) {
		vf one = vf_load(weight + tap * plan->padded1);
		vf_zip(weights + tap * LANES, one, one);
	}
	vf_zip(biases, vf_load(bias), vf_load(bias));
	for (int y = 0; y < plan->side1; y++)
		row_forward(plan, planes + 2 * y * HALF_ROW, weights, LANES, vf_load(biases), fsize, 2,
		            map1 + y * plan->row1, cell1 + y * plan->row1);
}

/*
 * `count` windows side by side, tap by tap, where the weights are more than the registers hold: each is
 * loaded once for all the sums, and each sum wants a broadcast of its own.
 */
INLINE void windows_forward(const struct plan *plan, const float *in, const float *weight, vf bias,
                            const int fsize, const int count, float *map1, uint8_t *cell1)
{
	vf z[4 * TOGETHER];
	EACH (i, 4 * count)
		z[i] = bias;
	for (int ky = 0; ky < fsize; ky++, in += MODEL_SIDE)
		EACH (kx, fsize) {
			vf w = vf_load(weight);
			weight += plan->padded1;
			EACH (i, 4 * count)
				z[i] = vf_fma(vf_set(in[i % 4 / 2 * MODEL_SIDE + i / 4 * 2 + i % 2 + kx]), w, z[i]);
		}
	EACH (i, count)
		window_pool(z + 4 * i, 1, map1 + i * plan->filters1, cell1 + i * plan->filters1);
}

INLINE void row_forward_by_taps(const struct plan *plan, const float *in, const float *weight,
                                vf bias, const int fsize, float *map1, uint8_t *cell1)
{
	int x = 0;
	for (; x + TOGETHER <= plan->side1; x += TOGETHER)
		windows_forward(plan, in + 2 * x, weight, bias, fsize, TOGETHER, map1 + x * plan->filters1,
		                cell1 + x * plan->filters1);
	for (; x < plan->side1; x++)
		windows_forward(plan, in + 2 * x, weight, bias, fsize, 1, map1 + x * plan->filters1,
		                cell1 + x * plan->filters1);
}

/* The last filters first: where their vectors end past a pixel, the next pixel is written later. */
INLINE void all_forward(const struct plan *plan, const float *in, const float *weight,
                        const float *bias, float *map1, uint8_t *cell1, const int fsize)
{
	if (twins(plan) && fsize * fsize <= REGISTERS) {
		twins_forward(plan, in, weight, bias, map1, cell1, fsize);
		return;
	}
	for (int y = 0; y < plan->side1; y++, in += 2 * MODEL_SIDE)
		for (int f = plan->padded1 - LANES; f >= 0; f -= LANES) {
			const size_t at = (size_t)(y * plan->row1 + f);
			vf first = vf_load(bias + f);
			/* A few weights more than registers come from memory: cheaper than a broadcast for each sum. */
			if (fsize * fsize <= REGISTERS)
				row_forward(plan, in, weight + f, plan->padded1, first, fsize, 1, map1 + at,
				            cell1 + at);
			else
				row_forward_by_taps(plan, in, weight + f, first, fsize, map1 + at, cell1 + at);
		}
}

static void conv1_forward(const struct plan *plan, const uint8_t *image, const float *weight,
                          const float *bias, float *scratch, float *map1, uint8_t *cell1)
{
	standardise(image, scratch);
	switch (plan->fsize) {
	case 1: all_forward(plan, scratch, weight, bias, map1, cell1, 1); break;
	case 2: all_forward(plan, scratch, weight, bias, map1, cell1, 2); break;
	case 3: all_forward(plan, scratch, weight, bias, map1, cell1, 3); break;
	case 4: all_forward(plan, scratch, weight, bias, map1, cell1, 4); break;
	case 5: all_forward(plan, scratch, weight, bias, map1, cell1, 5); break;
	case 6: all_forward(plan, scratch, weight, bias, map1, cell1, 6); break;
	case 7: all_forward(plan, scratch, weight, bias, map1, cell1, 7); break;
	}
}

/* ---- Backward ---- */

/*
 * pairs[y][x] = (in[y][x], in[y + 1][x]): four floats from there on are the pixels under one tap of
 * the four cells of a window, in the order 2 column + row: one vf_pick gives each filter its own.
 */
INLINE void pair_rows(const struct plan *plan, const float *in, float *pairs)
{
	int rows = 2 * plan->side1 + plan->fsize - 2;
	for (int y = 0; y < rows; y++)
		for (int x = 0; x < MODEL_SIDE; x += LANES)
			vf_zip(pairs + y * PAIR_ROW + 2 * x, vf_load(in + y * MODEL_SIDE + x),
			       vf_load(in + (y + 1) * MODEL_SIDE + x));
}

/* Add a sum over windows; of twins the second half is the other window's. */
INLINE void sum_add(vf sum, float *total, const int windows)
{
	float lane[LANES];

	if (windows == 1) {
		vf_store(total, vf_add(vf_load(total), sum));
		return;
	}
	vf_store(lane, sum);
	for (int f = 0; f < LANES / 2; f++)
		total[f] += lane[f] + lane[f + LANES / 2];
}

/* Taps (ky, all kx) of `rows` rows from `ky` on, a vector of filters; the sum of the deltas comes back. */
INLINE vf taps_gradient(const struct plan *plan, const float *pairs, const float *map1,
                        const uint8_t *cell1, const float *delta, const int fsize, const int rows,
                        const int windows, float *weight)
{
	vf sum[14], all = vf_set(0.0F);
	EACH (tap, rows * fsize)
		sum[tap] = vf_set(0.0F);

	for (int y = 0; y < plan->side1; y++) {
		for (int x = 0; x < plan->side1; x += windows) {
			int at = y * plan->row1 + x * plan->filters1;
			vm live = vf_greater(vf_load(map1 + at), vf_set(0.0F));
			vf d = vf_keep(live, vf_load(delta + at));
			vi cell = vi_bytes(cell1 + at);
			const float *corner = pairs + 2 * y * PAIR_ROW + 4 * x;
			EACH (tap, rows * fsize) {
				const float *quad = corner + tap / fsize * PAIR_ROW + tap % fsize * 2;
				vf pixel = windows == 1 ? vf_pick(quad, cell) : vf_pick_twins(quad, cell);
				sum[tap] = vf_fma(d, pixel, sum[tap]);
			}
			all = vf_add(all, d);
		}
	}
	EACH (tap, rows * fsize)
		sum_add(sum[tap], weight + tap * plan->padded1, windows);
	return all;
}

/* All taps in groups of `rows` rows, so many that their sums fit 16 registers. */
INLINE void group_gradient(const struct plan *plan, const float *pairs, const float *map1,
                           const uint8_t *cell1, const float *delta, float *weight, float *bias,
                           const int fsize, const int rows, const int windows)
{
	const int rest = fsize % rows, step = fsize * plan->padded1;
	vf all = vf_set(0.0F);

	for (int ky = 0; ky + rows <= fsize; ky += rows)
		all = taps_gradient(plan, pairs + ky * PAIR_ROW, map1, cell1, delta, fsize, rows, windows,
		                    weight + ky * step);
	if (rest > 0)
		all = taps_gradient(plan, pairs + (fsize - rest) * PAIR_ROW, map1, cell1, delta, fsize,
		                    rest, windows, weight + (fsize - rest) * step);
	sum_add(all, bias, windows);
}

INLINE void all_gradient(const struct plan *plan, const float *pairs, const float *map1,
                         const uint8_t *cell1, const float *delta, float *weight, float *bias,
                         const int fsize, const int rows)
{
	if (twins(plan))
		group_gradient(plan, pairs, map1, cell1, delta, weight, bias, fsize, rows, 2);
	else
		for (int f = 0; f < plan->padded1; f += LANES)
			group_gradient(plan, pairs, map1 + f, cell1 + f, delta + f, weight + f, bias + f, fsize,
			               rows, 1);
}

static void conv1_gradient(const struct plan *plan, const uint8_t *image, const float *map1,
                           const uint8_t *cell1, const float *delta, float *scratch, float *pairs,
                           float *weight, float *bias)
{
	standardise(image, scratch);
	pair_rows(plan, scratch, pairs);
	switch (plan->fsize) {
	case 1: all_gradient(plan, pairs, map1, cell1, delta, weight, bias, 1, 1); break;
	case 2: all_gradient(plan, pairs, map1, cell1, delta, weight, bias, 2, 2); break;
	case 3: all_gradient(plan, pairs, map1, cell1, delta, weight, bias, 3, 3); break;
	case 4: all_gradient(plan, pairs, map1, cell1, delta, weight, bias, 4, 2); break;
	case 5: all_gradient(plan, pairs, map1, cell1, delta, weight, bias, 5, 2); break;
	case 6: all_gradient(plan, pairs, map1, cell1, delta, weight, bias, 6, 1); break;
	case 7: all_gradient(plan, pairs, map1, cell1, delta, weight, bias, 7, 1); break;
	}
}
