/* SPDX-License-Identifier: MIT */
/*
 * NumPy's .npy format, version 1.0: little-endian, C order; uint8 '|u1', uint32 '<u4', float32 '<f4',
 * float64 '<f8'.
 * Source: numpy.lib.format in NumPy's documentation.  The data starts at a multiple of 64 bytes.
 */
#ifndef CORE_NPY_H
#define CORE_NPY_H

#include "core/digest.h"
#include "core/files.h"

#include <stddef.h>

enum npy_type { NPY_U8, NPY_U32, NPY_F32, NPY_F64 };
enum { NPY_RANK_MAX = 4 };

struct npy {
	char *path;
	enum npy_type type;
	int rank;
	size_t dims[NPY_RANK_MAX];
	size_t count;  /* elements in all */
	size_t offset; /* of the first element in the file, bytes */
};

/* Write an array as a whole new file (files_write_parts).  -1 after error(). */
int npy_write(const char *path, enum npy_type type, int rank, const size_t *dims, const void *data);

/* The size and the digest of the file that npy_write would make. */
size_t npy_file_size(enum npy_type type, int rank, const size_t *dims);
void npy_digest(enum npy_type type, int rank, const size_t *dims, const void *data,
                char out[DIGEST_SIZE]);

/* Of an array whose elements come in parts, such as rows: the header is written, or digested.  The
 * elements follow by files_add or digest_add, in order, and files_end or digest_end. */
struct files_draft *npy_begin(const char *path, enum npy_type type, int rank, const size_t *dims);
struct digest *npy_digest_begin(enum npy_type type, int rank, const size_t *dims);

/* Check the header and that the file has exactly the size it promises; nothing is read yet. */
int npy_open(struct npy *array, const char *path);

/* The same for a file of somebody else's, without an error(): what is wrong in words, or NULL. */
const char *npy_inspect(struct npy *array, const char *path);

/* "float32 (53866)", "uint8 (60000, 28, 28)". */
enum { NPY_TEXT_SIZE = 128 };
void npy_text(enum npy_type type, int rank, const size_t *dims, char out[NPY_TEXT_SIZE]);
void npy_close(struct npy *array);

/* Read elements first .. first+count-1 into `out`, which the caller owns. */
int npy_read(const struct npy *array, size_t first, size_t count, void *out);

/* Open, read and close a file that was found to hold `count` elements of that type. */
int npy_read_file(const char *path, enum npy_type type, size_t count, void *out);

#endif
