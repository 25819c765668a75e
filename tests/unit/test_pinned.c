/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/digest.h"
#include "core/pinned.h"

#include <zlib.h>

enum { SIZE = 5000 };

static uint8_t content[SIZE + 1];
static char digest[DIGEST_SIZE];
static struct pinned file = {"file", SIZE, digest};

/* A gzip file of the first `size` bytes of the content; its size. */
static size_t pack(size_t size, uint8_t *out, size_t room)
{
	z_stream stream = {
		.next_in = content, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)room};
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
	                 Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	const size_t packed = stream.total_out;
	deflateEnd(&stream);
	return packed;
}

static int make_content(void **state)
{
	uint32_t value = 1;
	(void)state;
	for (size_t i = 0; i <= SIZE; i++) {
		value = value * 1664525 + 1013904223;
		content[i] = (uint8_t)(value >> 24);
	}
	content[0] = 'p'; /* neither a page's first byte nor gzip's */
	digest_bytes(content, SIZE, digest);
	return 0;
}

/* `why` NULL: it is the file. */
static void assert_inflates(const char *name, const uint8_t *packed, size_t size, const char *why)
{
	char told[256] = "";
	uint8_t *bytes = pinned_inflate(&file, packed, size, told, sizeof(told));
	const bool right = why ? !bytes && strstr(told, why) : bytes && !memcmp(bytes, content, SIZE);
	free(bytes);
	if (right)
		return;
	print_error("%s: got \"%s\", wanted \"%s\"\n", name, told, why ? why : "the bytes");
	fail();
}

static void takes_the_file(void **state)
{
	uint8_t packed[2 * SIZE];
	(void)state;
	assert_inflates("whole", packed, pack(SIZE, packed, sizeof(packed)), NULL);
}

static void refuses_other_sizes(void **state)
{
	uint8_t packed[2 * SIZE];
	(void)state;
	assert_inflates("short", packed, pack(SIZE - 1, packed, sizeof(packed)),
	                "it inflates to 4999 bytes, not to 5000");
	assert_inflates("long", packed, pack(SIZE + 1, packed, sizeof(packed)),
	                "more than the 5000 bytes");
	assert_inflates("nothing", packed, pack(0, packed, sizeof(packed)), "it inflates to 0 bytes");
}

/* Each prefix is cut off, too short to be known as gzip, or empty. */
static void refuses_what_is_cut_off(void **state)
{
	uint8_t packed[2 * SIZE];
	(void)state;
	const size_t size = pack(SIZE, packed, sizeof(packed));
	assert_inflates("empty", packed, 0, "it is empty");
	assert_inflates("one byte", packed, 1, "no gzip file");
	for (size_t cut = 2; cut < size; cut++)
		assert_inflates("cut", packed, cut, "it is cut off");
}

/* Every bit of a gzip file counts, but those of its header that say where it was made. */
static void refuses_what_is_altered(void **state)
{
	enum { HEADER = 10 };
	uint8_t packed[2 * SIZE];
	(void)state;
	const size_t size = pack(SIZE, packed, sizeof(packed));
	for (size_t i = HEADER; i < size; i++) {
		packed[i] ^= 1;
		assert_inflates("altered", packed, size, "it");
		packed[i] ^= 1;
	}
	assert_inflates("restored", packed, size, NULL);
}

static void refuses_other_content(void **state)
{
	uint8_t packed[2 * SIZE];
	(void)state;
	content[17] ^= 1;
	const size_t size = pack(SIZE, packed, sizeof(packed));
	content[17] ^= 1;
	assert_inflates("other content", packed, size, "its content is not the published one");
}

static void refuses_what_follows(void **state)
{
	uint8_t packed[2 * SIZE];
	(void)state;
	const size_t size = pack(SIZE, packed, sizeof(packed));
	packed[size] = 0;
	assert_inflates("a byte behind", packed, size + 1, "bytes follow");
}

static void names_what_is_no_gzip(void **state)
{
	static const char *const pages[] = {"<html>", "\n\t <!DOCTYPE html>", "\xef\xbb\xbf<HTML>"};
	(void)state;
	for (size_t i = 0; i < COUNT(pages); i++)
		assert_inflates(pages[i], (const uint8_t *)pages[i], strlen(pages[i]), "a web page");
	assert_inflates("text", (const uint8_t *)"log in", 6, "no gzip file");
	assert_inflates("blanks", (const uint8_t *)"   ", 3, "no gzip file");
	assert_inflates("plain", content, SIZE, "no gzip file");
}

static void knows_intact_files(void **state)
{
	char *folder = fixture_folder(), *path = files_join(folder, "file");
	(void)state;
	assert_false(pinned_is_intact(&file, path));
	assert_int_equal(files_write(path, content, SIZE), 0);
	assert_true(pinned_is_intact(&file, path));
	char *link = files_join(folder, "link");
	assert_int_equal(symlink(path, link), 0);
	assert_false(pinned_is_intact(&file, link));
	assert_false(pinned_is_intact(&file, folder));
	assert_int_equal(files_write(path, content, SIZE - 1), 0);
	assert_false(pinned_is_intact(&file, path));
	assert_int_equal(files_write(path, content + 1, SIZE), 0);
	assert_false(pinned_is_intact(&file, path));
	free(link);
	free(path);
	fixture_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_file),          cmocka_unit_test(refuses_other_sizes),
		cmocka_unit_test(refuses_what_is_cut_off), cmocka_unit_test(refuses_what_is_altered),
		cmocka_unit_test(refuses_other_content),   cmocka_unit_test(refuses_what_follows),
		cmocka_unit_test(names_what_is_no_gzip),   cmocka_unit_test(knows_intact_files),
	};
	return cmocka_run_group_tests_name("pinned", tests, make_content, NULL) != 0;
}
