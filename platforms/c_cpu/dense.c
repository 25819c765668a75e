/* SPDX-License-Identifier: MIT */
/*
 * The dense layers, on panels (kernels.h).  One product serves three passes, one block the rest:
 *
 *   forward      y[s][h]  = max(0, bias[h] + sum over i of x[s][i] weight[h][i])
 *   backward     dx[s][i] = sum over h of dy[s][h] weight[h][i], where x[s][i] > 0
 *   gradients    dweight[h][i] = sum over s of dy[s][h] x[s][i]
 *
 * The product wants the weights as panels of its output's columns: the master copy is in panels of
 * inputs (backward, gradients), and a turned copy in panels of outputs is renewed block by block
 * in the update, while the block is in L1.
 *
 * Lanes are output columns, a tile of TILE_ROWS x PANEL_VECS sums stays in registers: a step of k
 * loads PANEL_VECS vectors and broadcasts TILE_ROWS floats for their product's multiply-adds.  A
 * panel of weights is read once for a block of rows, a stretch of it after the other: each stays in
 * L1 meanwhile, and the sums go through memory in between.
 * Rows are cut evenly (32 into 6 + 5 + 5 + 5 + 6 + 5), which no sum depends on: each runs over k,
 * or over s, in order.
 *
 * Default shape, a sample: 3 x 51,200 multiply-adds in fc1, 3 x 1,280 in fc2 (2,048 with the
 * panel's padding).  No zero of ReLU is skipped: that was measured to be a wash.
 */
#include "kernels.h"
#include "simd.h"

/* Rows of one pass of the gradients: 128 of x and of dy are 16 KB with 16 columns, 32 KB with 32. */
enum { GRADIENT_ROWS = 128 };

/* Rows of a panel of weights that a product takes at once, for all rows of a: 14 KB with 16 columns, which
 * leaves room in L1 for the rows of a tile; 28 KB with 32.  A multiple of PANEL. */
enum { STRETCH = 224 };
_Static_assert(STRETCH % PANEL == 0, "a stretch begins with a panel of a");

#define ROW_CASE(n, call)                                                                          \
	case n:                                                                                        \
		if (n <= TILE_ROWS)                                                                        \
			call;                                                                                  \
		break

/* Rows of tile number `tile` when `rows` are cut into tiles of about equal size. */
INLINE int tile_from(int rows, int tile)
{
	int tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
	return rows * tile / tiles;
}

/* ---- Products ---- */

typedef vf dense_sums[TILE_ROWS][PANEL_VECS];

/* sum += a[row][j] b[j][column] for j < count, both within one panel of a. */
INLINE void product_add(dense_sums sum, const float *a, const float *b, int count, const int rows)
{
	for (int j = 0; j < count; j++, b += PANEL) {
		vf column[PANEL_VECS];
		EACH (v, PANEL_VECS)
			column[v] = vf_load(b + v * LANES);
		EACH (r, rows) {
			vf x = vf_set(a[r * PANEL + j]);
			EACH (v, PANEL_VECS)
				sum[r][v] = vf_fma(x, column[v], sum[r][v]);
		}
	}
}

/* The sums of a tile before element `from` of k: what is there already, or the bias. */
INLINE void tile_begin(const struct product *product, int panel, const float *c, int from,
                       dense_sums sum, const int rows)
{
	EACH (v, PANEL_VECS) {
		vf first = vf_set(0.0F);
		if (product->bias != NULL)
			first = vf_load(product->bias + panel * PANEL + v * LANES);
		EACH (r, rows)
			sum[r][v] = from > 0 ? vf_load(c + r * PANEL + v * LANES) : first;
	}
}

/* ReLU, or the gate of one, after the last element. */
INLINE void tile_end(const struct product *product, int panel, size_t at, dense_sums sum,
                     const int rows)
{
	if (product->relu)
		EACH (r, rows)
			EACH (v, PANEL_VECS)
				sum[r][v] = vf_max(vf_set(0.0F), sum[r][v]);
	if (product->gate == NULL)
		return;
	const float *gate = product->gate + (size_t)panel * product->gate_stride + at;
	EACH (r, rows)
		EACH (v, PANEL_VECS) {
			vf open = vf_load(gate + r * PANEL + v * LANES);
			sum[r][v] = vf_keep(vf_greater(open, vf_set(0.0F)), sum[r][v]);
		}
}

/* Elements from .. to - 1 of k; from is a multiple of PANEL. */
struct stretch {
	int from, to;
};

/* Rows from `row` on of one panel of c, one stretch of k. */
INLINE void product_tile(const struct product *product, int panel, int row, struct stretch part,
                         const int rows)
{
	const size_t at = (size_t)row * PANEL, first = (size_t)part.from;
	const float *a = product->a + at + first / PANEL * product->a_stride;
	const float *b = product->b + (size_t)panel * product->b_stride + first * PANEL;
	float *c = product->c + (size_t)panel * product->c_stride + at;
	dense_sums sum;

	tile_begin(product, panel, c, part.from, sum, rows);
	int k = part.to - part.from;
	for (; k >= PANEL; k -= PANEL, a += product->a_stride, b += PANEL * PANEL)
		product_add(sum, a, b, PANEL, rows);
	product_add(sum, a, b, k, rows);
	if (part.to == product->k)
		tile_end(product, panel, at, sum, rows);
	EACH (r, rows)
		EACH (v, PANEL_VECS)
			vf_store(c + r * PANEL + v * LANES, sum[r][v]);
}

