/* SPDX-License-Identifier: MIT */
/*
 * A digit is drawn in these steps, all of them random within bounds:
 *
 *   1. a skeleton of its class is chosen, its knots are moved a little, a smooth curve is laid
 *      through them and cut into short segments;
 *   2. a smooth field of displacements bends it, an affine map slants, turns and stretches it;
 *   3. it is scaled into a box and centred by its ink, as MNIST's digits are;
 *   4. the pen: width, pressure along the way, a lift where it should not be;
 *   5. every pixel near the way gets ink by its distance to the nearest segment, then noise.
 *
 * The same bytes everywhere: doubles with + - * / and sqrt alone, which IEEE 754 rounds in one way
 * only; no contraction (-ffp-contract=off); no libm function, whose last bit differs between
 * systems; and every random number is drawn in a statement of its own, because C leaves the order
 * of calls within an expression open.
 */
#include "core/synth.h"

#include "core/glyphs.h"
#include "core/model.h"
#include "core/parallel.h"
#include "core/random.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

_Static_assert(FLT_EVAL_METHOD == 0, "doubles must be computed as doubles, or the digits differ");

enum {
	SIDE = MODEL_SIDE,
	STEPS = 6, /* segments between two knots */
	POINTS_MAX = GLYPH_KNOTS_MAX * STEPS,
	CELLS = 3, /* of the field of displacements, along each side */
	GRID = CELLS + 3,
};

/* Bounds of the random choices.  Chosen by trial such that the digits look written by hand, that
 * mean and deviation of the pixels come near MNIST's 0.1307 and 0.3081, and that the default
 * training finds them as hard as MNIST (docs/METHOD.md). */
static const double CARELESS_MIN = 0.5, CARELESS_MAX = 1.4, CARELESS_RARE = 0.9;
static const double KNOT_SHIFT = 3.0, BEND = 15.0;   /* units of the glyphs */
static const double SLANT_MEAN = 0.12, SLANT = 0.48; /* to the right, for each unit up */
static const double TURN = 0.14;                     /* tangent of half the angle */
static const double WIDTH_MIN = 0.75, WIDTH_MAX = 1.45;
static const double BOX_MIN = 17.0, BOX_MAX = 20.5; /* pixels, the longer side with its ink */
static const double SHIFT = 1.6;                    /* pixels */
static const double PEN_MIN = 0.85, PEN_MAX = 1.95; /* radius, pixels */
static const double PRESSURE = 0.25, LIFT_CHANCE = 0.08;
static const double SOFT_MIN = 0.7, SOFT_MAX = 1.3; /* pixels from full ink to none */
static const double INK_MIN = 0.92, NOISE = 0.08;

struct point {
	double x, y;
};

/* The way of the pen, cut into segments: from point i - 1 to point i where `down` is set. */
struct way {
	size_t count;
	struct point at[POINTS_MAX];
	bool down[POINTS_MAX];
	double radius[POINTS_MAX];
};

struct pen {
	double radius, softness, ink, noise;
};

/* Between -bound and +bound, small values more often. */
static double spread(struct random *random, double bound)
{
	double a = random_unit(random);
	double b = random_unit(random);
	return (a - b) * bound;
}

static double clamp(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}

/* ---- 1. the skeleton ---- */

static const struct glyph *choose_glyph(struct random *random, int digit)
{
	const struct glyph *first = glyphs;
	while (first->digit != digit)
		first++;
	uint64_t sum = 0;
	for (const struct glyph *glyph = first; glyph < glyphs + glyph_count && glyph->digit == digit;
	     glyph++)
		sum += (uint64_t)glyph->weight;
	uint64_t left = random_below(random, sum);
	const struct glyph *chosen = first;
	while (left >= (uint64_t)chosen->weight)
		left -= (uint64_t)chosen++->weight;
	return chosen;
}

static void add_point(struct way *way, struct point at, bool down)
{
	way->at[way->count] = at;
	way->down[way->count++] = down;
}

