/* SPDX-License-Identifier: MIT */
/* What the cache folder (core/files.h) holds of ours: how much it is, and its removal. */
#ifndef CLI_CACHE_H
#define CLI_CACHE_H

#include <stdint.h>

struct cache_part {
	const char *folder; /* below the cache folder */
	const char *what;
};

enum { CACHE_PARTS = 4 };
extern const struct cache_part cache_parts[CACHE_PARTS];

/* Bytes of all plain files in a part, links not followed; -1: it is not there. */
int64_t cache_measure(const char *cache, const struct cache_part *part);
int cache_remove(const char *cache, const struct cache_part *part); /* -1 after error() */

#endif
