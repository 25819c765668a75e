/* SPDX-License-Identifier: MIT */
#include "core/memory.h"
#include "core/random.h"
#include "core/reference.h"
#include "core/reference_float.h"
#include "core/reference_layers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void assert_near(const char *what, double got, double wanted, double tolerance)
{
	if (!(fabs(got - wanted) <= tolerance))
		fail_msg("%s: got %.17g, wanted %.17g within %g", what, got, wanted, tolerance);
}

static void assert_all_near(const char *what, const double *got, const double *wanted, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!(fabs(got[i] - wanted[i]) <= 1e-14))
			fail_msg("%s: element %zu: got %.17g, wanted %.17g", what, i, got[i], wanted[i]);
}

/* ---- Layers, by hand ---- */

static void test_input(void **state)
{
	(void)state;
	uint8_t pixels[MODEL_PIXELS] = {0, 255, 51};
	double out[MODEL_PIXELS];

	input_forward(pixels, out);
	assert_near("black", out[0], -0.1307 / 0.3081, 1e-15);
	assert_near("white", out[1], 0.8693 / 0.3081, 1e-15);
	assert_near("a fifth", out[2], 0.0693 / 0.3081, 1e-15);
}

static const struct convolution two_by_two = {
	.channels = 1, .filters = 2, .fsize = 2, .in_side = 3, .out_side = 2};
