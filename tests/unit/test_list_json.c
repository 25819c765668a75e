/* SPDX-License-Identifier: MIT */
/* What `cnnbench list --json` prints, read back by a JSON reader. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *listed(void)
{
	json_error_t why;
	FILE *pipe = popen("\"$CNNBENCH\" list --json 2>/dev/null", "r");
	assert_non_null(pipe);
	json_t *record = json_loadf(pipe, 0, &why);
	if (!record)
		fail_msg("line %d: %s", why.line, why.text);
	pclose(pipe);
	return record;
}

/* A type a letter: s text, b true or false, a array, z text or null. */
static void check_member(const json_t *record, const char *name, char type)
{
	const json_t *value = json_object_get(record, name);
	const int right = type == 's'   ? json_is_string(value)
	                  : type == 'b' ? json_is_boolean(value)
	                  : type == 'a' ? json_is_array(value)
	                                : json_is_string(value) || json_is_null(value);
	if (!right)
		fail_msg("%s is not of type '%c'", name, type);
}

static void test_list(void **state)
{
	static const struct {
		const char *name;
		char type;
	} members[] = {
		{"platform", 's'}, {"path", 's'},    {"ready", 'b'},   {"reason", 'z'},  {"help", 'z'},
		{"device", 'z'},   {"variant", 'z'}, {"summary", 'z'}, {"options", 'a'}, {"variants", 'a'},
	};
	size_t index;
	json_t *platform;
	(void)state;
	if (!getenv("CNNBENCH")) {
		print_message("# CNNBENCH does not name the program\n");
		skip();
	}
	json_t *record = listed();
	assert_string_equal(json_string_value(json_object_get(record, "schema")), "cnnbench-list-1");
	json_array_foreach (json_object_get(record, "platforms"), index, platform) {
		for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
			check_member(platform, members[i].name, members[i].type);
		if (json_is_true(json_object_get(platform, "ready")))
			check_member(platform, "device", 's');
		else
			check_member(platform, "reason", 's');
	}
	json_decref(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_list)};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
