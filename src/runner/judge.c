/* SPDX-License-Identifier: MIT */
#include "runner/judge.h"

#include "core/error.h"
#include "core/memory.h"
#include "core/reference.h"
#include "core/verification.h"
#include "results/field.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Final weights that were counted before: a platform that computes the same bits in every round is
 * evaluated once. */
struct counted {
	char digest[DIGEST_SIZE];
	size_t correct;
};

struct judge {
	const struct job *job;
	float *init, *control;
	double *expected;                     /* P: the reference's weights after the verification */
	uint8_t *images, *labels;             /* the test set */
	struct distance strays[TENSOR_COUNT]; /* of the control */
	bool diverges;                        /* the reference itself */
	struct reference *reference;
	struct counted *counted;
	size_t n_counted;
};

/* One claim at work. */
struct hearing {
	struct judge *judge;
	const struct claim *claim;
	struct judgement *out;
	float *verify, *final;
	char verify_digest[DIGEST_SIZE], final_digest[DIGEST_SIZE];
	struct distance distances[TENSOR_COUNT];
	bool counted;
	size_t correct; /* by the reference */
};

/* ---- Life ---- */

static int read_all(const struct npy *array, void *out)
{
	return npy_read(array, 0, array->count, out);
}

/* Both rows of reference.npy. */
static int read_reference(struct judge *judge)
{
	const size_t parameters = judge->job->model.parameters;
	double *rows = memory_new(2 * parameters, sizeof(*rows));
	const int result = read_all(&judge->job->reference, rows);

	judge->diverges = !(judge->job->verification.largest_loss <= VERIFICATION_LOSS_MAX);
	for (size_t i = 0; i < parameters; i++) {
		judge->expected[i] = rows[i];
		judge->control[i] = (float)rows[parameters + i]; /* it is one */
		judge->diverges = judge->diverges || !isfinite(rows[i]);
	}
	free(rows);
	return result;
}

struct judge *judge_new(const struct job *job, int threads)
{
	struct judge *judge = memory_new(1, sizeof(*judge));
	const size_t parameters = job->model.parameters;

	*judge = (struct judge){
		.job = job,
		.init = memory_new(parameters, sizeof(float)),
		.control = memory_new(parameters, sizeof(float)),
		.expected = memory_new(parameters, sizeof(double)),
		.images = memory_new(job->test_images.count, 1),
		.labels = memory_new(job->n_test, 1),
		.reference = reference_new(&job->model, threads),
	};
	if (read_all(&job->init, judge->init) || read_reference(judge) ||
	    read_all(&job->test_images, judge->images) || read_all(&job->test_labels, judge->labels)) {
		judge_free(judge);
		return NULL;
	}
	bound_measure(&job->model, judge->control, judge->expected, judge->init, judge->strays);
	return judge;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	free(judge->init);
	free(judge->control);
	free(judge->expected);
	free(judge->images);
	free(judge->labels);
	free(judge->counted);
	reference_free(judge->reference);
	free(judge);
}

/* ---- Verdicts ---- */

static const char *verdict(struct hearing *hearing, const char *status, const char *format, ...)
	PRINTF_LIKE(3, 4);
static const char *verdict(struct hearing *hearing, const char *status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(hearing->out->why, sizeof(hearing->out->why), format, arguments);
	va_end(arguments);
	return status;
}

/* The place of the first element that is not finite, or P. */
static size_t find_wild(const struct judge *judge, const float *weights)
{
	size_t i = 0;

	while (i < judge->job->model.parameters && isfinite(weights[i]))
		i++;
	return i;
}

static const char *tensor_name(const struct judge *judge, size_t element)
{
	const struct tensor *tensors = judge->job->model.tensors;
	int id = 0;

	while (element >= tensors[id].offset + tensors[id].size)
		id++;
	return tensors[id].name;
}

static bool is_clear(const struct judge *judge)
{
	return judge->job->verification.margin >= VERIFICATION_MARGIN;
}

/* The samples are clear of ties, and rounding alone does not come near the bound: who is beyond it is
 * wrong. */
static bool may_refuse(const struct judge *judge, int id)
{
	const struct distance *strays = &judge->strays[id];

	return is_clear(judge) && strays->difference <= JUDGE_CONTROL * bound_allowed(strays);
}

/* And who is within it is right.  Where all tensors are sharp, none that does not hold has passed. */
static bool is_sharp(const struct judge *judge, int id)
{
	return may_refuse(judge, id) && bound_is_sharp(&judge->strays[id]);
}

static const char *check_divergence(struct hearing *hearing)
{
	const struct judge *judge = hearing->judge;

	if (!judge->diverges)
		return NULL;
	return verdict(hearing, "diverged",
	               "so does the reference: its loss leaves all bounds in the first %zu samples; "
	               "choose a smaller --lr",
	               2 * judge->job->n_verify);
}