static const double image[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
static const double filters[] = {1, 0, 0, -1, 0.5, 0, 2, 0};

static void test_convolution_forward(void **state)
{
	(void)state;
	const double bias[] = {10, -1}, wanted[] = {6, 6, 6, 6, 7.5, 10, 15, 17.5};
	const double wanted_second[] = {1 * 0.5 + 4 * 2 - 1, 2 * 0.5 + 5 * 2 - 1, 4 * 0.5 + 7 * 2 - 1,
	                                5 * 0.5 + 8 * 2 - 1};
	double out[8];

	convolution_forward(&two_by_two, image, filters, bias, out);
	assert_all_near("first filter", out, wanted, 4);
	assert_all_near("second filter", out + 4, wanted_second, 4);
}

static void test_convolution_backward(void **state)
{
	(void)state;
	const double d_out[] = {1, 0, 0, 2, 0, -1, 0, 0};
	const double wanted_weight[] = {1 + 2 * 5, 2 + 2 * 6, 4 + 2 * 8, 5 + 2 * 9, -2, -3, -5, -6};
	const double wanted_bias[] = {3, -1};
	const double wanted_in[] = {1, -0.5, 0, 0, -1 + 2 - 2, 0, 0, 0, -2};
	double d_weight[8] = {0}, d_bias[2] = {0}, d_in[9];

	convolution_backward(&two_by_two, image, filters, d_out, d_weight, d_bias, d_in);
	assert_all_near("weights", d_weight, wanted_weight, 8);
	assert_all_near("biases", d_bias, wanted_bias, 2);
	assert_all_near("input", d_in, wanted_in, 9);
}

static void test_relu(void **state)
{
	(void)state;
	const double in[] = {-1, 0, 2}, d_out[] = {5, 6, 7};
	const double wanted[] = {0, 0, 2}, wanted_d[] = {0, 0, 7}, none[] = {(double)NAN};
	double out[3], d_in[3], kept[1];

	relu_forward(3, in, out);
	relu_backward(3, out, d_out, d_in);
	assert_all_near("forward", out, wanted, 3);
	assert_all_near("backward", d_in, wanted_d, 3);
	relu_forward(1, none, kept);
	assert_true(isnan(kept[0]));
}

/* A side of 5: the last row and column are dropped.  The third window holds a tie. */
static void test_pool(void **state)
{
	(void)state;
	const double in[] = {
		1,  2,  0,  -1, 99, /**/
		3,  4,  -2, -3, 99, /**/
		7,  7,  1,  2,  99, /**/
		7,  7,  2,  1,  99, /**/
		99, 99, 99, 99, 99,
	};
	const double wanted[] = {4, 0, 7, 2}, d_out[] = {1, 2, 3, 4};
	const uint32_t wanted_winner[] = {6, 2, 10, 13};
	double out[4], d_in[25], wanted_d[25] = {[6] = 1, [2] = 2, [10] = 3, [13] = 4};
	uint32_t winner[4];

	pool_forward(1, 5, in, out, winner);
	pool_backward(1, 5, d_out, winner, d_in);
	assert_all_near("forward", out, wanted, 4);
	assert_memory_equal(winner, wanted_winner, sizeof(winner));
	assert_all_near("backward", d_in, wanted_d, 25);
}

static void test_dense(void **state)
{
	(void)state;
	const double in[] = {1, -2, 3}, weight[] = {1, 2, 3, -1, 0, 1}, bias[] = {0.5, -0.5};
	const double d_out[] = {2, -1}, wanted[] = {6.5, 1.5};
	const double wanted_weight[] = {2, -4, 6, -1, 2, -3}, wanted_bias[] = {2, -1};
	const double wanted_in[] = {2 + 1, 4, 6 - 1};
	double out[2], d_weight[6] = {0}, d_bias[2] = {0}, d_in[3];

	dense_forward(3, 2, in, weight, bias, out);
	dense_backward(3, 2, in, weight, d_out, d_weight, d_bias, d_in);
	assert_all_near("forward", out, wanted, 2);
	assert_all_near("weights", d_weight, wanted_weight, 6);
	assert_all_near("biases", d_bias, wanted_bias, 2);
	assert_all_near("input", d_in, wanted_in, 3);
}

static void test_loss_by_hand(void **state)
{
	(void)state;
	const double equal[MODEL_CLASSES] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
	const double far[MODEL_CLASSES] = {0, 1000, -1000};
	const double none[MODEL_CLASSES] = {0, (double)NAN};
	double p[MODEL_CLASSES], d[MODEL_CLASSES];

	assert_near("equal logits", loss_forward(equal, 4, p), log(10), 1e-15);
	loss_backward(p, 4, d);
	assert_near("gradient at the label", d[4], -0.9, 1e-15);
	assert_near("gradient elsewhere", d[9], 0.1, 1e-15);
	assert_int_equal(loss_prediction(equal), 0);

	assert_near("certain and right", loss_forward(far, 1, p), 0, 0);
	assert_near("certain and wrong", loss_forward(far, 2, p), 2000, 1e-12);
	assert_int_equal(loss_prediction(far), 1);
	assert_true(isnan(loss_forward(none, 0, p)));
}

/* The reference's own exp and log against the system's, which are right to an ulp or two. */
static void test_loss_against_libm(void **state)
{
	(void)state;
	struct random random = random_stream(1, "logits", 0);

	for (int i = 0; i < 10000; i++) {
		double logits[MODEL_CLASSES], p[MODEL_CLASSES], max = -HUGE_VAL, sum = 0;

		for (int k = 0; k < MODEL_CLASSES; k++) {
			logits[k] = random_between(&random, -20, 20);
			max = fmax(max, logits[k]);
		}
		for (int k = 0; k < MODEL_CLASSES; k++)
			sum += exp(logits[k] - max);
		double loss = loss_forward(logits, 0, p);
		assert_near("loss", loss, log(sum) + max - logits[0], 1e-14);
		for (int k = 0; k < MODEL_CLASSES; k++)
			assert_near("probability", p[k] * sum / exp(logits[k] - max), 1, 2e-15);
	}
}

/* ---- The whole network ---- */

struct bench {
	struct model model;
	struct reference *reference;
	struct reference_data data;
	uint8_t *images, *labels;
	double *weights;
};

/* A network of a shape, its initial weights by a seed, and `count` images of random bytes. */
static void bench_open(struct bench *bench, struct shape shape, uint64_t seed, size_t count,
                       int threads)
{
	struct random random = random_stream(seed, "images", 0);

	assert_int_equal(model_init(&bench->model, shape), 0);
	float *init = memory_new(bench->model.parameters, sizeof(*init));
	model_init_weights(&bench->model, seed, init);
	bench->weights = memory_new(bench->model.parameters, sizeof(*bench->weights));
	for (size_t i = 0; i < bench->model.parameters; i++)
		bench->weights[i] = (double)init[i];
	bench->reference = reference_new(&bench->model, threads);
	reference_set_float(bench->reference, init);
	free(init);

	bench->images = memory_new(count, MODEL_PIXELS);
	bench->labels = memory_new(count, 1);
	for (size_t i = 0; i < count * MODEL_PIXELS; i++)
		bench->images[i] = (uint8_t)random_below(&random, 256);
	for (size_t i = 0; i < count; i++)
		bench->labels[i] = (uint8_t)random_below(&random, 10);
	bench->data = (struct reference_data){bench->images, bench->labels, count};
}

static void bench_close(struct bench *bench)
{
	reference_free(bench->reference);
	free(bench->images);
	free(bench->labels);
	free(bench->weights);
}

/* The samples among the bench's whose margin is above `least`; returns how many. */
static size_t clear_samples(struct bench *bench, double least, uint32_t *index)
{
	double *margins = memory_new(bench->data.count, sizeof(*margins));
	size_t count = 0;

	reference_margins(bench->reference, &bench->data, NULL, bench->data.count, margins);
	for (size_t i = 0; i < bench->data.count; i++)
		if (margins[i] > least)
			index[count++] = (uint32_t)i;
	free(margins);
	return count;
}

static double loss_at(struct bench *bench, const uint32_t *index, size_t n, size_t parameter,
                      double by)
{
	double kept = bench->weights[parameter];
	struct reference_stats stats;

	bench->weights[parameter] = kept + by;
	reference_set(bench->reference, bench->weights);
	bench->weights[parameter] = kept;
	reference_eval(bench->reference, &bench->data, index, n, &stats);
	return stats.loss;
}

/*
 * Central differences.  With steps of 1e-6 in one weight, the outputs before the ReLUs move by
 * 1e-6 times the input at first and by some 1e-4 in the last layers, so samples with margins above
 * 1e-3 keep all their decisions.  The error is then about 1e-16 / 1e-6 from rounding and 1e-12 from
 * the third derivative, against gradients of 1e-3 and more: far below the 1e-6 asked for.
 */
static void check_gradient(struct shape shape)
{
	enum { CANDIDATES = 300, SAMPLES = 5 };
	const double step = 1e-6;
	struct bench bench;
	uint32_t index[CANDIDATES];
	struct reference_stats stats;

	bench_open(&bench, shape, 7, CANDIDATES, 2);
	if (clear_samples(&bench, 1e-3, index) < SAMPLES)
		fail_msg("fsize %d: too few samples are clear of ties", shape.fsize);
	double *gradient = memory_new(bench.model.parameters, sizeof(*gradient));
	reference_gradient(bench.reference, &bench.data, index, SAMPLES, gradient, &stats);

	for (int id = 0; id < TENSOR_COUNT; id++) {
		const struct tensor *tensor = &bench.model.tensors[id];
		double error = 0, norm = 0;

		for (size_t i = tensor->offset; i < tensor->offset + tensor->size; i++) {
			double up = loss_at(&bench, index, SAMPLES, i, step);
			double down = loss_at(&bench, index, SAMPLES, i, -step);
			double slope = (up - down) / (2 * step);

			error += (gradient[i] - slope) * (gradient[i] - slope);
			norm += slope * slope;
		}
		if (!(sqrt(error) < 1e-6 * sqrt(norm)))
			fail_msg("shape %d %d %d %d: %s: relative error %g of a gradient of norm %g",
			         shape.filters1, shape.filters2, shape.hidden, shape.fsize, tensor->name,
			         sqrt(error / norm), sqrt(norm));
	}
	free(gradient);
	bench_close(&bench);
}

static void test_gradient(void **state)
{
	(void)state;
	const struct shape shapes[] = {
		{2, 3, 5, 3}, {1, 1, 3, 1}, {3, 2, 4, 7}, {2, 2, 3, 2}, {1, 4, 6, 4},
	};

	for (size_t i = 0; i < LENGTH(shapes); i++)
		check_gradient(shapes[i]);
}

static const struct shape small = {2, 3, 5, 3};

/* Two steps: v = g, w -= lr g; then v = mu v + g', w -= lr v. */
static void test_update(void **state)
{
	(void)state;
	const uint32_t first[] = {0, 1, 2}, second[] = {3, 1};
	struct bench bench;
	struct reference_stats stats;

	bench_open(&bench, small, 3, 4, 1);
	size_t parameters = bench.model.parameters;
	double *wanted = memory_new(parameters, sizeof(*wanted)),
		   *got = memory_new(parameters, sizeof(*got));
	double *v = memory_new(parameters, sizeof(*v)), *g = memory_new(parameters, sizeof(*g));

	reference_gradient(bench.reference, &bench.data, first, 3, v, &stats);
	for (size_t i = 0; i < parameters; i++)
		wanted[i] = bench.weights[i] - 0.125 * v[i];
	reference_step(bench.reference, &bench.data, first, 3, 0.125, 0.5, &stats);
	reference_get(bench.reference, got);
	assert_all_near("first step", got, wanted, parameters);

	reference_gradient(bench.reference, &bench.data, second, 2, g, &stats);
	for (size_t i = 0; i < parameters; i++)
		wanted[i] = got[i] - 0.125 * (0.5 * v[i] + g[i]);
	reference_step(bench.reference, &bench.data, second, 2, 0.125, 0.5, &stats);
	reference_get(bench.reference, got);
	assert_all_near("second step", got, wanted, parameters);

	free(wanted);
	free(got);
	free(v);
	free(g);
	bench_close(&bench);
}

/* An epoch of 7 samples in steps of 3, the last of 1. */
static void test_train_is_steps(void **state)
{
	(void)state;
	const uint32_t order[] = {6, 2, 4, 0, 1, 5, 3};
	const struct reference_sgd sgd = {.batch = 3, .lr = 0.05, .momentum = 0.9};
	struct bench bench, other;
	struct reference_stats stats, step;
	size_t correct = 0;
	double loss = 0;

	bench_open(&bench, small, 4, 7, 2);
	bench_open(&other, small, 4, 7, 2);
	reference_train(bench.reference, &bench.data, order, 7, &sgd, &stats);
	for (size_t at = 0; at < 7; at += 3) {
		size_t n = at + 3 > 7 ? 7 - at : 3;

		reference_step(other.reference, &other.data, order + at, n, sgd.lr, sgd.momentum, &step);
		correct += step.correct;
		loss += step.loss * (double)n;
	}
	assert_int_equal(stats.samples, 7);
	assert_int_equal(stats.correct, correct);
	assert_near("loss", stats.loss, loss / 7, 1e-15);
	reference_get(bench.reference, bench.weights);
	reference_get(other.reference, other.weights);
	assert_memory_equal(bench.weights, other.weights, bench.model.parameters * sizeof(double));
	bench_close(&bench);
	bench_close(&other);
}

static void test_threads_change_no_bit(void **state)
{
	(void)state;
	const int threads[] = {2, 3, 7, 0};
	const struct reference_sgd sgd = {.batch = 40, .lr = 0.05, .momentum = 0.9};
	enum { SAMPLES = 90 };
	uint32_t order[SAMPLES];
	struct bench one, many;
	struct reference_stats stats_one, stats_many;
	struct random random = random_stream(5, "order", 0);

	random_permutation(&random, order, SAMPLES);
	bench_open(&one, small, 5, SAMPLES, 1);
	reference_train(one.reference, &one.data, order, SAMPLES, &sgd, &stats_one);
	reference_get(one.reference, one.weights);
	for (size_t i = 0; i < LENGTH(threads); i++) {
		bench_open(&many, small, 5, SAMPLES, threads[i]);
		reference_train(many.reference, &many.data, order, SAMPLES, &sgd, &stats_many);
		reference_get(many.reference, many.weights);
		assert_memory_equal(&stats_one, &stats_many, sizeof(stats_one));
		assert_memory_equal(one.weights, many.weights, one.model.parameters * sizeof(double));
		bench_close(&many);
	}
	bench_close(&one);
}

static void test_weights_in_and_out(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, small, 6, 1, 1);
	size_t parameters = bench.model.parameters;
	float *init = memory_new(parameters, sizeof(*init)),
		  *out = memory_new(parameters, sizeof(*out));
	double *doubles = memory_new(parameters, sizeof(*doubles));

	model_init_weights(&bench.model, 6, init);
	reference_get_float(bench.reference, out);
	assert_memory_equal(out, init, parameters * sizeof(*out));
	reference_get(bench.reference, doubles);
	assert_memory_equal(doubles, bench.weights, parameters * sizeof(*doubles));
	free(init);
	free(out);
	free(doubles);
	bench_close(&bench);
}

