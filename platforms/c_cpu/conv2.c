/* SPDX-License-Identifier: MIT */
/*
 * conv2, ReLU and max pool in one pass; the gradients of conv2's weights and of its input.
 *
 *   z[f][y][x]  = bias[f] + sum over ky, kx, c of weight[f][c][ky][kx] in[c][y + ky][x + kx]
 *   p[f][y][x]  = max(0, z[f][2y + r][2x + q], r and q in 0..1), the first maximum in row-major order
 *   live(f, y, x): p > 0; (r, q) is then the cell that the gradient comes through
 *   dweight[f][c][ky][kx] = sum over live (y, x) of dp[f][y][x] in[c][2y + r + ky][2x + q + kx]
 *   dbias[f]              = sum over live (y, x) of dp[f][y][x]
 *   din[c][2y + r + ky][2x + q + kx] += dp[f][y][x] weight[f][c][ky][kx] for every live (f, y, x)
 *
 * Layouts: kernels.h.  A row of a window of `in` is one run of fsize * filters1 floats, so the
 * loops over kx and c are one.  Forward: lanes are filters, and the sums of a tile of pixels stay
 * in registers.  Backward: lanes are the elements of a run.
 *
 * Exact savings: an odd last row and column of z is never pooled and not computed.  Backward goes
 * over live windows only (0.69 of them on MNIST), and each is one pixel of the grid before the pool.
 *
 * Default shape, a sample: forward 115,200 multiply-adds, 4,608 bytes read; each gradient 28,800
 * times the share of live windows, with a load for every vector of them (38,400 with what pads a run to
 * whole vectors: din always, dweight with 16 lanes).
 */
#include "kernels.h"
#include "simd.h"
#include "core/model.h"

_Static_assert(CONV_PIXELS <= 12 && SPARSE_VECS <= 8, "the switches below have cases for these");

enum {
	WIDTH_MAX = MODEL_SIDE / 2,              /* pixels of a row of z */
	ROW_MAX = WIDTH_MAX * CONV_VECS * LANES, /* floats of a row of z, one group of filters */
	RUNS = 3,                                /* rows of a tile of the backward pass */
};

/* ---- Forward ---- */

/*
 * z of `rows` x `pixels` pixels from `in` on, vecs * LANES filters, to out[row][pixel][filter].  A
 * tile of CONV_VECS vectors has one row, a tile of one vector two: enough sums to hide the latency
 * of 4 cycles x 2 units.
 */
INLINE void forward_tile(const struct plan *plan, const float *in, const float *weight,
                         const float *bias, float *out, size_t out_row, const int rows,
                         const int pixels, const int vecs)
{
	/* One index for row and pixel: three nested loops over an array keep clang from registers. */
	vf sum[2 * CONV_PIXELS][CONV_VECS];
	const size_t pixel = (size_t)plan->filters1, row1 = (size_t)plan->row1;

	EACH (i, rows * pixels)
		EACH (v, vecs)
			sum[i][v] = vf_load(bias + v * LANES);
	for (int ky = 0; ky < plan->fsize; ky++, in += row1) {
		for (int j = 0; j < plan->run; j++, weight += vecs * LANES) {
			vf w[CONV_VECS];
			EACH (v, vecs)
				w[v] = vf_load(weight + v * LANES);
			EACH (i, rows * pixels) {
				size_t at = (size_t)(i / pixels) * row1 + (size_t)(i % pixels) * pixel;
				vf x = vf_set(in[at + (size_t)j]);
				EACH (v, vecs)
					sum[i][v] = vf_fma(x, w[v], sum[i][v]);
			}
		}
	}
	EACH (i, rows * pixels) {
		float *z = out + (size_t)(i / pixels) * out_row + i % pixels * vecs * LANES;
		EACH (v, vecs)
			vf_store(z + v * LANES, sum[i][v]);
	}
}

