/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/run_options.h"
#include "cli/selftest.h"
#include "cli/trial.h"
#include "core/memory.h"
#include "report/comparison.h"
#include "report/text.h"
#include "results/field.h"
#include "runner/diagnosis.h"
#include "runner/interrupt.h"
#include "runner/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VERIFY_SCHEMA "cnnbench-verify-1"

enum { LOG_LINES = 8 };
#define CALM 0.1 /* so many times the learning rate, a mistake spreads less */
/* With so small ones each gradient stays what it was, so that a factor common to all shows: the plainest
 * first, then where rounding hides a small one, then where gradients are summed over a large batch. */
static const double calmest[] = {1e-3, 1e-2, 1e-5};

struct verify {
	struct session_plan plan;
	struct trial trial;
	char ***findings; /* one a contestant: sentences, NULL at the end; or NULL */
};

/* ---- what is wrong, and what it may come from ---- */

static bool any_tensor_off(const struct contestant *contestant)
{
	const json_t *tensors = json_object_get(trial_certificate(contestant), "tensors"), *tensor;
	size_t i;

	json_array_foreach (tensors, i, tensor)
		if (json_is_false(json_object_get(tensor, "holds")))
			return true;
	return false;
}

/* There are weights to look at. */
static bool is_to_diagnose(const struct trial *trial, size_t index)
{
	const struct contestant *contestant = &trial->results.contestants[index];

	return contestant->status == STATUS_NOT_VERIFIED && trial->weights[index] &&
	       any_tensor_off(contestant);
}

struct look {
	bool factor; /* in: for a common factor alone */
	bool named;  /* out: the cause or its place */
};

/* NULL after error(): a file cannot be read any more; or if there is no common factor. */
static char **diagnose(const struct job *job, const char *path, struct look *look)
{
	const size_t count = job->model.parameters;
	float *weights = memory_new(count, sizeof(*weights)), *init = memory_new(count, sizeof(*init));
	double *reference = memory_new(count, sizeof(*reference));
	const struct diagnosis_input input = {
		.model = &job->model,
		.weights = weights,
		.init = init,
		.reference = reference,
		.samples = job->n_verify,
		.batch = job->work.batch,
		.steps = (job->n_verify - 1) / job->work.batch + 1,
		.momentum = job->work.momentum,
	};
	char **findings = NULL;

	if (npy_read_file(path, NPY_F32, count, weights) == 0 &&
	    npy_read(&job->init, 0, count, init) == 0 &&
	    npy_read(&job->reference, 0, count, reference) == 0)
		findings = look->factor ? diagnosis_factor(&input) : diagnosis_make(&input, &look->named);
	look->named = look->named || (look->factor && findings);
	free(weights);
	free(init);
	free(reference);
	return findings;
}

/* Takes over `more`. */
static void add_findings(char ***findings, char **more)
{
	size_t count = 0, added = 0;

	while (*findings && (*findings)[count])
		count++;
	while (more[added])
		added++;
	*findings = memory_grow(*findings, count + added + 1, sizeof(**findings));
	memcpy(*findings + count, more, (added + 1) * sizeof(*more));
	free(more);
}

/* "a,b:option" of those that are to be diagnosed; "" if none is. */
static char *list_failed(const struct verify *verify)
{
	char *list = memory_copy("");

	for (size_t i = 0; i < verify->trial.results.n_contestants; i++) {
		if (!is_to_diagnose(&verify->trial, i))
			continue;
		char *longer = memory_text("%s%s%s", list, *list ? "," : "",
		                           verify->trial.results.contestants[i].label);
		free(list);
		list = longer;
	}
	return list;
}

static enum attempt attempt_of(const struct trial *trial, const char *label)
{
	for (size_t i = 0; trial->held && i < trial->results.n_contestants; i++) {
		const struct contestant *contestant = &trial->results.contestants[i];

		if (strcmp(contestant->label, label) != 0)
			continue;
		if (contestant->status == STATUS_VERIFIED || contestant->status == STATUS_NOT_SHARP)
			return ATTEMPT_PASSES;
		if (contestant->status == STATUS_NOT_VERIFIED)
			return ATTEMPT_FAILS;
	}
	return ATTEMPT_NONE;
}

/* The same platforms on a simpler job.  Where it is not simpler, or the trial cannot be held, nothing is
 * known. */
static void try_simpler(const struct verify *verify, const char *platforms, const struct work *work,
                        struct trial *trial)
{
	struct session_plan plan = verify->plan;

