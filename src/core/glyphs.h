/* SPDX-License-Identifier: MIT */
/* The skeletons of the synthetic digits: how a pen moves to write each of them. */
#ifndef CORE_GLYPHS_H
#define CORE_GLYPHS_H

#include <stddef.h>
#include <stdint.h>

enum { GLYPH_KNOTS_MAX = 20 };

/* The pen passes through all knots on a smooth curve, turns sharply at a corner, and is lifted
 * after an end. */
enum knot_kind { SMOOTH, CORNER, END };

struct knot {
	int8_t x, y; /* about 0..70 to the right, 0..100 down */
	int8_t kind;
};

struct glyph {
	int digit;
	int weight; /* how often it is written, against the other glyphs of this digit */
	size_t count;
	const struct knot *knots;
};

extern const struct glyph glyphs[];
extern const size_t glyph_count; /* sorted by digit */

#endif
