/* SPDX-License-Identifier: MIT */
#include "core/idx.h"

#include "core/error.h"
#include "core/memory.h"
#include "core/model.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
	COUNT_MAX = 1 << 24,
	LABELS_MAGIC = 0x00000801,
	IMAGES_MAGIC = 0x00000803,
	HEADER_MAX = 16, /* bytes: magic, count, rows, columns */
	CHUNK = 1 << 16,
	/* A deflate stream grows by less than this: 258 bytes from two bits (RFC 1951; zlib's
	 * technical page names 1032:1).  So a tiny file cannot promise a huge array. */
	INFLATE_MOST = 1032,
};

/*
 * The bytes of a file, inflated where it is gzip's (an IDX file cannot begin with gzip's magic).
 * Not gzread(): it passes over whatever stands behind the last gzip member, we refuse it.
 */
struct source {
	const char *path;
	int descriptor;
	uint64_t most; /* the most bytes that it can hold */
	bool packed, finished;
	z_stream stream;
	uint8_t chunk[CHUNK];
};

static int damaged(const struct source *source, const char *how)
{
	return error("%s: %s; the file is damaged, fetch it again", source->path, how);
}

/* The next bytes of the file itself; 0 at its end. */
static ssize_t file_read(const struct source *source, void *out, size_t size)
{
	for (;;) {
		ssize_t got = read(source->descriptor, out, size);
		if (got >= 0)
			return got;
		if (errno != EINTR)
			return error("%s: cannot read: %s", source->path, strerror(errno));
	}
}

