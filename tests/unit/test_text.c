/* SPDX-License-Identifier: MIT */
#include "report/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *text, *visible;
	size_t columns;
} texts[] = {
	{"", "", 0},
	{"plain ~", "plain ~", 7},
	{"a\tb", "a b", 3},
	{"\033[31mred\n", "\\x1b[31mred\\x0a", 15},
	{"\177", "\\x7f", 4},
	{"Gr\xc3\xb6\xc3\x9f"
     "e",
     "Gr\xc3\xb6\xc3\x9f"
     "e",
     5},
	{"\xe2\x80\x9cquoted\xe2\x80\x9d", "\xe2\x80\x9cquoted\xe2\x80\x9d", 8},
	{"\xc2\x9b"
     "1m",
     "\\xc2\\x9b1m", 10}, /* U+009B: the same as ESC [ */
	{"a\xe2\x80\xae"
     "b",
     "a\\xe2\\x80\\xaeb", 14}, /* U+202E turns the direction */
	{"\xef\xbb\xbf", "\\xef\\xbb\\xbf", 12},
	{"\x9b"
     "1m",
     "\\x9b1m", 6}, /* no UTF-8, but a terminal may obey it */
	{"\xff\xfe", "\\xff\\xfe", 8},
};

static void test_visible(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		char *got = text_visible(texts[i].text);
		if (strcmp(got, texts[i].visible) != 0)
			fail_msg("case %zu: got %s, wanted %s", i, got, texts[i].visible);
		assert_int_equal(text_columns(got), texts[i].columns);
		free(got);
	}
}

static char *wrap(const char *first, const char *text)
{
	char *got;
	size_t size;
	FILE *file = open_memstream(&got, &size);

	assert_non_null(file);
	text_wrap(file, first, text);
	fclose(file);
	return got;
}

static void check_wrap(const char *first, const char *text, const char *wanted)
{
	char *got = wrap(first, text);

	if (strcmp(got, wanted) != 0)
		fail_msg("got:\n%s\nwanted:\n%s", got, wanted);
	free(got);
}

#define TEN "123456789 "
#define FIFTY TEN TEN TEN TEN TEN
#define UNBROKEN "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"

static void test_wrap(void **state)
{
	(void)state;
	check_wrap("", "", "\n");
	check_wrap("- ", "short", "- short\n");
	check_wrap("", FIFTY FIFTY "x", FIFTY TEN TEN TEN TEN "123456789\nx\n");
	check_wrap("", FIFTY TEN TEN TEN TEN "123456789x", FIFTY TEN TEN TEN TEN "123456789x\n");
	check_wrap("> ", FIFTY FIFTY, "> " FIFTY TEN TEN TEN "123456789\n  123456789 \n");
	check_wrap("", UNBROKEN UNBROKEN UNBROKEN, UNBROKEN UNBROKEN "\n" UNBROKEN "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_visible),
		cmocka_unit_test(test_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
