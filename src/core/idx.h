/* SPDX-License-Identifier: MIT */
/*
 * MNIST's IDX files, plain or gzip-compressed, read strictly.
 * Source: the format's description by LeCun, Cortes and Burges: big-endian; magic 0x00000803 (images:
 * count, rows, columns) or 0x00000801 (labels: count); then bytes.
 */
#ifndef CORE_IDX_H
#define CORE_IDX_H

#include <stddef.h>
#include <stdint.h>

/* Read a whole file.  Every header field is checked, the size must be exact: a short file and
 * trailing bytes are errors, as are images other than 28 x 28 and labels above 9.  At least one
 * and at most 2^24 entries.  The caller frees *bytes.  -1 after error(). */
int idx_read_images(const char *path, uint8_t **bytes, size_t *count); /* count x 28 x 28 */
int idx_read_labels(const char *path, uint8_t **bytes, size_t *count);

#endif
