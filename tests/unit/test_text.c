/* SPDX-License-Identifier: MIT */
#include "core/memory.h"
#include "core/text.h"
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
} texts[] = {
	{"", ""},
	{"plain ~", "plain ~"},
	{"a\tb", "a b"},
	{"\033[31mred\n", "\\x1b[31mred\\x0a"},
	{"\177", "\\x7f"},
	{"Gr\xc3\xb6\xc3\x9f"
     "e",
     "Gr\xc3\xb6\xc3\x9f"
     "e"},
	{"\xe2\x80\x9cquoted\xe2\x80\x9d", "\xe2\x80\x9cquoted\xe2\x80\x9d"},
	{"\xc2\x9b"
     "1m",
     "\\xc2\\x9b1m"}, /* U+009B: the same as ESC [ */
	{"a\xe2\x80\xae"
     "b",
     "a\\xe2\\x80\\xaeb"}, /* U+202E turns the direction */
	{"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},
	{"\x9b"
     "1m",
     "\\x9b1m"}, /* no UTF-8, but a terminal may obey it */
	{"\xff\xfe", "\\xff\\xfe"},
	{"a\x9b"
     "b",
     "a\\x9bb"}, /* behind a character */
	{"\xc0\xaf \xed\xa0\x80 \xe2\x82",
     "\\xc0\\xaf \\xed\\xa0\\x80 \\xe2\\x82"}, /* too long, a half, cut */
};

static void test_visible(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		char *got = memory_visible(texts[i].text);
		if (strcmp(got, texts[i].visible) != 0)
			fail_msg("case %zu: got %s, wanted %s", i, got, texts[i].visible);
		free(got);
	}
}

static void test_file_name(void **state)
{
	static const struct {
		const char *text, *wanted;
	} names[] = {
		{"", ""},
		{"Az09._-", "Az09._-"},
		{"c_cpu:isa=avx2+threads=4", "c_cpu-isa-avx2-threads-4"},
		{"../a b", "..-a-b"},
		{"\xc3\xa9\n", "---"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		char *got = memory_copy(names[i].text);
		text_file_name(got);
		assert_string_equal(got, names[i].wanted);
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

/* Parts stay whole where they can: the line ends behind a comma. */
static void test_wrap_parts(void **state)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	assert_non_null(file);
	text_wrap_parts(file, FIFTY TEN TEN TEN "ab; lr 0.01, epochs 3, runs 3");
	text_wrap_parts(file, FIFTY FIFTY "x");
	fclose(file);
	assert_string_equal(text, FIFTY TEN TEN TEN
	                    "ab; lr 0.01,\nepochs 3, runs 3\n" FIFTY TEN TEN TEN TEN "123456789\nx\n");
	free(text);
}

static void test_wrap(void **state)
{
	(void)state;
	check_wrap("", "", "\n");
	check_wrap("- ", "short", "- short\n");
	check_wrap("", FIFTY FIFTY "x", FIFTY TEN TEN TEN TEN "123456789\nx\n");
	check_wrap("", FIFTY TEN TEN TEN TEN "123456789x", FIFTY TEN TEN TEN TEN "123456789x\n");
	check_wrap("> ", FIFTY FIFTY, "> " FIFTY TEN TEN TEN "123456789\n  123456789 \n");
	check_wrap("", UNBROKEN UNBROKEN UNBROKEN, UNBROKEN UNBROKEN "\n" UNBROKEN "\n");
	check_wrap("\xe2\x80\x9cq\xe2\x80\x9d ", FIFTY FIFTY, /* indented by columns */
	           "\xe2\x80\x9cq\xe2\x80\x9d " FIFTY TEN TEN TEN "123456789\n    123456789 \n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_visible),
		cmocka_unit_test(test_file_name),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_wrap_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
