/* SPDX-License-Identifier: MIT */
/* Files whose content is known beforehand, so that it does not matter where they come from. */
#ifndef CORE_PINNED_H
#define CORE_PINNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pinned {
	const char *name;
	size_t size;        /* bytes, not compressed */
	const char *digest; /* SHA-256 of these */
};

/* Inflate `packed`, a gzip file of one member that comes from a stranger: the `size` bytes, if they are
 * the pinned ones; free() them.  Inflating stops where the size is exceeded.  NULL, without error():
 * `why` says in a few words what it is instead. */
uint8_t *pinned_inflate(const struct pinned *pinned, const uint8_t *packed, size_t packed_size,
                        char *why, size_t why_size);

/* Is the plain file there, and holds the pinned bytes?  Silently, unless it cannot be
 * read to its end. */
bool pinned_is_intact(const struct pinned *pinned, const char *path);

#endif
