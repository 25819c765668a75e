/* SPDX-License-Identifier: MIT */
/* An invented run for the tests of results and reports: its journal, written record by record. */
#ifndef TESTS_SAMPLE_RUN_H
#define TESTS_SAMPLE_RUN_H

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "results/journal.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SAMPLE_START_NS INT64_C(5000000000)

/* What one platform does. */
struct sample {
	const char *label, *platform;
	double epoch, scatter; /* seconds of a steady epoch, and by how much of it they scatter */
	double cold, setup;    /* seconds: what the first epoch takes longer, and the set-up */
	int accuracy;          /* hits in the test after the last epoch, of 10,000 */
	double ram, vram;      /* bytes; vram 0: none */
	bool delta;            /* vram is a difference */
	double clock, slowed;  /* Hz, and by what part it falls with each epoch; 0: not known */
	const char *precision; /* NULL: float32 */
	bool simulated;
	bool diverges;            /* its losses are not finite, and it hits nothing */
	const char *status, *why; /* of its last round; NULL: verified */
	const char *off,
		*still;      /* a tensor that is off by then, and one that the job does not change */
	int counted;     /* hits by the judge's count; 0: as many as it claims */
	double rounding; /* how many times the usual differences; 0: once */
	const char *reason, *help; /* unavailable: it has no execution */
};

struct sample_plan {
	const struct sample *samples;
	size_t count;
	int runs, epochs, extra;
	bool asked; /* --check-epoch: the reference trains epoch 1 */
	int refused; /* the process that the check of epoch 1 refuses, 0: none; it asks the reference, too */
	int cut; /* records to write, 0: all */
	int signal;
	void (*alter)(json_t *run); /* of the first record, before it is written; NULL: as it is */
};

struct sample_writer {
	struct journal *journal;
	int64_t ns;
	int left; /* records that may still be written, or -1 */
	int process;
};

static inline void sample_append(struct sample_writer *writer, json_t *record)
{
	if (!record)
		fail_msg("a record of the sample could not be built");
	if (writer->left == 0) {
		json_decref(record);
		return;
	}
	if (writer->left > 0)
		writer->left--;
	assert_int_equal(journal_append(writer->journal, record), 0);
}

/* The runner has read an event 20 us after the worker's clock was. */
static inline void sample_event(struct sample_writer *writer, json_t *event)
{
	sample_append(writer, json_pack("{s:s, s:I, s:i, s:o}", "record", "event", "ns",
	                                (json_int_t)(writer->ns + 20000), "process", writer->process,
	                                "event", event));
}

static inline void sample_begin(struct sample_writer *writer, const char *span, int epoch)
{
	json_t *event =
		json_pack("{s:s, s:s, s:I}", "event", "begin", "span", span, "ns", (json_int_t)writer->ns);

	if (epoch)
		json_object_set_new(event, "epoch", json_integer(epoch));
	sample_event(writer, event);
}

/* `members` may be NULL. */
static inline void sample_end(struct sample_writer *writer, const char *span, int epoch,
                              double seconds, json_t *members)
{
	writer->ns += (int64_t)(seconds * 1e9 + 0.5);
	json_t *event =
		json_pack("{s:s, s:s, s:I}", "event", "end", "span", span, "ns", (json_int_t)writer->ns);

	if (epoch)
		json_object_set_new(event, "epoch", json_integer(epoch));
	if (members)
		json_object_update_missing(event, members);
	json_decref(members);
	sample_event(writer, event);
}

static inline json_t *sample_hello(const struct sample *sample)
{
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:b, s:s, s:s}", "event", "hello", "protocol", 1,
	                 "platform", sample->platform, "device", "an invented device", "device_kind",
	                 sample->vram > 0 ? "gpu" : "cpu", "simulated", (int)sample->simulated,
	                 "precision", sample->precision ? sample->precision : "float32", "data",
	                 "uint8, resident");
}

static inline void sample_memory(struct sample_writer *writer, const struct sample *sample,
                                 int epoch)
{
	json_t *record =
		json_pack("{s:s, s:I, s:i, s:I, s:I, s:o, s:b, s:I}", "record", "memory", "ns",
	              (json_int_t)writer->ns, "process", writer->process, "anonymous",
	              (json_int_t)(sample->ram * 0.75), "file", (json_int_t)(sample->ram * 0.25),
	              "vram", sample->vram > 0 ? json_integer((json_int_t)sample->vram) : json_null(),
	              "vram_delta", (int)sample->delta, "system", (json_int_t)2500000000);

	if (sample->clock > 0)
		json_object_set_new(record, "clock_hz",
		                    json_real(sample->clock * (1 - sample->slowed * epoch)));
	if (epoch)
		json_object_set_new(record, "epoch", json_integer(epoch));
	sample_append(writer, record);
}