	*trial = (struct trial){0};
	if (memcmp(work, &verify->plan.work, sizeof(*work)) == 0)
		return;
	plan.platforms = platforms;
	plan.work = *work;
	plan.log_dir = plan.json = NULL;
	error_quiet(1); /* the same notes again */
	trial_hold(trial, &plan);
	error_quiet(verify->plan.quiet);
}

/* The same contestant's weights in a trial of the same platforms, or NULL; of one that fails there, or of any. */
static const char *weights_in(const struct trial *trial, const char *label, bool failed)
{
	for (size_t i = 0; trial->held && i < trial->results.n_contestants; i++)
		if (strcmp(trial->results.contestants[i].label, label) == 0 &&
		    (!failed || is_to_diagnose(trial, i)))
			return trial->weights[i];
	return NULL;
}

/* Of those that have no findings yet; true if any is left.  With small steps a factor near 1 is within the
 * bound, and shows all the same. */
static bool find_factors(struct verify *verify, const struct trial *trial)
{
	bool left = false;

	for (size_t i = 0; i < verify->trial.results.n_contestants; i++) {
		const char *weights = weights_in(trial, verify->trial.results.contestants[i].label, false);
		struct look look = {.factor = true};

		if (!is_to_diagnose(&verify->trial, i) || verify->findings[i])
			continue;
		if (weights)
			verify->findings[i] = diagnose(&trial->session.job, weights, &look);
		left = left || !verify->findings[i];
	}
	return left;
}

static void try_factors(struct verify *verify, const char *platforms)
{
	bool left = true;

	for (size_t i = 0; i < sizeof(calmest) / sizeof(*calmest) && left; i++) {
		struct work work = verify->plan.work;
		struct trial trial;

		work.lr *= calmest[i];
		try_simpler(verify, platforms, &work, &trial);
		left = find_factors(verify, &trial);
		trial_free(&trial);
	}
}

/* What its weights say, best those of a trial where a mistake in one tensor does not spread to all. */
static char **look_at(const struct verify *verify, const struct trial *calm, size_t index,
                      struct look *look)
{
	const struct trial *trial = &verify->trial;
	const char *weights = weights_in(calm, trial->results.contestants[index].label, true);

	return weights ? diagnose(&calm->session.job, weights, look)
	               : diagnose(&trial->session.job, trial->weights[index], look);
}

/* The attempts' evidence comes first, but for "all fail". */
static char **join_findings(char **looked, enum attempt without_momentum,
                            enum attempt single_samples, bool named)
{
	const bool passes = without_momentum == ATTEMPT_PASSES || single_samples == ATTEMPT_PASSES;
	char **tried = diagnosis_attempts(without_momentum, single_samples, named);
	char **first = passes ? tried : looked;

	add_findings(&first, passes ? looked : tried);
	return first;
}

static void find_causes_of(struct verify *verify, const char *platforms)
{
	struct work plain = verify->plan.work, single = plain, calm = plain;
	struct trial without_momentum, single_samples, small_steps;

	plain.momentum = 0;
	single.batch = 1;
	calm.lr *= CALM;
	try_factors(verify, platforms);
	try_simpler(verify, platforms, &calm, &small_steps);
	try_simpler(verify, platforms, &plain, &without_momentum);
	try_simpler(verify, platforms, &single, &single_samples);
	for (size_t i = 0; i < verify->trial.results.n_contestants; i++) {
		const char *label = verify->trial.results.contestants[i].label;
		struct look look = {.named = verify->findings[i]};

		if (!is_to_diagnose(&verify->trial, i))
			continue;
		if (!verify->findings[i])
			verify->findings[i] = look_at(verify, &small_steps, i, &look);
		if (verify->findings[i])
			verify->findings[i] =
				join_findings(verify->findings[i], attempt_of(&without_momentum, label),
			                  attempt_of(&single_samples, label), look.named);
	}
	trial_free(&small_steps);
	trial_free(&without_momentum);
	trial_free(&single_samples);
}

static void find_causes(struct verify *verify)
{
	char *failed = list_failed(verify);

	verify->findings = memory_new(verify->trial.results.n_contestants, sizeof(*verify->findings));
	if (*failed)
		find_causes_of(verify, failed);
	free(failed);
}

/* ---- for people ---- */

static void print_figure(FILE *out, const json_t *tensor, const char *member)
{
	const double value = field_number(tensor, member);

	if (isnan(value))
		fprintf(out, "  %9s", "-");
	else
		fprintf(out, "  %9.1e", value);
}

static const char *verdict_of(const json_t *tensor)
{
	if (!json_is_true(json_object_get(tensor, "holds")))
		return "OFF";
	return json_is_true(json_object_get(tensor, "sharp")) ? "holds" : "holds, not sharp";
}