INLINE void forward_pixels(const struct plan *plan, const float *in, const float *weight,
                           const float *bias, float *out, int pixels, const int rows,
                           const int vecs)
{
#define TILE(n)                                                                                    \
	case n:                                                                                        \
		if (n <= CONV_PIXELS)                                                                      \
			forward_tile(plan, in, weight, bias, out, ROW_MAX, rows, n, vecs);                     \
		break
	switch (pixels) {
		TILE(1);
		TILE(2);
		TILE(3);
		TILE(4);
		TILE(5);
		TILE(6);
		TILE(7);
		TILE(8);
		TILE(9);
		TILE(10);
		TILE(11);
		TILE(12);
	}
#undef TILE
}

/* Two rows of z, one group of filters, in tiles of about equal width. */
INLINE void forward_rows(const struct plan *plan, const float *in, const float *weight,
                         const float *bias, float *z, const int rows, const int vecs)
{
	int width = 2 * plan->side2, tiles = (width + CONV_PIXELS - 1) / CONV_PIXELS;
	for (int r = 0; r < 2; r += rows)
		for (int tile = 0; tile < tiles; tile++) {
			int from = width * tile / tiles, to = width * (tile + 1) / tiles;
			forward_pixels(plan, in + r * plan->row1 + from * plan->filters1, weight, bias,
			               z + r * ROW_MAX + from * vecs * LANES, to - from, rows, vecs);
		}
}

/* ReLU and max pool of one window, filters from `filter` on.  z: its pixels in row-major order. */
INLINE void pool_window(const struct plan *plan, const vf *z, int32_t base, int filter,
                        int position, float *flat, struct marks marks)
{
	const vf above_left = z[0], above_right = z[1], below_left = z[2], below_right = z[3];
	vm right_above = vf_greater(above_right, above_left);
	vm right_below = vf_greater(below_right, below_left);
	vf above = vf_max(above_right, above_left), below = vf_max(below_right, below_left);
	vm down = vf_greater(below, above);
	vf most = vf_max(vf_set(0.0F), vf_max(below, above));
	size_t at = (size_t)(position * plan->filters2 + filter);

	vi above_offset = vi_choose(right_above, vi_set(plan->filters1), vi_set(0));
	vi below_offset =
		vi_choose(right_below, vi_set(plan->row1 + plan->filters1), vi_set(plan->row1));
	vf_store(flat + at, most);
	vi_store(marks.offset + at, vi_add(vi_choose(down, below_offset, above_offset), vi_set(base)));

	uint64_t lower = vm_bits(down);
	uint64_t right = (vm_bits(right_below) & lower) | (vm_bits(right_above) & ~lower);
	marks.live[position] |= (uint64_t)vm_bits(vf_greater(most, vf_set(0.0F))) << filter;
	marks.down[position] |= lower << filter;
	marks.right[position] |= right << filter;
}

/* A row of pooled pixels, one group of vecs vectors of filters. */
INLINE void group_forward(const struct plan *plan, const float *map1, int32_t base,
                          const float *weight, const float *bias, int filter, int y, float *flat,
                          struct marks marks, const int rows, const int vecs)
{
	float z[2 * ROW_MAX] __attribute__((aligned(64)));
	const float *in = map1 + 2 * y * plan->row1;
	const int taps = plan->fsize * plan->run;

	forward_rows(plan, in, weight + filter * taps, bias + filter, z, rows, vecs);
	for (int v = vecs - 1; v >= 0; v--)
		for (int x = 0; x < plan->side2; x++) {
			const float *above = z + (2 * x * vecs + v) * LANES, *below = above + ROW_MAX;
			const vf window[] = {vf_load(above), vf_load(above + vecs * LANES), vf_load(below),
			                     vf_load(below + vecs * LANES)};
			pool_window(plan, window, base + 2 * y * plan->row1 + 2 * x * plan->filters1,
			            filter + v * LANES, y * plan->side2 + x, flat, marks);
		}
}

INLINE void marks_clear(const struct plan *plan, struct marks marks)
{
	memset(marks.live, 0, (size_t)plan->positions * sizeof(*marks.live));
	memset(marks.down, 0, (size_t)plan->positions * sizeof(*marks.down));
	memset(marks.right, 0, (size_t)plan->positions * sizeof(*marks.right));
}

/* The last filters first: where their vectors end past a pixel, the next pixel is written later. */
INLINE void all_groups_forward(const struct plan *plan, const float *map1, int32_t base,
                               const float *weight, const float *bias, float *flat,
                               struct marks marks)
{
	const int wide = plan->padded2 / (CONV_VECS * LANES) * (CONV_VECS * LANES);

