/* SPDX-License-Identifier: MIT */
#include "net.h"

#include "core/error.h"
#include "core/memory.h"
#include "threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Samples that go forward and backward together.  32: a block's maps are 190 KB, fc1's weights
	 * (205 KB a direction) are read once a block. */
	BLOCK = 32,
	SLOT = 16,      /* samples of a slot; more where there would be over SLOTS_MAX */
	SLOTS_MAX = 64, /* bounds the memory for the convolutions' gradients */
	SLACK = 64,     /* floats or bytes behind an array: vectors may end there */
	LINE = 64,
};

/* Panels of one matrix whose rows are samples. */
struct rows {
	float *data;
	size_t stride; /* of two panels, floats */
};

/* What a thread alone uses. */
struct desk {
	float *image, *pairs, *flat;
	float *map1, *delta_map1;
	uint8_t *cell1, *label;
	struct marks marks;            /* of the whole block */
	float *delta;                  /* of flat, the samples of a group */
	struct rows dx;                /* a block */
	struct rows x, hidden, logits; /* a block of an evaluation */
};

/* The samples and labels of one set, resident. */
struct set {
	uint8_t *images, *labels;
	size_t count;
};

struct net {
	const struct kernels *kernels;
	struct plan plan;
	struct model model;
	struct threads *threads;
	int thread_count;
	size_t batch;
	struct step step;
	struct set train, test;

	float *init;                      /* in the model's layout */
	uint32_t *place;                  /* of each parameter of the model, in `weight` */
	size_t part[TENSOR_COUNT], parts; /* offsets in `weight`, floats in all */
	size_t conv_parts;                /* the convolutions' stand first */
	float *weight, *velocity;
	float *conv2_forward, *conv2_shifted, *fc1_turned, *fc2_turned; /* copies for kernels */

	int flat_panels, hidden_panels;
	struct rows x, hidden, delta_hidden, logits; /* a batch */
	size_t slot, slots;                          /* samples of one; how many at most */
	float *gradient;                             /* [slot][conv_parts] */
	double *loss;                                /* of each sample */
	uint8_t *hit;
	struct desk *desks;

	void *memory;
	size_t memory_size;

	/* The call that runs. */
	const uint32_t *order;
	size_t samples;
	double loss_sum;
	uint64_t correct;
};

/* ---- Shapes ------------------------------------------------------------------------------------- */

static int round_up(int value, int unit)
{
	return (value + unit - 1) / unit * unit;
}

static struct plan plan_new(const struct model *model, int lanes)
{
	const struct shape *shape = &model->shape;
	int side2 = model->pool2_side, side1 = 2 * side2 + shape->fsize - 1;
	struct plan plan = {
		.filters1 = shape->filters1,
		.filters2 = shape->filters2,
		.fsize = shape->fsize,
		.hidden = shape->hidden,
		.flat = (int)model->flat,
		.side1 = side1,
		.side2 = side2,
		.positions = side2 * side2,
		.row1 = side1 * shape->filters1,
		.padded1 = round_up(shape->filters1, lanes),
		.padded2 = round_up(shape->filters2, lanes),
		.run = shape->fsize * shape->filters1,
		.run_padded = round_up(shape->fsize * shape->filters1, lanes),
		.wide = round_up((shape->fsize + 1) * shape->filters1, lanes),
	};
	/* Whole lines, and slack for a vector that starts at the last element, or a window's run. */
	plan.map1 = (size_t)round_up(side1 * plan.row1 + SLACK, LINE);
	return plan;
}

/* ---- Parameters --------------------------------------------------------------------------------- */

/* Floats of each tensor as the kernels lay it out. */
static void parts_place(struct net *net)
{
	const struct plan *plan = &net->plan;
	const size_t panel = (size_t)net->kernels->panel, hidden = (size_t)net->hidden_panels * panel;
	const size_t size[TENSOR_COUNT] = {
		[CONV1_WEIGHT] = (size_t)(plan->fsize * plan->fsize * plan->padded1),
		[CONV1_BIAS] = (size_t)plan->padded1,
		[CONV2_WEIGHT] = (size_t)(plan->filters2 * plan->fsize * plan->run_padded),
		[CONV2_BIAS] = (size_t)plan->padded2,
		[FC1_WEIGHT] = (size_t)net->flat_panels * hidden * panel,
		[FC1_BIAS] = hidden,
		[FC2_WEIGHT] = hidden * MODEL_CLASSES,
		[FC2_BIAS] = panel,
	};
	for (int id = 0; id < TENSOR_COUNT; id++) {
		if (id == FC1_WEIGHT)
			net->conv_parts = net->parts;
		net->part[id] = net->parts;
		net->parts += (size_t)round_up((int)size[id], LINE);
	}
}