static const char *check_numbers(struct hearing *hearing)
{
	const struct judge *judge = hearing->judge;
	const size_t wild = find_wild(judge, hearing->verify);

	if (wild == judge->job->model.parameters)
		return NULL;
	return verdict(hearing, "not_verified",
	               "weight %zu, in %s, is not finite after the verification", wild,
	               tensor_name(judge, wild));
}

/* By how much of what is allowed; where nothing is, by how much at all. */
static double excess(const struct distance *distance)
{
	const double allowed = bound_allowed(distance);

	return allowed > 0 ? distance->difference / allowed : distance->difference * HUGE_VAL;
}

static const char *check_tensors(struct hearing *hearing)
{
	const struct judge *judge = hearing->judge;
	int off = 0, worst = 0;

	for (int id = 0; id < TENSOR_COUNT; id++) {
		const struct distance *distance = &hearing->distances[id];

		if (bound_holds(distance) || !may_refuse(judge, id))
			continue;
		if (off++ == 0 || excess(distance) > excess(&hearing->distances[worst]))
			worst = id;
	}
	if (off == 0)
		return NULL;
	const struct distance *distance = &hearing->distances[worst];
	return verdict(hearing, "not_verified",
	               "%d of %d tensors are off; most %s: ||w - ref|| is %.2g, %.2g is allowed, and "
	               "training changes it by %.2g",
	               off, TENSOR_COUNT, judge->job->model.tensors[worst].name, distance->difference,
	               bound_allowed(distance), distance->change);
}

/* A diverged training's weights may be anything. */
static const char *check_training(struct hearing *hearing)
{
	return hearing->claim->diverged
	           ? verdict(hearing, "diverged", "a loss is not finite; choose a smaller --lr")
	           : NULL;
}

static const char *check_untrained(struct hearing *hearing)
{
	const struct judge *judge = hearing->judge;
	const size_t size = judge->job->model.parameters * sizeof(float);

	if (judge->job->work.epochs > 0 || !memcmp(hearing->final, judge->init, size))
		return NULL;
	return verdict(hearing, "not_verified",
	               "the final weights are not the initial ones, though the job has no epoch");
}

/* ---- The final weights ---- */

static const struct counted *find_counted(const struct judge *judge, const char *digest)
{
	for (size_t i = 0; i < judge->n_counted; i++)
		if (!strcmp(judge->counted[i].digest, digest))
			return &judge->counted[i];
	return NULL;
}

static size_t count_correct(struct judge *judge, const float *weights, const char *digest)
{
	const struct counted *known = find_counted(judge, digest);
	const struct reference_data data = {judge->images, judge->labels, judge->job->n_test};
	struct reference_stats stats;

	if (known)
		return known->correct;
	reference_set_float(judge->reference, weights);
	reference_eval(judge->reference, &data, NULL, data.count, &stats);
	judge->counted = memory_grow(judge->counted, judge->n_counted + 1, sizeof(*judge->counted));
	struct counted *entry = &judge->counted[judge->n_counted++];
	memcpy(entry->digest, digest, DIGEST_SIZE);
	entry->correct = stats.correct;
	return stats.correct;
}

static size_t count_tolerance(const struct judge *judge)
{
	return (size_t)ceil(JUDGE_COUNT_TOLERANCE * (double)judge->job->n_test);
}

static const char *check_final(struct hearing *hearing)
{
	struct judge *judge = hearing->judge;
	const size_t wild = find_wild(judge, hearing->final), claimed = hearing->claim->correct;

	if (wild < judge->job->model.parameters)
		return verdict(hearing, "not_verified",
		               "final weight %zu, in %s, is not finite, though every loss was", wild,
		               tensor_name(judge, wild));
	if (!hearing->claim->evaluated)
		return NULL;
	hearing->counted = true;
	hearing->correct = count_correct(judge, hearing->final, hearing->final_digest);
	const size_t off =
		claimed > hearing->correct ? claimed - hearing->correct : hearing->correct - claimed;
	if (off <= count_tolerance(judge))
		return NULL;
	return verdict(hearing, "not_verified",
	               "it counts %zu of %zu test images correct, the reference with its final weights "
	               "%zu; they may differ by %zu",
	               claimed, judge->job->n_test, hearing->correct, count_tolerance(judge));
}

/* ---- Not sharp ---- */