	marks_clear(plan, marks);
	for (int y = 0; y < plan->side2; y++) {
		for (int f = plan->padded2 - LANES; f >= wide; f -= LANES)
			group_forward(plan, map1, base, weight, bias, f, y, flat, marks, 2, 1);
		for (int f = wide - CONV_VECS * LANES; f >= 0; f -= CONV_VECS * LANES)
			group_forward(plan, map1, base, weight, bias, f, y, flat, marks, CONV_VECS == 1 ? 2 : 1,
			              CONV_VECS);
	}
}

static void conv2_forward(const struct plan *plan, const float *map1, int32_t base,
                          const float *weight, const float *bias, float *flat, struct marks marks)
{
	WITH_PLAN(plan, all_groups_forward(known, map1, base, weight, bias, flat, marks));
}

/* Filters of the group that this one is in. */
static int group_width(const struct plan *plan, int filter)
{
	const int group = CONV_VECS * LANES;
	return filter < plan->padded2 / group * group ? group : LANES;
}

/*
 * shifted: [filter][q][ky][run with q pixels of zeros in front]: a window whose cell is in column q of
 * the pooling window adds whole rows of fsize + 1 pixels, whatever q is.
 */
static void arrange_shifted(const struct plan *plan, int filter, const float *weight,
                            float *shifted)
{
	const size_t table = (size_t)(plan->fsize * plan->wide);
	float *left = shifted + (size_t)(2 * filter) * table, *right = left + table;

	for (int ky = 0; ky < plan->fsize; ky++)
		for (int j = 0; j < plan->run; j++) {
			left[ky * plan->wide + j] = weight[ky * plan->run_padded + j];
			right[ky * plan->wide + plan->filters1 + j] = weight[ky * plan->run_padded + j];
		}
}

/* forward: [group of vectors][ky][kx, c][filter of the group]. */
static void conv2_arrange(const struct plan *plan, int filter, const float *weight, float *forward,
                          float *shifted)
{
	const int taps = plan->fsize * plan->run, width = group_width(plan, filter);
	float *column = forward + filter / width * width * taps + filter % width;

	for (int ky = 0; ky < plan->fsize; ky++)
		for (int j = 0; j < plan->run; j++)
			column[(ky * plan->run + j) * width] = weight[ky * plan->run_padded + j];
	arrange_shifted(plan, filter, weight, shifted);
}

/* ---- Backward ---- */

/*
 * A live pooling window (f, y, x) sends its whole delta d through one cell (r, q).  That cell saw a patch
 * of fsize x fsize pixels of `in`, whose corner is pixel (2y + r, 2x + q): marks.offset.
 *
 *   dweight[f]   += d patch            for each filter: over its live pooling windows
 *   din at patch += d weight[f]        for each pooling window: over the filters that are live in it
 *
 * Both add scaled rows of floats over the bits of a mask, so both keep what they add to in registers (a
 * tile of rows x vecs vectors), and load each vector of the source once.  dweight goes filter by filter,
 * and so wants the masks turned: forward they are made pooling window by pooling window.
 *
 * din's patches begin in column 2x or 2x + 1.  For all filters to share one tile of sums, the tile takes
 * both: fsize + 1 pixels from column 2x on, and the weights stand in two tables, with a pixel of zeros
 * before or behind (arrange_shifted): q chooses the table, and no branch or offset is left.  r does change
 * where the tile lies, so each pooling window has one for its upper and one for its lower row.
 *
 * By default: fsize 3, 8 channels, so a row of a patch is 24 floats, 3 vectors of 8, and dweight's tile
 * 3 x 3 vectors; din's rows are 32 floats, its tile 3 x 4.  Cell (1, 1) of pooling window (y, x): rows
 * 2y + 1 .. 2y + 3 of `in`, floats 8 (2x + 1) .. 8 (2x + 1) + 23 of each; table 1, whose first 8 are zero.
 */
typedef vf tile_sums[RUNS][SPARSE_VECS];

