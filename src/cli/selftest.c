/* SPDX-License-Identifier: MIT */
#include "cli/selftest.h"

#include "cli/trial.h"
#include "core/clock.h"
#include "core/memory.h"
#include "core/synth.h"
#include "results/field.h"
#include "runner/interrupt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Five full batches of 512 and one of 96, as MNIST ends, so that the verification of the default job is
 * MNIST's: ten steps, the last of each mini-epoch on 96 samples. */
enum { TRAIN = 5 * 512 + 96, TEST = 100 };
/* Twenty seeds: as many starts and choices of samples. */
enum { SEEDS = 20 };

/* The small one's partial batch has 96 of 128 samples: a quarter of the time, for as many steps. */
static const struct {
	struct shape shape;
	size_t batch;
} networks[] = {{{8, 16, 128, 3}, 512}, {{3, 5, 17, 2}, 128}};
enum { NETWORKS = sizeof(networks) / sizeof(*networks), SMALL = 1 };

/* What the judge found of one worker: of its tensor that is furthest off. */
struct mark {
	enum status status;
	double measured, allowed, margin; /* margin = measured / allowed */
};

struct fault {
	char *name;
	struct mark marks[NETWORKS];
};

struct variant {
	char *name;          /* "none": the reference in float32 as it is */
	struct mark worst;   /* the largest margin of all seeds */
	int seeds, verified; /* tried; and verified */
};

struct selftest {
	const struct session_plan *plan;
	struct dataset data;
	struct fault *faults;
	struct variant *variants;
	size_t n_faults, n_variants;
};

/* ---- the data ---- */

static void dataset_draw(struct dataset *data)
{
	*data = (struct dataset){
		.name = memory_copy("synth-part"),
		.source = memory_copy("built in"),
		.n_train = TRAIN,
		.n_test = TEST,
		.train_images = memory_new(TRAIN, MODEL_PIXELS),
		.train_labels = memory_new(TRAIN, 1),
		.test_images = memory_new(TEST, MODEL_PIXELS),
		.test_labels = memory_new(TEST, 1),
	};
	synth_draw(0, TRAIN, data->train_images, data->train_labels);
	synth_draw(SYNTH_TRAIN, TEST, data->test_images, data->test_labels);
	char digests[4 * (DIGEST_SIZE - 1) + 1];
	digest_bytes(data->train_images, TRAIN * MODEL_PIXELS, digests);
	digest_bytes(data->train_labels, TRAIN, digests + (DIGEST_SIZE - 1));
	digest_bytes(data->test_images, TEST * MODEL_PIXELS, digests + 2 * (DIGEST_SIZE - 1));
	digest_bytes(data->test_labels, TEST, digests + 3 * (DIGEST_SIZE - 1));
	digest_bytes(digests, 4 * (DIGEST_SIZE - 1), data->digest);
}

/* ---- what the worker offers ---- */

/* The choices of an option of the worker, but "none"; `count` of them. */
static char **read_choices(const struct candidate *worker, const char *name, size_t *count)
{
	const struct option_spec *spec = worker->specs;
	char **choices = NULL;

	while (spec && spec->name && strcmp(spec->name, name) != 0)
		spec++;
	char *copy = memory_copy(spec && spec->choices ? spec->choices : ""), *rest = copy;
	*count = 0;
	for (char *choice; (choice = strsep(&rest, "|"));) {
		if (!*choice || strcmp(choice, "none") == 0)
			continue;
		choices = memory_grow(choices, *count + 1, sizeof(*choices));
		choices[(*count)++] = memory_copy(choice);
	}
	free(copy);
	return choices;
}

static void take_worker(struct selftest *selftest, const struct candidate *worker)
{
	size_t honest;
	char **faults = read_choices(worker, "fault", &selftest->n_faults);
	char **variants = read_choices(worker, "variant", &honest);

	selftest->n_variants = honest + 1;
	selftest->faults = memory_new(selftest->n_faults, sizeof(*selftest->faults));
	selftest->variants = memory_new(selftest->n_variants, sizeof(*selftest->variants));
	for (size_t i = 0; i < selftest->n_faults; i++)
		selftest->faults[i].name = faults[i];
	selftest->variants[0].name = memory_copy("none");
	for (size_t i = 0; i < honest; i++)
		selftest->variants[i + 1].name = variants[i];
	free(faults);
	free(variants);
}

