/* SPDX-License-Identifier: MIT */
#include "core/files.h"

#include "core/error.h"
#include "core/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is it the cache, or below it?  Links may have been resolved. */
static bool is_in_cache(const char *path)
{
	const int kept = errno; /* it stands in the same message */
	char *cache = files_cache_path(), *real = cache ? realpath(cache, NULL) : NULL;
	const bool found = (cache && strncmp(path, cache, strlen(cache)) == 0) ||
	                   (real && strncmp(path, real, strlen(real)) == 0);

	free(real);
	free(cache);
	errno = kept;
	return found;
}

const char *files_advice(const char *path, int reason)
{
#define ELSEWHERE(before)                                                                          \
	before "choose another place", before "set XDG_CACHE_HOME to another place"
	static const struct {
		int reason;
		const char *text, *of_cache;
	} advice[] = {
		{ENOSPC, ELSEWHERE("; free some space, or ")},
		{EDQUOT, ELSEWHERE("; free some space, or ")},
		{EFBIG, ELSEWHERE("; raise the limit (ulimit -f), or ")},
		{EACCES, ELSEWHERE("; change its permissions, or ")},
		{EPERM, ELSEWHERE("; change its permissions, or ")},
		{EROFS, ELSEWHERE("; ")},
		{ENOTDIR, ELSEWHERE("; ")},
		{EISDIR, ELSEWHERE("; ")},
		{ENAMETOOLONG, "; choose a shorter path", "; choose a shorter path"},
		{ENOENT, "; check the path", "; check the path"},
		{EMFILE, "; raise the limit of open files (ulimit -n)",
	     "; raise the limit of open files (ulimit -n)"},
		{EIO, ELSEWHERE("; check the disk, or ")},
	};
#undef ELSEWHERE

	for (size_t i = 0; i < sizeof(advice) / sizeof(*advice); i++)
		if (advice[i].reason == reason)
			return is_in_cache(path) ? advice[i].of_cache : advice[i].text;
	return "";
}

char *files_join(const char *folder, const char *name)
{
	size_t length = strlen(folder);
	const char *slash = length && folder[length - 1] == '/' ? "" : "/";

	return memory_text("%s%s%s", folder, slash, name);
}

bool files_is_folder(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

bool files_is_regular(const char *path)
{
	struct stat status;

	return !lstat(path, &status) && S_ISREG(status.st_mode);
}

/* Another process may make the same folder at the same moment.  -1 with errno. */
static int make_one_folder(const char *path)
{
	if (!mkdir(path, 0777))
		return 0;
	const int reason = errno; /* stat(2) sets its own */
	if (files_is_folder(path))
		return 0;
	errno = reason == EEXIST ? ENOTDIR : reason;
	return -1;
}

int files_try_folder(const char *path)
{
	char *part = memory_copy(path);
	char *slash = strchr(part + (*part == '/'), '/');
	int result = 0;

	for (; slash && !result; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!files_is_folder(part))
			result = make_one_folder(part);
		*slash = '/';
	}
	if (!result)
		result = make_one_folder(part);
	const int reason = errno;
	free(part);
	errno = reason;
	return result;
}

int files_make_folder(const char *path)
{
	if (!files_try_folder(path))
		return 0;
	return error("%s: cannot make this folder: %s%s", path, strerror(errno),
	             files_advice(path, errno));
}

static int empty_folder(int descriptor);

/* An entry that could not be unlinked: Linux says EISDIR of a folder, macOS EPERM.  If it is none,
 * errno stays as it was. */
static int empty_entry(int parent, const char *name)
{
	int kept = errno;
	int descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (descriptor >= 0)
		return empty_folder(descriptor);
	if (errno == ENOTDIR || errno == ELOOP)
		errno = kept;
	return -1;
}

/* Empty the folder that `descriptor` is open on, and close it.  0, or -1 with errno.  Works by
 * descriptors, so that a folder exchanged for a link meanwhile leads nowhere else. */
