/* SPDX-License-Identifier: MIT */
/*
 * conv2, ReLU and max pool in one pass by Winograd's minimal filtering: a second body of conv2.c's
 * forward pass, for filters of 3x3.  A pooling window of z is
 *
 *   z[f] = bias[f] + A (sum over c of (G weight[f][c] G') * (B in[c] B')) A'
 *
 * where in[c] are the 4x4 pixels under the window, ' transposes, * multiplies element by element, and
 *
 *       | 1  0 -1  0 |         |  1    0    0  |
 *   B = | 0  1  1  0 |     G = | 1/2  1/2  1/2 |     A = | 1  1  1  0 |
 *       | 0 -1  1  0 |         | 1/2 -1/2  1/2 |         | 0  1 -1 -1 |
 *       | 0  1  0 -1 |         |  0    0    1  |
 *
 * Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), F(2x2, 3x3).
 *
 * 16 products for a window and channel in the place of 36.  It is the same number but for rounding:
 * B and A add and subtract, G halves, and nothing grows as it does with larger tiles.
 *
 * A row of windows at a time: B over its pixels, all channels; then for every group of filters the
 * products, a sum over channels that stays in registers, and A straight into the pool.  B in lanes of
 * channels, the rest in lanes of filters.
 *
 * Default shape, a sample: 51,200 multiply-adds for 115,200; 6,400 additions in B, 9,600 in A.
 */
#include "kernels.h"
#include "simd.h"
#include "core/model.h"

enum {
	PATCH = 4,                                /* pixels a side under a window */
	PRODUCTS = PATCH * PATCH,                 /* [row][column] */
	PRODUCT_OF_ALL = 5,                       /* A adds this one to all four pixels of the window */
	WINDOWS = ((MODEL_SIDE - 2) / 2 - 2) / 2, /* of a row: side2 where fsize is 3 */
	CHANNELS_MAX = 64,
};

/* B on four vectors. */
INLINE void patch_combine(const vf *in, vf *out)
{
	out[0] = vf_sub(in[0], in[2]);
	out[1] = vf_add(in[1], in[2]);
	out[2] = vf_sub(in[2], in[1]);
	out[3] = vf_sub(in[1], in[3]);
}

/* B in B' of one window, LANES channels, to patch[product], `stride` floats apart. */
INLINE void patch_forward(const struct plan *plan, const float *in, float *patch, size_t stride)
{
	vf columns[PATCH][PATCH];

	EACH (x, PATCH) {
		vf pixel[PATCH];
		EACH (y, PATCH)
			pixel[y] = vf_load(in + y * plan->row1 + x * plan->filters1);
		patch_combine(pixel, columns[x]);
	}
	EACH (y, PATCH) {
		const vf row[PATCH] = {columns[0][y], columns[1][y], columns[2][y], columns[3][y]};
		vf out[PATCH];
		patch_combine(row, out);
		EACH (x, PATCH)
			vf_store(patch + (size_t)(y * PATCH + x) * stride, out[x]);
	}
}

/*
 * sum[product][window][filter] = sum over c of patch[product][window][c] weight[product][c][filter],
 * vecs * LANES filters; `together` products at once, so that there are sums enough to hide the latency.
 */
INLINE void products_sum(const struct plan *plan, const float *patch, const float *weight,
                         const float *bias, float *out, const int together, const int vecs)
{
	static const float none[CONV_VECS * LANES];
	const int filters = vecs * LANES, windows = together * WINDOWS;
	const int weights = plan->filters1 * filters;

	for (int p = 0; p < PRODUCTS; p += together) {
		vf sum[2 * WINDOWS][CONV_VECS];
		EACH (i, windows)
			EACH (v, vecs)
				sum[i][v] = vf_load((p + i / WINDOWS == PRODUCT_OF_ALL ? bias : none) + v * LANES);
		for (int c = 0; c < plan->filters1; c++) {
			EACH (q, together) {
				vf w[CONV_VECS];
				EACH (v, vecs)
					w[v] = vf_load(weight + q * weights + c * filters + v * LANES);
				EACH (i, WINDOWS) {
					vf x = vf_set(patch[(q * WINDOWS + i) * plan->padded1 + c]);
					EACH (v, vecs)
						sum[q * WINDOWS + i][v] = vf_fma(x, w[v], sum[q * WINDOWS + i][v]);
				}
			}
		}
		EACH (i, windows)
			EACH (v, vecs)
				vf_store(out + i * filters + v * LANES, sum[i][v]);
		patch += windows * plan->padded1;
		weight += together * weights;
		out += windows * filters;
	}
}

