/* SPDX-License-Identifier: MIT */
#include "net_inside.h"
#include "threads.h"

#include <string.h>

/* ---- Forward ---- */

/* Panels of the rows from `row` on. */
static struct rows rows_from(struct rows rows, size_t row, const struct kernels *kernels)
{
	return (struct rows){rows.data + row * (size_t)kernels->panel, rows.stride};
}

static struct marks marks_of(const struct net *net, const struct desk *desk, int sample)
{
	const struct plan *plan = &net->plan;
	const struct marks *marks = &desk->marks;
	int window = sample * plan->positions;

	return (struct marks){
		.offset = marks->offset + window * plan->filters2,
		.live = marks->live + window,
		.down = marks->down + window,
		.right = marks->right + window,
	};
}

static void sample_forward(const struct net *net, struct desk *desk, const uint8_t *image,
                           int sample, struct rows x)
{
	const struct kernels *kernels = net->kernels;
	const size_t map1 = (size_t)sample * net->plan.map1;
	const float *weight = net->weight;

	kernels->conv1_forward(&net->plan, image, weight + net->part[CONV1_WEIGHT],
	                       weight + net->part[CONV1_BIAS], desk->image, desk->map1 + map1,
	                       desk->cell1 + map1);
	kernels->conv2_forward(&net->plan, desk->map1 + map1, (int32_t)map1, net->conv2_forward,
	                       weight + net->part[CONV2_BIAS], desk->flat, marks_of(net, desk, sample));
	kernels->panels_put(desk->flat, x.data + sample * kernels->panel, x.stride, net->plan.flat);
}

static void dense_forward(const struct net *net, int count, struct rows x, struct rows hidden,
                          struct rows logits)
{
	const int panel = net->kernels->panel;
	const size_t square = (size_t)(panel * panel);

	net->kernels->dense_product(&(struct product){
		.a = x.data,
		.a_stride = x.stride,
		.b = net->fc1_turned,
		.b_stride = (size_t)net->flat_panels * square,
		.bias = net->weight + net->part[FC1_BIAS],
		.relu = 1,
		.c = hidden.data,
		.c_stride = hidden.stride,
		.rows = count,
		.k = net->plan.flat,
		.panels = net->hidden_panels,
	});
	net->kernels->dense_product(&(struct product){
		.a = hidden.data,
		.a_stride = hidden.stride,
		.b = net->fc2_turned,
		.bias = net->weight + net->part[FC2_BIAS],
		.c = logits.data,
		.c_stride = logits.stride,
		.rows = count,
		.k = net->plan.hidden,
		.panels = 1,
	});
}

/* ---- Backward ---- */

/* From the delta of the logits to those of hidden and flat, each through its ReLU. */
static void dense_backward(const struct net *net, int count, struct rows x, struct rows hidden,
                           struct rows delta_hidden, struct rows logits, struct rows dx)
{
	const int panel = net->kernels->panel;
	const size_t square = (size_t)(panel * panel);

	net->kernels->dense_product(&(struct product){
		.a = logits.data,
		.a_stride = logits.stride,
		.b = net->weight + net->part[FC2_WEIGHT],
		.b_stride = (size_t)(MODEL_CLASSES * panel),
		.gate = hidden.data,
		.gate_stride = hidden.stride,
		.c = delta_hidden.data,
		.c_stride = delta_hidden.stride,
		.rows = count,
		.k = MODEL_CLASSES,
		.panels = net->hidden_panels,
	});
	net->kernels->dense_product(&(struct product){
		.a = delta_hidden.data,
		.a_stride = delta_hidden.stride,
		.b = net->weight + net->part[FC1_WEIGHT],
		.b_stride = (size_t)net->hidden_panels * square,
		.gate = x.data,
		.gate_stride = x.stride,
		.c = dx.data,
		.c_stride = dx.stride,
		.rows = count,
		.k = net->plan.hidden,
		.panels = net->flat_panels,
	});
}