static int find_worker(struct selftest *selftest)
{
	struct session session = {.plan = *selftest->plan};
	int code = session_find(&session);

	if (code == EXIT_FINE && !catalog_lookup(&session.catalog, CATALOG_SELFTEST)) {
		error("--self-test: worker-selftest is missing; it is built and installed with cnnbench");
		code = EXIT_NOTHING;
	}
	session.plan.platforms = CATALOG_SELFTEST;
	if (code == EXIT_FINE)
		code = session_select(&session);
	if (code == EXIT_FINE)
		code = session_check_ready(&session);
	if (code == EXIT_FINE)
		take_worker(selftest, &session.selection.items[0]);
	session_free(&session);
	return code;
}

/* ---- trials ---- */

/* "8/16/128/3, batch 512" */
static const char *network_text(int network, char out[64])
{
	const struct shape *shape = &networks[network].shape;

	snprintf(out, 64, "%d/%d/%d/%d, batch %zu", shape->filters1, shape->filters2, shape->hidden,
	         shape->fsize, networks[network].batch);
	return out;
}

static struct mark mark_of(const struct contestant *contestant)
{
	const json_t *tensors = json_object_get(trial_certificate(contestant), "tensors"), *tensor;
	struct mark mark = {.status = contestant->status};
	size_t i;

	json_array_foreach (tensors, i, tensor) {
		const double measured = field_number(tensor, "measured");
		const double allowed = field_number(tensor, "allowed");
		const double margin = isnan(measured) ? HUGE_VAL : measured / allowed; /* not finite */

		if (margin > mark.margin)
			mark = (struct mark){contestant->status, measured, allowed, margin};
	}
	return mark;
}

/* The platforms with these options, on a job of that network and seed. */
static int hold(const struct selftest *selftest, const char *platforms, int network, uint64_t seed,
                struct trial *trial)
{
	struct session_plan plan = *selftest->plan;

	plan.platforms = platforms;
	plan.data = &selftest->data;
	plan.work = (struct work){
		.shape = networks[network].shape,
		.batch = networks[network].batch,
		.lr = 0.01,
		.momentum = 0.9,
		.seed = seed,
	};
	error_quiet(1); /* the same notes for every job */
	const int code = trial_hold(trial, &plan);
	error_quiet(plan.quiet);
	return code == EXIT_FINE && !trial->held ? 128 + interrupt_signal() : code;
}

/* "selftest:fault=a,selftest:fault=b" */
static char *append_platform(char *list, const char *option, const char *name)
{
	char *longer =
		memory_text("%s%s" CATALOG_SELFTEST ":%s=%s", list, *list ? "," : "", option, name);

	free(list);
	return longer;
}

static int try_faults(struct selftest *selftest, int network)
{
	char *platforms = memory_copy("");
	struct trial trial;

	for (size_t i = 0; i < selftest->n_faults; i++)
		platforms = append_platform(platforms, "fault", selftest->faults[i].name);
	const int code = hold(selftest, platforms, network, 1, &trial);
	for (size_t i = 0; code == EXIT_FINE && i < selftest->n_faults; i++)
		selftest->faults[i].marks[network] = mark_of(&trial.results.contestants[i]);
	trial_free(&trial);
	free(platforms);
	return code;
}

static void count_variant(struct variant *variant, const struct mark *mark)
{
	variant->seeds++;
	variant->verified += mark->status == STATUS_VERIFIED;
	if (variant->seeds == 1 || mark->margin > variant->worst.margin)
		variant->worst = *mark;
}

static int try_variants(struct selftest *selftest, uint64_t seed)
{
	char *platforms = memory_copy("");
	struct trial trial;

	for (size_t i = 0; i < selftest->n_variants; i++)
		platforms = append_platform(platforms, "variant", selftest->variants[i].name);
	const int code = hold(selftest, platforms, SMALL, seed, &trial);
	for (size_t i = 0; code == EXIT_FINE && i < selftest->n_variants; i++) {
		const struct mark mark = mark_of(&trial.results.contestants[i]);
		count_variant(&selftest->variants[i], &mark);
	}
	trial_free(&trial);
	free(platforms);
	return code;
}

