/* SPDX-License-Identifier: MIT */
#include "core/pinned.h"

#include "core/digest.h"
#include "core/memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { WITH_GZIP = MAX_WBITS + 16 }; /* zlib's way to ask for a gzip wrapper */

static bool is_gzip(const uint8_t *bytes, size_t size)
{
	return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* What a network that wants to be paid, or agreed to, sends in place of any file. */
static bool is_page(const uint8_t *bytes, size_t size)
{
	size_t i = 0;
	while (i < size && strchr(" \t\r\n\xef\xbb\xbf", bytes[i]) && bytes[i])
		i++;
	return i < size && bytes[i] == '<';
}

static void tell_foreign(const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
	const char *text = "it is no gzip file";
	if (size == 0)
		text = "it is empty";
	else if (is_page(bytes, size))
		text = "it is a web page, not the file; does this network ask for a login?";
	snprintf(why, why_size, "%s", text);
}

/* What zlib has made of it.  False: `why` tells. */
static bool check_stream(const struct pinned *pinned, const z_stream *stream, int result, char *why,
                         size_t why_size)
{
	if (stream->total_out > pinned->size)
		snprintf(why, why_size, "it inflates to more than the %zu bytes that it should have",
		         pinned->size);
	else if (result != Z_STREAM_END && result != Z_BUF_ERROR && result != Z_OK)
		snprintf(why, why_size, "it is damaged: %s", stream->msg ? stream->msg : "zlib failed");
	else if (result != Z_STREAM_END)
		snprintf(why, why_size, "it is cut off");
	else if (stream->avail_in > 0)
		snprintf(why, why_size, "bytes follow the end of its gzip stream");
	else if (stream->total_out < pinned->size)
		snprintf(why, why_size, "it inflates to %lu bytes, not to %zu", stream->total_out,
		         pinned->size);
	else
		return true;
	return false;
}

/* `out` has room for one byte more than the pinned size: the one by which an endless file is found out. */
static bool inflate_whole(const struct pinned *pinned, const uint8_t *packed, size_t packed_size,
                          uint8_t *out, char *why, size_t why_size)
{
	z_stream stream = {
		.next_in = (uint8_t *)(uintptr_t)packed, /* zlib does not write there */
		.avail_in = (uInt)packed_size,
		.next_out = out,
		.avail_out = (uInt)(pinned->size + 1),
	};
	if (inflateInit2(&stream, WITH_GZIP) != Z_OK)
		die("zlib: %s", stream.msg ? stream.msg : "no memory");
	const int result = inflate(&stream, Z_FINISH);
	const bool right = check_stream(pinned, &stream, result, why, why_size);
	inflateEnd(&stream);
	return right;
}

static bool check_digest(const struct pinned *pinned, const uint8_t *bytes, char *why,
                         size_t why_size)
{
	char digest[DIGEST_SIZE];
	digest_bytes(bytes, pinned->size, digest);
	if (strcmp(digest, pinned->digest) == 0)
		return true;
	snprintf(why, why_size, "its content is not the published one: SHA-256 %.16s, wanted %.16s",
	         digest, pinned->digest);
	return false;
}

uint8_t *pinned_inflate(const struct pinned *pinned, const uint8_t *packed, size_t packed_size,
                        char *why, size_t why_size)
{
	if (pinned->size >= UINT_MAX || packed_size >= UINT_MAX)
		BUG("%s: zlib counts in 32 bits", pinned->name);
	if (!is_gzip(packed, packed_size)) {
		tell_foreign(packed, packed_size, why, why_size);
		return NULL;
	}
	uint8_t *out = memory_new(pinned->size + 1, 1);
	if (inflate_whole(pinned, packed, packed_size, out, why, why_size) &&
	    check_digest(pinned, out, why, why_size))
		return out;
	free(out);
	return NULL;
}

bool pinned_is_intact(const struct pinned *pinned, const char *path)
{
	char digest[DIGEST_SIZE];
	struct stat status;
	if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
	    (size_t)status.st_size != pinned->size)
		return false;
	return access(path, R_OK) == 0 && digest_file(path, digest) == 0 &&
	       strcmp(digest, pinned->digest) == 0;
}
