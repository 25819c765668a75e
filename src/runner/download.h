/* SPDX-License-Identifier: MIT */
/*
 * One file over HTTPS, by curl(1) as a child process: without a shell, without the user's ~/.curlrc,
 * over HTTPS alone, redirections too.  What comes goes through a pipe into memory; nothing is written.
 */
#ifndef RUNNER_DOWNLOAD_H
#define RUNNER_DOWNLOAD_H

#include <stddef.h>
#include <stdint.h>

struct download {
	const char *curl; /* its path, of program_find */
	const char *url;
	size_t limit;   /* bytes: the transfer is ended where more come */
	double seconds; /* at most, in all */
};

/* The bytes, free() them; NULL, without error(): `why` says it in a few words.  A signal (interrupt.h)
 * ends it. */
uint8_t *download_bytes(const struct download *download, size_t *size, char *why, size_t why_size);

#endif