/* Between -1 and 1, without any pattern that tells rounds and epochs apart. */
static inline double sample_wobble(int process, int epoch)
{
	return (process * 791983 + epoch * 104729) % 2001 / 1000.0 - 1;
}

static inline void sample_epoch(struct sample_writer *writer, const struct sample_plan *plan,
                                const struct sample *sample, int epoch)
{
	double wobble = (sample_wobble(writer->process, 0) + sample_wobble(writer->process, epoch)) / 2;
	double seconds = sample->epoch * (1 + sample->scatter * wobble);
	int missing = plan->epochs - epoch;
	bool extra = epoch > plan->epochs;

	sample_begin(writer, "train", epoch);
	json_t *members =
		json_pack("{s:i, s:i, s:f, s:i}", "samples", 60000, "steps", 118, "loss", 0.5 / epoch,
	              "correct", (sample->accuracy - 150 * (missing + 1)) * 6);
	if (sample->diverges)
		json_object_set_new(members, "loss", json_null());
	if (extra)
		json_object_set_new(members, "extra", json_true());
	sample_end(writer, "train", epoch, seconds + (epoch == 1 ? sample->cold : 0), members);
	sample_memory(writer, sample, epoch);
	if (extra)
		return;
	sample_begin(writer, "eval", epoch);
	members = json_pack("{s:i, s:o, s:i}", "samples", 10000, "loss",
	                    sample->diverges ? json_null() : json_real(0.4 / epoch), "correct",
	                    sample->accuracy - 150 * missing);
	sample_end(writer, "eval", epoch, sample->epoch / 20, members);
}

/* What the judge speaks of came to its end. */
static inline bool sample_judged(const char *status)
{
	static const char *const statuses[] = {"verified", "not_sharp", "not_verified", "unjudged"};
	bool judged = false;

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		judged = judged || strcmp(status, statuses[i]) == 0;
	return judged;
}

/* A tensor's figures, rounded: c_cpu made such ones at the default job of synthetic digits. */
struct sample_tensor {
	const char *name;
	double measured, allowed, control;
};

static inline json_t *sample_tensor_record(const struct sample_tensor *tensor, double rounding,
                                           bool off, bool still)
{
	double measured = off ? 40 * tensor->allowed : rounding * tensor->measured;

	if (still)
		return json_pack("{s:s, s:n, s:n, s:n, s:b, s:b}", "name", tensor->name, "measured",
		                 "allowed", "control", "sharp", 0, "holds", 1);
	return json_pack("{s:s, s:f, s:f, s:f, s:b, s:b}", "name", tensor->name, "measured", measured,
	                 "allowed", tensor->allowed, "control", tensor->control, "sharp", 1, "holds",
	                 (int)!off);
}

static inline json_t *sample_tensors(const struct sample *sample, int process, bool verified)
{
	static const struct sample_tensor tensors[] = {
		{"conv1.weight", 1.9e-6, 4.8e-5, 1.9e-6}, {"conv1.bias", 3.7e-7, 3.2e-5, 3.2e-7},
		{"conv2.weight", 8.1e-7, 3.9e-5, 8.0e-7}, {"conv2.bias", 2.9e-7, 3.2e-5, 2.5e-7},
		{"fc1.weight", 1.2e-6, 4.5e-5, 1.1e-6},   {"fc1.bias", 1.3e-6, 4.5e-5, 1.4e-6},
		{"fc2.weight", 8.0e-7, 3.8e-5, 7.0e-7},   {"fc2.bias", 9.3e-7, 3.8e-5, 1.1e-6},
	};
	double rounding = (sample->rounding > 0 ? sample->rounding : 1) * (1 + 0.01 * process);
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(tensors) / sizeof(tensors[0]); i++) {
		const char *name = tensors[i].name;
		bool off = !verified && sample->off && !strcmp(sample->off, name);
		bool still = !verified && sample->still && !strcmp(sample->still, name);
		json_array_append_new(list, sample_tensor_record(&tensors[i], rounding, off, still));
	}
	return list;
}

