/* SPDX-License-Identifier: MIT */
/* Weights made up so that each shows one mistake. */
#include "runner/diagnosis.h"

#include "fixture.h"

#include <math.h>

static const struct shape small = {3, 5, 17, 2};

static struct model model;
static float *init, *weights;
static double *reference;

/* A change of 5% of the weights' size, differing from element to element. */
static double change_of(size_t i)
{
	return 0.01 * sin(1.0 + 7.3 * (double)i);
}

static void fill(double factor)
{
	for (size_t i = 0; i < model.parameters; i++) {
		reference[i] = (double)init[i] + change_of(i);
		weights[i] = (float)((double)init[i] + factor * change_of(i));
	}
}

static float *tensor(int id)
{
	return weights + model.tensors[id].offset;
}

/* ---- the mistakes ---- */

static void make_right(void)
{
}

static void make_untrained(void)
{
	memcpy(weights, init, model.parameters * sizeof(*weights));
}

static void make_frozen_bias(void)
{
	memcpy(tensor(CONV2_BIAS), init + model.tensors[CONV2_BIAS].offset,
	       model.tensors[CONV2_BIAS].size * sizeof(*weights));
}

static void make_wild(void)
{
	tensor(FC1_WEIGHT)[3] = NAN;
}

static void make_sum(void)
{
	fill(32);
}

static void make_fast(void)
{
	fill(1.5);
}

static void make_dampened(void)
{
	fill(0.1);
}

static void make_decay(void)
{
	for (size_t i = 0; i < model.parameters; i++)
		weights[i] *= 0.999f;
}

static void make_zero_bias(void)
{
	const struct tensor *bias = &model.tensors[FC1_BIAS];

	for (size_t i = 0; i < bias->size; i++)
		tensor(FC1_BIAS)[i] = (float)change_of(bias->offset + i);
}

static void make_transposed(void)
{
	const struct tensor *matrix = &model.tensors[FC2_WEIGHT];
	const size_t rows = matrix->dims[0], columns = matrix->dims[1];
	float *copy = memory_new(matrix->size, sizeof(*copy));

	memcpy(copy, tensor(FC2_WEIGHT), matrix->size * sizeof(*copy));
	for (size_t row = 0; row < rows; row++)
		for (size_t column = 0; column < columns; column++)
			tensor(FC2_WEIGHT)[column * rows + row] = copy[row * columns + column];
	free(copy);
}

static void make_turned(void)
{
	const struct tensor *kernels = &model.tensors[CONV2_WEIGHT];
	const size_t kernel = kernels->dims[2] * kernels->dims[3];

	for (size_t first = 0; first < kernels->size; first += kernel)
		for (size_t i = 0; i < kernel / 2; i++) {
			float *a = tensor(CONV2_WEIGHT) + first + i;
			float *b = tensor(CONV2_WEIGHT) + first + kernel - 1 - i;
			const float kept = *a;
			*a = *b;
			*b = kept;
		}
}

static void shift(int id, double part)
{
	const struct tensor *shifted = &model.tensors[id];

	for (size_t i = 0; i < shifted->size; i++)
		tensor(id)[i] += (float)(part * 0.01 * cos(3.1 * (double)i));
}

static void make_biases(void)
{
	static const int biases[] = {CONV1_BIAS, CONV2_BIAS, FC1_BIAS, FC2_BIAS};

	for (size_t i = 0; i < COUNT(biases); i++)
		shift(biases[i], 0.5);
}

static void make_conv(void)
{
	shift(CONV1_WEIGHT, 0.5);
	shift(CONV1_BIAS, 0.5);
	shift(CONV2_WEIGHT, 0.5);
	shift(CONV2_BIAS, 0.5);
}

static void make_one(void)
{
	shift(FC2_WEIGHT, 0.5);
}

static void make_spread(void)
{
	make_one();
	shift(CONV1_WEIGHT, 0.02);
}

static void make_many(void)
{
	for (int id = 0; id < TENSOR_COUNT; id++)
		shift(id, 0.5);
}

static void make_little(void)
{
	shift(FC2_WEIGHT, 1e-3);
}

