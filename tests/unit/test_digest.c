/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/digest.h"

/* Source of the first three: FIPS 180-2, appendix B, and the empty message of NIST's test vectors. */
static const struct {
	const char *text;
	size_t repeat;
	const char *wanted;
} cases[] = {
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
};

static void test_known_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t length = strlen(cases[i].text);
		char *bytes = memory_new(length * cases[i].repeat, 1), got[DIGEST_SIZE];

		for (size_t k = 0; k < cases[i].repeat; k++)
			memcpy(bytes + k * length, cases[i].text, length);
		digest_bytes(bytes, length * cases[i].repeat, got);
		assert_string_equal(got, cases[i].wanted);
		free(bytes);
	}
}

static void test_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct digest *digest = digest_begin();
		char got[DIGEST_SIZE];

		for (size_t k = 0; k < cases[i].repeat; k++)
			digest_add(digest, cases[i].text, strlen(cases[i].text));
		digest_end(digest, got);
		assert_string_equal(got, cases[i].wanted);
	}
}

static void test_file(void **state)
{
	char *folder = fixture_folder(), *path = files_join(folder, "file"), got[DIGEST_SIZE];
	char *bytes = memory_new(1000000, 1);

	(void)state;
	memset(bytes, 'a', 1000000);
	files_write(path, bytes, 1000000);
	assert_int_equal(digest_file(path, got), 0);
	assert_string_equal(got, cases[2].wanted);

	fixture_forget();
	unlink(path);
	assert_int_equal(digest_file(path, got), -1);
	fixture_expect("missing", "file: cannot open this file");
	free(bytes);
	free(path);
	fixture_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
