/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/options.h"

#include <math.h>

static const struct option_spec specs[] = {
	{"batch-size", "batch", OPTION_INT, 1, HUGE_VAL, "512", NULL, "N", "samples a step"},
	{"epochs", NULL, OPTION_INT, 0, 1000, "10", NULL, NULL, "passes over the training set"},
	{"lr", NULL, OPTION_REAL, 0, HUGE_VAL, "0.01", NULL, "X", "learning rate"},
	{"offset", NULL, OPTION_REAL, -HUGE_VAL, 2.5, NULL, NULL, NULL, "where it begins"},
	{"quiet", "silent", OPTION_FLAG, 0, 0, NULL, NULL, NULL, "say less"},
	{"fused", NULL, OPTION_FLAG, 0, 0, "true", NULL, NULL, "in one pass"},
	{"isa", NULL, OPTION_CHOICE, 0, 0, "auto", "auto|avx2|generic", NULL, "instruction set"},
	{"log-dir", NULL, OPTION_TEXT, 0, 0, NULL, NULL, "DIR", "where the results go"},
	{0},
};

/* At most seven words; the first NULL ends them. */
static int parse(struct options *options, const char *const *words)
{
	char *arguments[8];
	int count = 0;

	for (; words[count]; count++)
		arguments[count] = (char *)(uintptr_t)words[count];
	fixture_forget();
	return options_parse(options, count, arguments);
}

static void test_defaults(void **state)
{
	struct options *options = options_new(specs);

	(void)state;
	assert_int_equal(options_int(options, "batch-size"), 512);
	assert_int_equal(options_int(options, "epochs"), 10);
	assert_true(options_real(options, "lr") == 0.01);
	assert_true(options_real(options, "offset") == 0);
	assert_false(options_flag(options, "quiet"));
	assert_true(options_flag(options, "fused"));
	assert_string_equal(options_text(options, "isa"), "auto");
	assert_null(options_text(options, "log-dir"));
	assert_false(options_given(options, "batch-size"));
	assert_true(options_has(options, "batch_size"));
	assert_true(options_has(options, "silent"));
	assert_false(options_has(options, "seed"));
	options_free(options);
	options_free(NULL);
}

