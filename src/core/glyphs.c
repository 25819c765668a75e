/* SPDX-License-Identifier: MIT */
#include "core/glyphs.h"

/* clang-format off */

#define VIA(x, y) {x, y, SMOOTH}
#define TURN(x, y) {x, y, CORNER}
#define LIFT(x, y) {x, y, END}

static const struct knot zero_oval[] = {
	VIA(38, 2), VIA(16, 12), VIA(4, 48), VIA(16, 88), VIA(36, 99), VIA(58, 86), VIA(67, 48),
	VIA(56, 12), LIFT(36, 1),
};
static const struct knot zero_overlapping[] = {
	VIA(48, 8), VIA(28, 5), VIA(8, 38), VIA(7, 74), VIA(28, 99), VIA(54, 84), VIA(64, 44),
	VIA(52, 12), VIA(32, 3), LIFT(20, 14),
};
static const struct knot one_plain[] = {
	VIA(35, 0), VIA(35, 34), VIA(35, 66), LIFT(35, 100),
};
static const struct knot one_with_flag[] = {
	VIA(14, 22), VIA(26, 13), TURN(37, 0), VIA(37, 34), VIA(37, 66), LIFT(37, 100),
};
static const struct knot one_with_foot[] = {
	VIA(14, 22), VIA(26, 13), TURN(37, 0), VIA(37, 50), LIFT(37, 99), VIA(10, 100),
	VIA(36, 99), LIFT(64, 99),
};
static const struct knot two_pointed[] = {
	VIA(6, 24), VIA(20, 5), VIA(42, 1), VIA(58, 18), VIA(52, 42), VIA(30, 70), TURN(4, 97),
	VIA(36, 94), LIFT(66, 97),
};
static const struct knot two_looped[] = {
	VIA(8, 20), VIA(24, 3), VIA(48, 4), VIA(58, 24), VIA(44, 56), VIA(20, 88), VIA(6, 94),
	VIA(4, 83), VIA(16, 78), VIA(38, 91), LIFT(68, 92),
};
static const struct knot two_angular[] = {
	VIA(4, 12), VIA(30, 2), VIA(58, 6), VIA(50, 34), VIA(28, 66), TURN(2, 95), VIA(34, 92),
	LIFT(68, 96),
};
static const struct knot three_round[] = {
	VIA(6, 14), VIA(28, 0), VIA(52, 10), VIA(48, 36), TURN(22, 47), VIA(52, 52),
	VIA(63, 74), VIA(46, 97), VIA(20, 99), LIFT(2, 86),
};
static const struct knot three_flat[] = {
	VIA(6, 3), VIA(30, 3), TURN(58, 2), VIA(42, 22), TURN(28, 40), VIA(54, 49), VIA(63, 74),
	VIA(42, 98), VIA(16, 98), LIFT(2, 87),
};
static const struct knot four_open[] = {
	VIA(14, 6), VIA(9, 34), TURN(6, 56), VIA(36, 57), LIFT(68, 54), VIA(54, 2), VIA(52, 50),
	LIFT(48, 100),
};
static const struct knot four_bowl[] = {
	VIA(9, 4), VIA(6, 36), VIA(20, 55), VIA(44, 52), LIFT(60, 40), VIA(63, 0), VIA(60, 50),
	LIFT(56, 100),
};
static const struct knot four_closed[] = {
	VIA(48, 1), VIA(26, 34), TURN(4, 66), VIA(36, 66), LIFT(70, 64), VIA(48, 1),
	VIA(47, 50), LIFT(46, 100),
};
static const struct knot five_hat[] = {
	VIA(14, 4), VIA(12, 24), TURN(10, 44), VIA(34, 37), VIA(60, 54), VIA(58, 84),
	VIA(32, 100), LIFT(2, 90), VIA(14, 4), VIA(40, 3), LIFT(64, 2),
};
static const struct knot five_single[] = {
	VIA(64, 2), VIA(40, 3), TURN(18, 4), VIA(15, 24), TURN(11, 44), VIA(38, 38),
	VIA(61, 58), VIA(52, 90), VIA(26, 100), LIFT(2, 88),
};
static const struct knot five_curved[] = {
	VIA(62, 3), VIA(36, 5), VIA(16, 22), VIA(26, 43), VIA(54, 60), VIA(52, 88),
	VIA(26, 100), LIFT(2, 90),
};
static const struct knot six_curved[] = {
	VIA(52, 2), VIA(24, 22), VIA(6, 58), VIA(14, 90), VIA(36, 100), VIA(58, 84),
	VIA(54, 62), VIA(32, 56), LIFT(11, 74),
};
static const struct knot six_straight[] = {
	VIA(38, 0), VIA(18, 36), VIA(4, 74), VIA(18, 98), VIA(46, 96), VIA(58, 76), VIA(42, 60),
	VIA(18, 66), LIFT(6, 80),
};
static const struct knot six_wide[] = {
	VIA(32, 0), VIA(9, 34), VIA(5, 72), VIA(26, 98), VIA(56, 92), VIA(66, 70), VIA(48, 55),
	VIA(25, 66), LIFT(20, 86),
};
static const struct knot seven_plain[] = {
	VIA(4, 7), VIA(34, 5), TURN(64, 4), VIA(48, 34), VIA(36, 66), LIFT(28, 100),
};
static const struct knot seven_barred[] = {
	VIA(4, 6), VIA(34, 5), TURN(64, 4), VIA(48, 34), VIA(36, 66), LIFT(28, 100),
	VIA(22, 50), VIA(40, 48), LIFT(60, 46),
};
static const struct knot seven_hooked[] = {
	VIA(4, 24), TURN(8, 5), VIA(36, 6), TURN(64, 3), VIA(44, 34), VIA(34, 66), LIFT(32, 100),
};
static const struct knot seven_curved[] = {
	VIA(2, 13), VIA(22, 3), VIA(58, 6), VIA(52, 30), VIA(36, 62), LIFT(30, 100),
};
static const struct knot eight_crossing[] = {
	VIA(57, 12), VIA(34, 0), VIA(12, 16), VIA(24, 40), VIA(50, 62), VIA(55, 86),
	VIA(30, 100), VIA(8, 84), VIA(18, 60), VIA(46, 38), LIFT(60, 12),
};
static const struct knot eight_two_rings[] = {
	VIA(34, 46), VIA(15, 36), VIA(16, 10), VIA(36, 0), VIA(54, 14), VIA(50, 38), LIFT(34, 46),
	VIA(34, 46), VIA(9, 62), VIA(9, 90), VIA(32, 100), VIA(60, 88), VIA(56, 60), LIFT(34, 46),
};
static const struct knot eight_open[] = {
	VIA(60, 6), VIA(38, 0), VIA(15, 12), VIA(24, 38), VIA(52, 64), VIA(49, 95), VIA(24, 98),
	VIA(13, 78), VIA(36, 50), LIFT(66, 20),
};
static const struct knot nine_straight[] = {
	VIA(58, 14), VIA(34, 0), VIA(9, 20), VIA(13, 44), VIA(36, 50), TURN(58, 16),
	VIA(56, 56), LIFT(48, 100),
};
static const struct knot nine_hooked[] = {
	VIA(56, 12), VIA(30, 1), VIA(8, 24), VIA(20, 48), VIA(46, 42), TURN(59, 12),
	VIA(61, 58), VIA(44, 94), LIFT(14, 96),
};
static const struct knot nine_looped[] = {
	VIA(52, 7), VIA(28, 1), VIA(8, 22), VIA(22, 44), VIA(48, 30), VIA(55, 8), VIA(54, 34),
	VIA(50, 68), LIFT(42, 100),
};

