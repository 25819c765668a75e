/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "core/digest.h"
#include "core/model.h"

#include <math.h>

static const struct shape standard = {8, 16, 128, 3};

static void test_default_table(void **state)
{
	static const struct {
		const char *name;
		size_t offset, size, fan_in;
	} wanted[TENSOR_COUNT] = {
		{"conv1.weight", 0, 72, 9},       {"conv1.bias", 72, 8, 9},
		{"conv2.weight", 80, 1152, 72},   {"conv2.bias", 1232, 16, 72},
		{"fc1.weight", 1248, 51200, 400}, {"fc1.bias", 52448, 128, 400},
		{"fc2.weight", 52576, 1280, 128}, {"fc2.bias", 53856, 10, 128},
	};
	struct model model;

	(void)state;
	assert_int_equal(model_init(&model, standard), 0);
	for (int id = 0; id < TENSOR_COUNT; id++) {
		assert_string_equal(model.tensors[id].name, wanted[id].name);
		assert_int_equal(model.tensors[id].offset, wanted[id].offset);
		assert_int_equal(model.tensors[id].size, wanted[id].size);
		assert_int_equal(model.tensors[id].fan_in, wanted[id].fan_in);
	}
	assert_int_equal(model.parameters, 53866);
}

static void test_sizes_and_work(void **state)
{
	static const struct {
		struct shape shape;
		int conv1, pool1, conv2, pool2;
		size_t flat, parameters;
		uint64_t forward, step;
	} cases[] = {
		{{8, 16, 128, 3}, 26, 13, 11, 5, 400, 53866, 240544, 672960},
		{{1, 1, 1, 1}, 28, 14, 14, 7, 49, 74, 1039, 2333},
		{{64, 64, 1024, 7}, 22, 11, 5, 2, 256, 477386, 6807808, 18905600},
		{{2, 3, 5, 2}, 27, 13, 12, 6, 108, 642, 9878, 23802},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct model model;

		assert_int_equal(model_init(&model, cases[i].shape), 0);
		assert_int_equal(model.conv1_side, cases[i].conv1);
		assert_int_equal(model.pool1_side, cases[i].pool1);
		assert_int_equal(model.conv2_side, cases[i].conv2);
		assert_int_equal(model.pool2_side, cases[i].pool2);
		assert_int_equal(model.flat, cases[i].flat);
		assert_int_equal(model.parameters, cases[i].parameters);
		assert_int_equal(model.multiply_adds_forward, cases[i].forward);
		assert_int_equal(model.multiply_adds_step, cases[i].step);
	}
}

static void test_out_of_range(void **state)
{
	static const struct {
		struct shape shape;
		const char *wanted;
	} cases[] = {
		{{0, 16, 128, 3}, "filters1 0: must be 1 to 64"},
		{{8, 65, 128, 3}, "filters2 65: must be 1 to 64"},
		{{8, 16, -1, 3}, "hidden -1: must be 1 to 1024"},
		{{8, 16, 1025, 3}, "hidden 1025: must be 1 to 1024"},
		{{8, 16, 128, 8}, "fsize 8: must be 1 to 7"},
		{{8, 16, 128, 2147483647}, "fsize 2147483647: must be 1 to 7"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct model model;

		fixture_forget();
		assert_int_equal(model_init(&model, cases[i].shape), -1);
		fixture_expect("shape", cases[i].wanted);
	}
}

static void test_weights_in_bounds(void **state)
{
	static const struct shape shapes[] = {{8, 16, 128, 3}, {1, 1, 1, 1}, {3, 5, 7, 7}};

	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++) {
		struct model model;
		float *weights;

		assert_int_equal(model_init(&model, shapes[i]), 0);
		weights = memory_new(model.parameters, sizeof(*weights));
		model_init_weights(&model, 5, weights);
		for (int id = 0; id < TENSOR_COUNT; id++) {
			const struct tensor *tensor = &model.tensors[id];
			double bound = id % 2 ? 0.05 : sqrt(6.0 / (double)tensor->fan_in);

			for (size_t k = 0; k < tensor->size; k++) {
				double weight = (double)weights[tensor->offset + k];

				assert_true(fabs(weight) <= bound && weight != 0);
			}
		}
		free(weights);
	}
}

/* Pinned: every machine and compiler starts from these bytes. */
static void test_default_weights(void **state)
{
	static const struct {
		uint64_t seed;
		const char *wanted;
	} cases[] = {
		{1, "079fcf620d3d7d89cb282baeb339654594d25353bd74195ffd0ad07bd674192a"},
		{2, "b38a14f72d05495a69cd47e66f6295484f150e2e2c61828ac6696b050f2a15c9"},
	};
	struct model model;

	(void)state;
	assert_int_equal(model_init(&model, standard), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		float *weights = memory_new(model.parameters, sizeof(*weights));
		char got[DIGEST_SIZE];

		model_init_weights(&model, cases[i].seed, weights);
		digest_bytes(weights, model.parameters * sizeof(*weights), got);
		assert_string_equal(got, cases[i].wanted);
		free(weights);
	}
}

static void test_record(void **state)
{
	struct model model;
	json_t *record;
	char *text;

	(void)state;
	assert_int_equal(model_init(&model, (struct shape){2, 3, 5, 2}), 0);
	record = model_record(&model);
	text = json_dumps(record, JSON_COMPACT);
	assert_string_equal(text,
	                    "[{\"name\":\"conv1.weight\",\"shape\":[2,1,2,2],\"offset\":0,\"size\":8},"
	                    "{\"name\":\"conv1.bias\",\"shape\":[2],\"offset\":8,\"size\":2},"
	                    "{\"name\":\"conv2.weight\",\"shape\":[3,2,2,2],\"offset\":10,\"size\":24},"
	                    "{\"name\":\"conv2.bias\",\"shape\":[3],\"offset\":34,\"size\":3},"
	                    "{\"name\":\"fc1.weight\",\"shape\":[5,108],\"offset\":37,\"size\":540},"
	                    "{\"name\":\"fc1.bias\",\"shape\":[5],\"offset\":577,\"size\":5},"
	                    "{\"name\":\"fc2.weight\",\"shape\":[10,5],\"offset\":582,\"size\":50},"
	                    "{\"name\":\"fc2.bias\",\"shape\":[10],\"offset\":632,\"size\":10}]");
	free(text);
	json_decref(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_table),   cmocka_unit_test(test_sizes_and_work),
		cmocka_unit_test(test_out_of_range),    cmocka_unit_test(test_weights_in_bounds),
		cmocka_unit_test(test_default_weights), cmocka_unit_test(test_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
