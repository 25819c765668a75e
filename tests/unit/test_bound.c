/* SPDX-License-Identifier: MIT */
#include "core/bound.h"
#include "core/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct model model;
static float *init, *weights;
static double *reference;

/* Initial weights of 1 everywhere; the reference moved all of them by 0.5. */
static int set_up(void **state)
{
	(void)state;
	assert_int_equal(model_init(&model, (struct shape){3, 5, 17, 2}), 0);
	init = memory_new(model.parameters, sizeof(*init));
	weights = memory_new(model.parameters, sizeof(*weights));
	reference = memory_new(model.parameters, sizeof(*reference));
	for (size_t i = 0; i < model.parameters; i++) {
		init[i] = 1;
		reference[i] = 1.5;
		weights[i] = 1.5f;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(init);
	free(weights);
	free(reference);
	return 0;
}

static void assert_close(const char *what, double got, double wanted)
{
	if (!(fabs(got - wanted) <= 1e-12 * fabs(wanted)))
		fail_msg("%s: got %.17g, wanted %.17g", what, got, wanted);
}

static void test_norms(void **state)
{
	struct distance distances[TENSOR_COUNT];
	const struct tensor *conv2 = &model.tensors[CONV2_WEIGHT];

	(void)state;
	weights[conv2->offset] += 3;
	weights[conv2->offset + conv2->size - 1] -= 4;
	bound_measure(&model, weights, reference, init, distances);
	for (int id = 0; id < TENSOR_COUNT; id++) {
		double root = sqrt((double)model.tensors[id].size);

		assert_close("difference", distances[id].difference, id == CONV2_WEIGHT ? 5 : 0);
		assert_close("change", distances[id].change, 0.5 * root);
		assert_close("size", distances[id].size, 1.5 * root);
	}
}

static void test_bound(void **state)
{
	struct distance distance = {.change = 2, .size = 10};
	const double allowed = 3e-5 * 2 + 16.0 / 16777216 * 10;

	(void)state;
	assert_close("allowed", bound_allowed(&distance), allowed);
	assert_close("relative", bound_relative(&distance), allowed / 2);
	distance.difference = allowed * 0.999;
	assert_true(bound_holds(&distance));
	assert_close("measured", bound_measured(&distance), allowed * 0.999 / 2);
	distance.difference = allowed * 1.001;
	assert_false(bound_holds(&distance));
}

static void test_what_is_no_number_never_holds(void **state)
{
	struct distance distances[TENSOR_COUNT];

	(void)state;
	weights[model.tensors[FC1_BIAS].offset] = NAN;
	weights[model.tensors[FC2_BIAS].offset] = INFINITY;
	bound_measure(&model, weights, reference, init, distances);
	for (int id = 0; id < TENSOR_COUNT; id++)
		assert_int_equal(bound_holds(&distances[id]), id != FC1_BIAS && id != FC2_BIAS);
	reference[0] = HUGE_VAL;
	weights[0] = INFINITY;
	bound_measure(&model, weights, reference, init, distances);
	assert_false(bound_holds(&distances[CONV1_WEIGHT]));
}

static void test_sharpness(void **state)
{
	const double edge = 16.0 / 16777216 / 5e-3;
	struct distance sharp = {.change = edge * 1.001, .size = 1},
					blunt = {.change = edge * 0.999, .size = 1}, still = {.size = 1}, none = {0};

	(void)state;
	assert_true(bound_is_sharp(&sharp));
	assert_false(bound_is_sharp(&blunt));
	assert_false(bound_is_sharp(&still));
	assert_false(bound_is_sharp(&none));
	assert_true(isnan(bound_measured(&still)) && isnan(bound_relative(&still)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_norms, set_up, tear_down),
		cmocka_unit_test(test_bound),
		cmocka_unit_test_setup_teardown(test_what_is_no_number_never_holds, set_up, tear_down),
		cmocka_unit_test(test_sharpness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