static int empty_folder(int descriptor)
{
	DIR *folder = fdopendir(descriptor);
	struct dirent *entry;
	int result = 0;

	if (!folder) {
		close(descriptor);
		return -1;
	}
	while (!result && (entry = readdir(folder))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!unlinkat(descriptor, entry->d_name, 0) || errno == ENOENT)
			continue;
		result = empty_entry(descriptor, entry->d_name);
		if (!result)
			result = unlinkat(descriptor, entry->d_name, AT_REMOVEDIR);
	}
	int kept = errno;
	closedir(folder);
	errno = kept;
	return result;
}

int files_remove_folder(const char *path)
{
	int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (descriptor < 0 || empty_folder(descriptor) || rmdir(path))
		return error("%s: cannot remove this folder: %s%s", path, strerror(errno),
		             files_advice(path, errno));
	return 0;
}

int files_write_all(int descriptor, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(descriptor, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

/* A new file beside `path`, under a name that no other thread or process takes. */
static int open_beside(const char *path, char **name)
{
	static atomic_uint number;

	for (;;) {
		*name = memory_text("%s.%ld-%u.tmp", path, (long)getpid(), atomic_fetch_add(&number, 1));
		int descriptor = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

		if (descriptor >= 0 || errno != EEXIST)
			return descriptor;
		free(*name);
	}
}

struct files_draft {
	char *path, *name; /* where it is to stand, and where it stands until it is whole */
	int descriptor;
	int reason; /* errno of the first failure; 0: none yet */
};

struct files_draft *files_begin(const char *path)
{
	char *name;
	int descriptor = open_beside(path, &name);

	if (descriptor < 0) {
		error("%s: cannot write this file: %s%s", path, strerror(errno), files_advice(path, errno));
		free(name);
		return NULL;
	}
	struct files_draft *draft = memory_new(1, sizeof(*draft));
	*draft = (struct files_draft){memory_copy(path), name, descriptor, 0};
	return draft;
}

/* The first failure counts: the others follow from it. */
static void draft_note(struct files_draft *draft, int failed)
{
	if (failed && !draft->reason)
		draft->reason = errno;
}

int files_add(struct files_draft *draft, const void *bytes, size_t size)
{
	if (!draft->reason)
		draft_note(draft, files_write_all(draft->descriptor, bytes, size));
	return draft->reason ? -1 : 0;
}

/* Close the temporary file and let it take its place. */
static int complete(struct files_draft *draft, bool flush)
{
	if (flush && !draft->reason)
		draft_note(draft, fsync(draft->descriptor));
	draft_note(draft, close(draft->descriptor));
	if (!draft->reason)
		draft_note(draft, rename(draft->name, draft->path));
	if (draft->reason) {
		unlink(draft->name);
		error("%s: cannot write this file: %s%s", draft->path, strerror(draft->reason),
		      files_advice(draft->path, draft->reason));
	}
	int result = draft->reason ? -1 : 0;
	free(draft->path);
	free(draft->name);
	free(draft);
	return result;
}

int files_end(struct files_draft *draft)
{
	return complete(draft, false);
}

static int replace_file(const char *path, const struct iovec *parts, int count, bool flush)
{
	struct files_draft *draft = files_begin(path);

	if (!draft)
		return -1;
	for (int i = 0; i < count; i++)
		files_add(draft, parts[i].iov_base, parts[i].iov_len);
	return complete(draft, flush);
}

int files_write_parts(const char *path, const struct iovec *parts, int count)
{
	return replace_file(path, parts, count, false);
}

int files_write(const char *path, const void *bytes, size_t size)
{
	struct iovec part = {(void *)(uintptr_t)bytes, size};

	return replace_file(path, &part, 1, true);
}

/* The plain file that `path` is, leads to or may become; free() it.  NULL: it is something else (a
 * device, a pipe, a link to nowhere), which is written into. */
static char *find_replaceable(const char *path)
{
	struct stat status;

	if (!stat(path, &status))
		return S_ISREG(status.st_mode) ? realpath(path, NULL) : NULL;
	return lstat(path, &status) ? memory_copy(path) : NULL;
}

static int write_into(const char *path, const void *bytes, size_t size)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
	int failed = descriptor < 0 || files_write_all(descriptor, bytes, size), reason = errno;

	if (descriptor >= 0 && close(descriptor) && !failed) {
		failed = 1;
		reason = errno;
	}
	return failed ? error("%s: cannot write this file: %s", path, strerror(reason)) : 0;
}

int files_put(const char *path, const void *bytes, size_t size)
{
	char *file = find_replaceable(path);
	int result = file ? files_write(file, bytes, size) : write_into(path, bytes, size);

	free(file);
	return result;
}

/* A new file beside it can be made, and is taken away again. */
static int try_beside(const char *path)
{
	struct stat status;
	char *name;

	/* "folder/" cannot become a file, though one beside it can be made. */
	if (*path == '\0' || path[strlen(path) - 1] == '/') {
		errno = lstat(path, &status) ? ENOENT : EISDIR;
		return -1;
	}
	int descriptor = open_beside(path, &name), reason = errno;
	if (descriptor >= 0) {
		close(descriptor);
		unlink(name);
	}
	free(name);
	errno = reason;
	return descriptor < 0 ? -1 : 0;
}

/* Not opened: the reader of a pipe would take that for all there is. */
static int try_into(const char *path)
{
	if (files_is_folder(path)) {
		errno = EISDIR;
		return -1;
	}
	return access(path, W_OK) && errno != ENOENT ? -1 : 0;
}

int files_try_put(const char *path)
{
	char *file = find_replaceable(path);
	int failed = file ? try_beside(file) : try_into(path), reason = errno;

	free(file);
	return failed ? error("%s: cannot write this file: %s; choose another place", path,
	                      strerror(reason))
	              : 0;
}

int files_open(const char *path, int64_t *size)
{
	/* O_NONBLOCK: opening a named pipe must not wait for a writer. */
	int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (descriptor < 0)
		return error("%s: cannot open this file: %s%s", path, strerror(errno),
		             files_advice(path, errno));
	if (fstat(descriptor, &status) || !S_ISREG(status.st_mode)) {
		close(descriptor);
		return error("%s: not a plain file", path);
	}
	*size = (int64_t)status.st_size;
	return descriptor;
}

/* Read until the end of the file, not to the size that it had: files of /proc say 0. */
static ssize_t read_all(int descriptor, char **bytes, size_t limit)
{
	size_t room = 4096, used = 0;

	*bytes = memory_new(room + 1, 1);
	while (used <= limit) {
		ssize_t got = read(descriptor, *bytes + used, room - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
		if (used == room) {
			room *= 2;
			*bytes = memory_grow(*bytes, room + 1, 1);
		}
	}
	(*bytes)[used] = '\0';
	return (ssize_t)used;
}

char *files_read(const char *path, size_t limit, size_t *size)
{
	int64_t expected;
	int descriptor = files_open(path, &expected);
	char *bytes = NULL;

	if (descriptor < 0)
		return NULL;
	ssize_t got = read_all(descriptor, &bytes, limit);
	int kept = errno;
	close(descriptor);
	if (got >= 0 && (size_t)got <= limit) {
		if (size)
			*size = (size_t)got;
		return bytes;
	}
	if (got < 0)
		error("%s: cannot read this file: %s%s", path, strerror(kept), files_advice(path, kept));
	else
		error("%s: larger than %zu bytes, which is too large to be right", path, limit);
	free(bytes);
	return NULL;
}

char *files_cache_path(void)
{
	/* A relative path in it is to be ignored: XDG Base Directory Specification 0.8. */
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (cache && *cache == '/')
		return files_join(cache, "cnnbench");
	return home && *home == '/' ? files_join(home, ".cache/cnnbench") : NULL;
}

char *files_cache(void)
{
	char *folder = files_cache_path();

	if (!folder) {
		error("no place for the cache: neither XDG_CACHE_HOME nor HOME is an absolute path; "
		      "set XDG_CACHE_HOME to a folder");
		return NULL;
	}
	if (!files_try_folder(folder))
		return folder;
	error(
		"%s: cannot make the cache folder: %s; set XDG_CACHE_HOME to a folder that can be written",
		folder, strerror(errno));
	free(folder);
	return NULL;
}