/* ---- Margins ---- */

/* The bias of a hidden unit is set so that the unit stands at `at` before its ReLU. */
static double margin_with_unit_at(struct bench *bench, double at)
{
	size_t bias = bench->model.tensors[FC1_BIAS].offset;
	size_t weight = bench->model.tensors[FC1_WEIGHT].offset;
	double margin;

	for (size_t i = 0; i < bench->model.flat; i++)
		bench->weights[weight + i] = 0;
	bench->weights[bias] = at;
	reference_set(bench->reference, bench->weights);
	reference_margins(bench->reference, &bench->data, NULL, 1, &margin);
	return margin;
}

static void test_margin_of_a_unit(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, small, 8, 1, 1);
	assert_near("on the kink", margin_with_unit_at(&bench, 0), 0, 0);
	assert_near("above", margin_with_unit_at(&bench, 1e-7), 1e-7, 0);
	assert_near("below", margin_with_unit_at(&bench, -1e-7), 1e-7, 0);
	assert_near("no number", margin_with_unit_at(&bench, (double)NAN), 0, 0);
	assert_true(margin_with_unit_at(&bench, 1) > 1e-7);
	bench_close(&bench);
}

/*
 * The two upper left pixels of a black image, in a network whose convolutions are one weight of 1,
 * so that conv1 gives pixel + shift (in standardised units); behind them all is far from ties.
 */