static int file_open(struct source *source)
{
	struct stat status;
	/* O_NONBLOCK: a FIFO without a writer would block here. */
	source->descriptor = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (source->descriptor < 0)
		return error("%s: cannot open: %s", source->path, strerror(errno));
	if (fstat(source->descriptor, &status) != 0)
		return error("%s: cannot examine: %s", source->path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return error("%s: not a regular file; name a folder of IDX files", source->path);
	source->most = (uint64_t)status.st_size;
	return 0;
}

static int source_open(struct source *source, const char *path)
{
	*source = (struct source){.path = path};
	if (file_open(source) != 0)
		return -1;
	uint8_t magic[2];
	ssize_t got = pread(source->descriptor, magic, sizeof(magic), 0);
	if (got < 0)
		return error("%s: cannot read: %s", path, strerror(errno));
	if (got < 2 || magic[0] != 0x1f || magic[1] != 0x8b)
		return 0;
	source->most =
		source->most > UINT64_MAX / INFLATE_MOST ? UINT64_MAX : source->most * INFLATE_MOST;
	source->packed = true;
	if (inflateInit2(&source->stream, MAX_WBITS + 16) != Z_OK) /* + 16: a gzip wrapper */
		return error("%s: zlib: %s", path, source->stream.msg ? source->stream.msg : "no memory");
	return 0;
}

static void source_close(struct source *source)
{
	if (source->packed)
		inflateEnd(&source->stream);
	if (source->descriptor >= 0)
		close(source->descriptor);
}

/* Fill the chunk when it is used up.  1: there is input, 0: the file ends. */
static int packed_fill(struct source *source)
{
	z_stream *stream = &source->stream;
	if (stream->avail_in > 0)
		return 1;
	ssize_t got = file_read(source, source->chunk, CHUNK);
	if (got <= 0)
		return (int)got;
	stream->next_in = source->chunk;
	stream->avail_in = (uInt)got;
	return 1;
}

/* A gzip file is one or more members (RFC 1952); input behind one must be the next. */
static int packed_member_end(struct source *source)
{
	int more = packed_fill(source);
	if (more <= 0) {
		source->finished = true;
		return more;
	}
	inflateReset(&source->stream);
	return 0;
}

static int packed_step(struct source *source)
{
	int more = packed_fill(source);
	if (more < 0)
		return -1;
	if (more == 0)
		return damaged(source, "its gzip stream is cut off");
	int result = inflate(&source->stream, Z_NO_FLUSH);
	if (result == Z_STREAM_END)
		return packed_member_end(source);
	if (result == Z_OK || result == Z_BUF_ERROR)
		return 0;
	return damaged(source, source->stream.msg ? source->stream.msg : "its gzip stream is broken");
}

static ssize_t packed_read(struct source *source, uint8_t *out, size_t size)
{
	source->stream.next_out = out;
	source->stream.avail_out = (uInt)size;
	while (source->stream.avail_out > 0 && !source->finished)
		if (packed_step(source) != 0)
			return -1;
	return (ssize_t)(size - source->stream.avail_out);
}

/* Read `size` bytes; fewer only where the source ends.  -1 after error(). */
static int64_t source_read(struct source *source, uint8_t *out, size_t size)
{
	size_t done = 0;
	while (done < size) {
		size_t wanted =
			size - done < INT32_MAX ? size - done : INT32_MAX; /* zlib counts in 32 bits */
		ssize_t got = source->packed ? packed_read(source, out + done, wanted)
		                             : file_read(source, out + done, wanted);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (int64_t)done;
}

static int read_exactly(struct source *source, uint8_t *out, size_t size, const char *what)
{
	int64_t got = source_read(source, out, size);
	if (got < 0)
		return -1;
	if ((size_t)got == size)
		return 0;
	return error("%s: only %" PRId64
	             " of the %zu bytes of its %s are there; the file is damaged, fetch it again",
	             source->path, got, size, what);
}

static int read_nothing_more(struct source *source)
{
	uint8_t byte;
	int64_t got = source_read(source, &byte, 1);
	if (got < 0)
		return -1;
	return got == 0 ? 0 : damaged(source, "bytes follow the last entry that its header counts");
}

static uint32_t big_endian(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* What a kind of file must look like. */
struct kind {
	const char *name;
	uint32_t magic;
	size_t header, entry; /* bytes */
};

static const struct kind images = {"images", IMAGES_MAGIC, 16, MODEL_PIXELS};
static const struct kind labels = {"labels", LABELS_MAGIC, 8, 1};

static int check_header(const struct source *source, const struct kind *kind, const uint8_t *header)
{
	uint32_t magic = big_endian(header), count = big_endian(header + 4);
	if (magic != kind->magic)
		return error("%s: not an IDX file of %s: it begins with 0x%08" PRIx32
		             ", wanted 0x%08" PRIx32,
		             source->path, kind->name, magic, kind->magic);
	if (count < 1 || count > COUNT_MAX)
		return error("%s: %" PRIu32 " %s, wanted 1 to %d", source->path, count, kind->name,
		             COUNT_MAX);
	if (kind == &images) {
		uint32_t rows = big_endian(header + 8), columns = big_endian(header + 12);
		if (rows != MODEL_SIDE || columns != MODEL_SIDE)
			return error("%s: images of %" PRIu32 " x %" PRIu32 " pixels, wanted %d x %d",
			             source->path, rows, columns, MODEL_SIDE, MODEL_SIDE);
	}
	uint64_t wanted = kind->header + (uint64_t)count * kind->entry;
	if (wanted > source->most)
		return error("%s: its header counts %" PRIu32 " %s, %" PRIu64
		             " bytes, and it can hold %" PRIu64
		             " at most; the file is damaged, fetch it again",
		             source->path, count, kind->name, wanted, source->most);
	return 0;
}

static int read_body(struct source *source, const struct kind *kind, uint8_t **bytes, size_t *count)
{
	uint8_t header[HEADER_MAX];
	if (read_exactly(source, header, kind->header, "header") != 0)
		return -1;
	if (check_header(source, kind, header) != 0)
		return -1;
	*count = big_endian(header + 4);
	*bytes = memory_new(*count, kind->entry);
	if (read_exactly(source, *bytes, *count * kind->entry, kind->name) == 0 &&
	    read_nothing_more(source) == 0)
		return 0;
	free(*bytes);
	*bytes = NULL;
	return -1;
}

static int read_file(const char *path, const struct kind *kind, uint8_t **bytes, size_t *count)
{
	struct source *source = memory_new(1, sizeof(*source));
	*bytes = NULL;
	*count = 0;
	int result = source_open(source, path);
	if (result == 0)
		result = read_body(source, kind, bytes, count);
	source_close(source);
	free(source);
	return result;
}

int idx_read_images(const char *path, uint8_t **bytes, size_t *count)
{
	return read_file(path, &images, bytes, count);
}

int idx_read_labels(const char *path, uint8_t **bytes, size_t *count)
{
	if (read_file(path, &labels, bytes, count) != 0)
		return -1;
	for (size_t i = 0; i < *count; i++) {
		unsigned label = (*bytes)[i];
		if (label < MODEL_CLASSES)
			continue;
		free(*bytes);
		*bytes = NULL;
		return error("%s: label %zu is %u, wanted 0 to %d", path, i, label, MODEL_CLASSES - 1);
	}
	return 0;
}
