/* SPDX-License-Identifier: MIT */
/* Paths and files: the few things that more than one module needs.  All return -1 after error(). */
#ifndef CORE_FILES_H
#define CORE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

char *files_join(const char *folder, const char *name); /* "folder/name"; free() it */
bool files_is_folder(const char *path);
bool files_is_regular(const char *path); /* a plain file itself, no link to one */

/* What to do about an errno that a path gave, behind a message: "; free some space, ..."; or "".  errno
 * stays as it is. */
const char *files_advice(const char *path, int reason);

/* Make a folder and its parents (mode 0777 less the umask); fine if it is there. */
int files_make_folder(const char *path);
int files_try_folder(const char *path); /* the same, silently: -1 with errno */

/* Remove a folder of ours with all below it; never follows links. */
int files_remove_folder(const char *path);

/* Write a whole file by way of a temporary one beside it, fsync and rename: it is there whole or not at all. */
int files_write(const char *path, const void *bytes, size_t size);

/* Write what a user asked for to the place that he named, which stays what it is: a plain file, or none,
 * is replaced as files_write does it, also behind a link; a device or a pipe is written into. */
int files_put(const char *path, const void *bytes, size_t size);

/* Can files_put write there?  Nothing is left behind, and no pipe is opened. */
int files_try_put(const char *path);

/* The same as files_write for a file of several parts, one behind the other, that need not outlive a
 * power cut: without the fsync, which takes some 20 ms that would stand in a worker's time. */
int files_write_parts(const char *path, const struct iovec *parts, int count);

/* The same for a file whose parts come one by one: begin (NULL after error()), add, end.  After the
 * first failure nothing more is written: files_add says so with -1 and no error(), files_end tells it,
 * and frees the draft in any case. */
struct files_draft;
struct files_draft *files_begin(const char *path);
int files_add(struct files_draft *draft, const void *bytes, size_t size);
int files_end(struct files_draft *draft);

/* Write all bytes to a descriptor.  -1 with errno, without error(). */
int files_write_all(int descriptor, const char *bytes, size_t size);

/* Open a plain file for reading: its descriptor (close() it), and its size.  Never blocks on a pipe. */
int files_open(const char *path, int64_t *size);

/* Read a whole file of at most `limit` bytes; a NUL byte is added behind.  NULL after error(). */
char *files_read(const char *path, size_t limit, size_t *size);

/* cnnbench's cache folder: $XDG_CACHE_HOME/cnnbench, else ~/.cache/cnnbench; free() it.  Nothing is
 * made.  NULL, silently, where neither variable holds an absolute path. */
char *files_cache_path(void);

/* The same folder, made if missing.  NULL after error(), which names the variable to set. */
char *files_cache(void);

/* The absolute path of the running executable, links resolved.  NULL after error(). */
char *files_self(void);

#endif
