/* SPDX-License-Identifier: MIT */
/*
 * What one instruction set provides: a table of kernels, and the numbers that lay out their arrays.
 *
 * The layouts (floats unless said; "padded" means up to a multiple of the lanes, with zeros):
 *
 *   map1     a sample's pool1 as far as conv2 reads it: [y][x][channel], side1 x side1, no padding.
 *            Vectors that end past a pixel's channels write zeros over the next pixel, which is
 *            written later; so every array has a vector of slack behind it.
 *   cell1    uint8, the same layout: where in its 2x2 window the maximum stood, 2 column + row
 *   flat     a sample's pool2: [y][x][channel].  The model's order is (channel, y, x): the columns
 *            of fc1.weight are permuted when weights go in and out (net.c), nowhere else.
 *   panels   a matrix [rows][columns] of the dense layers, cut into panels of `panel` columns:
 *            [panel][row][panel column].  `stride` is the distance of two panels in floats.
 *   conv1    weights [tap][filter padded], tap = ky fsize + kx
 *   conv2    weights [filter][ky][kx, channel padded together]: a row of a window of map1 is one
 *            run of fsize * filters1 floats
 */
#ifndef C_CPU_KERNELS_H
#define C_CPU_KERNELS_H

#include "core/model.h"

#include <stddef.h>
#include <stdint.h>

enum {
	SLACK = 64, /* floats or bytes behind an array: vectors may end there */
	LINE = 64,  /* bytes of a cache line; also the unit that arrays are rounded up to */
};

struct plan {
	int filters1, filters2, fsize, hidden, flat;
	int side1;     /* of pool1 as far as conv2 reads it: 12 by default */
	int side2;     /* of pool2: 5 */
	int positions; /* side2 * side2 */
	int row1;      /* floats of a row of map1: side1 * filters1 */
	int padded1;   /* filters1, padded */
	int padded2;
	int run;        /* floats of a row of a window of map1: fsize * filters1 */
	int run_padded; /* a row of conv2's weights */
	int wide;       /* (fsize + 1) * filters1, padded: a row of conv2's shifted weights */
	size_t map1;    /* elements of a sample's map, with slack */
};

/* All but `hidden`, `flat` and the sizes of whole arrays, by the formulas above. */
static inline __attribute__((always_inline)) struct plan plan_of(int filters1, int filters2,
                                                                 int fsize, int lanes)
{
#define ROUND_UP(n) (((n) + lanes - 1) / lanes * lanes)
	const int side2 = ((MODEL_SIDE - fsize + 1) / 2 - fsize + 1) / 2, side1 = 2 * side2 + fsize - 1;

	return (struct plan){
		.filters1 = filters1,
		.filters2 = filters2,
		.fsize = fsize,
		.side1 = side1,
		.side2 = side2,
		.positions = side2 * side2,
		.row1 = side1 * filters1,
		.padded1 = ROUND_UP(filters1),
		.padded2 = ROUND_UP(filters2),
		.run = fsize * filters1,
		.run_padded = ROUND_UP(fsize * filters1),
		.wide = ROUND_UP((fsize + 1) * filters1),
		.map1 = (size_t)((side1 * side1 * filters1 + SLACK + LINE - 1) / LINE * LINE),
	};
#undef ROUND_UP
}

/* What the forward pass of conv2 leaves for the backward pass; all of one sample. */
struct marks {
	int32_t *offset; /* [position][filter]: where the window of the maximum starts, from `base` */
	uint64_t *live;  /* [position]: bit f: filter f came out of ReLU above zero */
	uint64_t *down;  /* its maximum stands in the lower row, */
	uint64_t *right; /* in the right column of the pooling window */
};

/* c[row][n] = sum over i < k of a[row][i] b[i][n], the sums then changed as said. */
struct product {
	const float *a, *b, *bias, *gate; /* bias: added first; gate: zero where it is not > 0 */
	float *c;                         /* a, c, gate: panels; b: [panel of n][i][column] */
	size_t a_stride, b_stride, c_stride, gate_stride;
	int rows, k, panels; /* panels: of c */
	int relu;
};

/* Weights of one dense block and all that an update of it touches. */
struct dense_block {
	float *weight, *velocity; /* [row][panel column] */
	float *turned;            /* the copy [panel column][row], rows of `panel` floats */
	int rows;                 /* 1..panel */
};

struct step {
	float rate, momentum;
};

struct kernels {
	const char *name; /* the instruction set */
	const char *conv; /* how conv2 goes forward: direct (conv2.c) or winograd (conv2_winograd.c) */
	int lanes, panel;
	const struct kernels *winograd; /* of direct: the same but for that */

	/* pool1 = max pool(ReLU(conv1(image))) */
	void (*conv1_forward)(const struct plan *plan, const uint8_t *image, const float *weight,
	                      const float *bias, float *scratch, float *map1, uint8_t *cell1);
	/* Add to the gradients of conv1 those of one sample; delta: of map1. */
	void (*conv1_gradient)(const struct plan *plan, const uint8_t *image, const float *map1,
	                       const uint8_t *cell1, const float *delta, float *scratch, float *pairs,
	                       float *weight, float *bias);

	/* Products of conv2's forward pass for a window and channel, and as many weights of a filter and
	 * channel; 0: direct, 4 fsize^2 and fsize^2. */
	int window_products;
	/* weight: conv2_arrange's `forward` */
	void (*conv2_forward)(const struct plan *plan, const float *map1, int32_t base,
	                      const float *weight, const float *bias, float *flat, struct marks marks);
	/* Add to the gradients of conv2 those of `samples` samples, samples * positions <= 64.  delta: of
	 * flat, [sample][position][filter], zero where ReLU was dead.  base: where offsets start. */
	void (*conv2_gradient)(const struct plan *plan, int samples, const float *base,
	                       struct marks marks, const float *delta, float *weight, float *bias);
	/* delta of map1 from that of flat, one sample; weight: conv2_arrange's `shifted` */
	void (*conv2_input)(const struct plan *plan, struct marks marks, const float *delta,
	                    const float *weight, float *delta_map1);
	/* The two tables of conv2's weights that conv2_forward and conv2_input read, for one filter. */
	void (*conv2_arrange)(const struct plan *plan, int filter, const float *weight, float *forward,
	                      float *shifted);

	void (*dense_product)(const struct product *product);
	/* One block of a dense layer: gradient[m][n] = sum over rows of a[row][m] b[row][n], one panel
	 * of each, then the update of the weights. */
	void (*dense_update)(const float *a, const float *b, size_t rows,
	                     const struct dense_block *block, struct step step);
	/* sum[n] = sum over rows of a[row][n], one panel. */
	void (*dense_sum)(const float *a, size_t rows, float *sum);
	/* One row of a matrix into panels and out of them; whole panels are moved. */
	void (*panels_put)(const float *row, float *panels, size_t stride, int count);
	void (*panels_get)(const float *panels, size_t stride, float *row, int count);

	/* Softmax cross-entropy of `rows` rows of logits, one panel, MODEL_CLASSES columns in use and
	 * the others -infinity.  loss and hit: one a row.  The logits become scale * (p - onehot). */
	void (*head)(float *logits, int rows, const uint8_t *label, float scale, double *loss,
	             uint8_t *hit);

	/* v = momentum v + g; w -= rate v, where g = the sum of `terms` arrays `stride` floats apart. */
	void (*update)(float *weight, float *velocity, const float *gradient, int count, size_t terms,
	               size_t stride, struct step step);
};

extern const struct kernels kernels_avx512, kernels_avx2, kernels_neon, kernels_generic,
	kernels_generic16;

#endif