/* Source: Catmull, Rom, "A class of local interpolating splines", 1974; b to c, t in 0..1. */
static double spline(double a, double b, double c, double d, double t)
{
	return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/* The curve from knot i to i + 1.  At a corner or an end the neighbour beyond does not pull. */
static void trace_span(struct way *way, const struct glyph *glyph, const struct point *at, size_t i)
{
	bool begins = i == 0 || glyph->knots[i - 1].kind == END || glyph->knots[i].kind == CORNER;
	bool ends = glyph->knots[i + 1].kind != SMOOTH;
	struct point b = at[i], c = at[i + 1];
	struct point a = begins ? b : at[i - 1], d = ends ? c : at[i + 2];
	for (int step = 1; step <= STEPS; step++) {
		double t = step / (double)STEPS;
		struct point next = {spline(a.x, b.x, c.x, d.x, t), spline(a.y, b.y, c.y, d.y, t)};
		add_point(way, next, true);
	}
}

static void trace(struct way *way, const struct glyph *glyph, struct random *random,
                  double careless)
{
	struct point at[GLYPH_KNOTS_MAX];
	for (size_t i = 0; i < glyph->count; i++) {
		at[i].x = glyph->knots[i].x + spread(random, KNOT_SHIFT * careless);
		at[i].y = glyph->knots[i].y + spread(random, KNOT_SHIFT * careless);
	}
	way->count = 0;
	for (size_t i = 0; i < glyph->count; i++) {
		if (i == 0 || glyph->knots[i - 1].kind == END)
			add_point(way, at[i], false);
		if (glyph->knots[i].kind != END)
			trace_span(way, glyph, at, i);
	}
}

/* ---- 2. bending and the affine map ---- */

/* Between two values, with no kink where cells meet. */
static double blend(double a, double b, double t)
{
	return a + (b - a) * (t * t * (3 - 2 * t));
}

/* The uniform cubic B-spline's four weights at t in 0..1: smooth to the second derivative, so that
 * bent curves show no facets.  Source: de Boor, "A practical guide to splines", 1978. */
static void spline_weights(double t, double weights[4])
{
	double s = 1 - t;

	weights[0] = s * s * s / 6;
	weights[1] = (4 - t * t * (6 - 3 * t)) / 6;
	weights[2] = (4 - s * s * (6 - 3 * s)) / 6;
	weights[3] = t * t * t / 6;
}

/* `along` in 0..1: sets the weights, returns the first of the four grid lines that they go with. */
static int grid_line(double along, double weights[4])
{
	double cell = clamp(along, 0, 1) * CELLS;
	int first = cell < CELLS ? (int)cell : CELLS - 1;

	spline_weights(cell - first, weights);
	return first;
}

static struct point field_at(struct point grid[GRID][GRID], struct point at)
{
	double across[4], down[4];
	int column = grid_line(at.x / 70, across), row = grid_line(at.y / 100, down);
	struct point sum = {0, 0};

	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++) {
			double weight = down[i] * across[j];
			sum.x += weight * grid[row + i][column + j].x;
			sum.y += weight * grid[row + i][column + j].y;
		}
	return sum;
}

static void bend(struct way *way, struct random *random, double careless)
{
	struct point grid[GRID][GRID];
	for (int row = 0; row < GRID; row++)
		for (int column = 0; column < GRID; column++) {
			grid[row][column].x = spread(random, BEND * careless);
			grid[row][column].y = spread(random, BEND * careless);
		}
	for (size_t i = 0; i < way->count; i++) {
		struct point by = field_at(grid, way->at[i]);
		way->at[i].x += by.x;
		way->at[i].y += by.y;
	}
}

