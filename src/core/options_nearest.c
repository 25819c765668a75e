/* SPDX-License-Identifier: MIT */
#include "core/options.h"

#include <ctype.h>
#include <string.h>

/* Longer words are nobody's misspelling of our names. */
enum { WORD_MAX = 48 };

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int letter(char character)
{
	return character == '_' ? '-' : tolower((unsigned char)character);
}

/*
 * Insertions, deletions, replacements and swaps of neighbours that lead from a to b; case does not
 * count.  Source: the restricted form of Damerau's distance ("optimal string alignment").
 * rows[i % 3][j] is the distance of the first i letters of a from the first j of b.
 */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_MAX + 1] = {{0}};

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			bool same = letter(a[i - 1]) == letter(b[j - 1]);

			row[j] = smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + !same);
			if (i > 1 && j > 1 && letter(a[i - 1]) == letter(b[j - 2]) &&
			    letter(a[i - 2]) == letter(b[j - 1]))
				row[j] = smaller(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

/* Near: one letter in three may be wrong, and one in any case. */
const char *options_nearest(const char *word, const char *const *names, size_t count)
{
	size_t length = strlen(word), best = length / 3 > 1 ? length / 3 + 1 : 2;
	const char *nearest = NULL;

	if (length < 2 || length > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t name_length = strlen(names[i]);
		size_t far = name_length > WORD_MAX ? best : distance(word, length, names[i], name_length);

		if (far < best) {
			best = far;
			nearest = names[i];
		}
	}
	return nearest;
}
