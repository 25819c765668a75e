/* SPDX-License-Identifier: MIT */
#include "net.h"

#include "core/memory.h"
#include "net_inside.h"
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOT = 16,      /* samples of a slot; more where there would be over SLOTS_MAX */
	SLOTS_MAX = 64, /* bounds the memory for the convolutions' gradients */
};

/* ---- Memory ---- */

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

/* `image` comes first. */
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
	const size_t f = sizeof(float), own = (size_t)(plan->fsize * plan->fsize);
	const size_t products =
		net->kernels->window_products ? (size_t)net->kernels->window_products : own;
	const size_t results = net->batch > net->test.count ? net->batch : net->test.count;

	net->weight = arena_take(arena, net->parts, f);
	net->velocity = arena_take(arena, net->parts, f);
	net->conv2_forward = arena_take(arena, products * (size_t)(plan->filters1 * plan->padded2), f);
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

/*
 * Writes to the whole memory: its own part, and a share of what all use.  Page faults come now, not in the
 * first step, and on a machine of several memory nodes pages lie where the thread that touched them runs.
 */
static void member_touch(void *context, int member)
{
	const struct net *net = context;
	const size_t members = (size_t)net->thread_count, m = (size_t)member;
	char *shared = net->memory, *desks = (char *)net->desks[0].image;
	char *end = m + 1 < members ? (char *)net->desks[m + 1].image : shared + net->memory_size;
	const size_t all = (size_t)(desks - shared), from = all * m / members;

	memset(shared + from, 0, all * (m + 1) / members - from);
	memset(net->desks[m].image, 0, (size_t)(end - (char *)net->desks[m].image));
}

static void net_allocate(struct net *net)
{
	struct arena arena = {0};
	char what[128];

	net->desks = memory_new((size_t)net->thread_count, sizeof(*net->desks));
	net_place(net, &arena);
	snprintf(what, sizeof(what), "batches of %zu on %d threads: lower --batch-size or --threads",
	         net->batch, net->thread_count);
	net->memory_size = arena.used;
	net->memory = memory_map(arena.used, what);
	arena = (struct arena){net->memory, 0};
	net_place(net, &arena);
	threads_run(net->threads, member_touch, net);
}

/* ---- Opening and closing ---- */

struct net *net_open(const struct job *job, const struct kernels *kernels, int threads)
{
	struct net *net = memory_new(1, sizeof(*net));

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
	net->init = memory_new(net->model.parameters, sizeof(*net->init));
	net->place = memory_new(net->model.parameters, sizeof(*net->place));
	array_read(&job->init, net->init);
	net->threads = threads_start(threads);
	net_allocate(net);
	parameters_place(net);
	net_reset(net);
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

/* ---- Calls ---- */

void net_call(struct net *net, void (*body)(void *context, int member), const uint32_t *order,
              size_t samples)
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