static const char *check_sharpness(struct hearing *hearing)
{
	const struct judge *judge = hearing->judge;
	int id = 0;

	while (id < TENSOR_COUNT && is_sharp(judge, id))
		id++;
	if (id == TENSOR_COUNT)
		return NULL;
	const char *name = judge->job->model.tensors[id].name;
	if (!is_clear(judge))
		return verdict(hearing, "not_sharp",
		               "a step of this job has no sample that is clear of ties, so that rounding "
		               "decides; other data, or another --seed or --batch-size, would tell");
	if (judge->strays[id].change == 0)
		return verdict(hearing, "not_sharp",
		               "this job does not change %s, so it cannot show who trains it", name);
	if (!bound_is_sharp(&judge->strays[id]))
		return verdict(hearing, "not_sharp",
		               "this job changes %s so little that rounding hides a fault; a larger --lr "
		               "would show it",
		               name);
	return verdict(hearing, "not_sharp",
	               "in this job rounding alone moves %s by more than %g of what is allowed; "
	               "a smaller --lr or other data would tell",
	               name, JUDGE_CONTROL);
}

/* ---- The certificate ---- */

static json_t *tensor_record(const struct hearing *hearing, int id)
{
	const struct judge *judge = hearing->judge;
	const struct distance *distance = &hearing->distances[id], *strays = &judge->strays[id];

	return json_pack("{s:s, s:o, s:o, s:o, s:b, s:b}", "name", judge->job->model.tensors[id].name,
	                 "measured", field_number_new(bound_measured(distance)), "allowed",
	                 field_number_new(bound_relative(distance)), "control",
	                 field_number_new(bound_measured(strays)), "sharp", (int)is_sharp(judge, id),
	                 "holds", (int)bound_holds(distance));
}

static json_t *verify_record(const struct hearing *hearing)
{
	const struct job *job = hearing->judge->job;
	const struct verification_facts *facts = &job->verification;
	const size_t steps = job->n_verify / job->work.batch + (job->n_verify % job->work.batch != 0);

	return json_pack("{s:I, s:I, s:o, s:I, s:I, s:s}", "samples", (json_int_t)(2 * job->n_verify),
	                 "steps", (json_int_t)(2 * steps), "margin", field_number_new(facts->margin),
	                 "skipped", (json_int_t)facts->skipped, "repeated", (json_int_t)facts->repeated,
	                 "digest", hearing->verify_digest);
}

static json_t *final_record(const struct hearing *hearing)
{
	const struct judge *judge = hearing->judge;
	const bool claimed = hearing->claim->evaluated;

	return json_pack("{s:s, s:I, s:o, s:o, s:I}", "digest", hearing->final_digest, "samples",
	                 (json_int_t)judge->job->n_test, "claimed",
	                 claimed ? json_integer((json_int_t)hearing->claim->correct) : json_null(),
	                 "counted",
	                 hearing->counted ? json_integer((json_int_t)hearing->correct) : json_null(),
	                 "tolerance", (json_int_t)count_tolerance(judge));
}

static json_t *inputs_record(const struct job *job)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "job", job->digest, "init",
	                 job->array_digests[JOB_INIT], "order", job->array_digests[JOB_ORDER], "verify",
	                 job->array_digests[JOB_VERIFY], "reference",
	                 job->array_digests[JOB_REFERENCE]);
}

static json_t *certificate(const struct hearing *hearing)
{
	json_t *tensors = json_array();

	for (int id = 0; id < TENSOR_COUNT; id++)
		json_array_append_new(tensors, tensor_record(hearing, id));
	return json_pack("{s:o, s:o, s:o, s:o}", "tensors", tensors, "verify", verify_record(hearing),
	                 "final", final_record(hearing), "inputs", inputs_record(hearing->judge->job));
}

/* ---- The judgement ---- */

static int read_weights(const struct judge *judge, const char *path, float *out,
                        char digest[DIGEST_SIZE])
{
	const size_t parameters = judge->job->model.parameters;
	const int result = npy_read_file(path, NPY_F32, parameters, out);

	digest_bytes(out, parameters * sizeof(*out), digest);
	return result;
}

/* What is certain comes before what makes it unsure. */
static void judge_hearing(struct hearing *hearing)
{
	static const char *(*const checks[])(struct hearing *) = {
		check_divergence, check_numbers,   check_tensors,   check_training,
		check_final,      check_untrained, check_sharpness,
	};
	const char *status = NULL;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && !status; i++)
		status = checks[i](hearing);
	hearing->out->status = status ? status : "verified";
}

int judge_claim(struct judge *judge, const struct claim *claim, struct judgement *out)
{
	const size_t parameters = judge->job->model.parameters;
	struct hearing hearing = {
		.judge = judge,
		.claim = claim,
		.out = out,
		.verify = memory_new(parameters, sizeof(float)),
		.final = memory_new(parameters, sizeof(float)),
	};
	int result = read_weights(judge, claim->verify, hearing.verify, hearing.verify_digest);

	*out = (struct judgement){0};
	if (!result)
		result = read_weights(judge, claim->final, hearing.final, hearing.final_digest);
	if (!result) {
		bound_measure(&judge->job->model, hearing.verify, judge->expected, judge->init,
		              hearing.distances);
		judge_hearing(&hearing);
		out->certificate = certificate(&hearing);
	}
	free(hearing.verify);
	free(hearing.final);
	return result;
}
