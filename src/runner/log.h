/* SPDX-License-Identifier: MIT */
/* A platform's log, where its workers' standard output and error go, and texts from strangers. */
#ifndef RUNNER_LOG_H
#define RUNNER_LOG_H

#include <jansson.h>
#include <sys/types.h>

/* Open for appending, made if missing, and write a line of `heading`.  The descriptor (close-on-exec);
 * *start is where what follows begins.  -1 after error(). */
int log_open(const char *path, const char *heading, off_t *start);

/* The last lines from `start` on, at most ten, as an array of texts; empty if there is nothing. */
json_t *log_tail(const char *path, off_t start);

/* Text that a worker or its log wrote, made visible (core/text.h), for JSON. */
json_t *log_text(const char *text);
json_t *log_text_or_null(const char *text); /* null where it is NULL or "" */
json_t *log_words(char *const *words);      /* a list that ends with NULL */

#endif
