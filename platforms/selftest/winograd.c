/* SPDX-License-Identifier: MIT */
#include "winograd.h"

#include "core/model.h"

#include <string.h>

/*
 * A tile of 2 x 2 outputs comes from n x n inputs, n = r + 1, by n^2 products where the plain form has
 * 4 r^2:
 *
 *     out = A ((G kernel G^T) . (B tile B^T)) A^T
 *
 * with the matrices of one dimension, in which m[0..n-1] are the products:
 *     r = 2: out = (m0 + m1, m1 - m2)
 *     r = 3: out = (m0 + m1 + m2, m1 - m2 - m3)
 * The input's sums and the kernel's halves round otherwise than the plain sum does.
 */
enum { N_MAX = 4, TILES_MAX = 14 * 14 };

struct filtering {
	size_t n, r;
	float g[N_MAX * 3], b[N_MAX * N_MAX], a[2 * N_MAX];
};

static const struct filtering filterings[] = {
	{
		.n = 3,
		.r = 2,
		.g = {1, 0, 1, 1, 0, 1},
		.b = {1, -1, 0, 0, 1, 0, 0, 1, -1},
		.a = {1, 1, 0, 0, 1, -1},
	},
	{
		.n = 4,
		.r = 3,
		.g = {1, 0, 0, .5f, .5f, .5f, .5f, -.5f, .5f, 0, 0, 1},
		.b = {1, 0, -1, 0, 0, 1, 1, 0, 0, -1, 1, 0, 0, 1, 0, -1},
		.a = {1, 1, 1, 0, 0, 1, -1, -1},
	},
};

/* out = m in m^T: `in` is cols x cols, `m` is rows x cols, `out` rows x rows. */
static void transform(size_t rows, size_t cols, const float *m, const float *in, float *out)
{
	float half[N_MAX * N_MAX];

	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < cols; j++) {
			half[i * cols + j] = 0;
			for (size_t k = 0; k < cols; k++)
				half[i * cols + j] += m[i * cols + k] * in[k * cols + j];
		}
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < rows; j++) {
			out[i * rows + j] = 0;
			for (size_t k = 0; k < cols; k++)
				out[i * rows + j] += half[i * cols + k] * m[j * cols + k];
		}
}

/* The tiles of one channel, transformed; beyond the image there is nothing. */
static void tiles_of(const struct filtering *f, const struct convolution *shape, const float *in,
                     float tiles[][N_MAX * N_MAX])
{
	size_t across = (shape->out_side + 1) / 2;

	for (size_t t = 0; t < across * across; t++) {
		float tile[N_MAX * N_MAX];

		for (size_t i = 0; i < f->n * f->n; i++) {
			size_t y = t / across * 2 + i / f->n, x = t % across * 2 + i % f->n;
			int inside = y < shape->in_side && x < shape->in_side;

			tile[i] = inside ? in[y * shape->in_side + x] : 0;
		}
		transform(f->n, f->n, f->b, tile, tiles[t]);
	}
}

/* Adds one channel's part of one filter's image. */
static void channel_add(const struct filtering *f, size_t side, const float *kernel,
                        const float tiles[][N_MAX * N_MAX], float *out)
{
	size_t across = (side + 1) / 2;
	float turned[N_MAX * N_MAX], product[N_MAX * N_MAX], result[4];

	transform(f->n, f->r, f->g, kernel, turned);
	for (size_t t = 0; t < across * across; t++) {
		for (size_t i = 0; i < f->n * f->n; i++)
			product[i] = turned[i] * tiles[t][i];
		transform(2, f->n, f->a, product, result);
		for (size_t i = 0; i < 4; i++) {
			size_t y = t / across * 2 + i / 2, x = t % across * 2 + i % 2;

			if (y < side && x < side)
				out[y * side + x] += result[i];
		}
	}
}

static void filter(const struct filtering *f, const struct convolution *shape, const float *in,
                   const float *weight, const float *bias, float *out)
{
	size_t side = shape->out_side, area = side * side, taps = f->r * f->r;
	float tiles[TILES_MAX][N_MAX * N_MAX];

	for (size_t i = 0; i < shape->filters * area; i++)
		out[i] = bias[i / area];
	for (size_t c = 0; c < shape->channels; c++) {
		tiles_of(f, shape, in + c * shape->in_side * shape->in_side, tiles);
		for (size_t k = 0; k < shape->filters; k++)
			channel_add(f, side, weight + (k * shape->channels + c) * taps, tiles, out + k * area);
	}
}

static void convolution(const struct convolution *shape, const float *in, const float *weight,
                        const float *bias, float *out)
{
	for (size_t i = 0; i < sizeof(filterings) / sizeof(filterings[0]); i++)
		if (filterings[i].r == shape->fsize) {
			filter(&filterings[i], shape, in, weight, bias, out);
			return;
		}
	layers_plain.convolution(shape, in, weight, bias, out);
}

const struct layers layers_winograd = {.convolution = convolution};