/* Cosine and sine come from the tangent of half the angle, which needs division only. */
static void map_affine(struct way *way, struct random *random, double careless)
{
	double half = spread(random, TURN * careless);
	double slant = SLANT_MEAN + spread(random, SLANT * careless);
	double width = random_between(random, WIDTH_MIN, WIDTH_MAX);
	double cosine = (1 - half * half) / (1 + half * half), sine = 2 * half / (1 + half * half);
	for (size_t i = 0; i < way->count; i++) {
		struct point at = way->at[i];
		double x = width * at.x - slant * at.y;
		way->at[i].x = cosine * x - sine * at.y;
		way->at[i].y = sine * x + cosine * at.y;
	}
}

/* ---- 3. into the image ---- */

static double extent(const struct way *way)
{
	struct point low = way->at[0], high = way->at[0];
	for (size_t i = 1; i < way->count; i++) {
		struct point at = way->at[i];
		low.x = at.x < low.x ? at.x : low.x;
		low.y = at.y < low.y ? at.y : low.y;
		high.x = at.x > high.x ? at.x : high.x;
		high.y = at.y > high.y ? at.y : high.y;
	}
	double x = high.x - low.x, y = high.y - low.y;
	return x > y ? x : y;
}

static double length(struct point a, struct point b)
{
	return sqrt((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y));
}

/* The centre of the segments, weighted by their lengths. */
static struct point centre(const struct way *way)
{
	struct point sum = {0, 0};
	double total = 0;
	for (size_t i = 1; i < way->count; i++) {
		if (!way->down[i])
			continue;
		double weight = length(way->at[i - 1], way->at[i]);
		total += weight;
		sum.x += weight * 0.5 * (way->at[i - 1].x + way->at[i].x);
		sum.y += weight * 0.5 * (way->at[i - 1].y + way->at[i].y);
	}
	return (struct point){sum.x / total, sum.y / total};
}

static void fit(struct way *way, struct random *random, double careless, double radius)
{
	double box = random_between(random, BOX_MIN, BOX_MAX);
	double x = SIDE / 2.0 + spread(random, SHIFT * careless);
	double y = SIDE / 2.0 + spread(random, SHIFT * careless);
	double scale = (box - 2 * radius) / extent(way);
	struct point middle = centre(way);
	for (size_t i = 0; i < way->count; i++) {
		way->at[i].x = x + scale * (way->at[i].x - middle.x);
		way->at[i].y = y + scale * (way->at[i].y - middle.y);
	}
}

/* ---- 4. the pen ---- */

static struct pen choose_pen(struct random *random)
{
	struct pen pen;
	pen.radius = random_between(random, PEN_MIN, PEN_MAX);
	pen.softness = random_between(random, SOFT_MIN, SOFT_MAX);
	pen.ink = random_between(random, INK_MIN, 1);
	pen.noise = random_between(random, 0, NOISE);
	return pen;
}

/* The pressure changes evenly from each quarter of the way to the next. */
static void press(struct way *way, struct random *random, double radius)
{
	double pressure[5];
	for (int i = 0; i < 5; i++)
		pressure[i] = 1 + spread(random, PRESSURE);
	for (size_t i = 0; i < way->count; i++) {
		double along = 4.0 * (double)i / (double)way->count;
		int quarter = (int)along;
		way->radius[i] = radius * blend(pressure[quarter], pressure[quarter + 1], along - quarter);
	}
}

/* Now and then the pen leaves the paper for a moment. */
static void lift(struct way *way, struct random *random)
{
	double chance = random_unit(random);
	size_t first = (size_t)random_below(random, way->count);
	size_t count = 2 + (size_t)random_below(random, 3);
	if (chance >= LIFT_CHANCE)
		return;
	for (size_t i = first; i < first + count && i < way->count; i++)
		way->down[i] = false;
}

/* ---- 5. ink ---- */

/* For every pixel the least squared distance to the way, in squared radii of the pen there. */
struct canvas {
	double nearest[SIDE][SIDE];
};

static int first_pixel(double from)
{
	return from < 0 ? 0 : from > SIDE ? SIDE : (int)from;
}

