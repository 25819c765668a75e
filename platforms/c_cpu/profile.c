/* SPDX-License-Identifier: MIT */
/*
 * An epoch whose kernels are timed: a table of kernels that read the clock before and after those
 * of the net stands in for theirs meanwhile.  Every member of the team adds up its own time.
 * Calls that layers share are told apart by the arrays that they are given.
 */
#include "core/clock.h"
#include "core/memory.h"
#include "net.h"
#include "net_inside.h"
#include "worker/profile.h"

#include <stdlib.h>

enum part {
	PART_CONV1_FORWARD,
	PART_CONV2_FORWARD,
	PART_FLAT_FORWARD,
	PART_FC1_FORWARD,
	PART_FC2_FORWARD,
	PART_HEAD,
	PART_FC2_BACKWARD,
	PART_FC1_BACKWARD,
	PART_FLAT_BACKWARD,
	PART_CONV2_GRADIENT,
	PART_CONV2_BACKWARD,
	PART_CONV1_GRADIENT,
	PART_FC1_UPDATE,
	PART_FC2_UPDATE,
	PART_CONV2_UPDATE,
	PART_CONV1_UPDATE,
	PARTS,
};

/* "flat": rows into panels and out of them.  A dense layer's gradient is a part of its update. */
static const struct {
	const char *layer, *direction;
} names[PARTS] = {
	{"conv1", "forward"}, {"conv2", "forward"},  {"flat", "forward"},   {"fc1", "forward"},
	{"fc2", "forward"},   {"head", "loss"},      {"fc2", "backward"},   {"fc1", "backward"},
	{"flat", "backward"}, {"conv2", "gradient"}, {"conv2", "backward"}, {"conv1", "gradient"},
	{"fc1", "update"},    {"fc2", "update"},     {"conv2", "update"},   {"conv1", "update"},
};

/* Of one member; two of them never share a line of the caches. */
struct account {
	int64_t ns[PARTS], calls[PARTS];
	char apart[LINE];
};

static const struct net *profiled;
static const struct kernels *inner;
static struct account *accounts;
static _Thread_local struct account *own;

#define TIMED(which, call)                                                                         \
	const enum part timed_part = (which);                                                          \
	const int64_t start = clock_ns();                                                              \
	inner->call;                                                                                   \
	own->ns[timed_part] += clock_ns() - start;                                                     \
	own->calls[timed_part]++

static void timed_conv1_forward(const struct plan *plan, const uint8_t *image, const float *weight,
                                const float *bias, float *scratch, float *map1, uint8_t *cell1)
{
	TIMED(PART_CONV1_FORWARD, conv1_forward(plan, image, weight, bias, scratch, map1, cell1));
}

static void timed_conv1_gradient(const struct plan *plan, const uint8_t *image, const float *map1,
                                 const uint8_t *cell1, const float *delta, float *scratch,
                                 float *pairs, float *weight, float *bias)
{
	TIMED(PART_CONV1_GRADIENT,
	      conv1_gradient(plan, image, map1, cell1, delta, scratch, pairs, weight, bias));
}

static void timed_conv2_forward(const struct plan *plan, const float *map1, int32_t base,
                                const float *weight, const float *bias, float *flat,
                                struct marks marks)
{
	TIMED(PART_CONV2_FORWARD, conv2_forward(plan, map1, base, weight, bias, flat, marks));
}

static void timed_conv2_gradient(const struct plan *plan, int samples, const float *base,
                                 struct marks marks, const float *delta, float *weight, float *bias)
{
	TIMED(PART_CONV2_GRADIENT, conv2_gradient(plan, samples, base, marks, delta, weight, bias));
}

static void timed_conv2_input(const struct plan *plan, struct marks marks, const float *delta,
                              const float *weight, float *delta_map1)
{
	TIMED(PART_CONV2_BACKWARD, conv2_input(plan, marks, delta, weight, delta_map1));
}

static void timed_conv2_arrange(const struct plan *plan, int filter, const float *weight,
                                float *forward, float *shifted)
{
	TIMED(PART_CONV2_UPDATE, conv2_arrange(plan, filter, weight, forward, shifted));
}

static enum part part_of_product(const float *b)
{
	if (b == profiled->fc1_turned)
		return PART_FC1_FORWARD;
	if (b == profiled->fc2_turned)
		return PART_FC2_FORWARD;
	return b == profiled->weight + profiled->part[FC2_WEIGHT] ? PART_FC2_BACKWARD
	                                                          : PART_FC1_BACKWARD;
}

