/* SPDX-License-Identifier: MIT */
#include "core/npy.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "arrays are written as they lie here");

/* Magic, version 1.0, then the length of the header that follows, in two bytes. */
enum { PREFIX_SIZE = 10, ALIGNMENT = 64, HEADER_MAX = 4096 };
static const char prefix[8] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0};

static const struct {
	const char *descr, *name;
	size_t size;
} types[] = {
	[NPY_U8] = {"|u1", "uint8", 1},
	[NPY_U32] = {"<u4", "uint32", 4},
	[NPY_F32] = {"<f4", "float32", 4},
	[NPY_F64] = {"<f8", "float64", 8},
};

/* -1 where the product does not fit. */
static int count_elements(int rank, const size_t *dims, size_t *count)
{
	*count = 1;
	for (int i = 0; i < rank; i++)
		if (__builtin_mul_overflow(*count, dims[i], count))
			return -1;
	return *count > SIZE_MAX / 8 ? -1 : 0;
}

/* The whole header as numpy.save writes it: padded with spaces, a newline at its end. */
static size_t format_header(char out[HEADER_MAX], enum npy_type type, int rank, const size_t *dims)
{
	char *at = out + PREFIX_SIZE;
	char *const end = out + HEADER_MAX;

	at += snprintf(at, (size_t)(end - at), "{'descr': '%s', 'fortran_order': False, 'shape': (",
	               types[type].descr);
	for (int i = 0; i < rank; i++)
		at += snprintf(at, (size_t)(end - at), i ? ", %zu" : "%zu", dims[i]);
	at += snprintf(at, (size_t)(end - at), rank == 1 ? ",), }" : "), }");

	/* At least one byte is left for the newline. */
	size_t used = (size_t)(at - out);
	size_t size = (used + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
	memset(out + used, ' ', size - used);
	out[size - 1] = '\n';
	memcpy(out, prefix, sizeof(prefix));
	out[8] = (char)((size - PREFIX_SIZE) & 0xff);
	out[9] = (char)((size - PREFIX_SIZE) >> 8);
	return size;
}

/* The bytes of an array that this program makes itself. */
static size_t data_size(enum npy_type type, int rank, const size_t *dims)
{
	size_t count;

	if (rank < 0 || rank > NPY_RANK_MAX || count_elements(rank, dims, &count))
		BUG("an array of %d dimensions is too large to write", rank);
	return count * types[type].size;
}

int npy_write(const char *path, enum npy_type type, int rank, const size_t *dims, const void *data)
{
	char header[HEADER_MAX];
	size_t size = data_size(type, rank, dims);
	struct iovec parts[] = {
		{header, format_header(header, type, rank, dims)},
		{(void *)(uintptr_t)data, size},
	};

	return files_write_parts(path, parts, 2);
}

size_t npy_file_size(enum npy_type type, int rank, const size_t *dims)
{
	char header[HEADER_MAX];
	size_t size = data_size(type, rank, dims);

	return format_header(header, type, rank, dims) + size;
}

struct files_draft *npy_begin(const char *path, enum npy_type type, int rank, const size_t *dims)
{
	char header[HEADER_MAX];
	size_t size = format_header(header, type, rank, dims);
	struct files_draft *draft = files_begin(path);

	if (draft)
		files_add(draft, header, size);
	return draft;
}

struct digest *npy_digest_begin(enum npy_type type, int rank, const size_t *dims)
{
	char header[HEADER_MAX];
	struct digest *digest = digest_begin();

	digest_add(digest, header, format_header(header, type, rank, dims));
	return digest;
}

void npy_digest(enum npy_type type, int rank, const size_t *dims, const void *data,
                char out[DIGEST_SIZE])
{
	size_t size = data_size(type, rank, dims);
	struct digest *digest = npy_digest_begin(type, rank, dims);

	digest_add(digest, data, size);
	digest_end(digest, out);
}

/* The header is a Python dictionary of three entries, in any order.  A cursor runs over its text;
 * each take_... moves it behind what it took, or gives false. */
struct cursor {
	const char *at;
};

static void skip_spaces(struct cursor *cursor)
{
	while (*cursor->at == ' ' || *cursor->at == '\n' || *cursor->at == '\t')
		cursor->at++;
}

static bool take(struct cursor *cursor, const char *token)
{
	size_t length = strlen(token);

	skip_spaces(cursor);
	if (strncmp(cursor->at, token, length))
		return false;
	cursor->at += length;
	return true;
}

static bool take_quoted(struct cursor *cursor, const char *text)
{
	const char *quote = take(cursor, "'") ? "'" : "\"";
	size_t length = strlen(text);

	if (*quote == '"' && !take(cursor, "\""))
		return false;
	if (strncmp(cursor->at, text, length) || cursor->at[length] != *quote)
		return false;
	cursor->at += length + 1;
	return true;
}

static bool take_type(struct cursor *cursor, struct npy *array)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct cursor before = *cursor;

		if (take_quoted(cursor, types[i].descr)) {
			array->type = (enum npy_type)i;
			return true;
		}
		*cursor = before;
	}
	return false;
}

static bool take_number(struct cursor *cursor, size_t *number)
{
	skip_spaces(cursor);
	if (!isdigit((unsigned char)*cursor->at))
		return false;
	for (*number = 0; isdigit((unsigned char)*cursor->at); cursor->at++)
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, (size_t)(*cursor->at - '0'), number))
			return false;
	return true;
}

static bool take_shape(struct cursor *cursor, struct npy *array)
{
	bool comma = true; /* one must stand between two numbers, and behind a single one */

	if (!take(cursor, "("))
		return false;
	for (array->rank = 0; !take(cursor, ")"); array->rank++) {
		if (!comma || array->rank == NPY_RANK_MAX ||
		    !take_number(cursor, &array->dims[array->rank]))
			return false;
		comma = take(cursor, ",");
	}
	return array->rank != 1 || comma;
}

