/* SPDX-License-Identifier: MIT */
/*
 * How far honest programs and faulty ones stand from the judge's bound (core/bound.h): where its
 * constants, and the margin of the samples that are chosen (core/verification.h), come from.
 *
 *     verification_study [--seeds N] [--shape 8/16/128/3] [--dataset mnist|synth|DIR] ...
 *     verification_study --small        a case of a second, for tests: few synthetic digits
 *
 * Each seed gives other weights and other samples.  All of worker-selftest's variants and faults train
 * the two mini-epochs in this process, and are compared with the float64 reference.  What is printed:
 *
 *   - by tensor: the largest difference of any honest variant and seed, as a part of the change, in
 *     float32's roundings of the weights (2^-24 of their norm), and as a part of the bound;
 *   - by variant: the same of its largest tensor, and what becomes of it if the samples are not chosen;
 *   - by fault: its largest tensor, of the seed where that is smallest;
 *   - by margin: what share of the samples is passed over, and where honest programs then stand;
 *   - with a learning rate of almost nothing: the roundings of the weights alone.
 *
 * Fails where an honest variant stands less than 5 times below the bound or a fault less than 5 times
 * above it, but for those that are called weak (platforms/selftest/deviation.h).
 */
#include "../platforms/selftest/deviation.h"
#include "core/bound.h"
#include "core/dataset.h"
#include "core/error.h"
#include "core/job.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/random.h"
#include "core/synth.h"
#include "core/verification.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const double distance_wanted = 5; /* honest below, faults above the bound */

/* ---- What is studied ---- */

struct study {
	struct dataset dataset;
	struct model model;
	struct work work; /* its seed changes */
	size_t n, seeds;  /* n: samples of a mini-epoch */
	int threads;
};

/* Two mini-epochs and the reference's result. */
struct trial {
	float *init;
	uint32_t *rows;
	double *reference;
	size_t skipped; /* samples passed over */
};

static struct reference_data train_data(const struct study *study)
{
	const struct dataset *d = &study->dataset;

	return (struct reference_data){d->train_images, d->train_labels, d->n_train};
}

static void trial_free(struct trial *trial)
{
	free(trial->init);
	free(trial->rows);
	free(trial->reference);
}

static float *initial_weights(const struct study *study)
{
	float *init = memory_new(study->model.parameters, sizeof(*init));

	model_init_weights(&study->model, study->work.seed, init);
	return init;
}

/* As a job has it. */
static struct trial trial_chosen(const struct study *study)
{
	struct trial trial = {.init = initial_weights(study)};
	const struct verification_inputs inputs = {
		&study->model, &study->work, train_data(study), trial.init, study->n,
	};
	struct verification made;

	verification_make(&made, &inputs, study->threads, NULL);
	trial.rows = made.rows;
	trial.reference = made.reference;
	trial.skipped = made.facts.skipped;
	return trial;
}

/* ---- Other margins than a job's; 0: the samples as they are drawn ---- */

struct walk {
	const struct study *study;
	struct trial *trial;
	struct reference *reference;
	uint32_t *drawn;
	double *margins;
	size_t place;
	double margin;
};

/* `count` samples of the drawn order, round it if need be; each sample is passed over once at most. */
static void walk_choose(struct walk *walk, size_t count, uint32_t *out)
{
	const struct reference_data data = train_data(walk->study);

	for (size_t taken = 0; taken < count;) {
		size_t looked = count - taken;

		for (size_t i = 0; i < looked; i++)
			out[taken + i] = walk->drawn[walk->place++ % data.count];
		reference_margins(walk->reference, &data, out + taken, looked, walk->margins);
		uint32_t *from = out + taken;
		for (size_t i = 0; i < looked; i++) {
			if (walk->margins[i] >= walk->margin || walk->place > 2 * data.count)
				out[taken++] = from[i];
			else
				walk->trial->skipped++;
		}
	}
}

static void walk_row(struct walk *walk, size_t row)
{
	const struct study *study = walk->study;
	const struct reference_data data = train_data(study);
	struct random random = random_stream(study->work.seed, "study", row);
	struct reference_stats ignored;

	random_permutation(&random, walk->drawn, data.count);
	walk->place = 0;
	for (size_t first = 0; first < study->n; first += study->work.batch) {
		size_t left = study->n - first, count = left < study->work.batch ? left : study->work.batch;
		uint32_t *samples = walk->trial->rows + row * study->n + first;

		walk_choose(walk, count, samples);
		reference_step(walk->reference, &data, samples, count, study->work.lr, study->work.momentum,
		               &ignored);
	}
}

