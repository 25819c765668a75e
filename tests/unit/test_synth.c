/* SPDX-License-Identifier: MIT */
#include "core/digest.h"
#include "core/glyphs.h"
#include "core/synth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, COUNT = 5000 };

static uint8_t images[COUNT * PIXELS], labels[COUNT];

static int draw(void **state)
{
	(void)state;
	synth_draw(0, COUNT, images, labels);
	return 0;
}

/* A digit depends on its number alone, not on what is drawn with it or by which thread. */
static void any_part_is_the_same(void **state)
{
	(void)state;
	static const struct {
		size_t first, count;
	} parts[] = {{0, 1}, {17, 1}, {COUNT - 1, 1}, {100, 900}};
	static uint8_t image[900 * PIXELS], label[900];

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		size_t first = parts[i].first, count = parts[i].count;

		synth_draw(first, count, image, label);
		assert_memory_equal(image, images + first * PIXELS, count * PIXELS);
		assert_memory_equal(label, labels + first, count);
	}
}

static void classes_are_equally_frequent(void **state)
{
	(void)state;
	size_t frequency[10] = {0};

	for (size_t i = 0; i < COUNT; i++) {
		assert_in_range(labels[i], 0, 9);
		frequency[labels[i]]++;
	}
	/* Six standard deviations of the binomial distribution: sqrt(5000 * 0.1 * 0.9) = 21. */
	for (size_t digit = 0; digit < 10; digit++)
		assert_in_range(frequency[digit], COUNT / 10 - 127, COUNT / 10 + 127);
}

/* The standardisation is made for MNIST: mean 0.1307, deviation 0.3081 of pixel / 255. */
static void pixels_are_distributed_like_mnist(void **state)
{
	(void)state;
	double sum = 0, squares = 0;

	for (size_t i = 0; i < COUNT * PIXELS; i++) {
		double value = images[i] / 255.0;
		sum += value;
		squares += value * value;
	}
	double mean = sum / (COUNT * PIXELS), variance = squares / (COUNT * PIXELS) - mean * mean;

	if (mean < 0.120 || mean > 0.141)
		fail_msg("mean: got %.4f, wanted 0.1307 +- 0.01", mean);
	if (variance < 0.298 * 0.298 || variance > 0.318 * 0.318)
		fail_msg("variance: got %.4f, wanted %.4f (deviation 0.3081 +- 0.01)", variance,
		         0.3081 * 0.3081);
}

/* Every digit is there: at least 20 pixels with more than half ink, and none fills the image. */
static void no_image_is_empty_or_full(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		size_t inked = 0;

		for (size_t p = 0; p < PIXELS; p++)
			inked += images[i * PIXELS + p] > 127;
		if (inked < 20 || inked > PIXELS / 2)
			fail_msg("digit %zu, a %d: got %zu inked pixels, wanted 20 to %d", i, labels[i], inked,
			         PIXELS / 2);
	}
}

static void no_two_images_are_equal(void **state)
{
	(void)state;
	for (size_t i = 1; i < COUNT; i++)
		if (memcmp(images + i * PIXELS, images + (i - 1) * PIXELS, PIXELS) == 0)
			fail_msg("digits %zu and %zu are the same image", i - 1, i);
}

/* What synth.c relies on. */
static void glyphs_are_well_formed(void **state)
{
	(void)state;
	bool present[10] = {false};

	for (size_t i = 0; i < glyph_count; i++) {
		const struct glyph *glyph = &glyphs[i];

		assert_in_range(glyph->digit, i ? glyphs[i - 1].digit : 0, 9);
		assert_true(glyph->weight > 0);
		assert_in_range(glyph->count, 2, GLYPH_KNOTS_MAX);
		assert_int_equal(glyph->knots[0].kind, SMOOTH);
		assert_int_equal(glyph->knots[glyph->count - 1].kind, END);
		present[glyph->digit] = true;
	}
	for (size_t digit = 0; digit < 10; digit++)
		assert_true(present[digit]);
}

/* All 70,000 are pinned by test_dataset; these by themselves say whether it is the drawing. */
static void the_first_digits_are_pinned(void **state)
{
	(void)state;
	char digest[DIGEST_SIZE];

	digest_bytes(images, 1000 * PIXELS, digest);
	assert_string_equal(digest, "d53d32891bfdd67795d94ef34d42ccf22f48d49ebb50dbe2554c5ed32332bf8e");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_part_is_the_same),
		cmocka_unit_test(classes_are_equally_frequent),
		cmocka_unit_test(pixels_are_distributed_like_mnist),
		cmocka_unit_test(no_image_is_empty_or_full),
		cmocka_unit_test(no_two_images_are_equal),
		cmocka_unit_test(glyphs_are_well_formed),
		cmocka_unit_test(the_first_digits_are_pinned),
	};
	return cmocka_run_group_tests_name("synth", tests, draw, NULL) != 0;
}