/* Where element [d0][d1][d2][d3] of a tensor stands in its part. */
static size_t place_in_part(const struct net *net, enum tensor_id id, const size_t *d)
{
	const struct plan *plan = &net->plan;
	const size_t panel = (size_t)net->kernels->panel, fsize = (size_t)plan->fsize;

	switch (id) {
	case CONV1_WEIGHT: return (d[2] * fsize + d[3]) * (size_t)plan->padded1 + d[0];
	case CONV2_WEIGHT:
		return (d[0] * fsize + d[2]) * (size_t)plan->run_padded + d[3] * (size_t)plan->filters1 +
		       d[1];
	case FC1_WEIGHT: { /* column (channel, position) of the model is (position, channel) here */
		size_t positions = (size_t)plan->positions;
		size_t i = d[1] % positions * (size_t)plan->filters2 + d[1] / positions;
		return (i / panel * (size_t)net->hidden_panels * panel + d[0]) * panel + i % panel;
	}
	case FC2_WEIGHT: return (d[1] / panel * MODEL_CLASSES + d[0]) * panel + d[1] % panel;
	default: return d[0];
	}
}

static void parameters_place(struct net *net)
{
	for (int id = 0; id < TENSOR_COUNT; id++) {
		const struct tensor *tensor = &net->model.tensors[id];
		for (size_t j = 0; j < tensor->size; j++) {
			size_t d[4] = {0}, rest = j;
			for (int axis = tensor->rank - 1; axis >= 0; axis--) {
				d[axis] = rest % tensor->dims[axis];
				rest /= tensor->dims[axis];
			}
			net->place[tensor->offset + j] =
				(uint32_t)(net->part[id] + place_in_part(net, (enum tensor_id)id, d));
		}
	}
}

/* One panel x panel block of fc1, one panel of fc2. */
static struct dense_block fc1_block(const struct net *net, int flat_panel, int hidden_panel)
{
	const int panel = net->kernels->panel, rest = net->plan.hidden - hidden_panel * panel;
	const size_t square = (size_t)(panel * panel);
	size_t at = ((size_t)flat_panel * (size_t)net->hidden_panels + (size_t)hidden_panel) * square;
	size_t turned = ((size_t)hidden_panel * (size_t)net->flat_panels + (size_t)flat_panel) * square;

	return (struct dense_block){
		.weight = net->weight + net->part[FC1_WEIGHT] + at,
		.velocity = net->velocity + net->part[FC1_WEIGHT] + at,
		.turned = net->fc1_turned + turned,
		.rows = rest < panel ? rest : panel,
	};
}

static struct dense_block fc2_block(const struct net *net, int hidden_panel)
{
	const size_t panel = (size_t)net->kernels->panel;
	size_t at = (size_t)hidden_panel * MODEL_CLASSES * panel;

	return (struct dense_block){
		.weight = net->weight + net->part[FC2_WEIGHT] + at,
		.velocity = net->velocity + net->part[FC2_WEIGHT] + at,
		.turned = net->fc2_turned + (size_t)hidden_panel * panel * panel,
		.rows = MODEL_CLASSES,
	};
}

static void block_copy_turned(const struct dense_block *block, int panel)
{
	for (int m = 0; m < block->rows; m++)
		for (int n = 0; n < panel; n++)
			block->turned[n * panel + m] = block->weight[m * panel + n];
}

static void filter_arrange(const struct net *net, int filter)
{
	const struct plan *plan = &net->plan;
	const float *weight = net->weight + net->part[CONV2_WEIGHT];

	net->kernels->conv2_arrange(plan, filter, weight + filter * plan->fsize * plan->run_padded,
	                            net->conv2_forward, net->conv2_shifted);
}

void net_reset(struct net *net)
{
	memset(net->velocity, 0, net->parts * sizeof *net->velocity);
	for (size_t j = 0; j < net->model.parameters; j++)
		net->weight[net->place[j]] = net->init[j];
	for (int k = MODEL_CLASSES; k < net->kernels->panel; k++)
		net->weight[net->part[FC2_BIAS] + (size_t)k] = -INFINITY; /* no class: see head.c */

	for (int f = 0; f < net->plan.filters2; f++)
		filter_arrange(net, f);
	for (int h = 0; h < net->hidden_panels; h++) {
		struct dense_block block = fc2_block(net, h);
		block_copy_turned(&block, net->kernels->panel);
		for (int i = 0; i < net->flat_panels; i++) {
			block = fc1_block(net, i, h);
			block_copy_turned(&block, net->kernels->panel);
		}
	}
}