INLINE void tile_load(tile_sums sum, const float *at, size_t stride, const int rows, const int vecs)
{
	EACH (r, rows) {
		EACH (v, vecs)
			sum[r][v] = vf_load(at + v * LANES);
		at += stride;
	}
}

INLINE void tile_store(tile_sums sum, float *at, size_t stride, const int rows, const int vecs)
{
	EACH (r, rows) {
		EACH (v, vecs)
			vf_store(at + v * LANES, sum[r][v]);
		at += stride;
	}
}

INLINE void tile_add(tile_sums sum, vf d, const float *source, size_t stride, const int rows,
                     const int vecs)
{
	EACH (r, rows) {
		EACH (v, vecs)
			sum[r][v] = vf_fma(d, vf_load(source + v * LANES), sum[r][v]);
		source += stride;
	}
}

/*
 * A matrix of fsize rows of `vecs` vectors is cut into tiles of up to RUNS rows and SPARSE_VECS
 * vectors.  TILE_CALL(rows, vecs, row, vector) does one, with constant sizes.
 */
#define TILE_OF(rows, n)                                                                           \
	case n:                                                                                        \
		if (n <= SPARSE_VECS)                                                                      \
			TILE_CALL(rows, n, row, vector);                                                       \
		break
#define TILE_ROW(rows)                                                                             \
	switch (width) {                                                                               \
		TILE_OF(rows, 1);                                                                          \
		TILE_OF(rows, 2);                                                                          \
		TILE_OF(rows, 3);                                                                          \
		TILE_OF(rows, 4);                                                                          \
		TILE_OF(rows, 5);                                                                          \
		TILE_OF(rows, 6);                                                                          \
		TILE_OF(rows, 7);                                                                          \
		TILE_OF(rows, 8);                                                                          \
	}
#define TILES(fsize, vecs)                                                                         \
	for (int vector = 0, width; vector < (vecs); vector += width) {                                \
		int row = 0;                                                                               \
		width = tile_width((vecs)-vector);                                                         \
		for (; row + RUNS <= (fsize); row += RUNS)                                                 \
			TILE_ROW(3)                                                                            \
		if ((fsize)-row == 2)                                                                      \
			TILE_ROW(2)                                                                            \
		if ((fsize)-row == 1)                                                                      \
			TILE_ROW(1)                                                                            \
	}

/* Of the next tile, where `left` vectors are left: about equal widths. */
static int tile_width(int left)
{
	int parts = (left + SPARSE_VECS - 1) / SPARSE_VECS;
	return (left + parts - 1) / parts;
}

/* One tile of dweight of every filter.  mask[f]: the live windows of filter f. */
INLINE void gradient_tile(const struct plan *plan, const float *in, const int32_t *offset,
                          const float *delta, const uint64_t *mask, float *weight, const int rows,
                          const int vecs)
{
	const size_t row1 = (size_t)plan->row1, filters2 = (size_t)plan->filters2;
	const size_t run = (size_t)plan->run_padded;

	for (size_t f = 0; f < filters2; f++, weight += (size_t)plan->fsize * run) {
		tile_sums sum;
		tile_load(sum, weight, run, rows, vecs);
		for (uint64_t windows = mask[f]; windows != 0; windows &= windows - 1) {
			size_t i = (size_t)__builtin_ctzll(windows) * filters2 + f;
			tile_add(sum, vf_set(delta[i]), in + offset[i], row1, rows, vecs);
		}
		tile_store(sum, weight, run, rows, vecs);
	}
}

/* One tile of din around one row of a pooling window, from the filters in `live`. */
INLINE void window_input(const struct plan *plan, const float *weight, const float *delta,
                         uint64_t live, uint64_t right, float *out, const int rows, const int vecs)
{
	const size_t row1 = (size_t)plan->row1, wide = (size_t)plan->wide;
	const size_t table = (size_t)plan->fsize * wide;
	tile_sums sum;

	tile_load(sum, out, row1, rows, vecs);
	for (; live != 0; live &= live - 1) {
		size_t f = (size_t)__builtin_ctzll(live);
		const float *source = weight + (2 * f + (right >> f & 1)) * table;
		tile_add(sum, vf_set(delta[f]), source, wide, rows, vecs);
	}
	tile_store(sum, out, row1, rows, vecs);
}

