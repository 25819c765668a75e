/* SPDX-License-Identifier: MIT */
#include "core/memory.h"
#include "core/sha256.h"

#include <CommonCrypto/CommonDigest.h>
#include <stdlib.h>

void *sha256_begin(void)
{
	CC_SHA256_CTX *hash = memory_new(1, sizeof(*hash));

	CC_SHA256_Init(hash);
	return hash;
}

/* CommonCrypto counts in 32 bits. */
void sha256_add(void *hash, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	while (size > 0) {
		CC_LONG part = size < 1u << 30 ? (CC_LONG)size : 1u << 30;

		CC_SHA256_Update(hash, from, part);
		from += part;
		size -= part;
	}
}

void sha256_end(void *hash, uint8_t out[SHA256_BYTES])
{
	CC_SHA256_Final(out, hash);
	free(hash);
}
