/* SPDX-License-Identifier: MIT */
/* SHA-256, as 64 lower-case hex digits and a NUL, through the system's library. */
#ifndef CORE_DIGEST_H
#define CORE_DIGEST_H

#include <stddef.h>

enum { DIGEST_SIZE = 65 };

void digest_bytes(const void *bytes, size_t size, char out[DIGEST_SIZE]);
int digest_file(const char *path, char out[DIGEST_SIZE]); /* -1 after error() */

/* Of bytes that come in parts; digest_end() frees `digest`. */
struct digest;
struct digest *digest_begin(void);
void digest_add(struct digest *digest, const void *bytes, size_t size);
void digest_end(struct digest *digest, char out[DIGEST_SIZE]);

#endif
