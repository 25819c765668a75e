/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/npy.h"

static char *folder, *path;

static int set_up(void **state)
{
	(void)state;
	folder = fixture_folder();
	path = files_join(folder, "array.npy");
	fixture_forget();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(path);
	fixture_remove(folder);
	return 0;
}

static void test_round_trip(void **state)
{
	static const struct {
		enum npy_type type;
		int rank;
		size_t dims[NPY_RANK_MAX], count, size;
	} cases[] = {
		{NPY_U8, 1, {7}, 7, 7},          {NPY_U8, 3, {3, 28, 28}, 2352, 2352},
		{NPY_U32, 2, {2, 5}, 10, 40},    {NPY_F32, 1, {1000}, 1000, 4000},
		{NPY_U32, 2, {0, 60}, 0, 0},     {NPY_F32, 4, {2, 3, 1, 4}, 24, 96},
		{NPY_F64, 2, {2, 53}, 106, 848}, {NPY_U8, 0, {0}, 1, 1},
	};
	unsigned char data[4000], back[4000];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7);
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t size = cases[i].size;
		struct npy array;

		assert_int_equal(npy_write(path, cases[i].type, cases[i].rank, cases[i].dims, data), 0);
		assert_int_equal(npy_open(&array, path), 0);
		assert_int_equal(array.type, cases[i].type);
		assert_int_equal(array.rank, cases[i].rank);
		for (int k = 0; k < array.rank; k++)
			assert_int_equal(array.dims[k], cases[i].dims[k]);
		assert_int_equal(array.count, cases[i].count);
		assert_int_equal(array.offset % 64, 0);
		assert_int_equal(npy_read(&array, 0, array.count, back), 0);
		assert_memory_equal(back, data, size);
		assert_int_equal(npy_file_size(array.type, array.rank, array.dims), array.offset + size);
		npy_close(&array);
	}
}

static void test_digest_of_file(void **state)
{
	static const size_t dims[] = {2, 3};
	static const float data[] = {1, 2, 3, 4, 5, 6};
	char of_array[DIGEST_SIZE], of_file[DIGEST_SIZE];

	(void)state;
	npy_write(path, NPY_F32, 2, dims, data);
	npy_digest(NPY_F32, 2, dims, data, of_array);
	assert_int_equal(digest_file(path, of_file), 0);
	assert_string_equal(of_array, of_file);
}

/* The bytes that numpy.save writes for numpy.array([1, 2, 3], dtype='<u4'). */
static void test_bytes(void **state)
{
	static const size_t dims[] = {3};
	static const uint32_t data[] = {1, 2, 3};
	char wanted[140];
	size_t size;
	char *got;

	(void)state;
	memset(wanted, ' ', sizeof(wanted));
	memcpy(wanted,
	       "\x93NUMPY\x01\x00\x76\x00{'descr': '<u4', 'fortran_order': False, 'shape': (3,), }",
	       67);
	wanted[127] = '\n';
	memcpy(wanted + 128, data, sizeof(data));
	npy_write(path, NPY_U32, 1, dims, data);
	got = files_read(path, 1000, &size);
	assert_int_equal(size, sizeof(wanted));
	assert_memory_equal(got, wanted, sizeof(wanted));
	free(got);
}

static void test_read_of_a_part(void **state)
{
	static const size_t dims[] = {10};
	uint32_t data[10], back[3];
	struct npy array;

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		data[i] = i;
	npy_write(path, NPY_U32, 1, dims, data);
	assert_int_equal(npy_open(&array, path), 0);
	assert_int_equal(npy_read(&array, 7, 3, back), 0);
	assert_memory_equal(back, data + 7, sizeof(back));
	assert_int_equal(npy_read(&array, 10, 0, back), 0);
	assert_int_equal(truncate(path, 140), 0); /* meanwhile */
	assert_int_equal(npy_read(&array, 7, 3, back), -1);
	fixture_expect("cut short", "cut short");
	npy_close(&array);
}

static void read_behind_the_end(void)
{
	struct npy array = {.path = path, .count = 10};
	uint32_t number;

	npy_read(&array, 8, 3, &number);
}

static void test_read_behind_the_end_is_a_bug(void **state)
{
	char text[1024];
	int status = fixture_child(read_behind_the_end, text, sizeof(text));

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_non_null(strstr(text, "elements 8 to 11 asked for of 10"));
}

/* A file of version 1.0 with this header text and `data` bytes behind it. */
static void write_file(const char *header, size_t data)
{
	size_t length = strlen(header);
	char *bytes = memory_new(10 + length + data, 1);

	memcpy(bytes, "\x93NUMPY\x01\x00", 8);
	bytes[8] = (char)(length & 255);
	bytes[9] = (char)(length >> 8);
	memcpy(bytes + 10, header, length);
	assert_int_equal(files_write(path, bytes, 10 + length + data), 0);
	free(bytes);
}