/* runner/judge.h. */
static inline json_t *sample_certificate(const struct sample *sample, int process, bool verified)
{
	const bool counts = !verified && sample->counted;
	char own[65], shared[65];

	snprintf(own, sizeof(own), "%064x", process);
	snprintf(shared, sizeof(shared), "%064x", 0x1d);
	return json_pack("{s:o, s:{s:i, s:i, s:f, s:i, s:i, s:s}, s:{s:s, s:i, s:i, s:i, s:i}, "
	                 "s:{s:s, s:s, s:s, s:s, s:s}}",
	                 "tensors", sample_tensors(sample, process, verified), "verify", "samples",
	                 4288, "steps", 10, "margin", 1.02e-5, "skipped", 44, "repeated", 0, "digest",
	                 own, "final", "digest", own, "samples", 10000, "claimed", sample->accuracy,
	                 "counted", counts ? sample->counted : sample->accuracy, "tolerance", 3,
	                 "inputs", "job", shared, "init", shared, "order", shared, "verify", shared,
	                 "reference", shared);
}

static inline void sample_exit(struct sample_writer *writer, const struct sample *sample,
                               int64_t start_ns, const char *status)
{
	const bool verified = strcmp(status, "verified") == 0, fine = sample_judged(status);
	const bool certified = fine && strcmp(status, "unjudged") != 0;

	sample_append(
		writer,
		json_pack(
			"{s:s, s:I, s:i, s:s, s:o, s:n, s:f, s:f, s:f, s:I, s:f, s:i, s:{s:f, s:f}, s:s, s:o, s:o}",
			"record", "exit", "ns", (json_int_t)writer->ns, "process", writer->process, "status",
			status, "why", verified || !sample->why ? json_null() : json_string(sample->why),
			"help", "wall_seconds", (double)(writer->ns - start_ns) * 1e-9, "user_seconds", 1.5,
			"system_seconds", 0.25, "peak_rss", (json_int_t)(sample->ram * 1.1), "runner_seconds",
			0.01, "exit_code", fine ? 0 : 1, "ledger", "spans_seconds", 1.0, "outside_seconds",
			0.001, "log", "logs/worker.log", "log_tail",
			fine ? json_array()
				 : json_pack("[s, s]", "loading kernels\tfrom cache",
	                         "\033[31mclBuildProgram: CL_OUT_OF_RESOURCES\033[0m"),
			"certificate",
			certified ? sample_certificate(sample, writer->process, verified) : json_null()));
}

/* Platforms whose losses the check of epoch 1 compares. */
static inline int sample_claimants(const struct sample_plan *plan)
{
	int n = 0;

	for (size_t i = 0; i < plan->count; i++)
		n += plan->epochs > 0 && !plan->samples[i].reason &&
		     (plan->runs > 1 || !plan->samples[i].status || sample_judged(plan->samples[i].status));
	return n;
}

static inline json_t *sample_refusal(int process)
{
	return json_pack("{s:i, s:s}", "process", process, "why",
	                 "the mean loss of epoch 1 is 0.4993, the reference's 0.5: off by 1.4e-03, "
	                 "3.0e-04 is allowed; what was timed is not this training");
}

/* runner/epoch_check.h. */
static inline void sample_epoch_check(struct sample_writer *writer, const struct sample_plan *plan)
{
	const int claimants = sample_claimants(plan);
	const bool asked = plan->asked || plan->refused;
	char *why = asked ? memory_copy("the reference trained epoch 1 itself: loss 0.5")
	            : claimants == 1
	                ? memory_copy("only one platform to compare; --check-epoch asks the reference")
	                : memory_text("the mean losses of %d platforms agree within 0.0003", claimants);

	if (claimants > 0)
		sample_append(writer,
		              json_pack("{s:s, s:I, s:f, s:f, s:o, s:o, s:b, s:s, s:o}", "record",
		                        "epoch_check", "ns", (json_int_t)writer->ns, "tolerance", 3e-4,
		                        "median", 0.5, "reference", asked ? json_real(0.5) : json_null(),
		                        "control", asked ? json_real(0.50000002) : json_null(), "checked",
		                        (int)(asked || claimants > 1), "why", why, "refused",
		                        plan->refused ? json_pack("[o]", sample_refusal(plan->refused))
		                                      : json_array()));
	free(why);
}

