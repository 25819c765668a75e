/* SPDX-License-Identifier: MIT */
#include "report/csv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *text, *cell;
} texts[] = {
	{NULL, ""},
	{"", ""},
	{"c_cpu", "c_cpu"},
	{"a b", "a b"},
	{"a,b", "\"a,b\""},
	{"say \"no\"", "\"say \"\"no\"\"\""},
	{"two\nlines", "two\\x0alines"},
	{"two\r", "two\\x0d"},
	{"\033[2J\xe2\x80\xaetxt", "'\\x1b[2J\\xe2\\x80\\xaetxt"},
	{"=1+1", "'=1+1"},
	{"+1", "'+1"},
	{"-1", "'-1"},
	{"@SUM(A1)", "'@SUM(A1)"},
	{"\t=1", "' =1"},
	{"\n=1,2", "\"'\\x0a=1,2\""},
	{"=HYPERLINK(\"a\",\"b\")", "\"'=HYPERLINK(\"\"a\"\",\"\"b\"\")\""},
	{"c_cpu:isa=avx2+threads=1", "c_cpu:isa=avx2+threads=1"},
};

static const struct {
	double value;
	int decimals;
	const char *cell;
} numbers[] = {
	{0.5, 6, "0.500000"},       {-1.25, 1, "-1.2"},   {3, 0, "3"},
	{0.0000004, 6, "0.000000"}, {(double)NAN, 6, ""}, {(double)INFINITY, 6, ""},
	{-(double)INFINITY, 0, ""}, {1e300, 0, NULL}, /* as long as it gets: not cut */
};

static void check(struct csv *csv, const char *wanted)
{
	size_t size;
	char *got = csv_end(csv, &size);

	assert_int_equal(size, strlen(got));
	if (strcmp(got, wanted) != 0)
		fail_msg("got:    %s\nwanted: %s", got, wanted);
	free(got);
}

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct csv *csv = csv_begin();
		csv_text(csv, texts[i].text);
		check(csv, texts[i].cell);
	}
}

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct csv *csv = csv_begin();
		size_t size;
		csv_number(csv, numbers[i].value, numbers[i].decimals);
		if (numbers[i].cell)
			check(csv, numbers[i].cell);
		else {
			free(csv_end(csv, &size));
			assert_int_equal(size, 301);
		}
	}
}

static void test_rows(void **state)
{
	struct csv *csv = csv_begin();

	(void)state;
	csv_text(csv, NULL);
	csv_number(csv, 1, 1);
	csv_significant(csv, 1.0 / 3, 9);
	csv_text(csv, NULL);
	csv_row(csv);
	csv_text(csv, "x");
	csv_row(csv);
	check(csv, ",1.0,0.333333333,\nx\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