static void test_headers_of_others(void **state)
{
	static const struct {
		const char *header;
		size_t data;
	} cases[] = {
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}\n", 24},
		{"{'shape':(6,),'fortran_order':False,'descr':'<u4'}", 24},
		{"{\"descr\": \"|u1\", \"fortran_order\": False, \"shape\": (24,)}      \n", 24},
		{"  {'descr' : '|u1' , 'fortran_order' : False , 'shape' : ( 2 , 12 , ) , }  ", 24},
		{"{'descr': '|u1', 'fortran_order': False, 'shape': (), }", 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct npy array;

		write_file(cases[i].header, cases[i].data);
		if (npy_open(&array, path))
			fail_msg("%s: %s", cases[i].header, fixture_message);
		npy_close(&array);
	}
}

static void test_refused_headers(void **state)
{
	static const struct {
		const char *header, *wanted;
	} cases[] = {
		{"", "no dictionary"},
		{"[]", "no dictionary"},
		{"{", "unknown or repeated entry"},
		{"{}", "lacks an entry"},
		{"{'descr': '<f4', 'shape': (6,), }", "lacks an entry"},
		{"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", "repeated"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'x': 1}", "unknown"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x", "text behind it"},
		{"{'descr': '<f4' 'fortran_order': False, 'shape': (6,)}", "malformed"},
		{"{'descr': '<f2', 'fortran_order': False, 'shape': (3,)}", "type is not"},
		{"{'descr': '>f4', 'fortran_order': False, 'shape': (6,)}", "type is not"},
		{"{'descr': '|O', 'fortran_order': False, 'shape': (6,)}", "type is not"},
		{"{'descr': '<f44', 'fortran_order': False, 'shape': (6,)}", "type is not"},
		{"{'descr': '<f4\", 'fortran_order': False, 'shape': (6,)}", "type is not"},
		{"{'descr': '<f4', 'fortran_order': True, 'shape': (6,)}", "not in C order"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': 6}", "shape cannot be read"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", "shape cannot be read"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", "shape cannot be read"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (-6,)}", "shape cannot be read"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (6.0,)}", "shape cannot be read"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "shape cannot be read"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,6)}", "more than 4"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (6,", "shape cannot be read"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616,)}",
	     "shape cannot"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615,)}", "too large"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
	     "too large"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (7,)}", "size is not"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (5,)}", "size is not"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct npy array;

		fixture_forget();
		write_file(cases[i].header, 24);
		assert_int_equal(npy_open(&array, path), -1);
		fixture_expect(cases[i].header, cases[i].wanted);
		assert_null(array.path);
	}
}

static void test_refused_files(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *wanted;
	} cases[] = {
		{"", 0, "does not begin"},
		{"\x93NUMPY", 6, "does not begin"},
		{"\x93NUMPY\x02\x00\x00\x00\x00\x00", 12, "does not begin"},
		{"\x93NUMPX\x01\x00\x00\x00", 10, "does not begin"},
		{"\x93NUMPY\x01\x00\x76\x00{'descr'", 18, "cut short"},
		{"\x93NUMPY\x01\x00\xff\xff{'descr'", 18, "too long"},
		{"\x93NUMPY\x01\x00\x03\x00{}\x00", 13, "NUL"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct npy array;

		fixture_forget();
		assert_int_equal(files_write(path, cases[i].bytes, cases[i].size), 0);
		assert_int_equal(npy_open(&array, path), -1);
		fixture_expect(cases[i].wanted, cases[i].wanted);
	}
}

static void test_read_of_a_file(void **state)
{
	const float written[3] = {1, 2, 3};
	float read[3];

	(void)state;
	assert_int_equal(npy_write(path, NPY_F32, 1, (size_t[]){3}, written), 0);
	assert_int_equal(npy_read_file(path, NPY_F32, 3, read), 0);
	assert_memory_equal(read, written, sizeof(read));
	assert_int_equal(npy_read_file(path, NPY_F32, 2, read), -1);
	assert_int_equal(npy_read_file(path, NPY_U32, 3, read), -1);
	assert_int_equal(npy_read_file("/nowhere/array.npy", NPY_F32, 3, read), -1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_round_trip),
		CASE(test_digest_of_file),
		CASE(test_bytes),
		CASE(test_read_of_a_part),
		CASE(test_read_of_a_file),
		CASE(test_read_behind_the_end_is_a_bug),
		CASE(test_headers_of_others),
		CASE(test_refused_headers),
		CASE(test_refused_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