void net_read(struct net *net, float *weights)
{
	for (size_t j = 0; j < net->model.parameters; j++)
		weights[j] = net->weight[net->place[j]];
}

/* ---- Memory ------------------------------------------------------------------------------------- */

/* Laid out twice: first to know the size, then in place. */
struct arena {
	char *base;
	size_t used;
};

static void *arena_take(struct arena *arena, size_t count, size_t size)
{
	void *at = arena->base != NULL ? arena->base + arena->used : NULL;
	arena->used += (count * size + SLACK * sizeof(float) + LINE - 1) / LINE * LINE;
	return at;
}

/* An odd number of lines apart, panels do not compete for the same lines of the caches. */
static struct rows arena_rows(struct arena *arena, int panels, size_t rows, int panel)
{
	size_t stride = (rows | 1) * (size_t)panel;
	return (struct rows){arena_take(arena, (size_t)panels * stride, sizeof(float)), stride};
}

static void desk_place(const struct net *net, struct arena *arena, struct desk *desk)
{
	const struct plan *plan = &net->plan;
	const int panel = net->kernels->panel;
	const size_t windows = BLOCK * (size_t)plan->positions, f = sizeof(float);

	desk->image = arena_take(arena, MODEL_PIXELS, f);
	desk->pairs = arena_take(arena, MODEL_SIDE * 64, f);
	desk->flat = arena_take(arena, (size_t)(net->flat_panels * panel), f);
	desk->map1 = arena_take(arena, BLOCK * plan->map1, f);
	desk->delta_map1 = arena_take(arena, plan->map1, f);
	desk->cell1 = arena_take(arena, BLOCK * plan->map1, 1);
	desk->label = arena_take(arena, BLOCK, 1);
	desk->marks.offset = arena_take(arena, windows * (size_t)plan->filters2, sizeof(int32_t));
	desk->marks.live = arena_take(arena, windows, sizeof(uint64_t));
	desk->marks.down = arena_take(arena, windows, sizeof(uint64_t));
	desk->marks.right = arena_take(arena, windows, sizeof(uint64_t));
	desk->delta = arena_take(arena, 64 * (size_t)plan->filters2 + (size_t)panel, f);
	desk->dx = arena_rows(arena, net->flat_panels, BLOCK, panel);
	desk->x = arena_rows(arena, net->flat_panels, BLOCK, panel);
	desk->hidden = arena_rows(arena, net->hidden_panels, BLOCK, panel);
	desk->logits = arena_rows(arena, 1, BLOCK, panel);
}

static void net_place(struct net *net, struct arena *arena)
{
	const struct plan *plan = &net->plan;
	const int panel = net->kernels->panel;
	const size_t f = sizeof(float), taps = (size_t)(plan->fsize * plan->run);
	const size_t results = net->batch > net->test.count ? net->batch : net->test.count;

	net->weight = arena_take(arena, net->parts, f);
	net->velocity = arena_take(arena, net->parts, f);
	net->conv2_forward = arena_take(arena, taps * (size_t)plan->padded2, f);
	net->conv2_shifted =
		arena_take(arena, (size_t)(2 * plan->filters2 * plan->fsize * plan->wide), f);
	net->fc1_turned = arena_take(
		arena, (size_t)(net->flat_panels * net->hidden_panels) * (size_t)(panel * panel), f);
	net->fc2_turned = arena_take(arena, (size_t)(net->hidden_panels * panel * panel), f);
	net->gradient = arena_take(arena, net->slots * net->conv_parts, f);
	net->x = arena_rows(arena, net->flat_panels, net->batch, panel);
	net->hidden = arena_rows(arena, net->hidden_panels, net->batch, panel);
	net->delta_hidden = arena_rows(arena, net->hidden_panels, net->batch, panel);
	net->logits = arena_rows(arena, 1, net->batch, panel);
	net->loss = arena_take(arena, results, sizeof(double));
	net->hit = arena_take(arena, results, 1);
	for (int i = 0; i < net->thread_count; i++)
		desk_place(net, arena, &net->desks[i]);
}

