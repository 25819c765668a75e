/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/files.h"
#include "core/idx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { PIXELS = 28 * 28, FILE_MAX = 1 << 20 };

static char folder[256], path[300];
static char message[1024];

static void keep_message(const char *text)
{
	snprintf(message, sizeof(message), "%s", text);
}

static int set_up(void **state)
{
	(void)state;
	const char *parent = getenv("TMPDIR");
	snprintf(folder, sizeof(folder), "%s/test_idx.XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	error_set_sink(keep_message);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return files_remove_folder(folder);
}

/* What a file is made of: a header, `body` bytes of `fill`, and how it is packed. */
enum packing { PLAIN, GZIP, GZIP_TWO_MEMBERS };

struct content {
	uint32_t header[4];
	int words; /* of the header, four bytes each */
	size_t body;
	uint8_t fill;
	enum packing packing;
	size_t cut;          /* bytes to take off the end of the finished file */
	const char *trailer; /* bytes to put behind it, or NULL */
};

static size_t raw_bytes(const struct content *content, uint8_t *out)
{
	size_t size = 0;
	for (int i = 0; i < content->words; i++)
		for (int shift = 24; shift >= 0; shift -= 8)
			out[size++] = (uint8_t)(content->header[i] >> shift);
	memset(out + size, content->fill, content->body);
	return size + content->body;
}

static size_t gzip_bytes(const uint8_t *bytes, size_t size, uint8_t *out)
{
	z_stream stream = {0};
	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
	                 Z_OK);
	stream.next_in = (uint8_t *)bytes;
	stream.avail_in = (uInt)size;
	stream.next_out = out;
	stream.avail_out = FILE_MAX;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size_t packed = stream.total_out;
	deflateEnd(&stream);
	return packed;
}

static size_t pack(const struct content *content, const uint8_t *raw, size_t size, uint8_t *out)
{
	size_t first = content->packing == GZIP_TWO_MEMBERS ? size / 2 : size;
	if (content->packing == PLAIN) {
		memcpy(out, raw, size);
		return size;
	}
	size_t packed = gzip_bytes(raw, first, out);
	if (first < size)
		packed += gzip_bytes(raw + first, size - first, out + packed);
	return packed;
}

static void write_content(const struct content *content)
{
	uint8_t *raw = calloc(2, FILE_MAX), *packed = calloc(2, FILE_MAX);
	size_t size = pack(content, raw, raw_bytes(content, raw), packed) - content->cut;
	if (content->trailer) {
		memcpy(packed + size, content->trailer, strlen(content->trailer));
		size += strlen(content->trailer);
	}
	assert_int_equal(files_write(path, packed, size), 0);
	free(raw);
	free(packed);
}

enum what { IMAGES, LABELS };

static int read_back(enum what what, uint8_t **bytes, size_t *count)
{
	return what == IMAGES ? idx_read_images(path, bytes, count)
	                      : idx_read_labels(path, bytes, count);
}

static void assert_read(enum what what, size_t want_count, size_t entry, uint8_t want_byte,
                        const char *name)
{
	uint8_t *bytes;
	size_t count;
	message[0] = '\0';
	if (read_back(what, &bytes, &count) != 0)
		fail_msg("%s: got error \"%s\", wanted %zu entries", name, message, want_count);
	if (count != want_count || bytes[count * entry - 1] != want_byte)
		fail_msg("%s: got %zu entries that end in %d, wanted %zu that end in %d", name, count,
		         bytes[count * entry - 1], want_count, want_byte);
	free(bytes);
}

/* The one error line names the file and holds `want`. */
static void assert_refused(enum what what, const char *want, const char *name)
{
	uint8_t *bytes;
	size_t count;
	message[0] = '\0';
	if (read_back(what, &bytes, &count) == 0)
		fail_msg("%s: got %zu entries, wanted an error with \"%s\"", name, count, want);
	if (bytes || !strstr(message, want) || !strstr(message, path) || strchr(message, '\n'))
		fail_msg("%s: got \"%s\", wanted one line with the path and \"%s\"", name, message, want);
}

static void reads_what_is_right(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum what what;
		struct content content;
		size_t entry;
	} cases[] = {
		{"one image", IMAGES, {{0x803, 1, 28, 28}, 4, PIXELS, 200, .packing = PLAIN}, PIXELS},
		{"images", IMAGES, {{0x803, 9, 28, 28}, 4, 9 * PIXELS, 7, .packing = PLAIN}, PIXELS},
		{"images.gz", IMAGES, {{0x803, 9, 28, 28}, 4, 9 * PIXELS, 7, .packing = GZIP}, PIXELS},
		{"two members",
	     IMAGES,
	     {{0x803, 9, 28, 28}, 4, 9 * PIXELS, 7, .packing = GZIP_TWO_MEMBERS},
	     PIXELS},
		{"labels", LABELS, {{0x801, 70}, 2, 70, 9, .packing = PLAIN}, 1},
		{"labels.gz", LABELS, {{0x801, 300000}, 2, 300000, 9, .packing = GZIP}, 1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		write_content(&cases[i].content);
		assert_read(cases[i].what, cases[i].content.header[1], cases[i].entry,
		            cases[i].content.fill, cases[i].name);
	}
}

