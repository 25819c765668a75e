/* SPDX-License-Identifier: MIT */
#include "core/digest.h"

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/sha256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_PART = 1 << 18 };

/* The system's hash goes by this name; there is nothing else in it. */
struct digest {
	void *hash;
};

struct digest *digest_begin(void)
{
	struct digest *digest = memory_new(1, sizeof(*digest));

	digest->hash = sha256_begin();
	return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t size)
{
	sha256_add(digest->hash, bytes, size);
}

void digest_end(struct digest *digest, char out[DIGEST_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t hash[SHA256_BYTES];

	sha256_end(digest->hash, hash);
	for (int i = 0; i < SHA256_BYTES; i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 15];
	}
	out[DIGEST_SIZE - 1] = '\0';
	free(digest);
}

void digest_bytes(const void *bytes, size_t size, char out[DIGEST_SIZE])
{
	struct digest *digest = digest_begin();

	digest_add(digest, bytes, size);
	digest_end(digest, out);
}

static int add_file(struct digest *digest, int descriptor)
{
	char *part = memory_new(FILE_PART, 1);
	ssize_t got;

	do {
		got = read(descriptor, part, FILE_PART);
		if (got > 0)
			digest_add(digest, part, (size_t)got);
	} while (got > 0 || (got < 0 && errno == EINTR));
	free(part);
	return got < 0 ? -1 : 0;
}

int digest_file(const char *path, char out[DIGEST_SIZE])
{
	int64_t size;
	int descriptor = files_open(path, &size);

	if (descriptor < 0)
		return -1;
	struct digest *digest = digest_begin();
	int result = add_file(digest, descriptor);
	int kept = errno;
	digest_end(digest, out);
	close(descriptor);
	return result ? error("%s: cannot read this file: %s%s", path, strerror(kept),
	                      files_advice(path, kept))
	              : 0;
}