/* The convolutions' gradients of samples first .. first + count - 1 of the block, added to `gradient`. */
static void group_backward(const struct net *net, struct desk *desk, const uint32_t *order,
                           int first, int count, float *gradient)
{
	const struct kernels *kernels = net->kernels;
	const struct plan *plan = &net->plan;

	for (int s = 0; s < count; s++)
		kernels->panels_get(desk->dx.data + (first + s) * kernels->panel, desk->dx.stride,
		                    desk->delta + s * plan->flat, plan->flat);
	kernels->conv2_gradient(plan, count, desk->map1, marks_of(net, desk, first), desk->delta,
	                        gradient + net->part[CONV2_WEIGHT], gradient + net->part[CONV2_BIAS]);
	for (int s = 0; s < count; s++) {
		const size_t map1 = (size_t)(first + s) * plan->map1;
		kernels->conv2_input(plan, marks_of(net, desk, first + s), desk->delta + s * plan->flat,
		                     net->conv2_shifted, desk->delta_map1);
		kernels->conv1_gradient(plan, net->train.images + (size_t)order[first + s] * MODEL_PIXELS,
		                        desk->map1 + map1, desk->cell1 + map1, desk->delta_map1,
		                        desk->image, desk->pairs, gradient + net->part[CONV1_WEIGHT],
		                        gradient + net->part[CONV1_BIAS]);
	}
}

/* All groups of a block whose first sample is row `row` of the batch; groups stay within a slot. */
static void conv_backward(const struct net *net, struct desk *desk, const uint32_t *order,
                          size_t row, int count)
{
	const int group = 64 / net->plan.positions;

	for (int s = 0, n; s < count; s += n) {
		size_t slot = (row + (size_t)s) / net->slot, in_slot = (row + (size_t)s) % net->slot;
		float *gradient = net->gradient + slot * net->conv_parts;
		if (in_slot == 0)
			memset(gradient, 0, net->conv_parts * sizeof(*gradient));
		n = count - s < group ? count - s : group;
		if (net->slot - in_slot < (size_t)n)
			n = (int)(net->slot - in_slot);
		group_backward(net, desk, order, s, n, gradient);
	}
}

/* ---- A step ---- */

/* Part `member` of `members` about equal parts of 0 .. count-1. */
struct range {
	size_t from, to;
};

static struct range share(size_t count, int member, int members)
{
	return (struct range){count * (size_t)member / (size_t)members,
	                      count * ((size_t)member + 1) / (size_t)members};
}

/* Images are read in random order: the next one comes in while this one is computed. */
static void image_fetch(const uint8_t *image)
{
	for (int i = 0; i < MODEL_PIXELS; i += LINE)
		__builtin_prefetch(image + i);
}

/* Forward and backward of rows row .. row + count - 1 of a batch of `rows`. */
static void block_train(struct net *net, struct desk *desk, const uint32_t *order, size_t row,
                        int count, size_t rows)
{
	const struct kernels *kernels = net->kernels;
	struct rows x = rows_from(net->x, row, kernels), hidden = rows_from(net->hidden, row, kernels);
	struct rows delta_hidden = rows_from(net->delta_hidden, row, kernels);
	struct rows logits = rows_from(net->logits, row, kernels);

	order += row;
	for (int s = 0; s < count; s++) {
		const uint8_t *image = net->train.images + (size_t)order[s] * MODEL_PIXELS;
		if (s + 1 < count)
			image_fetch(net->train.images + (size_t)order[s + 1] * MODEL_PIXELS);
		desk->label[s] = net->train.labels[order[s]];
		sample_forward(net, desk, image, s, x);
	}
	dense_forward(net, count, x, hidden, logits);
	kernels->head(logits.data, count, desk->label, (float)(1.0 / (double)rows), net->loss + row,
	              net->hit + row);
	dense_backward(net, count, x, hidden, delta_hidden, logits, desk->dx);
	conv_backward(net, desk, order, row, count);
}

static void slots_train(struct net *net, int member, const uint32_t *order, size_t rows)
{
	struct range slots = share((rows + net->slot - 1) / net->slot, member, net->thread_count);
	size_t end = slots.to * net->slot < rows ? slots.to * net->slot : rows;

	for (size_t row = slots.from * net->slot; row < end; row += BLOCK) {
		int count = end - row < BLOCK ? (int)(end - row) : BLOCK;
		block_train(net, &net->desks[member], order, row, count, rows);
	}
}