static struct trial trial_with_margin(const struct study *study, double margin)
{
	struct trial trial = {
		.init = initial_weights(study),
		.rows = memory_new(2 * study->n, sizeof(uint32_t)),
		.reference = memory_new(study->model.parameters, sizeof(double)),
	};
	struct walk walk = {
		.study = study,
		.trial = &trial,
		.reference = reference_new(&study->model, study->threads),
		.drawn = memory_new(study->dataset.n_train, sizeof(uint32_t)),
		.margins = memory_new(study->n, sizeof(double)),
		.margin = margin,
	};

	reference_set_float(walk.reference, trial.init);
	for (size_t row = 0; row < 2; row++)
		walk_row(&walk, row);
	reference_get(walk.reference, trial.reference);
	reference_free(walk.reference);
	free(walk.drawn);
	free(walk.margins);
	return trial;
}

/* ---- A deviation's result ---- */

static void deviation_run(const struct study *study, const struct trial *trial,
                          const struct deviation *deviation, struct distance out[TENSOR_COUNT])
{
	const struct dataset *d = &study->dataset;
	float *weights = memory_new(study->model.parameters, sizeof(*weights));
	struct stats ignored;
	struct net *net = net_open(&(struct net_inputs){
		.model = &study->model,
		.train = train_data(study),
		.test = {d->test_images, d->test_labels, d->n_test},
		.init = trial->init,
		.batch = study->work.batch,
		.rate = (float)study->work.lr,
		.momentum = (float)study->work.momentum,
		.threads = study->threads,
		.deviation = deviation,
	});

	net_reset(net);
	for (size_t row = 0; row < 2; row++)
		net_train(net, trial->rows + row * study->n, study->n, &ignored);
	net_read(net, weights);
	bound_measure(&study->model, weights, trial->reference, trial->init, out);
	net_close(net);
	free(weights);
}

/* Of one tensor: part of the bound, and where. */
struct finding {
	double share;
	struct distance distance;
	int tensor;
	size_t seed;
	const char *name; /* of the deviation */
};

/* What is not a number is beyond all bounds. */
static double share_of(const struct distance *distance)
{
	double share = distance->difference / bound_allowed(distance);

	return isnan(share) ? HUGE_VAL : share;
}

static struct finding largest_tensor(const struct distance distances[TENSOR_COUNT], size_t seed,
                                     const char *name)
{
	struct finding largest = {.share = -1};

	for (int id = 0; id < TENSOR_COUNT; id++)
		if (share_of(&distances[id]) > largest.share)
			largest = (struct finding){share_of(&distances[id]), distances[id], id, seed, name};
	return largest;
}

static void keep_larger(struct finding *kept, struct finding found)
{
	if (kept->name == NULL || found.share > kept->share)
		*kept = found;
}

static void keep_smaller(struct finding *kept, struct finding found)
{
	if (kept->name == NULL || found.share < kept->share)
		*kept = found;
}

/* ---- The tables ---- */

enum { ROWS_MAX = 128 };

static const struct deviation plain = {.name = "none"};

struct findings {
	struct finding tensors[TENSOR_COUNT];                           /* honest: the largest */
	struct finding plain, plain_unchosen;                           /* the largest */
	struct finding variants[ROWS_MAX], variants_unchosen[ROWS_MAX]; /* the largest */
	struct finding faults[ROWS_MAX]; /* the smallest of the largest */
};

static struct finding honest_run(const struct study *study, const struct trial *trial,
                                 const struct deviation *deviation, struct finding *tensors)
{
	struct distance distances[TENSOR_COUNT];

	deviation_run(study, trial, deviation, distances);
	for (int id = 0; tensors && id < TENSOR_COUNT; id++)
		keep_larger(&tensors[id], (struct finding){share_of(&distances[id]), distances[id], id,
		                                           study->work.seed, deviation->name});
	return largest_tensor(distances, study->work.seed, deviation->name);
}