/* The index of the entry's key, or -1. */
static int take_key(struct cursor *cursor)
{
	static const char *const keys[] = {"descr", "fortran_order", "shape"};

	for (int key = 0; key < 3; key++) {
		struct cursor before = *cursor;

		if (take_quoted(cursor, keys[key]))
			return take(cursor, ":") ? key : -1;
		*cursor = before;
	}
	return -1;
}

/* What is wrong, or NULL. */
static const char *parse_header(const char *text, struct npy *array)
{
	struct cursor cursor = {text};
	unsigned seen = 0;

	if (!take(&cursor, "{"))
		return "its header is no dictionary";
	while (!take(&cursor, "}")) {
		int key = take_key(&cursor);

		if (key < 0 || seen & 1u << key)
			return "its header has an unknown or repeated entry";
		seen |= 1u << key;
		if (key == 0 && !take_type(&cursor, array))
			return "its type is not '|u1', '<u4', '<f4' or '<f8'";
		if (key == 1 && !take(&cursor, "False"))
			return "it is not in C order";
		if (key == 2 && !take_shape(&cursor, array))
			return "its shape cannot be read, or has more than 4 dimensions";
		if (!take(&cursor, ",") && *cursor.at != '}')
			return "its header is malformed";
	}
	skip_spaces(&cursor);
	if (seen != 7 || *cursor.at != '\0')
		return "its header lacks an entry or has text behind it";
	return NULL;
}

/* Read exactly `size` bytes.  False at an early end and at an error. */
static bool read_exactly(int descriptor, void *out, size_t size, size_t offset)
{
	char *to = out;

	while (size > 0) {
		ssize_t got = pread(descriptor, to, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		offset += (size_t)got;
		size -= (size_t)got;
	}
	return true;
}

/* What is wrong, or NULL. */
static const char *read_header(int descriptor, int64_t file_size, struct npy *array)
{
	unsigned char start[PREFIX_SIZE];
	char text[HEADER_MAX + 1];

	if (!read_exactly(descriptor, start, PREFIX_SIZE, 0) || memcmp(start, prefix, sizeof(prefix)))
		return "it does not begin as an .npy file of version 1.0 does";
	size_t length = start[8] + 256u * start[9];
	if (length > HEADER_MAX || !read_exactly(descriptor, text, length, PREFIX_SIZE))
		return "its header is cut short or too long";
	text[length] = '\0';
	if (strlen(text) != length)
		return "its header holds a NUL byte";
	const char *wrong = parse_header(text, array);
	if (wrong)
		return wrong;
	array->offset = PREFIX_SIZE + length;
	if (count_elements(array->rank, array->dims, &array->count))
		return "its shape is too large";
	uint64_t expected = array->offset + (uint64_t)array->count * types[array->type].size;
	return (uint64_t)file_size == expected ? NULL : "its size is not what its header promises";
}

/* Of an open file, which is closed.  What is wrong, or NULL. */
static const char *inspect(int descriptor, int64_t file_size, const char *path, struct npy *array)
{
	const char *wrong = read_header(descriptor, file_size, array);

	close(descriptor);
	if (!wrong)
		array->path = memory_copy(path);
	return wrong;
}

int npy_open(struct npy *array, const char *path)
{
	int64_t size;
	int descriptor = files_open(path, &size);

	*array = (struct npy){0};
	if (descriptor < 0)
		return -1;
	const char *wrong = inspect(descriptor, size, path, array);
	return wrong ? error("%s: not a usable array: %s", path, wrong) : 0;
}

const char *npy_inspect(struct npy *array, const char *path)
{
	struct stat status;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*array = (struct npy){0};
	if (descriptor < 0)
		return "it cannot be opened";
	if (fstat(descriptor, &status) || !S_ISREG(status.st_mode)) {
		close(descriptor);
		return "it is no regular file";
	}
	return inspect(descriptor, status.st_size, path, array);
}

void npy_text(enum npy_type type, int rank, const size_t *dims, char out[NPY_TEXT_SIZE])
{
	int length = snprintf(out, NPY_TEXT_SIZE, "%s (", types[type].name);

	for (int i = 0; i < rank; i++)
		length +=
			snprintf(out + length, (size_t)(NPY_TEXT_SIZE - length), i ? ", %zu" : "%zu", dims[i]);
	snprintf(out + length, (size_t)(NPY_TEXT_SIZE - length), ")");
}

void npy_close(struct npy *array)
{
	free(array->path);
	*array = (struct npy){0};
}

int npy_read(const struct npy *array, size_t first, size_t count, void *out)
{
	size_t size = types[array->type].size;
	int64_t file_size;

	if (first > array->count || count > array->count - first)
		BUG("%s: elements %zu to %zu asked for of %zu", array->path, first, first + count,
		    array->count);
	int descriptor = files_open(array->path, &file_size);
	if (descriptor < 0)
		return -1;
	bool whole = read_exactly(descriptor, out, count * size, array->offset + first * size);
	close(descriptor);
	if (!whole)
		return error(
			"%s: cannot read this array: cut short, or the disk failed; remove its folder and run again",
			array->path);
	return 0;
}

int npy_read_file(const char *path, enum npy_type type, size_t count, void *out)
{
	struct npy array;
	int result = npy_open(&array, path);

	if (result == 0 && (array.type != type || array.count != count))
		result = error("%s: not %zu %s any more", path, count, types[type].name);
	if (result == 0)
		result = npy_read(&array, 0, count, out);
	npy_close(&array);
	return result;
}