static void timed_dense_product(const struct product *product)
{
	TIMED(part_of_product(product->b), dense_product(product));
}

/* The deltas of the last layer are the logits. */
static enum part part_of_delta(const float *delta)
{
	return delta == profiled->logits.data ? PART_FC2_UPDATE : PART_FC1_UPDATE;
}

static void timed_dense_update(const float *a, const float *b, size_t rows,
                               const struct dense_block *block, struct step step)
{
	TIMED(part_of_delta(a), dense_update(a, b, rows, block, step));
}

static void timed_dense_sum(const float *a, size_t rows, float *sum)
{
	TIMED(part_of_delta(a), dense_sum(a, rows, sum));
}

static void timed_panels_put(const float *row, float *panels, size_t stride, int count)
{
	TIMED(PART_FLAT_FORWARD, panels_put(row, panels, stride, count));
}

static void timed_panels_get(const float *panels, size_t stride, float *row, int count)
{
	TIMED(PART_FLAT_BACKWARD, panels_get(panels, stride, row, count));
}

static void timed_head(float *logits, int rows, const uint8_t *label, float scale, double *loss,
                       uint8_t *hit)
{
	TIMED(PART_HEAD, head(logits, rows, label, scale, loss, hit));
}

/* That of the tensor whose place is the last one not behind `at`. */
static enum part part_of_weight(size_t at)
{
	static const enum part parts[TENSOR_COUNT] = {
		[CONV1_WEIGHT] = PART_CONV1_UPDATE, [CONV1_BIAS] = PART_CONV1_UPDATE,
		[CONV2_WEIGHT] = PART_CONV2_UPDATE, [CONV2_BIAS] = PART_CONV2_UPDATE,
		[FC1_WEIGHT] = PART_FC1_UPDATE,     [FC1_BIAS] = PART_FC1_UPDATE,
		[FC2_WEIGHT] = PART_FC2_UPDATE,     [FC2_BIAS] = PART_FC2_UPDATE,
	};
	int tensor = -1;

	for (int id = 0; id < TENSOR_COUNT; id++)
		if (profiled->part[id] <= at && (tensor < 0 || profiled->part[id] > profiled->part[tensor]))
			tensor = id;
	return parts[tensor];
}

static void timed_update(float *weight, float *velocity, const float *gradient, int count,
                         size_t terms, size_t stride, struct step step)
{
	TIMED(part_of_weight((size_t)(weight - profiled->weight)),
	      update(weight, velocity, gradient, count, terms, stride, step));
}

static struct kernels timed_kernels(const struct kernels *kernels)
{
	struct kernels timed = *kernels;

	timed.conv1_forward = timed_conv1_forward;
	timed.conv1_gradient = timed_conv1_gradient;
	timed.conv2_forward = timed_conv2_forward;
	timed.conv2_gradient = timed_conv2_gradient;
	timed.conv2_input = timed_conv2_input;
	timed.conv2_arrange = timed_conv2_arrange;
	timed.dense_product = timed_dense_product;
	timed.dense_update = timed_dense_update;
	timed.dense_sum = timed_dense_sum;
	timed.panels_put = timed_panels_put;
	timed.panels_get = timed_panels_get;
	timed.head = timed_head;
	timed.update = timed_update;
	return timed;
}

static void member_profile(void *context, int member)
{
	own = &accounts[member];
	member_train(context, member);
}

/* Of one reading, ns: about as much of each timed call is the clock's. */
static double clock_cost(void)
{
	enum { READINGS = 10000 };
	const int64_t start = clock_ns();
	int64_t end = start;

	for (int i = 0; i < READINGS; i++)
		end = clock_ns();
	return (double)(end - start) / READINGS;
}

static void parts_tell(int members)
{
	const double cost = clock_cost();

	for (int part = 0; part < PARTS; part++) {
		double ns = 0;
		for (int member = 0; member < members; member++)
			ns += (double)accounts[member].ns[part] - cost * (double)accounts[member].calls[part];
		profile_part(names[part].layer, names[part].direction, ns > 0 ? 1e-9 * ns / members : 0);
	}
}

void net_profile(struct net *net, const uint32_t *order, size_t n)
{
	const struct kernels timed = timed_kernels(net->kernels);

	profiled = net;
	inner = net->kernels;
	accounts = memory_new((size_t)net->thread_count, sizeof(*accounts));
	net->kernels = &timed;
	net_call(net, member_profile, order, n);
	net->kernels = inner;
	parts_tell(net->thread_count);
	free(accounts);
}
