/* SPDX-License-Identifier: MIT */
/*
 * MNIST from the network into the cache.  Nothing reaches the cache but the very bytes whose size and
 * SHA-256 are pinned (core/dataset.h), so that the mirrors need not be trusted.
 *
 * Environment: CNNBENCH_DOWNLOAD=no forbids all downloads; CNNBENCH_MIRRORS, URLs of folders that begin
 * with https:// and are separated by blanks, replaces the built-in mirrors (for tests, and for networks
 * with a mirror of their own).
 */
#ifndef RUNNER_FETCH_H
#define RUNNER_FETCH_H

#include <stdbool.h>
#include <stddef.h>

enum { FETCH_WHY_SIZE = 2048, FETCH_MEGABYTES = 12 };

/* Should `run` try?  MNIST is not found, CNNBENCH_DATA does not say where it is, and downloads are not
 * forbidden. */
bool fetch_is_due(void);

/*
 * Bring the four files into the cache's mnist folder, each whole and right or not at all; what is there
 * and intact stays unless `force`.  The smallest comes first: where none of the mirrors has sent it
 * within 4.5 s, there is no network.  Two at once are safe.  -1, without error(): `why` says it in one
 * line, with what to do next; also after a signal (interrupt.h).
 */
int fetch_mnist(bool force, char *why, size_t why_size);

#endif
