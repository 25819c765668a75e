/* SPDX-License-Identifier: MIT */
/*
 * How fast c_cpu trains, how near each kernel comes to the processor's peak, and how many times as fast as
 * the plain reference it is.
 *
 *   bench_c_cpu [--isa ISA|all] [--conv WAY] [--shapes usual|all|default] [--threads N] [--epochs N] [--json]
 *
 * For every instruction set that this processor has and every shape of tests/check/c_cpu_cases.h: samples a
 * second on one thread, and on N; then the time of each part of an epoch on one thread (net_profile), the
 * multiply-adds that it executes, and their share of the peak that the runner measures for that instruction
 * set.  Executed, not dense: exact savings count as not done (docs/METHOD.md, "Arithmetic"), products that
 * winograd saves, too, and its additions are not counted.  Images are bars of random ink, not digits: fewer
 * pooled values are alive than with digits, and those are counted.  Each epoch begins with the initial
 * weights, so that all do the same work.
 */
#include "../platforms/c_cpu/isa.h"
#include "../platforms/c_cpu/net.h"
#include "../platforms/c_cpu/net_inside.h"
#include "../tests/check/c_cpu_cases.h"
#include "c_cpu/reference.h"
#include "c_cpu/work.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/random.h"
#include "core/statistics.h"
#include "runner/peak.h"
#include "worker/profile.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS_MAX = 99, PARTS_MAX = 32 };

static double seconds_now(void)
{
	return 1e-9 * (double)clock_ns();
}

/* ---- Time by part ---- */

struct part {
	const char *layer, *direction;
	double seconds; /* of the best epoch so far */
};

static struct part parts[PARTS_MAX];
static int n_parts, heard; /* heard: in this epoch */

/* In the place of the worker's: the parts come in the same order in every epoch. */
void profile_part(const char *layer, const char *direction, double seconds)
{
	struct part *part = &parts[heard++];

	if (heard > n_parts) {
		n_parts = heard;
		*part = (struct part){layer, direction, seconds};
	}
	if (seconds < part->seconds)
		part->seconds = seconds;
}

/* Values of pool2 above zero in the last batch, a sample: only their windows are gone through backward. */
static double count_live(const struct net *net, size_t rows)
{
	const size_t panel = (size_t)net->kernels->panel;
	size_t live = 0;

	for (size_t p = 0; p < (size_t)net->flat_panels; p++)
		for (size_t i = 0; i < rows * panel; i++)
			live += net->x.data[p * net->x.stride + i] > 0;
	return (double)live / (double)rows;
}