static void draw_segment(struct canvas *canvas, struct point a, struct point b, double radius,
                         double reach)
{
	double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
	double per_square = square > 0 ? 1 / square : 0, per_radius = 1 / (radius * radius);
	int left = first_pixel((a.x < b.x ? a.x : b.x) - reach),
		right = first_pixel((a.x < b.x ? b.x : a.x) + reach + 1);
	int top = first_pixel((a.y < b.y ? a.y : b.y) - reach),
		bottom = first_pixel((a.y < b.y ? b.y : a.y) + reach + 1);
	for (int row = top; row < bottom; row++)
		for (int column = left; column < right; column++) {
			double x = column + 0.5 - a.x, y = row + 0.5 - a.y;
			double t = clamp((x * dx + y * dy) * per_square, 0, 1);
			x -= t * dx;
			y -= t * dy;
			double distance = (x * x + y * y) * per_radius;
			double *nearest = &canvas->nearest[row][column];
			*nearest = distance < *nearest ? distance : *nearest;
		}
}

static void draw_way(struct canvas *canvas, const struct way *way, const struct pen *pen)
{
	double *nearest = &canvas->nearest[0][0];
	for (size_t i = 0; i < SIDE * SIDE; i++)
		nearest[i] = 1e6;
	for (size_t i = 1; i < way->count; i++) {
		double radius = way->radius[i];
		double reach = radius * (1 + pen->softness / (2 * pen->radius));
		if (way->down[i])
			draw_segment(canvas, way->at[i - 1], way->at[i], radius, reach);
	}
}

/* Full ink within the pen's radius, less half its soft edge; none outside the radius and half the
 * edge; a straight ramp between.  Noise of a byte a pixel. */
static void develop(const struct canvas *canvas, const struct pen *pen, struct random *random,
                    uint8_t *image)
{
	const double *nearest = &canvas->nearest[0][0];
	uint64_t bits = 0;
	for (size_t i = 0; i < SIDE * SIDE; i++) {
		double outside = (sqrt(nearest[i]) - 1) * pen->radius;
		double ink = clamp(0.5 - outside / pen->softness, 0, 1) * pen->ink;
		bits = i % 8 == 0 ? random_bits(random) : bits >> 8;
		if (ink > 0)
			ink += ((double)(bits & 255) - 127.5) / 127.5 * pen->noise;
		image[i] = (uint8_t)(clamp(ink, 0, 1) * 255 + 0.5);
	}
}

static void draw_digit(size_t number, uint8_t *image, uint8_t *label)
{
	struct random random = random_stream(0, "digit", number);
	struct way way;
	struct canvas canvas;
	int digit = (int)random_below(&random, MODEL_CLASSES);
	const struct glyph *glyph = choose_glyph(&random, digit);
	double hurry = random_unit(&random);
	double careless = CARELESS_MIN + (CARELESS_MAX - CARELESS_MIN) * hurry;
	hurry *= hurry;
	careless += CARELESS_RARE * hurry * hurry * hurry;

	struct pen pen = choose_pen(&random);
	trace(&way, glyph, &random, careless);
	bend(&way, &random, careless);
	map_affine(&way, &random, careless);
	fit(&way, &random, careless, pen.radius);
	press(&way, &random, pen.radius);
	lift(&way, &random);
	draw_way(&canvas, &way, &pen);
	develop(&canvas, &pen, &random, image);
	*label = (uint8_t)digit;
}

struct sheet {
	size_t first;
	uint8_t *images, *labels;
};

static void draw_one(void *context, size_t i)
{
	const struct sheet *sheet = context;
	draw_digit(sheet->first + i, sheet->images + i * MODEL_PIXELS, sheet->labels + i);
}

void synth_draw(size_t first, size_t count, uint8_t *images, uint8_t *labels)
{
	struct sheet sheet = {first, images, labels};
	parallel_for(0, count, draw_one, &sheet);
}