#define GLYPH(digit, weight, knots) {digit, weight, sizeof(knots) / sizeof(*knots), knots}

const struct glyph glyphs[] = {
	GLYPH(0, 3, zero_oval),      GLYPH(0, 2, zero_overlapping),
	GLYPH(1, 7, one_plain),      GLYPH(1, 2, one_with_flag),     GLYPH(1, 1, one_with_foot),
	GLYPH(2, 2, two_pointed),    GLYPH(2, 2, two_looped),        GLYPH(2, 1, two_angular),
	GLYPH(3, 4, three_round),    GLYPH(3, 1, three_flat),
	GLYPH(4, 2, four_open),      GLYPH(4, 2, four_bowl),         GLYPH(4, 1, four_closed),
	GLYPH(5, 2, five_hat),       GLYPH(5, 2, five_single),       GLYPH(5, 1, five_curved),
	GLYPH(6, 2, six_curved),     GLYPH(6, 1, six_straight),      GLYPH(6, 2, six_wide),
	GLYPH(7, 3, seven_plain),    GLYPH(7, 1, seven_barred),      GLYPH(7, 1, seven_hooked),
	GLYPH(7, 2, seven_curved),
	GLYPH(8, 2, eight_crossing), GLYPH(8, 1, eight_two_rings),   GLYPH(8, 1, eight_open),
	GLYPH(9, 2, nine_straight),  GLYPH(9, 1, nine_hooked),       GLYPH(9, 2, nine_looped),
};
const size_t glyph_count = sizeof(glyphs) / sizeof(*glyphs);