static void study_seed(const struct study *study, struct findings *f)
{
	struct trial chosen = trial_chosen(study), unchosen = trial_with_margin(study, 0);

	keep_larger(&f->plain, honest_run(study, &chosen, &plain, f->tensors));
	keep_larger(&f->plain_unchosen, honest_run(study, &unchosen, &plain, NULL));
	for (size_t i = 0; variants[i].name && i < ROWS_MAX; i++) {
		keep_larger(&f->variants[i], honest_run(study, &chosen, &variants[i], f->tensors));
		keep_larger(&f->variants_unchosen[i], honest_run(study, &unchosen, &variants[i], NULL));
	}
	for (size_t i = 0; faults[i].name && i < ROWS_MAX; i++)
		keep_smaller(&f->faults[i], honest_run(study, &chosen, &faults[i], NULL));
	trial_free(&chosen);
	trial_free(&unchosen);
}

/* ||w - ref|| in roundings of the weights. */
static double in_roundings(const struct distance *distance)
{
	return distance->difference / (0x1p-24 * distance->size);
}

static void print_tensors(const struct study *study, const struct finding *tensors)
{
	printf("\nHonest, by tensor: the largest over variants and seeds\n");
	printf("%-14s %10s %12s %10s  %s\n", "tensor", "of change", "x 2^-24 size", "of bound",
	       "where");
	for (int id = 0; id < TENSOR_COUNT; id++) {
		const struct finding *f = &tensors[id];

		printf("%-14s %10.2e %12.2f %10.3f  %s, seed %zu\n", study->model.tensors[id].name,
		       bound_measured(&f->distance), in_roundings(&f->distance), f->share, f->name,
		       f->seed);
	}
}

static void print_variant(const struct study *study, const struct finding *chosen,
                          const struct finding *unchosen)
{
	printf("%-22s %10.2e %10.2e %8.3f  %-14s %12.2e %8.3g\n", chosen->name,
	       bound_measured(&chosen->distance), bound_relative(&chosen->distance), chosen->share,
	       study->model.tensors[chosen->tensor].name, bound_measured(&unchosen->distance),
	       unchosen->share);
}

static void print_variants(const struct study *study, const struct findings *f)
{
	printf(
		"\nHonest, by variant: the largest over tensors and seeds; then if samples are not chosen\n");
	printf("%-22s %10s %10s %8s  %-14s %12s %8s\n", "variant", "measured", "allowed", "of bound",
	       "tensor", "measured", "of bound");
	print_variant(study, &f->plain, &f->plain_unchosen);
	for (size_t i = 0; variants[i].name && i < ROWS_MAX; i++)
		print_variant(study, &f->variants[i], &f->variants_unchosen[i]);
}

static void print_faults(const struct study *study, const struct finding *found)
{
	printf("\nFaults: the smallest over seeds of the largest tensor\n");
	printf("%-22s %10s %10s %10s  %-14s %s\n", "fault", "measured", "allowed", "x bound", "tensor",
	       "seed");
	for (size_t i = 0; faults[i].name && i < ROWS_MAX; i++)
		printf("%-22s %10.2e %10.2e %10.3g  %-14s %zu\n", found[i].name,
		       bound_measured(&found[i].distance), bound_relative(&found[i].distance),
		       found[i].share, study->model.tensors[found[i].tensor].name, found[i].seed);
}

/* ---- Margins and roundings: the plain variant is enough ---- */

enum { FEW_SEEDS = 3 };

static void study_margins(struct study *study)
{
	static const double margins[] = {0, 1e-7, 3e-7, 1e-6, 3e-6, 1e-5, 3e-5};
	size_t seeds = study->seeds < FEW_SEEDS ? study->seeds : FEW_SEEDS;

	printf("\nBy margin: samples passed over, and the largest honest value of %zu seeds\n", seeds);
	printf("%-10s %12s %10s %8s\n", "margin", "passed over", "measured", "of bound");
	for (size_t m = 0; m < LENGTH(margins); m++) {
		struct finding largest = {.name = NULL};
		size_t skipped = 0;

		for (study->work.seed = 1; study->work.seed <= seeds; study->work.seed++) {
			struct trial trial = trial_with_margin(study, margins[m]);

			keep_larger(&largest, honest_run(study, &trial, &plain, NULL));
			skipped += trial.skipped;
			trial_free(&trial);
		}
		double looked = (double)(2 * study->n * seeds + skipped);
		printf("%-10.0e %11.2f%% %10.2e %8.3g\n", margins[m], 100 * (double)skipped / looked,
		       bound_measured(&largest.distance), largest.share);
	}
}