/* Of one sample, executed; 0 of a part that has none. */
static double multiply_adds(const struct net *net, double live, const struct part *part)
{
	const struct plan *plan = &net->plan;
	const double taps = plan->fsize * plan->fsize, window = taps * plan->filters1;
	const double pixels1 = plan->side1 * plan->side1, fc2 = plan->hidden * MODEL_CLASSES;
	const double fc1 = (double)plan->flat * plan->hidden;
	const double products =
		net->kernels->window_products ? net->kernels->window_products : 4 * taps;
	const struct {
		const char *layer, *direction;
		double count;
	} counts[] = {
		{"conv1", "forward", 4 * pixels1 * window},
		{"conv2", "forward", plan->positions * products * plan->filters1 * plan->filters2},
		{"fc1", "forward", fc1},
		{"fc2", "forward", fc2},
		{"fc2", "backward", fc2},
		{"fc1", "backward", fc1},
		{"conv2", "gradient", live * window},
		{"conv2", "backward", live * window},
		{"conv1", "gradient", pixels1 * window},
		{"fc1", "update", fc1},
		{"fc2", "update", fc2},
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (!strcmp(counts[i].layer, part->layer) && !strcmp(counts[i].direction, part->direction))
			return counts[i].count;
	return 0;
}

static json_t *part_record(const struct part *part, double count, double peak)
{
	const double flops = part->seconds > 0 ? 2 * count * SAMPLES / part->seconds : 0;

	return json_pack("{s:s, s:s, s:f, s:f, s:f, s:f}", "layer", part->layer, "direction",
	                 part->direction, "ns_a_sample", 1e9 * part->seconds / SAMPLES, "multiply_adds",
	                 count, "flops", flops, "share_of_peak", peak > 0 ? flops / peak : 0);
}

static json_t *part_find(const json_t *records, const char *layer, const char *direction)
{
	json_t *record;
	size_t i;

	json_array_foreach (records, i, record)
		if (!strcmp(json_string_value(json_object_get(record, "layer")), layer) &&
		    !strcmp(json_string_value(json_object_get(record, "direction")), direction))
			return record;
	die("c_cpu has no part %s, %s", layer, direction);
}

static double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* Where the reference does two of our parts at once, their sum is compared, and it stands at both. */
static void reference_add(const json_t *records, struct shape shape)
{
	struct reference_call calls[REFERENCE_CALLS];
	double all = 0;

	reference_measure(shape, calls);
	for (const struct reference_call *call = calls; call < calls + REFERENCE_CALLS; call++) {
		json_t *own[2] = {NULL};
		double ns = 0;
		for (int i = 0; i < 2 && call->directions[i] != NULL; i++) {
			own[i] = part_find(records, call->layer, call->directions[i]);
			ns += number_of(own[i], "ns_a_sample");
		}
		for (int i = 0; i < 2 && own[i] != NULL; i++)
			json_object_set_new(own[i], "times_the_reference", json_real(call->ns / ns));
		all += call->ns;
	}
	json_t *sum = part_find(records, "all", "parts");
	json_object_set_new(sum, "times_the_reference", json_real(all / number_of(sum, "ns_a_sample")));
}

/* The best epoch of each part on one thread, and all of them together. */
static json_t *parts_measure(const struct job *job, const struct kernels *kernels,
                             const uint32_t *order, int epochs, double peak)
{
	struct net *net = net_open(job, kernels, 1);
	struct part all = {.layer = "all", .direction = "parts"};
	double count = 0;
	json_t *records = json_array();

	n_parts = 0;
	for (int epoch = 0; epoch < epochs; epoch++) {
		heard = 0;
		net_reset(net);
		net_profile(net, order, SAMPLES);
	}
	const double live = count_live(net, SAMPLES % BATCH ? SAMPLES % BATCH : BATCH);
	for (const struct part *part = parts; part < parts + n_parts; part++) {
		const double own = multiply_adds(net, live, part);
		json_array_append_new(records, part_record(part, own, peak));
		all.seconds += part->seconds;
		count += own;
	}
	json_array_append_new(records, part_record(&all, count, peak));
	net_close(net);
	reference_add(records, job->work.shape);
	return records;
}

/* ---- Samples a second ---- */

static double speed_measure(const struct job *job, const struct kernels *kernels,
                            const uint32_t *order, int threads, int epochs)
{
	struct net *net = net_open(job, kernels, threads);
	double seconds[EPOCHS_MAX];
	struct stats stats;

	net_train(net, order, SAMPLES, &stats); /* warm */
	for (int epoch = 0; epoch < epochs; epoch++) {
		net_reset(net);
		double start = seconds_now();
		net_train(net, order, SAMPLES, &stats);
		seconds[epoch] = seconds_now() - start;
	}
	net_close(net);
	return SAMPLES / statistics_spread(seconds, (size_t)epochs).median;
}

/* ---- One instruction set, one shape ---- */

struct call {
	const char *isa, *conv, *shapes;
	int threads, epochs;
	bool json;
};

static json_t *case_measure(const struct call *call, const struct kernels *kernels,
                            struct shape shape, double peak)
{
	struct job job = work_new(shape);
	uint32_t *order = memory_new(SAMPLES, sizeof(*order));
	struct random random = random_stream(1, "order", 0);
	random_permutation(&random, order, SAMPLES);

	const double one = speed_measure(&job, kernels, order, 1, call->epochs);
	const double all = speed_measure(&job, kernels, order, call->threads, call->epochs);
	json_t *record =
		json_pack("{s:s, s:s, s:[i,i,i,i], s:i, s:f, s:f, s:i, s:f, s:o}", "isa", kernels->name,
	              "conv", kernels->conv, "shape", shape.filters1, shape.filters2, shape.hidden,
	              shape.fsize, "batch", BATCH, "peak_flops", peak, "samples_per_second", one,
	              "threads", call->threads, "samples_per_second_threads", all, "parts",
	              parts_measure(&job, kernels, order, call->epochs, peak));
	work_free(&job);
	free(order);
	return record;
}

static void part_print(const json_t *part)
{
	const double times = number_of(part, "times_the_reference");

	printf("  %-6s %-9s %8.0f %10.0f %9.1f %6.0f%%",
	       json_string_value(json_object_get(part, "layer")),
	       json_string_value(json_object_get(part, "direction")), number_of(part, "ns_a_sample"),
	       number_of(part, "multiply_adds"), 1e-9 * number_of(part, "flops"),
	       100 * number_of(part, "share_of_peak"));
	if (times > 0)
		printf(" %9.3g", times);
	printf("\n");
}

static void case_print(const json_t *record, struct shape shape)
{
	const double one = number_of(record, "samples_per_second");
	const double all = number_of(record, "samples_per_second_threads");
	const json_t *part;
	size_t i;

	printf("%s, %s; %d and %d filters of %dx%d, %d hidden, batch %d\n",
	       json_string_value(json_object_get(record, "isa")),
	       json_string_value(json_object_get(record, "conv")), shape.filters1, shape.filters2,
	       shape.fsize, shape.fsize, shape.hidden, BATCH);
	printf("  %.4g samples/s on one thread, %.4g on %.0f: %.2f times as many\n", one, all,
	       number_of(record, "threads"), all / one);
	printf("  one thread       ns a sample  executed   GFLOP/s  of %-4.0f reference\n",
	       1e-9 * number_of(record, "peak_flops"));
	json_array_foreach (json_object_get(record, "parts"), i, part)
		part_print(part);
}

/* ---- The call ---- */

/* The peak of one thread in that instruction set; of portable vectors the highest. */
static double peak_of(const json_t *peak, const char *isa)
{
	const json_t *own = json_object_get(json_object_get(peak, "isas"), isa);
	return json_number_value(own ? own : json_object_get(peak, "flops"));
}

/* Of the shapes in c_cpu_cases; the first is the default. */
static bool case_wanted(const struct call *call, size_t i)
{
	if (strcmp(call->shapes, "usual") == 0)
		return c_cpu_cases[i].usual;
	return i == 0 || strcmp(call->shapes, "all") == 0;
}

static void isa_measure(const struct call *call, const char *isa, const json_t *peak,
                        json_t *records)
{
	char why[256];
	const struct kernels *kernels = isa_choose(isa, why, sizeof(why));

	if (kernels == NULL) {
		fprintf(stderr, "%s\n", why);
		return;
	}
	for (size_t i = 0; i < sizeof(c_cpu_cases) / sizeof(*c_cpu_cases); i++) {
		const struct shape shape = c_cpu_cases[i].shape;
		const struct kernels *own = conv_choose(kernels, call->conv, &shape, why, sizeof(why));
		if (own == NULL || !case_wanted(call, i))
			continue;
		json_t *record = case_measure(call, own, shape, peak_of(peak, own->name));
		if (!call->json)
			case_print(record, shape);
		json_array_append_new(records, record);
	}
}

/* generic16 is for tests: it is not optimised. */
static void all_measure(const struct call *call, const json_t *peak, json_t *records)
{
	char choices[] = ISA_CHOICES, *rest = NULL;

	for (char *isa = strtok_r(choices, "|", &rest); isa; isa = strtok_r(NULL, "|", &rest))
		if (strcmp(isa, "auto") != 0 && strcmp(isa, "generic16") != 0)
			isa_measure(call, isa, peak, records);
}

int main(int argc, char **argv)
{
	static const struct option_spec specs[] = {
		{"isa", NULL, OPTION_CHOICE, 0, 0, "all", "all|" ISA_CHOICES, "ISA", "instruction set"},
		{"conv", NULL, OPTION_CHOICE, 0, 0, "auto", CONV_CHOICES, "WAY", "forward pass of conv2"},
		{"shapes", NULL, OPTION_CHOICE, 0, 0, "usual", "usual|all|default", "WHICH", "shapes"},
		{"threads", NULL, OPTION_INT, 1, 1024, "2", NULL, "N", "threads beside one"},
		{"epochs", NULL, OPTION_INT, 1, EPOCHS_MAX, "7", NULL, "N", "epochs of 12,000 images each"},
		{"json", NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL, "write JSON"},
		{0},
	};
	struct options *options = options_new(specs);

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		options_help(stdout, specs);
		options_free(options);
		return EXIT_FINE;
	}
	if (options_parse(options, argc - 1, argv + 1) != 0) {
		options_help(stderr, specs);
		return EXIT_USAGE;
	}
	const struct call call = {
		.isa = options_text(options, "isa"),
		.conv = options_text(options, "conv"),
		.shapes = options_text(options, "shapes"),
		.threads = (int)options_int(options, "threads"),
		.epochs = (int)options_int(options, "epochs"),
		.json = options_flag(options, "json"),
	};
	json_t *peak = peak_record(1), *records = json_array();

	if (strcmp(call.isa, "all") == 0)
		all_measure(&call, peak, records);
	else
		isa_measure(&call, call.isa, peak, records);
	if (call.json)
		json_dumpf(records, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	const bool any = json_array_size(records) > 0;
	if (!any)
		fprintf(stderr, "nothing to measure: no shape or instruction set of those asked for\n");
	json_decref(records);
	json_decref(peak);
	options_free(options);
	return any ? EXIT_FINE : EXIT_USAGE;
}