/* The same around all pooling windows. */
INLINE void input_tile(const struct plan *plan, struct marks marks, const float *weight,
                       const float *delta, float *out, const int rows, const int vecs)
{
	for (int y = 0, i = 0; y < plan->side2; y++, out += 2 * plan->row1) {
		float *window = out;
		for (int x = 0; x < plan->side2; x++, i++, window += 2 * plan->filters1) {
			uint64_t live = marks.live[i], down = marks.down[i], right = marks.right[i];
			window_input(plan, weight, delta, live & ~down, right, window, rows, vecs);
			window_input(plan, weight, delta, live & down, right, window + plan->row1, rows, vecs);
			delta += plan->filters2;
		}
	}
}

/* Bit j of byte i to bit i of byte j.  Source: Warren, "Hacker's Delight", transposing a bit matrix. */
static uint64_t turn_bits(uint64_t x)
{
	uint64_t t = (x ^ (x >> 7)) & 0x00AA00AA00AA00AAU;
	x ^= t ^ (t << 7);
	t = (x ^ (x >> 14)) & 0x0000CCCC0000CCCCU;
	x ^= t ^ (t << 14);
	t = (x ^ (x >> 28)) & 0x00000000F0F0F0F0U;
	return x ^ t ^ (t << 28);
}

/* From a mask of filters for each of `count` windows to a mask of windows for each filter. */
static void turn_masks(const struct plan *plan, const uint64_t *live, int count, uint64_t *mask)
{
	memset(mask, 0, 64 * sizeof(*mask));
	for (int f = 0; f < plan->filters2; f += 8) {
		for (int i = 0; i < count; i += 8) {
			uint64_t block = 0;
			for (int k = 0; k < 8 && i + k < count; k++)
				block |= (live[i + k] >> f & 0xFF) << (8 * k);
			block = turn_bits(block);
			for (int k = 0; k < 8; k++)
				mask[f + k] |= (block >> (8 * k) & 0xFF) << i;
		}
	}
}

/* dbias: lanes are filters.  delta is zero where a window is dead. */
INLINE void bias_gradient(const struct plan *plan, int windows, const float *delta, float *bias)
{
	for (int f = 0; f < plan->padded2; f += LANES) {
		vf sum = vf_load(bias + f);
		for (int i = 0; i < windows; i++)
			sum = vf_add(sum, vf_load(delta + i * plan->filters2 + f));
		vf_store(bias + f, sum);
	}
}

INLINE void tiles_gradient(const struct plan *plan, int samples, const float *base,
                           struct marks marks, const float *delta, float *weight, float *bias)
{
	const int windows = samples * plan->positions;
	uint64_t mask[64];

	turn_masks(plan, marks.live, windows, mask);
#define TILE_CALL(rows, n, row, vector)                                                            \
	gradient_tile(plan, base + (row)*plan->row1 + (vector)*LANES, marks.offset, delta, mask,       \
	              weight + (row)*plan->run_padded + (vector)*LANES, rows, n)
	TILES(plan->fsize, plan->run_padded / LANES)
#undef TILE_CALL
	bias_gradient(plan, windows, delta, bias);
}

static void conv2_gradient(const struct plan *plan, int samples, const float *base,
                           struct marks marks, const float *delta, float *weight, float *bias)
{
	WITH_PLAN(plan, tiles_gradient(known, samples, base, marks, delta, weight, bias));
}

INLINE void tiles_input(const struct plan *plan, struct marks marks, const float *delta,
                        const float *weight, float *delta_map1)
{
	memset(delta_map1, 0, plan->map1 * sizeof(*delta_map1));
#define TILE_CALL(rows, n, row, vector)                                                            \
	input_tile(plan, marks, weight + (row)*plan->wide + (vector)*LANES, delta,                     \
	           delta_map1 + (row)*plan->row1 + (vector)*LANES, rows, n)
	TILES(plan->fsize, plan->wide / LANES)
#undef TILE_CALL
}

static void conv2_input(const struct plan *plan, struct marks marks, const float *delta,
                        const float *weight, float *delta_map1)
{
	WITH_PLAN(plan, tiles_input(known, marks, delta, weight, delta_map1));
}