static void net_allocate(struct net *net)
{
	struct arena arena = {0};

	net->desks = memory_new((size_t)net->thread_count, sizeof *net->desks);
	net_place(net, &arena);
	net->memory_size = arena.used;
	net->memory = memory_map(arena.used);
	memset(net->memory, 0, arena.used); /* page faults now, not in the first step */
	arena = (struct arena){net->memory, 0};
	net_place(net, &arena);
}

/* ---- Opening and closing ------------------------------------------------------------------------ */

static void array_read(const struct npy *array, void *out)
{
	if (npy_read(array, 0, array->count, out) != 0)
		die("cannot read %s; run again to write the job anew", array->path);
}

static struct set set_read(const struct npy *images, const struct npy *labels, size_t count)
{
	struct set set = {memory_map(count * MODEL_PIXELS), memory_map(count), count};
	array_read(images, set.images);
	array_read(labels, set.labels);
	return set;
}

static void set_free(struct set *set)
{
	memory_unmap(set->images, set->count * MODEL_PIXELS);
	memory_unmap(set->labels, set->count);
}

struct net *net_open(const struct job *job, const struct kernels *kernels, int threads)
{
	struct net *net = memory_new(1, sizeof *net);

	net->kernels = kernels;
	net->model = job->model;
	net->plan = plan_new(&job->model, kernels->lanes);
	net->thread_count = threads;
	net->batch = job->work.batch < job->n_train ? job->work.batch : job->n_train;
	net->step = (struct step){(float)job->work.lr, (float)job->work.momentum};
	net->flat_panels = round_up(net->plan.flat, kernels->panel) / kernels->panel;
	net->hidden_panels = round_up(net->plan.hidden, kernels->panel) / kernels->panel;
	for (net->slot = SLOT; (net->batch + net->slot - 1) / net->slot > SLOTS_MAX;)
		net->slot *= 2;
	net->slots = (net->batch + net->slot - 1) / net->slot;
	parts_place(net);

	net->train = set_read(&job->train_images, &job->train_labels, job->n_train);
	net->test = set_read(&job->test_images, &job->test_labels, job->n_test);
	net->init = memory_new(net->model.parameters, sizeof *net->init);
	net->place = memory_new(net->model.parameters, sizeof *net->place);
	array_read(&job->init, net->init);
	net_allocate(net);
	parameters_place(net);
	net_reset(net);
	net->threads = threads_start(threads);
	return net;
}

void net_close(struct net *net)
{
	threads_stop(net->threads);
	set_free(&net->train);
	set_free(&net->test);
	memory_unmap(net->memory, net->memory_size);
	free(net->desks);
	free(net->init);
	free(net->place);
	free(net);
}

/* ---- Forward ------------------------------------------------------------------------------------ */

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

/* ---- Backward ----------------------------------------------------------------------------------- */

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
			memset(gradient, 0, net->conv_parts * sizeof *gradient);
		n = count - s < group ? count - s : group;
		if (net->slot - in_slot < (size_t)n)
			n = (int)(net->slot - in_slot);
		group_backward(net, desk, order, s, n, gradient);
	}
}

/* ---- A step ------------------------------------------------------------------------------------- */

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

static void results_add(struct net *net, size_t rows)
{
	for (size_t s = 0; s < rows; s++) {
		net->loss_sum += net->loss[s];
		net->correct += net->hit[s];
	}
}

static void member_train(void *context, int member)
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

static void member_eval(void *context, int member)
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

/* ---- Calls -------------------------------------------------------------------------------------- */

static void net_call(struct net *net, void (*body)(void *context, int member),
                     const uint32_t *order, size_t samples)
{
	net->order = order;
	net->samples = samples;
	net->loss_sum = 0.0;
	net->correct = 0;
	threads_run(net->threads, body, net);
}

static void stats_fill(const struct net *net, size_t steps, struct stats *stats)
{
	*stats = (struct stats){
		.samples = net->samples,
		.steps = steps,
		.correct = net->correct,
		.loss = net->loss_sum / (double)net->samples,
	};
}

void net_train(struct net *net, const uint32_t *order, size_t n, struct stats *stats)
{
	net_call(net, member_train, order, n);
	stats_fill(net, (n + net->batch - 1) / net->batch, stats);
}

void net_eval(struct net *net, struct stats *stats)
{
	net_call(net, member_eval, NULL, net->test.count);
	results_add(net, net->test.count);
	stats_fill(net, 0, stats);
}