/* A sum A' of one window. */
INLINE void window_of_sums(const float *sum, size_t stride, vf *z)
{
	vf left[PATCH], right[PATCH];

	EACH (y, PATCH) {
		vf s[PATCH];
		EACH (x, PATCH)
			s[x] = vf_load(sum + (size_t)(y * PATCH + x) * stride);
		left[y] = vf_add(vf_add(s[0], s[1]), s[2]);
		right[y] = vf_sub(vf_sub(s[1], s[2]), s[3]);
	}
	z[0] = vf_add(vf_add(left[0], left[1]), left[2]);
	z[1] = vf_add(vf_add(right[0], right[1]), right[2]);
	z[2] = vf_sub(vf_sub(left[1], left[2]), left[3]);
	z[3] = vf_sub(vf_sub(right[1], right[2]), right[3]);
}

/* A row of windows, one group of vecs vectors of filters. */
INLINE void group_winograd(const struct plan *plan, const float *patch, int32_t base,
                           const float *weight, const float *bias, int filter, int y, float *flat,
                           struct marks marks, const int together, const int vecs)
{
	float sum[PRODUCTS * WINDOWS * CONV_VECS * LANES] __attribute__((aligned(64)));
	const int filters = vecs * LANES;

	products_sum(plan, patch, weight + filter * PRODUCTS * plan->filters1, bias + filter, sum,
	             together, vecs);
	for (int v = vecs - 1; v >= 0; v--)
		for (int x = 0; x < WINDOWS; x++) {
			vf z[4];
			window_of_sums(sum + x * filters + v * LANES, (size_t)(WINDOWS * filters), z);
			pool_window(plan, z, base + 2 * y * plan->row1 + 2 * x * plan->filters1,
			            filter + v * LANES, y * WINDOWS + x, flat, marks);
		}
}

/* The last filters first: see all_groups_forward. */
INLINE void all_groups_winograd(const struct plan *plan, const float *map1, int32_t base,
                                const float *weight, const float *bias, float *flat,
                                struct marks marks)
{
	float patch[PRODUCTS * WINDOWS * CHANNELS_MAX] __attribute__((aligned(64)));
	const int wide = plan->padded2 / (CONV_VECS * LANES) * (CONV_VECS * LANES);

	marks_clear(plan, marks);
	for (int y = 0; y < WINDOWS; y++) {
		for (int x = 0; x < WINDOWS; x++)
			for (int c = 0; c < plan->padded1; c += LANES)
				patch_forward(plan, map1 + 2 * y * plan->row1 + 2 * x * plan->filters1 + c,
				              patch + x * plan->padded1 + c, (size_t)(WINDOWS * plan->padded1));
		for (int f = plan->padded2 - LANES; f >= wide; f -= LANES)
			group_winograd(plan, patch, base, weight, bias, f, y, flat, marks, 2, 1);
		for (int f = wide - CONV_VECS * LANES; f >= 0; f -= CONV_VECS * LANES)
			group_winograd(plan, patch, base, weight, bias, f, y, flat, marks,
			               CONV_VECS == 1 ? 2 : 1, CONV_VECS);
	}
}

static void winograd_forward(const struct plan *plan, const float *map1, int32_t base,
                             const float *weight, const float *bias, float *flat,
                             struct marks marks)
{
	WITH_PLAN(plan, all_groups_winograd(known, map1, base, weight, bias, flat, marks));
}

/* G on three numbers. */
static void filter_combine(const float *in, size_t stride, float *out)
{
	const float a = in[0], b = in[stride], c = in[2 * stride];

	out[0] = a;
	out[1] = 0.5F * (a + b + c);
	out[2] = 0.5F * (a - b + c);
	out[3] = c;
}

/* forward: [group of vectors][product][c][filter of the group]; shifted: as conv2_arrange. */
static void winograd_arrange(const struct plan *plan, int filter, const float *weight,
                             float *forward, float *shifted)
{
	const int taps = PRODUCTS * plan->filters1, width = group_width(plan, filter);
	float *column = forward + filter / width * width * taps + filter % width;

	for (int c = 0; c < plan->filters1; c++) {
		float rows[3][PATCH];
		for (int ky = 0; ky < 3; ky++)
			filter_combine(weight + ky * plan->run_padded + c, (size_t)plan->filters1, rows[ky]);
		for (int x = 0; x < PATCH; x++) {
			float out[PATCH];
			filter_combine(&rows[0][x], PATCH, out);
			for (int y = 0; y < PATCH; y++)
				column[((y * PATCH + x) * plan->filters1 + c) * width] = out[y];
		}
	}
	arrange_shifted(plan, filter, weight, shifted);
}
