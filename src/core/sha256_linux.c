/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/sha256.h"

#include <openssl/evp.h>

void *sha256_begin(void)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	if (!hash || !EVP_DigestInit_ex(hash, EVP_sha256(), NULL))
		die("libcrypto has no SHA-256 here; its configuration forbids it or memory is short");
	return hash;
}

void sha256_add(void *hash, const void *bytes, size_t size)
{
	if (!EVP_DigestUpdate(hash, bytes, size))
		die("libcrypto failed in SHA-256");
}

void sha256_end(void *hash, uint8_t out[SHA256_BYTES])
{
	if (!EVP_DigestFinal_ex(hash, out, NULL))
		die("libcrypto failed in SHA-256");
	EVP_MD_CTX_free(hash);
}
