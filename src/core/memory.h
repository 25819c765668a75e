/* SPDX-License-Identifier: MIT */
/* Memory that is there or the program ends (die): no caller checks for NULL.  Freed with free(). */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include "core/error.h"

#include <stddef.h>

void *memory_new(size_t count, size_t size); /* zeroed; the product is checked */
void *memory_grow(void *old, size_t count, size_t size);
char *memory_text(const char *format, ...) PRINTF_LIKE(1, 2); /* formatted copy */
char *memory_copy(const char *text);
void memory_free_words(char **words);   /* a list that ends with NULL, and its words */
char *memory_visible(const char *text); /* text_visible of core/text.h */

/* For arrays that kernels stream through: zeroed, 64-byte aligned, anonymous, huge pages asked
 * for.  `bytes` as given must come back with the pointer to memory_unmap.  `what` they are for is said
 * where they cannot be had: "the images". */
void *memory_map(size_t bytes, const char *what);
void memory_unmap(void *address, size_t bytes);
_Noreturn void memory_die(size_t bytes, const char *what); /* says what was needed */

#endif