static void product_rows(const struct product *product, int panel, int row, struct stretch part,
                         int rows)
{
	switch (rows) {
		ROW_CASE(1, product_tile(product, panel, row, part, 1));
		ROW_CASE(2, product_tile(product, panel, row, part, 2));
		ROW_CASE(3, product_tile(product, panel, row, part, 3));
		ROW_CASE(4, product_tile(product, panel, row, part, 4));
		ROW_CASE(5, product_tile(product, panel, row, part, 5));
		ROW_CASE(6, product_tile(product, panel, row, part, 6));
		ROW_CASE(7, product_tile(product, panel, row, part, 7));
		ROW_CASE(8, product_tile(product, panel, row, part, 8));
		ROW_CASE(9, product_tile(product, panel, row, part, 9));
		ROW_CASE(10, product_tile(product, panel, row, part, 10));
		ROW_CASE(11, product_tile(product, panel, row, part, 11));
		ROW_CASE(12, product_tile(product, panel, row, part, 12));
	}
}

static void dense_product(const struct product *product)
{
	for (int panel = 0; panel < product->panels; panel++)
		for (int from = 0, to; from < product->k; from = to) {
			to = product->k - from < STRETCH ? product->k : from + STRETCH;
			for (int tile = 0, row = 0; row < product->rows; tile++) {
				int next = tile_from(product->rows, tile + 1);
				product_rows(product, panel, row, (struct stretch){from, to}, next - row);
				row = next;
			}
		}
}

/* ---- Gradients and update ---- */

/* gradient[m][n] += sum over `count` rows s of a[s][m] b[s][n]. */
INLINE void gradient_block_tile(const float *a, const float *b, size_t count, float *gradient,
                                const int rows)
{
	dense_sums sum;
	EACH (r, rows)
		EACH (v, PANEL_VECS)
			sum[r][v] = vf_load(gradient + r * PANEL + v * LANES);
	for (size_t s = 0; s < count; s++, a += PANEL, b += PANEL) {
		vf column[PANEL_VECS];
		EACH (v, PANEL_VECS)
			column[v] = vf_load(b + v * LANES);
		EACH (r, rows) {
			vf x = vf_set(a[r]);
			EACH (v, PANEL_VECS)
				sum[r][v] = vf_fma(x, column[v], sum[r][v]);
		}
	}
	EACH (r, rows)
		EACH (v, PANEL_VECS)
			vf_store(gradient + r * PANEL + v * LANES, sum[r][v]);
}

static void gradient_block_rows(const float *a, const float *b, size_t count, float *gradient,
                                int rows)
{
	switch (rows) {
		ROW_CASE(1, gradient_block_tile(a, b, count, gradient, 1));
		ROW_CASE(2, gradient_block_tile(a, b, count, gradient, 2));
		ROW_CASE(3, gradient_block_tile(a, b, count, gradient, 3));
		ROW_CASE(4, gradient_block_tile(a, b, count, gradient, 4));
		ROW_CASE(5, gradient_block_tile(a, b, count, gradient, 5));
		ROW_CASE(6, gradient_block_tile(a, b, count, gradient, 6));
		ROW_CASE(7, gradient_block_tile(a, b, count, gradient, 7));
		ROW_CASE(8, gradient_block_tile(a, b, count, gradient, 8));
		ROW_CASE(9, gradient_block_tile(a, b, count, gradient, 9));
		ROW_CASE(10, gradient_block_tile(a, b, count, gradient, 10));
		ROW_CASE(11, gradient_block_tile(a, b, count, gradient, 11));
		ROW_CASE(12, gradient_block_tile(a, b, count, gradient, 12));
	}
}

/* The copy by which the forward product reads the block. */
static void block_turn(const struct dense_block *block)
{
	for (int n = 0; n < PANEL; n++)
		for (int m = 0; m < block->rows; m++)
			block->turned[n * PANEL + m] = block->weight[m * PANEL + n];
}

static void dense_update(const float *a, const float *b, size_t rows,
                         const struct dense_block *block, struct step step)
{
	float gradient[PANEL * PANEL] __attribute__((aligned(64))) = {0};

	for (size_t s = 0; s < rows; s += GRADIENT_ROWS) {
		size_t count = rows - s < GRADIENT_ROWS ? rows - s : GRADIENT_ROWS;
		for (int tile = 0, m = 0; m < block->rows; tile++) {
			int next = tile_from(block->rows, tile + 1);
			gradient_block_rows(a + s * PANEL + m, b + s * PANEL, count, gradient + m * PANEL,
			                    next - m);
			m = next;
		}
	}
	update(block->weight, block->velocity, gradient, block->rows * PANEL, 1, 0, step);
	block_turn(block);
}

/* Four sums in turn hide the latency of the additions. */
static void dense_sum(const float *a, size_t rows, float *total)
{
	for (int v = 0; v < PANEL_VECS; v++) {
		vf sum[4] = {vf_set(0.0F), vf_set(0.0F), vf_set(0.0F), vf_set(0.0F)};
		size_t s = 0;
		for (; s + 4 <= rows; s += 4)
			EACH (i, 4)
				sum[i] = vf_add(sum[i], vf_load(a + (s + (size_t)i) * PANEL + v * LANES));
		for (; s < rows; s++)
			sum[0] = vf_add(sum[0], vf_load(a + s * PANEL + v * LANES));
		vf_store(total + v * LANES, vf_add(vf_add(sum[0], sum[1]), vf_add(sum[2], sum[3])));
	}
}

/* ---- Rows in and out of panels ---- */

static void panels_put(const float *row, float *panels, size_t stride, int count)
{
	for (int i = 0; i < count; i += PANEL, panels += stride)
		for (int v = 0; v < PANEL; v += LANES)
			vf_store(panels + v, vf_load(row + i + v));
}

static void panels_get(const float *panels, size_t stride, float *row, int count)
{
	for (int i = 0; i < count; i += PANEL, panels += stride)
		for (int v = 0; v < PANEL; v += LANES)
			vf_store(row + i + v, vf_load(panels + v));
}