/* A process that fails does so after its first epoch. */
static inline void sample_process(struct sample_writer *writer, const struct sample_plan *plan,
                                  const struct sample *sample, int round)
{
	int64_t start_ns = writer->ns;
	const char *status = sample->status && round == plan->runs ? sample->status : "verified";
	bool fails = !sample_judged(status);

	writer->process++;
	sample_append(writer, json_pack("{s:s, s:I, s:i, s:i, s:s, s:[s, s]}", "record", "start", "ns",
	                                (json_int_t)start_ns, "process", writer->process, "round",
	                                round, "label", sample->label, "argv", "worker", "--job"));
	writer->ns += 2000000;
	sample_event(writer, sample_hello(sample));
	sample_begin(writer, "upload", 0);
	sample_end(writer, "upload", 0, sample->setup, NULL);
	for (int epoch = 1; epoch <= (fails ? 1 : plan->epochs); epoch++)
		sample_epoch(writer, plan, sample, epoch);
	if (!fails) {
		sample_begin(writer, "read", 0);
		sample_end(writer, "read", 0, 0.001, json_pack("{s:s}", "file", "final.npy"));
		for (int epoch = 1; epoch <= plan->extra; epoch++)
			sample_epoch(writer, plan, sample, plan->epochs + epoch);
		sample_begin(writer, "verify", 0);
		sample_end(writer, "verify", 0, 0.05, json_pack("{s:s}", "file", "verify.npy"));
		sample_event(writer, json_pack("{s:s}", "event", "done"));
	}
	writer->ns += 1000000;
	sample_exit(writer, sample, start_ns, status);
}

static inline json_t *sample_platforms(const struct sample_plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->count; i++) {
		const struct sample *sample = &plan->samples[i];
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:s?, s:s?, s:o}", "label",
		                                      sample->label, "file", sample->label, "platform",
		                                      sample->platform, "ready", !sample->reason, "reason",
		                                      sample->reason, "help", sample->help, "hello",
		                                      sample->reason ? json_null() : sample_hello(sample)));
	}
	return list;
}

static inline json_t *sample_work(int epochs)
{
	return json_pack(
		"{s:{s:s, s:s, s:i, s:i}, s:{s:i, s:i, s:i, s:i}, s:i, s:i, s:f, s:f, s:i, s:i, s:s}",
		"dataset", "name", "mnist", "digest", "00", "n_train", 60000, "n_test", 10000, "shape",
		"filters1", 8, "filters2", 16, "hidden", 128, "fsize", 3, "epochs", epochs, "batch", 512,
		"lr", 0.01, "momentum", 0.9, "seed", 1, "parameters", 53866, "job", "00");
}

static inline json_t *sample_run_record(const struct sample_plan *plan)
{
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:I, s:[s, s], s:{}, s:i, s:f, s:f, s:i, s:i, s:o, s:{s:s, s:i, s:I, s:s}, "
		"s:[], s:o}",
		"record", "run", "schema", JOURNAL_SCHEMA, "version", "0.1.0", "started",
		"2026-11-22T20:48:42Z", "ns", (json_int_t)SAMPLE_START_NS, "command", "cnnbench", "run",
		"options", "runs", plan->runs, "min_time", 1.0, "timeout", 0.0, "threads", 2, "shuffle", 7,
		"work", sample_work(plan->epochs), "machine", "cpu", "Example CPU 9000", "cores", 8,
		"memory_bytes", (json_int_t)33500000000, "system", "Debian GNU/Linux 12",
		"removed_environment", "platforms", sample_platforms(plan));
}

/* Write the journal of a plan into `folder`. */
static inline void sample_write(const char *folder, const struct sample_plan *plan)
{
	struct sample_writer writer = {.journal = journal_create(folder, 0),
	                               .ns = SAMPLE_START_NS,
	                               .left = plan->cut ? plan->cut : -1};

	assert_non_null(writer.journal);
	json_t *run = sample_run_record(plan);
	if (plan->alter)
		plan->alter(run);
	sample_append(&writer, run);
	for (int round = 1; round <= plan->runs; round++) {
		sample_append(&writer, json_pack("{s:s, s:I, s:i, s:[]}", "record", "round", "ns",
		                                 (json_int_t)writer.ns, "round", round, "order"));
		for (size_t i = 0; i < plan->count; i++)
			if (!plan->samples[i].reason)
				sample_process(&writer, plan, &plan->samples[i], round);
	}
	sample_epoch_check(&writer, plan);
	sample_append(&writer,
	              json_pack("{s:s, s:I, s:s, s:i}", "record", "end", "ns", (json_int_t)writer.ns,
	                        "finished", "2026-11-22T20:58:42Z", "signal", plan->signal));
	journal_close(writer.journal);
}

/* A folder of the test's own. */
static inline char *sample_folder(void)
{
	const char *temp = getenv("TMPDIR");
	char *folder = memory_text("%s/cnnbench-test.XXXXXX", temp ? temp : "/tmp");

	assert_non_null(mkdtemp(folder));
	return folder;
}

static inline void sample_folder_remove(char *folder)
{
	assert_int_equal(files_remove_folder(folder), 0);
	free(folder);
}

#endif