/* "2.3%", "1200%", "4e+05 x" */
static void print_part(FILE *out, const json_t *tensor)
{
	const double part = field_number(tensor, "measured") / field_number(tensor, "allowed");

	if (isnan(part))
		fprintf(out, "  %10s", "-");
	else if (part < 10)
		fprintf(out, "  %9.1f%%", 100 * part);
	else
		fprintf(out, "  %8.3g x", part);
}

static void print_tensors(FILE *out, const json_t *certificate)
{
	const json_t *tensors = json_object_get(certificate, "tensors"), *tensor;
	size_t i;

	fprintf(out, "\n  %-12s  %9s  %9s  %10s  %9s\n", "tensor", "measured", "allowed", "of allowed",
	        "control");
	json_array_foreach (tensors, i, tensor) {
		char *name = memory_visible(field_text(tensor, "name"));

		fprintf(out, "  %-12s", name);
		print_figure(out, tensor, "measured");
		print_figure(out, tensor, "allowed");
		print_part(out, tensor);
		print_figure(out, tensor, "control");
		fprintf(out, "  %s\n", verdict_of(tensor));
		free(name);
	}
}

static void print_log(FILE *out, const struct contestant *contestant)
{
	const json_t *record = contestant->n_executions ? contestant->executions[0].exit : NULL;
	const json_t *tail = json_object_get(record, "log_tail");
	const size_t lines = json_array_size(tail);

	if (lines > 0)
		fprintf(out, "  the end of what it printed:\n");
	for (size_t i = lines > LOG_LINES ? lines - LOG_LINES : 0; i < lines; i++) {
		char *line = memory_visible(json_string_value(json_array_get(tail, i)));
		fprintf(out, "    %s\n", line);
		free(line);
	}
}

/* "c_cpu: not_verified: why; help" */
static void print_status(FILE *out, const struct contestant *contestant)
{
	const char *why = contestant->why ? contestant->why : "";
	const char *help = contestant->help ? contestant->help : "";
	char *text = memory_text("%s: %s%s%s%s%s", contestant->label, status_name(contestant->status),
	                         *why ? ": " : "", why, *help ? "; " : "", help);

	text_wrap(out, "", text);
	free(text);
}

static void print_contestant(FILE *out, const struct verify *verify, size_t index)
{
	const struct contestant *contestant = &verify->trial.results.contestants[index];
	const json_t *certificate = trial_certificate(contestant);
	char **findings = verify->findings[index];

	print_status(out, contestant);
	if (certificate)
		print_tensors(out, certificate);
	else if (contestant->status != STATUS_UNAVAILABLE)
		print_log(out, contestant);
	if (findings)
		fputc('\n', out);
	for (; findings && *findings; findings++)
		text_wrap(out, "  - ", *findings);
	fputc('\n', out);
}

static void print_legend(FILE *out, const struct job *job)
{
	const struct verification_facts *facts = &job->verification;
	const size_t steps = (job->n_verify - 1) / job->work.batch + 1;
	char *text = memory_text(
		"measured: ||w - ref|| / ||ref - w0|| of the weights after two times %zu sample%s in %zu "
		"step%s each; w: the worker's, ref: the float64 reference's, w0: the initial ones; control: the "
		"same of the reference in float32.  Passed over as too near to a tie: %zu%s.",
		job->n_verify, job->n_verify == 1 ? "" : "s", steps, steps == 1 ? "" : "s", facts->skipped,
		facts->repeated ? "; some samples stand there twice, as too few are clear" : "");

	text_wrap(out, "", text);
	free(text);
}

static void print_people(const struct verify *verify, const char *json)
{
	const struct results *results = &verify->trial.results;
	FILE *out = json && strcmp(json, "-") == 0 ? stderr : stdout;

	if (out == stderr && verify->plan.quiet)
		return;
	for (size_t i = 0; i < results->n_contestants; i++)
		print_contestant(out, verify, i);
	print_legend(out, &verify->trial.session.job);
	if (verify->plan.log_dir)
		fprintf(out, "logs and weights: %s\n", verify->plan.log_dir);
}

/* ---- for programs ---- */

static json_t *findings_record(char **findings)
{
	json_t *record = json_array();

	for (; findings && *findings; findings++)
		json_array_append_new(record, log_text(*findings));
	return record;
}