static const struct {
	void (*make)(void);
	const char *words;
	size_t count;
} cases[] = {
	{make_right, "all tensors are within the bound", 1},
	{make_untrained, "all weights are the initial ones", 1},
	{make_frozen_bias, "conv2.bias still has the initial values", 1},
	{make_wild, "fc1.weight has a number that is not finite", 1},
	{make_sum,
     "all tensors move 32 times as far as they should, which fits: the gradient is the sum", 1},
	{make_fast, "all tensors move 1.5 times as far as they should: look at the learning rate", 1},
	{make_dampened, "which fits: the gradient enters the momentum with the weight 1 - mu", 1},
	{make_decay, "there is a weight decay", 1},
	{make_zero_bias, "fc1.bias began at zero", 1},
	{make_transposed, "fc2.weight has the right values, but transposed", 1},
	{make_turned, "conv2.weight has the right values, but turned", 1},
	{make_biases, "only conv1.bias, conv2.bias, fc1.bias and fc2.bias are off", 1},
	{make_conv, "look at the convolutions", 1},
	{make_one, "only fc2.weight is off", 1},
	{make_spread, "fc2.weight is furthest off", 1},
	{make_many, "many tensors are off alike", 1},
	{make_little, "only fc2.weight is off", 2},
};

static void assert_case(size_t index)
{
	const struct diagnosis_input input = {&model, weights, init, reference, 5 * 32, 32, 5, 0.9};
	size_t count = 0;
	bool named;

	fill(1);
	cases[index].make();
	char **words = diagnosis_make(&input, &named);
	while (words[count])
		count++;
	if (count != cases[index].count || !strstr(words[0], cases[index].words))
		fail_msg("case %zu\ngot:    %zu: %s\nwanted: %zu: %s", index, count, words[0],
		         cases[index].count, cases[index].words);
	memory_free_words(words);
}

static void test_patterns(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_case(i);
}

/* Five steps a mini-epoch, the last of 8 samples in place of 32; mu = 0.9.  The factors are those of
 * worker-selftest's faults, measured with small steps. */
static void test_factors(void **state)
{
	static const struct {
		double factor;
		const char *words;
	} table[] = {
		{29.0, "the gradient is the sum"},
		{0.897, "divided by the full batch's size"},
		{0.697, "the last, partial batch is left out"},
		{0.632, "the momentum is zero again"},
		{0.242, "there is no momentum"},
		{1.135, "this is Nesterov's momentum"},
		{0.101, "with the weight 1 - mu"},
		{1.01, "all tensors move 1.01 times as far as they should: look at the learning rate"},
		{1.0, NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct diagnosis_input input = {&model,     weights, init, reference,
		                                      4 * 32 + 8, 32,      5,    0.9};
		fill(table[i].factor);
		char **words = diagnosis_factor(&input);
		if (!words != !table[i].words || (words && !strstr(words[0], table[i].words)))
			fail_msg("factor %g: got %s, wanted %s", table[i].factor, words ? words[0] : "none",
			         table[i].words ? table[i].words : "none");
		if (words)
			memory_free_words(words);
	}
	fill(1);
	make_one();
	assert_null(diagnosis_factor(
		&(struct diagnosis_input){&model, weights, init, reference, 160, 32, 5, 0.9}));
}

static void test_attempts(void **state)
{
	static const struct {
		enum attempt without_momentum, single_samples;
		bool named;
		const char *words[3];
	} table[] = {
		{ATTEMPT_PASSES, ATTEMPT_FAILS, false, {"it passes without momentum"}},
		{ATTEMPT_FAILS, ATTEMPT_PASSES, false, {"it passes with batches of one sample"}},
		{ATTEMPT_PASSES, ATTEMPT_PASSES, false, {"it passes with batches", "it passes without"}},
		{ATTEMPT_FAILS, ATTEMPT_FAILS, false, {"it fails without momentum and with batches"}},
		{ATTEMPT_FAILS, ATTEMPT_FAILS, true, {NULL}},
		{ATTEMPT_FAILS, ATTEMPT_PASSES, true, {"it passes with batches of one sample"}},
		{ATTEMPT_NONE, ATTEMPT_FAILS, false, {NULL}},
		{ATTEMPT_NONE, ATTEMPT_NONE, false, {NULL}},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char **words =
			diagnosis_attempts(table[i].without_momentum, table[i].single_samples, table[i].named);
		size_t count = 0;

		for (; table[i].words[count]; count++)
			if (!words[count] || !strstr(words[count], table[i].words[count]))
				fail_msg("case %zu: got %s, wanted %s", i, words[count], table[i].words[count]);
		assert_null(words[count]);
		memory_free_words(words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_factors),
		cmocka_unit_test(test_attempts),
	};
	if (model_init(&model, small) != 0)
		return 1;
	init = memory_new(model.parameters, sizeof(*init));
	weights = memory_new(model.parameters, sizeof(*weights));
	reference = memory_new(model.parameters, sizeof(*reference));
	model_init_weights(&model, 1, init);
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(init);
	free(weights);
	free(reference);
	return failed != 0;
}
