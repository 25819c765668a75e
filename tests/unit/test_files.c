/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char *folder;

static int set_up(void **state)
{
	(void)state;
	folder = fixture_folder();
	fixture_forget();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_remove(folder);
	return 0;
}

static size_t count_entries(const char *path)
{
	DIR *open = opendir(path);
	size_t count = 0;

	assert_non_null(open);
	while (readdir(open))
		count++;
	closedir(open);
	return count - 2; /* "." and ".." */
}

static void test_join(void **state)
{
	static const struct {
		const char *folder, *name, *wanted;
	} cases[] = {
		{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"a b", "c d", "a b/c d"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *joined = files_join(cases[i].folder, cases[i].name);

		assert_string_equal(joined, cases[i].wanted);
		free(joined);
	}
}

static void test_kinds(void **state)
{
	char *file = files_join(folder, "file"), *link = files_join(folder, "link");

	(void)state;
	assert_int_equal(files_write(file, "x", 1), 0);
	assert_int_equal(symlink(file, link), 0);
	assert_true(files_is_folder(folder));
	assert_false(files_is_folder(file));
	assert_true(files_is_regular(file));
	assert_false(files_is_regular(link));
	assert_false(files_is_regular(folder));
	free(file);
	free(link);
}

static void test_make_folder(void **state)
{
	char *deep = files_join(folder, "a//b c/d/"), *file = files_join(folder, "file");
	char *below = files_join(file, "below");

	(void)state;
	assert_int_equal(files_make_folder(deep), 0);
	assert_true(files_is_folder(deep));
	assert_int_equal(files_make_folder(deep), 0);
	assert_int_equal(files_write(file, "x", 1), 0);
	assert_int_equal(fixture_errors, 0);
	assert_int_equal(files_make_folder(below), -1);
	fixture_expect("a file in the way",
	               "below: cannot make this folder: Not a directory; choose another place");
	free(deep);
	free(file);
	free(below);
}

/* Relative to the folder, since others may not pass through those above it. */
static void test_make_folder_without_permission(void **state)
{
	bool root = geteuid() == 0;
	int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(chmod(folder, 0555), 0);
	assert_int_equal(chdir(folder), 0);
	if (root && seteuid(65534)) {
		print_message("# SKIP as root, and cannot be anybody else here\n");
		skip();
	}
	int result = files_make_folder("new"), deep = files_try_folder("new/deep"), reason = errno;
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(fchdir(before), 0);
	close(before);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(result, -1);
	fixture_expect("no permission", "new: cannot make this folder: Permission denied");
	assert_int_equal(deep, -1);
	assert_int_equal(reason, EACCES);
}

static void test_remove_follows_no_link(void **state)
{
	char *doomed = files_join(folder, "doomed/a/b"), *kept = files_join(folder, "kept");
	char *file = files_join(kept, "file"), *link = files_join(doomed, "link");
	char *top = files_join(folder, "doomed"), *inner = files_join(doomed, "file");

	(void)state;
	files_make_folder(doomed);
	files_make_folder(kept);
	files_write(file, "x", 1);
	files_write(inner, "x", 1);
	assert_int_equal(symlink(kept, link), 0);
	assert_int_equal(files_remove_folder(top), 0);
	assert_false(files_is_folder(top));
	assert_true(files_is_regular(file));
	assert_int_equal(fixture_errors, 0);
	assert_int_equal(files_remove_folder(top), -1);
	fixture_expect("not there", "cannot remove this folder");
	free(doomed), free(kept), free(file), free(link), free(top), free(inner);
}

static void test_write_and_read(void **state)
{
	char *file = files_join(folder, "file"), *text;
	char first[] = "ab", last[] = "c\0d";
	struct iovec parts[] = {{first, 2}, {NULL, 0}, {last, 3}};
	size_t size = 0;

	(void)state;
	assert_int_equal(files_write(file, "first, and longer", 17), 0);
	assert_int_equal(files_write_parts(file, parts, 3), 0);
	assert_int_equal(count_entries(folder), 1);
	text = files_read(file, 5, &size);
	assert_non_null(text);
	assert_int_equal(size, 5);
	assert_memory_equal(text, "abc\0d", 6);
	free(text);
	assert_int_equal(fixture_errors, 0);

	assert_null(files_read(file, 4, &size));
	fixture_expect("over the limit", "larger than 4 bytes");
	free(file);
}

static void expect_content(const char *path, const char *wanted)
{
	char *text = files_read(path, 100, NULL);

	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

static void test_put_replaces_plain_files(void **state)
{
	char *file = files_join(folder, "file"), *link = files_join(folder, "link");
	char *dangling = files_join(folder, "dangling"), *end = files_join(folder, "end");
	struct stat status;

	(void)state;
	assert_int_equal(files_try_put(file), 0);
	assert_int_equal(count_entries(folder), 0);
	assert_int_equal(files_put(file, "first, longer", 13), 0);
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(symlink("end", dangling), 0);
	assert_int_equal(files_try_put(link) || files_try_put(dangling), 0);
	assert_int_equal(count_entries(folder), 3);
	expect_content(file, "first, longer");
	assert_int_equal(files_put(link, "second", 6), 0);
	assert_int_equal(files_put(dangling, "third", 5), 0);
	assert_true(!lstat(link, &status) && S_ISLNK(status.st_mode));
	assert_true(!lstat(dangling, &status) && S_ISLNK(status.st_mode));
	expect_content(file, "second");
	expect_content(end, "third");
	assert_int_equal(count_entries(folder), 4);
	assert_int_equal(fixture_errors, 0);
	free(file), free(link), free(dangling), free(end);
}

static void test_put_writes_into_the_rest(void **state)
{
	char *pipe = files_join(folder, "pipe"), *null = files_join(folder, "null"), got[8] = "";
	struct stat status;

	(void)state;
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_int_equal(files_try_put(pipe), 0); /* without a reader: must not wait */
	int reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(files_put(pipe, "text", 4), 0);
	assert_int_equal(read(reader, got, sizeof(got)), 4);
	close(reader);
	assert_true(!lstat(pipe, &status) && S_ISFIFO(status.st_mode));
	assert_int_equal(symlink("/dev/null", null), 0);
	assert_int_equal(files_try_put(null), 0);
	assert_int_equal(files_put(null, "text", 4), 0);
	assert_true(!lstat(null, &status) && S_ISLNK(status.st_mode));
	assert_int_equal(count_entries(folder), 2);
	assert_int_equal(fixture_errors, 0);
	free(pipe), free(null);
}

static void test_put_where_nothing_can_be(void **state)
{
	static const struct {
		const char *name, *wanted;
	} cases[] = {
		{"missing/file", "missing/file: cannot write this file: No such file or directory; choose"},
		{"new/", "new/: cannot write this file: No such file or directory; choose"},
		{"", ": cannot write this file: Is a directory; choose"},
		{"file/below", "file/below: cannot write this file: Not a directory; choose"},
	};
	char *file = files_join(folder, "file");

	(void)state;
	files_write(file, "x", 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *path = files_join(folder, cases[i].name);

		fixture_forget();
		assert_int_equal(files_try_put(path), -1);
		fixture_expect(cases[i].name, cases[i].wanted);
		assert_int_equal(files_put(path, "x", 1), -1);
		free(path);
	}
	assert_int_equal(count_entries(folder), 1);
	free(file);
}

static void test_large_file(void **state)
{
	char *file = files_join(folder, "file"), *bytes = memory_new(100000, 1), *back;
	size_t size;

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		bytes[i] = (char)(i * 31);
	assert_int_equal(files_write(file, bytes, 100000), 0);
	back = files_read(file, 1 << 20, &size);
	assert_int_equal(size, 100000);
	assert_memory_equal(back, bytes, 100000);
	free(file);
	free(bytes);
	free(back);
}

static void test_what_cannot_be_read(void **state)
{
	char *missing = files_join(folder, "missing"), *pipe = files_join(folder, "pipe");
	size_t size;

	(void)state;
	assert_null(files_read(missing, 10, &size));
	fixture_expect("missing",
	               "missing: cannot open this file: No such file or directory; check the path");
	fixture_forget();
	assert_null(files_read(folder, 10, &size));
	fixture_expect("a folder", "not a plain file");
	fixture_forget();
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_null(files_read(pipe, 10, &size));
	fixture_expect("a pipe without a writer", "not a plain file");
	free(missing);
	free(pipe);
}

static void test_failed_write_leaves_nothing(void **state)
{
	char *nowhere = files_join(folder, "missing/file"), *taken = files_join(folder, "taken/inner");
	char *target = files_join(folder, "taken");

	(void)state;
	assert_int_equal(files_write(nowhere, "x", 1), -1);
	fixture_expect("no such folder", "missing/file: cannot write this file: No such file");
	fixture_forget();
	files_make_folder(taken);
	assert_int_equal(files_write(target, "x", 1), -1);
	fixture_expect("a folder of that name", "taken: cannot write this file: ");
	assert_int_equal(count_entries(folder), 1);
	free(nowhere);
	free(taken);
	free(target);
}

/* A limit of the process stands for a full disk. */
static void write_too_much(void)
{
	const struct rlimit limit = {1 << 16, 1 << 16};
	char *file = files_join(folder, "file"), part[4096] = {0};
	struct files_draft *draft = files_begin(file);
	int written = 0;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	while (written < 100 && !files_add(draft, part, sizeof(part)))
		written++;
	_exit(written == 16 && files_add(draft, part, 1) && files_end(draft) ? 0 : 1);
}

static void test_parts_up_to_a_full_disk(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(fixture_child(write_too_much, text, sizeof(text)), 0);
	assert_non_null(strstr(text, "file: cannot write this file: File too large; raise the limit"));
	assert_int_equal(count_entries(folder), 0);
}

static void test_cache(void **state)
{
	char *wanted = files_join(folder, "cnnbench"), *home = files_join(folder, ".cache/cnnbench"),
		 *cache;

	(void)state;
	setenv("HOME", folder, 1);
	setenv("XDG_CACHE_HOME", folder, 1);
	cache = files_cache();
	assert_string_equal(cache, wanted);
	assert_true(files_is_folder(cache));
	free(cache);
	setenv("XDG_CACHE_HOME", "relative", 1);
	cache = files_cache();
	assert_string_equal(cache, home);
	free(cache);
	unsetenv("XDG_CACHE_HOME");
	cache = files_cache();
	assert_string_equal(cache, home);
	free(cache);
	assert_int_equal(fixture_errors, 0);
	unsetenv("HOME");
	assert_null(files_cache());
	fixture_expect("no place", "set XDG_CACHE_HOME");

	char *file = files_join(folder, "file");
	files_write(file, "x", 1);
	setenv("XDG_CACHE_HOME", file, 1);
	fixture_forget();
	assert_null(files_cache());
	fixture_expect("a file in the way",
	               "file/cnnbench: cannot make the cache folder: Not a directory");
	free(file);
	free(wanted);
	free(home);
}

static void test_self(void **state)
{
	char *self = files_self();

	(void)state;
	assert_non_null(self);
	assert_int_equal(self[0], '/');
	assert_string_equal(strrchr(self, '/'), "/test_files");
	assert_true(files_is_regular(self));
	free(self);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* What can be done about a full disk depends on whose place it is. */
static void test_advice(void **state)
{
	static const struct {
		const char *path;
		int reason;
		const char *wanted;
	} cases[] = {
		{"results/x", ENOSPC, "; free some space, or choose another place"},
		{"/caches/cnnbench/jobs/x", ENOSPC,
	     "; free some space, or set XDG_CACHE_HOME to another place"},
		{"/caches/cnnbench", EROFS, "; set XDG_CACHE_HOME to another place"},
		{"/caches/cnnbench/data", ENOENT, "; check the path"},
		{"results/x", 0, ""},
	};
	char *before = memory_copy(getenv("XDG_CACHE_HOME") ? getenv("XDG_CACHE_HOME") : "");

	(void)state;
	setenv("XDG_CACHE_HOME", "/caches", 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		errno = EPIPE;
		assert_string_equal(files_advice(cases[i].path, cases[i].reason), cases[i].wanted);
		assert_int_equal(errno, EPIPE);
	}
	setenv("XDG_CACHE_HOME", before, 1);
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_join),
		CASE(test_kinds),
		CASE(test_make_folder),
		CASE(test_make_folder_without_permission),
		CASE(test_remove_follows_no_link),
		CASE(test_write_and_read),
		CASE(test_put_replaces_plain_files),
		CASE(test_put_writes_into_the_rest),
		CASE(test_put_where_nothing_can_be),
		CASE(test_large_file),
		CASE(test_what_cannot_be_read),
		CASE(test_failed_write_leaves_nothing),
		CASE(test_parts_up_to_a_full_disk),
		CASE(test_advice),
		CASE(test_cache),
		CASE(test_self),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