static json_t *make_record(const struct verify *verify)
{
	const struct results *results = &verify->trial.results;
	json_t *platforms = json_array();

	for (size_t i = 0; i < results->n_contestants; i++) {
		const struct contestant *contestant = &results->contestants[i];
		json_t *certificate = json_deep_copy(trial_certificate(contestant));

		json_array_append_new(platforms,
		                      json_pack("{ss ss so so so}", "platform", contestant->label, "status",
		                                status_name(contestant->status), "why",
		                                log_text_or_null(contestant->why), "certificate",
		                                certificate ? certificate : json_null(), "diagnosis",
		                                findings_record(verify->findings[i])));
	}
	return json_pack("{ss so so}", "schema", VERIFY_SCHEMA, "work",
	                 job_record(&verify->trial.session.job), "platforms", platforms);
}

static int write_json(const struct verify *verify, const char *path)
{
	json_t *record = make_record(verify);
	const int result = comparison_write(record, path);

	json_decref(record);
	return result == 0 ? EXIT_FINE : EXIT_USAGE;
}

/* ---- */

static int report(struct verify *verify)
{
	const char *json = verify->plan.json;

	find_causes(verify);
	print_people(verify, json);
	const int code = session_results_code(&verify->trial.session, &verify->trial.results);
	return json ? exit_worse(code, write_json(verify, json)) : code;
}

static void verify_free(struct verify *verify)
{
	for (size_t i = 0; verify->findings && i < verify->trial.results.n_contestants; i++)
		if (verify->findings[i])
			memory_free_words(verify->findings[i]);
	free(verify->findings);
	trial_free(&verify->trial);
}

static int verify_platforms(const struct session_plan *plan)
{
	struct verify verify = {.plan = *plan};
	int code = trial_hold(&verify.trial, plan);

	if (verify.trial.held)
		code = exit_worse(code, report(&verify));
	code = exit_worse(code, session_named_code(&verify.trial.session));
	if (interrupt_signal())
		code = exit_worse(code, 128 + interrupt_signal());
	verify_free(&verify);
	return code;
}

static struct session_plan make_plan(const struct options *options, char *const *words)
{
	char *const *operands;
	const size_t n_operands = options_operands(options, &operands);

	return (struct session_plan){
		.options = options,
		.words = words,
		.platforms = options_text(options, "platform"),
		.worker = n_operands ? operands[0] : NULL,
		.dataset = options_text(options, "dataset"),
		.work = run_options_work(options),
		.threads = run_options_threads(options),
		.timeout = options_real(options, "timeout"),
		.log_dir = options_text(options, "log-dir"),
		.json = options_text(options, "json"),
		.quiet = options_flag(options, "quiet"),
	};
}

/* The self-test chooses its own platforms and jobs. */
static int check_self_test(const struct options *options)
{
	static const char *const taken[] = {"threads", "timeout", "quiet"};

	for (const struct option_spec *spec = verify_options; spec->name; spec++) {
		bool may = strcmp(spec->name, "self-test") == 0;

		for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
			may = may || strcmp(taken[i], spec->name) == 0;
		if (!may && options_given(options, spec->name))
			return error("--self-test chooses platforms, data and jobs itself; leave out --%s",
			             spec->name);
	}
	return 0;
}

static int check_call(const struct options *options)
{
	char *const *operands;
	const size_t n_operands = options_operands(options, &operands);

	if (n_operands > 1)
		return error("verify: one worker at a time; '%s' is one too many", operands[1]);
	if (n_operands == 1 && options_given(options, "platform"))
		return error("verify: give either a worker, %s, or --platform", operands[0]);
	if (!options_flag(options, "self-test"))
		return 0;
	if (n_operands == 1)
		return error("--self-test plants its faults in a worker of its own; leave out %s",
		             operands[0]);
	return check_self_test(options);
}

static int verify_run(const struct options *options, char *const *words)
{
	if (check_call(options) != 0)
		return EXIT_USAGE;
	const struct session_plan plan = make_plan(options, words);
	error_quiet(plan.quiet);
	interrupt_catch();
	return options_flag(options, "self-test") ? selftest_run(&plan) : verify_platforms(&plan);
}

const struct command command_verify = {
	.name = "verify",
	.operands = "[WORKER]",
	.summary = "Hold platforms against the float64 reference, tensor by tensor; nothing is timed.",
	.options = verify_options,
	.notes =
		"WORKER is the path of a worker of one's own, in any folder: ./worker-mine, or with options\n"
		"./worker-mine:threads=1.  Without it and without --platform all platforms that are ready are tried.\n"
		"A platform that fails is tried again on simpler jobs, to find out what it does wrong.\n"
		"Exit codes: 0 all are verified; 4 one is not, or the job cannot tell (not_sharp); 3 one failed or\n"
		"cannot run here; 7 nothing to run.",
	.run = verify_run,
};