static const struct {
	const char *name;
	enum what what;
	struct content content;
	const char *want;
} wrong_files[] = {
	{"empty", LABELS, {{0}, .words = 0}, "only 0 of the 8 bytes of its header"},
	{"one byte", LABELS, {{0}, .body = 1, .fill = 0x1f}, "only 1 of the 8 bytes of its header"},
	{"half a header", IMAGES, {{0x803, 1}, .words = 2}, "only 8 of the 16 bytes of its header"},
	{"labels as images", IMAGES, {{0x801, 16}, 2, 16, 1, .packing = PLAIN}, "wanted 0x00000803"},
	{"images as labels",
     LABELS,
     {{0x803, 1, 28, 28}, 4, PIXELS, 1, .packing = PLAIN},
     "begins with 0x00000803, wanted 0x00000801"},
	{"no entry", LABELS, {{0x801, 0}, .words = 2}, "0 labels, wanted 1 to 16777216"},
	{"too many",
     LABELS,
     {{0x801, (1 << 24) + 1}, .words = 2},
     "16777217 labels, wanted 1 to 16777216"},
	{"most", LABELS, {{0x801, UINT32_MAX}, .words = 2}, "4294967295 labels"},
	{"rows",
     IMAGES,
     {{0x803, 1, 32, 28}, 4, PIXELS, 1, .packing = PLAIN},
     "images of 32 x 28 pixels"},
	{"columns",
     IMAGES,
     {{0x803, 1, 28, 0}, 4, PIXELS, 1, .packing = PLAIN},
     "images of 28 x 0 pixels"},
	{"short",
     IMAGES,
     {{0x803, 2, 28, 28}, 4, 2 * PIXELS - 1, 1, .packing = PLAIN},
     "2 images, 1584 bytes, and it can hold 1583 at most"},
	{"promise", IMAGES, {{0x803, 1 << 24, 28, 28}, 4, 100, 1, .packing = GZIP}, "can hold"},
	{"long",
     IMAGES,
     {{0x803, 2, 28, 28}, 4, 2 * PIXELS + 1, 1, .packing = PLAIN},
     "bytes follow the last"},
	{"short gz",
     LABELS,
     {{0x801, 100}, 2, 99, 1, .packing = GZIP},
     "only 99 of the 100 bytes of its labels"},
	{"long gz", LABELS, {{0x801, 100}, 2, 101, 1, .packing = GZIP}, "bytes follow the last"},
	{"bomb", LABELS, {{0x801, 100}, 2, 900000, 1, .packing = GZIP}, "bytes follow the last"},
	{"cut in the trailer", LABELS, {{0x801, 100}, 2, 100, 1, .packing = GZIP, .cut = 1}, "cut off"},
	{"cut in the data", LABELS, {{0x801, 100}, 2, 100, 1, .packing = GZIP, .cut = 9}, "cut off"},
	{"other checksum",
     LABELS,
     {{0x801, 100}, 2, 100, 1, .packing = GZIP, .cut = 8, .trailer = "01234567"},
     "incorrect data check"},
	{"garbage",
     LABELS,
     {{0x801, 100}, 2, 100, 1, .packing = GZIP, .trailer = "garbage"},
     "incorrect header check"},
	{"gzip in name only", LABELS, {{0x1f8b1f8b, 1}, 2, 100, 1, .packing = PLAIN}, "damaged"},
	{"label 10",
     LABELS,
     {{0x801, 100}, 2, 100, 10, .packing = PLAIN},
     "label 0 is 10, wanted 0 to 9"},
};

static void refuses_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_files) / sizeof(*wrong_files); i++) {
		write_content(&wrong_files[i].content);
		assert_refused(wrong_files[i].what, wrong_files[i].want, wrong_files[i].name);
	}
}

static void refuses_what_is_no_file(void **state)
{
	(void)state;
	char file[sizeof(path)];
	memcpy(file, path, sizeof(path));
	snprintf(path, sizeof(path), "%s/absent", folder);
	assert_refused(LABELS, "cannot open", "absent");
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(LABELS, "not a regular file", "fifo");
	snprintf(path, sizeof(path), "%s", folder);
	assert_refused(LABELS, "not a regular file", "folder");
	snprintf(path, sizeof(path), "/dev/zero");
	assert_refused(LABELS, "not a regular file", "device");
	memcpy(path, file, sizeof(path));
}

static void follows_links(void **state)
{
	(void)state;
	static const struct content content = {{0x801, 5}, 2, 5, 3, .packing = PLAIN};
	char link[sizeof(path)];
	write_content(&content);
	snprintf(link, sizeof(link), "%s/link", folder);
	assert_int_equal(symlink(path, link), 0);
	memcpy(path, link, sizeof(path));
	assert_read(LABELS, 5, 1, 3, "link");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_right),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(refuses_what_is_no_file),
		cmocka_unit_test(follows_links),
	};
	return cmocka_run_group_tests_name("idx", tests, set_up, tear_down) != 0;
}