static int try_all(struct selftest *selftest)
{
	int code = EXIT_FINE;

	for (int network = 0; network < NETWORKS && code == EXIT_FINE; network++) {
		char text[64];
		note("%zu faults at %s", selftest->n_faults, network_text(network, text));
		code = try_faults(selftest, network);
	}
	if (code == EXIT_FINE)
		note("%zu honest variants with %d seeds each", selftest->n_variants, SEEDS);
	for (uint64_t seed = 1; seed <= SEEDS && code == EXIT_FINE; seed++)
		code = try_variants(selftest, seed);
	return code;
}

/* ---- the table ---- */

static bool is_caught(const struct fault *fault)
{
	for (int network = 0; network < NETWORKS; network++)
		if (fault->marks[network].status != STATUS_NOT_VERIFIED)
			return false;
	return true;
}

static void print_mark(const struct mark *mark)
{
	if (isfinite(mark->measured))
		printf("  %9.1e", mark->measured);
	else
		printf("  %9s", "-");
	if (isfinite(mark->allowed))
		printf("  %8.1e", mark->allowed);
	else
		printf("  %8s", "-");
	if (isfinite(mark->margin))
		printf("  %8.3g", mark->margin);
	else
		printf("  %8s", "infinite");
}

static void print_fault(const struct fault *fault)
{
	printf("%-22s", fault->name);
	for (int network = 0; network < NETWORKS; network++)
		print_mark(&fault->marks[network]);
	printf("  %s\n", is_caught(fault) ? "yes" : "NO");
}

static size_t print_faults(const struct selftest *selftest)
{
	size_t caught = 0;

	char text[64];

	printf("%-22s", "");
	for (int network = 0; network < NETWORKS; network++)
		printf("  %29s", network_text(network, text));
	printf("\n%-22s", "fault");
	for (int network = 0; network < NETWORKS; network++)
		printf("  %9s  %8s  %8s", "measured", "allowed", "margin");
	printf("  caught\n");
	for (size_t i = 0; i < selftest->n_faults; i++) {
		print_fault(&selftest->faults[i]);
		caught += is_caught(&selftest->faults[i]);
	}
	return caught;
}

static size_t print_variants(const struct selftest *selftest)
{
	size_t good = 0;

	printf("\n%-22s  %9s  %8s  %8s  verified\n", "honest variant", "measured", "allowed", "margin");
	for (size_t i = 0; i < selftest->n_variants; i++) {
		const struct variant *variant = &selftest->variants[i];

		printf("%-22s", variant->name);
		print_mark(&variant->worst);
		printf("  %d of %d\n", variant->verified, variant->seeds);
		good += variant->verified == variant->seeds;
	}
	return good;
}

static int print_all(const struct selftest *selftest, double seconds)
{
	const size_t caught = print_faults(selftest), good = print_variants(selftest);

	char text[64];

	printf(
		"\nmargin = measured / allowed, of the tensor that is furthest off; of a variant the worst of "
		"%d seeds\nat %s.  %zu of %zu faults caught, %zu of %zu variants verified, in %.0f s.\n",
		SEEDS, network_text(SMALL, text), caught, selftest->n_faults, good, selftest->n_variants,
		seconds);
	return caught == selftest->n_faults && good == selftest->n_variants ? EXIT_FINE
	                                                                    : EXIT_NOT_VERIFIED;
}

/* ---- */

static void selftest_free(struct selftest *selftest)
{
	for (size_t i = 0; i < selftest->n_faults; i++)
		free(selftest->faults[i].name);
	for (size_t i = 0; i < selftest->n_variants; i++)
		free(selftest->variants[i].name);
	free(selftest->faults);
	free(selftest->variants);
	dataset_free(&selftest->data);
}

int selftest_run(const struct session_plan *plan)
{
	struct selftest selftest = {.plan = plan};
	const int64_t start = clock_ns();
	int code = find_worker(&selftest);

	if (code == EXIT_FINE) {
		dataset_draw(&selftest.data);
		code = try_all(&selftest);
	}
	if (code == EXIT_FINE)
		code = print_all(&selftest, (double)(clock_ns() - start) * 1e-9);
	else if (interrupt_signal())
		code = 128 + interrupt_signal();
	selftest_free(&selftest);
	return code;
}
