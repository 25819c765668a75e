/* SPDX-License-Identifier: MIT */
#include "net.h"
#include "net_inside.h"

#include <math.h>
#include <string.h>

/* ---- Shapes ---- */

int round_up(int value, int unit)
{
	return (value + unit - 1) / unit * unit;
}

struct plan plan_new(const struct model *model, int lanes)
{
	const struct shape *shape = &model->shape;
	struct plan plan = plan_of(shape->filters1, shape->filters2, shape->fsize, lanes);

	plan.hidden = shape->hidden;
	plan.flat = (int)model->flat;
	return plan;
}

/* ---- Parameters ---- */

/* Floats of each tensor as the kernels lay it out. */
void parts_place(struct net *net)
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

void parameters_place(struct net *net)
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
struct dense_block fc1_block(const struct net *net, int flat_panel, int hidden_panel)
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

struct dense_block fc2_block(const struct net *net, int hidden_panel)
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

void filter_arrange(const struct net *net, int filter)
{
	const struct plan *plan = &net->plan;
	const float *weight = net->weight + net->part[CONV2_WEIGHT];

	net->kernels->conv2_arrange(plan, filter, weight + filter * plan->fsize * plan->run_padded,
	                            net->conv2_forward, net->conv2_shifted);
}

void net_reset(struct net *net)
{
	memset(net->velocity, 0, net->parts * sizeof(*net->velocity));
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