static double margin_of_pixels(uint8_t a, uint8_t b, double shift)
{
	const struct shape one = {1, 1, 1, 1};
	struct bench bench;
	double margin;

	bench_open(&bench, one, 9, 1, 1);
	memset(bench.images, 0, MODEL_PIXELS);
	bench.images[0] = a;
	bench.images[1] = b;
	memset(bench.weights, 0, bench.model.parameters * sizeof(double));
	bench.weights[bench.model.tensors[CONV1_WEIGHT].offset] = 1;
	bench.weights[bench.model.tensors[CONV1_BIAS].offset] = shift;
	bench.weights[bench.model.tensors[CONV2_WEIGHT].offset] = 1;
	bench.weights[bench.model.tensors[CONV2_BIAS].offset] = 1000;
	bench.weights[bench.model.tensors[FC1_BIAS].offset] = 1000;
	reference_set(bench.reference, bench.weights);
	reference_margins(bench.reference, &bench.data, NULL, 1, &margin);
	bench_close(&bench);
	return margin;
}

static void test_margin_of_a_pool(void **state)
{
	(void)state;
	const double pixel = 1 / (255 * 0.3081), black = 0.1307 / 0.3081; /* black stands at -black */

	assert_near("choice", margin_of_pixels(201, 200, 5), pixel, 1e-12);
	assert_near("identical patches", margin_of_pixels(200, 200, 5), 200 * pixel, 1e-12);
	assert_near("chosen sign", margin_of_pixels(200, 0, black - 1e-7), 1e-7, 1e-12);
	assert_near("signs the pool drops", margin_of_pixels(0, 0, -5), 5 + black, 1e-12);
	assert_near("choice below zero", margin_of_pixels(201, 200, -50), 50 + black - 201 * pixel,
	            1e-12);
}

