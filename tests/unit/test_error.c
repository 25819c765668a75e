/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <signal.h>

static void test_control_characters_are_visible(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"plain: text", "plain: text"},
		{"", ""},
		{"two\nlines\r\n", "two\\x0alines\\x0d\\x0a"},
		{"\x1b[31mred", "\\x1b[31mred"},
		{"tab\tbell\a\x7f", "tab bell\\x07\\x7f"},
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\xc2\x9b"
	     "31m",
	     "\\xc2\\x9b31m"},                            /* U+009B starts a sequence as ESC [ does */
		{"\xc0\xaf", "\\xc0\\xaf"},                   /* overlong */
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},          /* overlong */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
		{"cut \xe2\x82", "cut \\xe2\\x82"},
		{"latin-1 \xe9", "latin-1 \\xe9"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		fixture_forget();
		assert_int_equal(error("%s", cases[i].text), -1);
		assert_string_equal(fixture_message, cases[i].wanted);
	}
}

static void test_long_message_is_cut(void **state)
{
	char *text = memory_new(100001, 1);

	(void)state;
	memset(text, '\x01', 100000);
	fixture_forget();
	error("%s", text);
	assert_in_range(strlen(fixture_message), 1000, 10000);
	free(text);
}

static void test_worse_exit_code(void **state)
{
	static const struct {
		int a, b, wanted;
	} cases[] = {
		{0, 0, 0}, {0, 7, 7}, {7, 6, 6}, {6, 4, 4}, {4, 3, 3},     {3, 5, 5},       {5, 1, 1},
		{2, 5, 2}, {1, 2, 1}, {0, 2, 2}, {3, 3, 3}, {130, 1, 130}, {143, 130, 143},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(exit_worse(cases[i].a, cases[i].b), cases[i].wanted);
		assert_int_equal(exit_worse(cases[i].b, cases[i].a), cases[i].wanted);
	}
}

static void print_all(void)
{
	error("%s is %d", "one", 1);
	warning("two");
	note("three");
	error_quiet(1);
	note("not heard");
	warning("four");
	_exit(0);
}

static void test_lines_on_stderr(void **state)
{
	char text[1024];

	(void)state;
	assert_int_equal(fixture_child(print_all, text, sizeof(text)), 0);
	assert_string_equal(text, "cnnbench: error: one is 1\ncnnbench: warning: two\nthree\n"
	                          "cnnbench: warning: four\n");
}

static void die_here(void)
{
	die("no %s", "memory");
}

static void bug_here(void)
{
	signal(SIGABRT, SIG_DFL);
	BUG("cannot be");
}

static void test_ends(void **state)
{
	char text[1024];
	int status;

	(void)state;
	status = fixture_child(die_here, text, sizeof(text));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_INTERNAL);
	assert_non_null(strstr(text, "test_error.c:"));
	assert_non_null(strstr(text, ": no memory\n"));

	status = fixture_child(bug_here, text, sizeof(text));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(text, "cannot be; please report it\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_characters_are_visible),
		cmocka_unit_test(test_long_message_is_cut),
		cmocka_unit_test(test_worse_exit_code),
		cmocka_unit_test(test_lines_on_stderr),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