static void dense_train(const struct net *net, int member, size_t rows)
{
	const struct kernels *kernels = net->kernels;
	const size_t hidden = (size_t)net->hidden_panels;
	struct range own = share((size_t)net->flat_panels * hidden, member, net->thread_count);

	for (size_t i = own.from; i < own.to; i++) {
		int flat_panel = (int)(i / hidden), hidden_panel = (int)(i % hidden);
		struct dense_block block = fc1_block(net, flat_panel, hidden_panel);
		kernels->dense_update(
			net->delta_hidden.data + (size_t)hidden_panel * net->delta_hidden.stride,
			net->x.data + (size_t)flat_panel * net->x.stride, rows, &block, net->step);
	}
	own = share(hidden, member, net->thread_count);
	for (size_t h = own.from; h < own.to; h++) {
		struct dense_block block = fc2_block(net, (int)h);
		kernels->dense_update(net->logits.data, net->hidden.data + h * net->hidden.stride, rows,
		                      &block, net->step);
	}
}

/* Update the biases of one panel; the padding's gradient is 0. */
static void bias_train(const struct net *net, const float *delta, size_t rows, enum tensor_id id,
                       size_t at, int count)
{
	float gradient[64];

	net->kernels->dense_sum(delta, rows, gradient);
	net->kernels->update(net->weight + net->part[id] + at, net->velocity + net->part[id] + at,
	                     gradient, count, 1, 0, net->step);
}

static void biases_train(const struct net *net, int member, size_t rows)
{
	const int panel = net->kernels->panel;
	struct range own = share((size_t)net->hidden_panels, member, net->thread_count);

	for (size_t h = own.from; h < own.to; h++)
		bias_train(net, net->delta_hidden.data + h * net->delta_hidden.stride, rows, FC1_BIAS,
		           h * (size_t)panel, panel);
	if (member == 0)
		bias_train(net, net->logits.data, rows, FC2_BIAS, 0, MODEL_CLASSES);
}

/* `count` floats at `at` of a convolution's tensor, from the sums of all slots. */
static void conv_update(const struct net *net, enum tensor_id id, int at, int count, size_t slots)
{
	size_t place = net->part[id] + (size_t)at;
	net->kernels->update(net->weight + place, net->velocity + place, net->gradient + place, count,
	                     slots, net->conv_parts, net->step);
}

static void conv_train(const struct net *net, int member, size_t rows)
{
	const struct plan *plan = &net->plan;
	const size_t slots = (rows + net->slot - 1) / net->slot;
	struct range own = share((size_t)plan->filters2, member, net->thread_count);

	for (int f = (int)own.from; f < (int)own.to; f++) {
		for (int ky = 0; ky < plan->fsize; ky++)
			conv_update(net, CONV2_WEIGHT, (f * plan->fsize + ky) * plan->run_padded, plan->run,
			            slots);
		filter_arrange(net, f);
	}
	if (member != net->thread_count - 1)
		return;
	conv_update(net, CONV2_BIAS, 0, plan->filters2, slots);
	for (int tap = 0; tap < plan->fsize * plan->fsize; tap++)
		conv_update(net, CONV1_WEIGHT, tap * plan->padded1, plan->filters1, slots);
	conv_update(net, CONV1_BIAS, 0, plan->filters1, slots);
}

void results_add(struct net *net, size_t rows)
{
	for (size_t s = 0; s < rows; s++) {
		net->loss_sum += net->loss[s];
		net->correct += net->hit[s];
	}
}

void member_train(void *context, int member)
{
	struct net *net = context;

	for (size_t first = 0; first < net->samples; first += net->batch) {
		size_t rest = net->samples - first, rows = rest < net->batch ? rest : net->batch;
		slots_train(net, member, net->order + first, rows);
		threads_barrier(net->threads);
		dense_train(net, member, rows);
		biases_train(net, member, rows);
		conv_train(net, member, rows);
		if (member == 0)
			results_add(net, rows);
		threads_barrier(net->threads);
	}
}

void member_eval(void *context, int member)
{
	struct net *net = context;
	struct desk *desk = &net->desks[member];
	struct range own = share(net->samples, member, net->thread_count);

	for (size_t row = own.from; row < own.to; row += BLOCK) {
		int count = own.to - row < BLOCK ? (int)(own.to - row) : BLOCK;
		for (int s = 0; s < count; s++)
			sample_forward(net, desk, net->test.images + (row + (size_t)s) * MODEL_PIXELS, s,
			               desk->x);
		dense_forward(net, count, desk->x, desk->hidden, desk->logits);
		net->kernels->head(desk->logits.data, count, net->test.labels + row, 1.0F, net->loss + row,
		                   net->hit + row);
	}
}