/* ---- In float32 ---- */

/* Of eight samples, some may be near a tie; with this seed none decides otherwise. */
static void test_float_is_near_and_not_the_same(void **state)
{
	(void)state;
	struct bench bench;
	struct reference_stats stats, float_stats;

	bench_open(&bench, (struct shape){3, 5, 17, 2}, 5, 8, 2);
	struct reference_float *in_float = reference_float_new(&bench.model, 2);
	double *got = memory_new(bench.model.parameters, sizeof(*got));
	double *wanted = memory_new(bench.model.parameters, sizeof(*wanted));
	size_t different = 0;

	reference_set(bench.reference, bench.weights);
	reference_float_set(in_float, bench.weights);
	reference_step(bench.reference, &bench.data, NULL, 8, 0.1, 0.9, &stats);
	reference_float_step(in_float, &bench.data, NULL, 8, 0.1, 0.9, &float_stats);
	reference_get(bench.reference, wanted);
	reference_float_get(in_float, got);
	for (size_t i = 0; i < bench.model.parameters; i++) {
		assert_near("weight", got[i], wanted[i], 1e-6);
		different += got[i] != wanted[i];
	}
	assert_true(different > bench.model.parameters / 10);
	assert_near("loss", float_stats.loss, stats.loss, 1e-5);
	free(got);
	free(wanted);
	reference_float_free(in_float);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_convolution_forward),
		cmocka_unit_test(test_convolution_backward),
		cmocka_unit_test(test_relu),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_dense),
		cmocka_unit_test(test_loss_by_hand),
		cmocka_unit_test(test_loss_against_libm),
		cmocka_unit_test(test_gradient),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_train_is_steps),
		cmocka_unit_test(test_threads_change_no_bit),
		cmocka_unit_test(test_weights_in_and_out),
		cmocka_unit_test(test_margin_of_a_unit),
		cmocka_unit_test(test_margin_of_a_pool),
		cmocka_unit_test(test_float_is_near_and_not_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
