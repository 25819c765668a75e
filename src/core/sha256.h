/* SPDX-License-Identifier: MIT */
/* The system's SHA-256, for digest.c alone: libcrypto on Linux, CommonCrypto on macOS. */
#ifndef CORE_SHA256_H
#define CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32 };

void *sha256_begin(void);
void sha256_add(void *hash, const void *bytes, size_t size);
void sha256_end(void *hash, uint8_t out[SHA256_BYTES]); /* frees `hash` */

#endif
