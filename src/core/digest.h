/* SPDX-License-Identifier: MIT */
/* SHA-256, as 64 lower-case hex digits and a NUL, through the system's library. */
#ifndef CORE_DIGEST_H
#define CORE_DIGEST_H

#include <stddef.h>

enum { DIGEST_SIZE = 65 };

void digest_bytes(const void *bytes, size_t size, char out[DIGEST_SIZE]);
int digest_file(const char *path, char out[DIGEST_SIZE]); /* -1 after error() */

#endif
