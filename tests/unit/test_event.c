/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/event.h"

#include <signal.h>

/* What a stream of bytes is cut into: a letter a line, L whole event, B broken, T too long. */
static void cut(const char *bytes, size_t size, size_t step, char out[64])
{
	struct event_reader reader = {0};
	size_t used = 0;

	for (size_t first = 0; first < size; first += step) {
		const char *at = bytes + first;
		size_t left = size - first < step ? size - first : step;
		enum event_status status;
		json_t *event;

		while ((status = event_next(&reader, &at, &left, &event)) != EVENT_NONE) {
			assert_true(used < 63);
			out[used++] = status == EVENT_LINE ? 'L' : status == EVENT_BROKEN ? 'B' : 'T';
			assert_int_equal(event != NULL, status == EVENT_LINE);
			assert_int_equal(reader.lines, used);
			json_decref(event);
		}
		assert_int_equal(left, 0);
		assert_null(event);
	}
	out[used] = '\0';
}

/* The same whatever pieces the bytes come in. */
static void assert_cut(const char *bytes, size_t size, const char *wanted)
{
	static const size_t steps[] = {1, 2, 7, 100, 4095, 4096, 4097, 1 << 20};

	for (size_t i = 0; i < COUNT(steps); i++) {
		char got[64];

		cut(bytes, size, steps[i], got);
		if (strcmp(got, wanted))
			fail_msg("in pieces of %zu: %.60s...\n  got %s, wanted %s", steps[i], bytes, got,
			         wanted);
	}
}

static void test_lines(void **state)
{
	static const struct {
		const char *bytes, *wanted;
	} cases[] = {
		{"", ""},
		{"{\"event\":\"done\"}", ""}, /* no newline yet */
		{"{\"event\":\"done\"}\n", "L"},
		{"{\"event\":\"done\"}\r\n", "L"},
		{" { \"event\" : \"a\", \"x\": [1, 2.5, null] } \n{\"event\":\"b\"}\n", "LL"},
		{"\n", "B"},
		{"\n\n", "BB"},
		{"hello\n{\"event\":\"a\"}\n", "BL"},
		{"{\"event\":\"a\"}{\"event\":\"b\"}\n", "B"},
		{"{\"event\":\"a\"} trailing\n", "B"},
		{"{\"event\":\"a\"\n", "B"},
		{"{\"event\":1}\n", "B"},
		{"{\"event\":null}\n", "B"},
		{"{}\n", "B"},
		{"[\"event\"]\n", "B"},
		{"\"event\"\n", "B"},
		{"null\n", "B"},
		{"{\"event\":\"a\",\"event\":\"b\"}\n", "B"},
		{"{\"event\":\"a\",\"x\":1,\"x\":2}\n", "B"},
		{"{\"event\":\"a\",\"x\":NaN}\n", "B"},
		{"{\"event\":\"a\",\"x\":Infinity}\n", "B"},
		{"{\"event\":\"a\",\"x\":1e999}\n", "B"},
		{"{\"event\":\"a\",\"x\":99999999999999999999}\n", "B"},
		{"{\"event\":\"\xff\"}\n", "B"},
		{"{\"event\":\"a\\u0000b\"}\n", "B"},
		{"{\"event\":\"a\tb\"}\n", "B"},
		{"{'event':'a'}\n", "B"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_cut(cases[i].bytes, strlen(cases[i].bytes), cases[i].wanted);
}

static void test_nul_bytes(void **state)
{
	static const char inside[] = "{\"event\":\"a\"\0}\n{\"event\":\"b\"}\n",
					  behind[] = "{\"event\":\"a\"}\0\n";

	(void)state;
	assert_cut(inside, sizeof(inside) - 1, "BL");
	assert_cut(behind, sizeof(behind) - 1, "B");
}

/* A line of exactly `size` bytes with its newline. */
static void put_line(char *out, size_t size)
{
	int head = snprintf(out, size, "{\"event\":\"x\",\"y\":\"");

	memset(out + head, 'y', size - (size_t)head);
	memcpy(out + size - 3, "\"}\n", 3);
}

static void test_length(void **state)
{
	static const struct {
		size_t size;
		const char *wanted;
	} cases[] = {
		{EVENT_LINE_MAX - 1, "LL"}, {EVENT_LINE_MAX, "LL"},     {EVENT_LINE_MAX + 1, "TL"},
		{EVENT_LINE_MAX + 2, "TL"}, {2 * EVENT_LINE_MAX, "TL"}, {5 * EVENT_LINE_MAX + 1, "TL"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *bytes = memory_new(cases[i].size + 100, 1);

		put_line(bytes, cases[i].size);
		put_line(bytes + cases[i].size, 100);
		assert_cut(bytes, cases[i].size + 100, cases[i].wanted);
		free(bytes);
	}
}

static void test_flood_without_newline(void **state)
{
	char *bytes = memory_new(1000000, 1);

	(void)state;
	memset(bytes, 'a', 1000000);
	assert_cut(bytes, 1000000, "T");
	memset(bytes, '[', 1000000);
	for (size_t i = 4000; i < 40000; i += 4000)
		bytes[i] = '\n';
	assert_cut(bytes, 40000, "BBBBBBBBB"); /* nested deeper than anyone needs */
	free(bytes);
}

static void test_write_and_read_back(void **state)
{
	struct event_reader reader = {0};
	char bytes[EVENT_LINE_MAX];
	const char *at = bytes;
	json_t *event;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	event = json_pack("{s:s, s:i, s:n}", "event", "end", "epoch", 3, "loss");
	assert_int_equal(event_write(ends[1], event), 0);
	size_t size = (size_t)read(ends[0], bytes, sizeof(bytes));
	assert_memory_equal(bytes, "{\"event\":\"end\",\"epoch\":3,\"loss\":null}\n", size);
	assert_int_equal(event_next(&reader, &at, &size, &event), EVENT_LINE);
	assert_string_equal(json_string_value(json_object_get(event, "event")), "end");
	json_decref(event);
	assert_int_equal(event_next(&reader, &at, &size, &event), EVENT_NONE);
	close(ends[0]);
	close(ends[1]);
}

/* An event whose line has `size` bytes with its newline. */
static json_t *make_event(size_t size)
{
	char *text = memory_new(size, 1);

	memset(text, 'a', size - strlen("{\"event\":\"\"}\n"));
	json_t *event = json_pack("{s:s}", "event", text);
	free(text);
	return event;
}

static void test_what_cannot_be_written(void **state)
{
	char bytes[2 * EVENT_LINE_MAX];
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(event_write(ends[1], make_event(EVENT_LINE_MAX)), 0);
	assert_int_equal(read(ends[0], bytes, sizeof(bytes)), EVENT_LINE_MAX);
	assert_int_equal(event_write(ends[1], make_event(EVENT_LINE_MAX + 1)), -1);
	close(ends[0]);
	assert_int_equal(event_write(ends[1], make_event(100)), -1);
	assert_int_equal(event_write(ends[1], NULL), -1);
	close(ends[1]);
}

static void test_members(void **state)
{
	json_t *event = json_loads("{\"event\":\"end\", \"ns\":7, \"span\":\"train\"}", 0, NULL);

	(void)state;
	assert_string_equal(event_text(event, "span"), "train");
	assert_string_equal(event_text(event, "ns"), "");
	assert_string_equal(event_text(event, "file"), "");
	assert_string_equal(event_text(NULL, "file"), "");
	json_decref(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_flood_without_newline),
		cmocka_unit_test(test_write_and_read_back),
		cmocka_unit_test(test_what_cannot_be_written),
		cmocka_unit_test(test_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