static void study_roundings(struct study *study)
{
	static const double rates[] = {1e-3, 1e-4, 1e-5, 1e-6, 1e-7};
	const double rate = study->work.lr;
	size_t seeds = study->seeds < FEW_SEEDS ? study->seeds : FEW_SEEDS;

	printf("\nBy learning rate: the largest honest difference of any tensor and %zu seeds\n",
	       seeds);
	printf("%-10s %12s %10s\n", "rate", "x 2^-24 size", "of bound");
	for (size_t r = 0; r < LENGTH(rates); r++) {
		double roundings = 0, share = 0;

		study->work.lr = rates[r];
		for (study->work.seed = 1; study->work.seed <= seeds; study->work.seed++) {
			struct finding tensors[TENSOR_COUNT] = {{0}};
			struct trial trial = trial_chosen(study);

			honest_run(study, &trial, &plain, tensors);
			for (int id = 0; id < TENSOR_COUNT; id++) {
				roundings = fmax(roundings, in_roundings(&tensors[id].distance));
				share = fmax(share, tensors[id].share);
			}
			trial_free(&trial);
		}
		printf("%-10.0e %12.2f %10.3f\n", rates[r], roundings, share);
	}
	study->work.lr = rate;
}

/* ---- The verdict ---- */

static int judge_fault(const struct deviation *fault, double share)
{
	if (share >= distance_wanted)
		return 0;
	printf("%s stands only %.2f times above the bound; ", fault->name, share);
	if (fault->weak && share > 1) {
		printf("%s\n", fault->weak);
		return 0;
	}
	printf("wanted %g\n", distance_wanted);
	return -1;
}

/* -1: the bound's constants do not hold here. */
static int judge(const struct findings *f)
{
	struct finding honest = f->tensors[0], fault = f->faults[0];
	int failed = 0;

	for (int id = 0; id < TENSOR_COUNT; id++)
		keep_larger(&honest, f->tensors[id]);
	printf("\n");
	for (size_t i = 0; faults[i].name && i < ROWS_MAX; i++) {
		keep_smaller(&fault, f->faults[i]);
		failed |= judge_fault(&faults[i], f->faults[i].share);
	}
	printf("honest: at least %.1f times below the bound (%s); faults: at least %.1f times above "
	       "(%s)\n",
	       1 / honest.share, honest.name, fault.share, fault.name);
	return failed || honest.share * distance_wanted > 1 ? -1 : 0;
}

/* ---- The program ---- */

static const struct option_spec specs[] = {
	{.name = "seeds",
     .type = OPTION_INT,
     .min = 1,
     .max = 1000,
     .fallback = "20",
     .help = "how many"},
	{.name = "shape",
     .type = OPTION_TEXT,
     .fallback = "8/16/128/3",
     .value = "F1/F2/H/F",
     .help = "filters1/filters2/hidden/fsize"},
	{.name = "dataset", .type = OPTION_TEXT, .value = "NAME", .help = "mnist, synth or a folder"},
	{.name = "batch-size",
     .type = OPTION_INT,
     .min = 1,
     .max = 1 << 20,
     .fallback = "512",
     .help = "samples a step"},
	{.name = "lr", .type = OPTION_REAL, .min = 0, .max = 10, .fallback = "0.01", .help = "rate"},
	{.name = "momentum", .type = OPTION_REAL, .min = 0, .max = 1, .fallback = "0.9", .help = "mu"},
	{.name = "threads",
     .type = OPTION_INT,
     .min = 0,
     .max = 1024,
     .fallback = "0",
     .help = "threads that compute; 0: all"},
	{.name = "small", .type = OPTION_FLAG, .help = "a second's case: few digits, a small network"},
	{.name = "help", .type = OPTION_FLAG, .help = "this"},
	{.name = NULL},
};

/* The small case: five steps a mini-epoch, the last a partial batch. */
enum { SMALL_TRAIN = 150, SMALL_TEST = 10, SMALL_BATCH = 32, SMALL_SEEDS = 2 };
static const struct shape small_shape = {3, 5, 17, 2};