static void test_accepted(void **state)
{
	/* The canonical form tells what was understood. */
	static const struct {
		const char *words[8], *canonical;
	} cases[] = {
		{{NULL}, ""},
		{{"--batch-size", "7", NULL}, "batch-size=7"},
		{{"--batch_size", "7", NULL}, "batch-size=7"},
		{{"--batch=7", NULL}, "batch-size=7"},
		{{"--batch-size=512", NULL}, ""},
		{{"--batch-size", "+7", NULL}, "batch-size=7"},
		{{"--batch-size", "9007199254740993", NULL}, "batch-size=9007199254740993"},
		{{"--epochs", "1", "--epochs", "2", NULL}, "epochs=2"},
		{{"--epochs", "0", NULL}, "epochs=0"},
		{{"--lr", "1e-3", NULL}, "lr=0.001"},
		{{"--lr", ".5", NULL}, "lr=0.5"},
		{{"--lr", "0.010", NULL}, ""},
		{{"--lr", "0.1234567890123456789", NULL}, "lr=0.12345678901234568"},
		{{"--offset", "-3", NULL}, "offset=-3"},
		{{"--offset=0", NULL}, "offset=0"},
		{{"--quiet", NULL}, "quiet"},
		{{"--silent", NULL}, "quiet"},
		{{"--quiet=true", NULL}, "quiet"},
		{{"--quiet=false", NULL}, ""},
		{{"--fused=false", NULL}, "fused=false"},
		{{"--fused", NULL}, ""},
		{{"--isa", "generic", NULL}, "isa=generic"},
		{{"--log-dir", "a b", NULL}, "log-dir=a b"},
		{{"--log-dir", "-", NULL}, "log-dir=-"},
		{{"--log-dir=--x", NULL}, "log-dir=--x"},
		{{"--log-dir=a=b", NULL}, "log-dir=a=b"},
		{{"--quiet", "--isa=avx2", "--epochs", "3", "--batch-size=1", NULL},
	     "batch-size=1+epochs=3+isa=avx2+quiet"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct options *options = options_new(specs);

		if (parse(options, cases[i].words))
			fail_msg("%s: %s", cases[i].words[0], fixture_message);
		char *canonical = options_canonical(options);
		assert_string_equal(canonical, cases[i].canonical);
		free(canonical);
		options_free(options);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *words[8], *wanted;
	} cases[] = {
		{{"--batch-size", "0", NULL}, "--batch-size 0: must be 1 or more"},
		{{"--batch-size=-1", NULL}, "--batch-size -1: must be 1 or more"},
		{{"--epochs", "1001", NULL}, "--epochs 1001: must be 0 to 1000"},
		{{"--epochs", "99999999999999999999", NULL},
	     "--epochs 99999999999999999999: must be 0 to 1000"},
		{{"--epochs", "1.5", NULL}, "--epochs 1.5: not a whole number"},
		{{"--epochs", "1e2", NULL}, "--epochs 1e2: not a whole number"},
		{{"--epochs", "ten", NULL}, "--epochs ten: not a number"},
		{{"--epochs", " 1", NULL}, "--epochs  1: not a number"},
		{{"--epochs", "1x", NULL}, "--epochs 1x: not a number"},
		{{"--epochs", "0x10", NULL}, "--epochs 0x10: not a number"},
		{{"--epochs=", NULL}, "--epochs '': must not be empty"},
		{{"--epochs", NULL}, "--epochs: needs a value"},
		{{"--epochs", "--quiet", NULL}, "--epochs: needs a value"},
		{{"--epoch", "3", NULL}, "--epoch: unknown option; did you mean --epochs?"},
		{{"--epocsh=3", NULL}, "--epocsh: unknown option; did you mean --epochs?"},
		{{"--bath_size", "3", NULL}, "--bath_size: unknown option; did you mean --batch-size?"},
		{{"--no-quiet", NULL}, "--no-quiet: unknown option; --help"},
		{{"--zebra", NULL}, "--zebra: unknown option; --help"},
		{{"--=3", NULL}, "--: unknown option; --help"},
		{{"-e", "3", NULL}, "-e: unknown option; options begin with two dashes"},
		{{"--lr", "abc", NULL}, "--lr abc: not a number"},
		{{"--lr", "nan", NULL}, "--lr nan: not a number"},
		{{"--lr", "inf", NULL}, "--lr inf: not a number"},
		{{"--lr", "1e", NULL}, "--lr 1e: not a number"},
		{{"--lr", ".", NULL}, "--lr .: not a number"},
		{{"--lr", "1e999", NULL}, "--lr 1e999: must be 0 or more"},
		{{"--lr", "-0.1", NULL}, "--lr -0.1: must be 0 or more"},
		{{"--lr", "0,5", NULL}, "--lr 0,5: not a number"},
		{{"--offset", "2.6", NULL}, "--offset 2.6: must be 2.5 or less"},
		{{"--quiet=yes", NULL}, "--quiet yes: must be true or false, or no value at all"},
		{{"--isa", "avx", NULL}, "--isa avx: must be one of auto|avx2|generic"},
		{{"--isa", "auto|avx2", NULL}, "--isa auto|avx2: must be one of auto|avx2|generic"},
		{{"--log-dir", "a\nb", NULL}, "--log-dir a\\x0ab: has a control character in it"},
		{{"--log-dir", "", NULL}, "--log-dir '': must not be empty"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct options *options = options_new(specs);

		assert_int_equal(parse(options, cases[i].words), -1);
		fixture_expect(cases[i].words[0], cases[i].wanted);
		options_free(options);
	}
}

static void test_refused_value_changes_nothing(void **state)
{
	struct options *options = options_new(specs);

	(void)state;
	fixture_forget();
	assert_int_equal(options_set(options, "isa", "avx2"), 0);
	assert_int_equal(options_set(options, "isa", "other"), -1);
	assert_string_equal(options_text(options, "isa"), "avx2");
	assert_int_equal(options_set(options, "epochs", "5000"), -1);
	assert_int_equal(options_int(options, "epochs"), 10);
	assert_true(options_given(options, "isa"));
	assert_false(options_given(options, "epochs"));
	options_free(options);
}

static void test_prefix(void **state)
{
	static const struct {
		const char *name, *value, *wanted;
	} cases[] = {
		{"isa", "x", "c_cpu:isa=x: must be one of auto|avx2|generic"},
		{"isa", NULL, "c_cpu:isa: needs a value"},
		{"ias", "avx2", "c_cpu:ias: unknown option; did you mean c_cpu:isa?"},
		{"zebra", NULL,
	     "c_cpu:zebra: unknown option; there are: batch-size, epochs, lr, offset, quiet, "
	     "fused, isa, log-dir"},
	};
	static const struct option_spec none[] = {{0}};
	struct options *options = options_new(specs), *empty = options_new(none);

	(void)state;
	options_prefix(options, "c_cpu:");
	for (size_t i = 0; i < COUNT(cases); i++) {
		fixture_forget();
		assert_int_equal(options_set(options, cases[i].name, cases[i].value), -1);
		fixture_expect(cases[i].name, cases[i].wanted);
	}
	options_prefix(empty, "x:");
	fixture_forget();
	assert_int_equal(options_set(empty, "isa", "x"), -1);
	fixture_expect("none", "x:isa: unknown option; there are none");
	options_free(options);
	options_free(empty);
}

static void test_operands(void **state)
{
	static const char *const words[] = {"a", "--epochs", "3", "-", "--", "--quiet", "--", NULL};
	struct options *options = options_new(specs);
	char *const *operands;

	(void)state;
	assert_int_equal(parse(options, words), 0);
	assert_int_equal(options_operands(options, &operands), 4);
	assert_string_equal(operands[0], "a");
	assert_string_equal(operands[1], "-");
	assert_string_equal(operands[2], "--quiet");
	assert_string_equal(operands[3], "--");
	assert_false(options_flag(options, "quiet"));
	options_free(options);
}

static void test_record(void **state)
{
	struct options *options = options_new(specs);
	json_t *record;
	char *text;

	(void)state;
	fixture_forget();
	options_set(options, "lr", "0.5");
	options_set(options, "quiet", NULL);
	record = options_record(options);
	text = json_dumps(record, JSON_COMPACT);
	assert_string_equal(
		text, "{\"batch-size\":512,\"epochs\":10,\"lr\":0.5,\"offset\":null,\"quiet\":true,"
			  "\"fused\":true,\"isa\":\"auto\",\"log-dir\":null}");
	free(text);
	json_decref(record);
	options_free(options);
}

static void assert_help(const struct option_spec *table)
{
	static const char wanted[] =
		"  --batch-size N            samples a step (default 512)\n"
		"  --epochs N                passes over the training set (0 to 1000, default 10)\n"
		"  --lr X                    learning rate (default 0.01)\n"
		"  --offset X                where it begins\n"
		"  --quiet                   say less\n"
		"  --fused                   in one pass\n"
		"  --isa auto|avx2|generic   instruction set (default auto)\n"
		"  --log-dir DIR             where the results go\n";
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	options_help(out, table);
	fclose(out);
	assert_string_equal(text, wanted);
	free(text);
}

static void test_help(void **state)
{
	(void)state;
	assert_help(specs);
}

static void test_specs_there_and_back(void **state)
{
	json_t *record = options_specs_record(specs), *again;
	struct option_spec *read = options_specs_read(record);

	(void)state;
	assert_non_null(read);
	again = options_specs_record(read);
	assert_true(json_equal(record, again));
	assert_help(read);
	json_decref(record);
	json_decref(again);
	options_specs_free(read);
	options_specs_free(NULL);
}

static void test_specs_refused(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"{}", "no list"},
		{"3", "no list"},
		{"[3]", "entry 1: its type is unknown"},
		{"[{\"name\":\"a\",\"type\":\"odd\",\"help\":\"h\"}]", "entry 1: its type is unknown"},
		{"[{\"name\":\"a\",\"type\":3,\"help\":\"h\"}]", "its type is unknown"},
		{"[{\"type\":\"flag\",\"help\":\"h\"}]", "a text of it is missing"},
		{"[{\"name\":\"a\",\"type\":\"flag\"}]", "a text of it is missing"},
		{"[{\"name\":\"a\",\"type\":\"flag\",\"help\":\"\\u001b[31m\"}]", "no plain text"},
		{"[{\"name\":\"\",\"type\":\"flag\",\"help\":\"h\"}]", "name is not usable"},
		{"[{\"name\":\"A b\",\"type\":\"flag\",\"help\":\"h\"}]", "name is not usable"},
		{"[{\"name\":\"--a\",\"type\":\"flag\",\"help\":\"h\"}]", "name is not usable"},
		{"[{\"name\":\"a\",\"alias\":\"b+\",\"type\":\"flag\",\"help\":\"h\"}]",
	     "name is not usable"},
		{"[{\"name\":\"a\",\"type\":\"int\",\"min\":\"1\",\"help\":\"h\"}]", "bound"},
		{"[{\"name\":\"a\",\"type\":\"int\",\"min\":1,\"default\":\"0\",\"help\":\"h\"}]",
	     "default"},
		{"[{\"name\":\"a\",\"type\":\"int\",\"default\":1,\"help\":\"h\"}]", "a text of it"},
		{"[{\"name\":\"a\",\"type\":\"flag\",\"default\":\"yes\",\"help\":\"h\"}]", "default"},
		{"[{\"name\":\"a\",\"type\":\"choice\",\"help\":\"h\"}]", "choices"},
		{"[{\"name\":\"a\",\"type\":\"choice\",\"choices\":\"\",\"help\":\"h\"}]", "choices"},
		{"[{\"name\":\"a\",\"type\":\"choice\",\"choices\":\"x||y\",\"help\":\"h\"}]", "choices"},
		{"[{\"name\":\"a\",\"type\":\"choice\",\"choices\":\"x|\",\"help\":\"h\"}]", "choices"},
		{"[{\"name\":\"a\",\"type\":\"choice\",\"choices\":\"x|y\",\"default\":\"z\",\"help\":\"h\"}]",
	     "default"},
		{"[{\"name\":\"a-b\",\"type\":\"flag\",\"help\":\"h\"},"
	     "{\"name\":\"a_b\",\"type\":\"flag\",\"help\":\"h\"}]",
	     "entry 2: its name is taken"},
		{"[{\"name\":\"a\",\"type\":\"flag\",\"help\":\"h\"},"
	     "{\"name\":\"b\",\"alias\":\"a\",\"type\":\"flag\",\"help\":\"h\"}]",
	     "entry 2: its name is taken"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *table = json_loads(cases[i].text, JSON_DECODE_ANY, NULL);

		assert_non_null(table);
		fixture_forget();
		assert_null(options_specs_read(table));
		fixture_expect(cases[i].text, cases[i].wanted);
		json_decref(table);
	}
	fixture_forget();
	assert_null(options_specs_read(NULL));
	fixture_expect("nothing", "no list");
}

static void test_specs_too_many(void **state)
{
	json_t *table = json_array();

	(void)state;
	for (int i = 0; i < 65; i++) {
		char *name = memory_text("a%d", i);

		json_array_append_new(
			table, json_pack("{s:s, s:s, s:s}", "name", name, "type", "flag", "help", "h"));
		free(name);
		fixture_forget();
		struct option_spec *read = options_specs_read(table);
		assert_int_equal(read != NULL, i < 64);
		options_specs_free(read);
	}
	json_decref(table);
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"c_cpu",        "c_cuda", "numba_cpu",
	                                    "pytorch_cuda", "run",    "compare"};
	static const struct {
		const char *word, *wanted;
	} cases[] = {
		{"c_cpu", "c_cpu"},
		{"c-cpu", "c_cpu"},
		{"C_CPU", "c_cpu"},
		{"ccpu", "c_cpu"},
		{"c_cup", "c_cpu"},
		{"c_cud", "c_cuda"},
		{"numba_cup", "numba_cpu"},
		{"nmba_cpu", "numba_cpu"},
		{"pytroch_cude", "pytorch_cuda"},
		{"rnu", "run"},
		{"rum", "run"},
		{"compair", "compare"},
		{"x", NULL},
		{"", NULL},
		{"zebra", NULL},
		{"pytorch_mps", NULL},
		{"ab", NULL},
	};
	char *long_word = memory_new(1000001, 1);

	(void)state;
	memset(long_word, 'a', 1000000);
	assert_null(options_nearest(long_word, names, COUNT(names)));
	free(long_word);
	assert_null(options_nearest("run", names, 0));
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = options_nearest(cases[i].word, names, COUNT(names));

		if (!got != !cases[i].wanted || (got && strcmp(got, cases[i].wanted)))
			fail_msg("%s: got %s, wanted %s", cases[i].word, got ? got : "none",
			         cases[i].wanted ? cases[i].wanted : "none");
	}
}

static void read_an_unknown_name(void)
{
	options_int(options_new(specs), "seed");
}

static void read_another_type(void)
{
	options_int(options_new(specs), "lr");
}

static void have_a_bad_default(void)
{
	static const struct option_spec bad[] = {{"a", NULL, OPTION_INT, 1, 2, "3", NULL, NULL, "h"},
	                                         {0}};

	options_new(bad);
}

static void test_bugs(void **state)
{
	static const struct {
		void (*body)(void);
		const char *wanted;
	} cases[] = {
		{read_an_unknown_name, "no option seed"},
		{read_another_type, "no option lr of this type"},
		{have_a_bad_default, "option a has the default 3: must be 1 to 2"},
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int status = fixture_child(cases[i].body, text, sizeof(text));

		assert_true(WIFSIGNALED(status));
		assert_non_null(strstr(text, cases[i].wanted));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_value_changes_nothing),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_specs_there_and_back),
		cmocka_unit_test(test_specs_refused),
		cmocka_unit_test(test_specs_too_many),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_bugs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