static void digits_draw(struct dataset *dataset)
{
	*dataset = (struct dataset){
		.name = memory_copy("synth"),
		.n_train = SMALL_TRAIN,
		.n_test = SMALL_TEST,
		.train_images = memory_new(SMALL_TRAIN, MODEL_PIXELS),
		.train_labels = memory_new(SMALL_TRAIN, 1),
		.test_images = memory_new(SMALL_TEST, MODEL_PIXELS),
		.test_labels = memory_new(SMALL_TEST, 1),
	};
	synth_draw(0, SMALL_TRAIN, dataset->train_images, dataset->train_labels);
	synth_draw(SYNTH_TRAIN, SMALL_TEST, dataset->test_images, dataset->test_labels);
}

static int shape_read(const char *text, struct shape *shape)
{
	char rest;

	if (sscanf(text, "%d/%d/%d/%d%c", &shape->filters1, &shape->filters2, &shape->hidden,
	           &shape->fsize, &rest) != 4)
		return error("--shape %s: four numbers are wanted, as in 8/16/128/3", text);
	return 0;
}

static int study_open(struct study *study, const struct options *options)
{
	bool small = options_flag(options, "small");
	struct shape shape = small_shape;

	if (!small && shape_read(options_text(options, "shape"), &shape) < 0)
		return -1;
	if (model_init(&study->model, shape) < 0)
		return -1;
	if (small)
		digits_draw(&study->dataset);
	else if (dataset_load(&study->dataset, options_text(options, "dataset")) < 0)
		return -1;
	study->threads = (int)options_int(options, "threads");
	study->seeds = small ? SMALL_SEEDS : (size_t)options_int(options, "seeds");
	study->work = (struct work){
		.shape = shape,
		.batch = small ? SMALL_BATCH : (size_t)options_int(options, "batch-size"),
		.lr = options_real(options, "lr"),
		.momentum = options_real(options, "momentum"),
	};
	study->n = job_verify_samples(&study->model, study->dataset.n_train, study->work.batch);
	return 0;
}

static volatile sig_atomic_t enough;

static void interrupt(int signal)
{
	(void)signal;
	enough = 1;
}

/* An interrupt ends it after the seed at work: seconds each, and as good as fewer --seeds. */
static void study_seeds(struct study *study, struct findings *findings)
{
	size_t seed = 1;

	signal(SIGINT, interrupt);
	for (; seed <= study->seeds && !enough; seed++) {
		note("seed %zu of %zu", seed, study->seeds);
		study->work.seed = seed;
		study_seed(study, findings);
	}
	study->seeds = seed - 1;
	signal(SIGINT, SIG_DFL);
}

static int study_run(struct study *study)
{
	static struct findings findings;
	const struct shape *shape = &study->work.shape;

	study_seeds(study, &findings);

	printf(
		"%s, %zu images; shape %d/%d/%d/%d, batch %zu, lr %g, momentum %g; 2 x %zu samples, seeds "
		"1 to %zu\n",
		study->dataset.name, study->dataset.n_train, shape->filters1, shape->filters2,
		shape->hidden, shape->fsize, study->work.batch, study->work.lr, study->work.momentum,
		study->n, study->seeds);
	printf("bound: %g of the change + %g x 2^-24 of the size; margin %g\n", BOUND_CHANGE,
	       BOUND_ROUNDING * 0x1p24, VERIFICATION_MARGIN);
	print_tensors(study, findings.tensors);
	print_variants(study, &findings);
	print_faults(study, findings.faults);
	study_margins(study);
	study_roundings(study);
	return judge(&findings);
}

int main(int argc, char **argv)
{
	struct options *options = options_new(specs);
	struct study study = {0};
	int code = EXIT_USAGE;

	if (options_parse(options, argc - 1, argv + 1) == 0) {
		if (options_flag(options, "help")) {
			options_help(stdout, specs);
			code = EXIT_FINE;
		} else if (study_open(&study, options) == 0) {
			code = study_run(&study) < 0 ? EXIT_NOT_VERIFIED : EXIT_FINE;
		}
	}
	dataset_free(&study.dataset);
	options_free(options);
	return code;
}
