/* SPDX-License-Identifier: MIT */
#include "results/results.h"

#include "report/comparison.h"
#include "results/field.h"

#include "sample_run.h"

#include <math.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct sample samples[] = {
	{.label = "a",
     .platform = "a",
     .epoch = 0.5,
     .scatter = 0.1,
     .cold = 0.1,
     .setup = 0.2,
     .accuracy = 9800,
     .ram = 100e6},
	{.label = "b:x=1",
     .platform = "b",
     .epoch = 1,
     .scatter = 0.1,
     .cold = 0.1,
     .setup = 0.2,
     .accuracy = 9700,
     .ram = 200e6,
     .vram = 50e6,
     .delta = true,
     .status = "timeout",
     .why = "not done after 60 s"},
	{.label = "c", .platform = "c", .reason = "no such device", .help = "buy one"},
};

static const struct sample_plan plan = {
	.samples = samples, .count = COUNT(samples), .runs = 2, .epochs = 2, .extra = 1};

static char said[4096];

static void hear(const char *message)
{
	snprintf(said, sizeof(said), "%s", message);
}

static void check(const char *what, double got, double wanted)
{
	if (isnan(wanted) ? isnan(got) : fabs(got - wanted) <= 1e-8 * fmax(1, fabs(wanted)))
		return;
	fail_msg("%s: got %.12g, wanted %.12g", what, got, wanted);
}

static void test_status_names(void **state)
{
	enum status status;

	(void)state;
	for (int i = 0; i < STATUS_COUNT; i++) {
		assert_int_equal(status_read(status_name((enum status)i), &status), 0);
		assert_int_equal(status, i);
	}
	assert_int_equal(status_read("splendid", &status), -1);
	assert_int_equal(status_read(NULL, &status), -1);
}

/* ---- What is read ---- */

static void check_contestants(const struct contestant *a, const struct contestant *b,
                              const struct contestant *c)
{
	assert_int_equal(a->status, STATUS_VERIFIED);
	assert_null(a->why);
	assert_int_equal(b->status, STATUS_TIMEOUT);
	assert_string_equal(b->why, "not done after 60 s");
	assert_string_equal(b->file,
	                    "b-x-1"); /* what the journal says is a path, so it is made plain */
	assert_int_equal(c->status, STATUS_UNAVAILABLE);
	assert_string_equal(c->why, "no such device");
	assert_string_equal(c->help, "buy one");
	assert_int_equal(c->n_executions, 0);
}

static void check_executions(const struct contestant *a)
{
	const struct execution *first = &a->executions[0];

	assert_int_equal(a->n_executions, 2);
	assert_int_equal(first->process, 1);
	assert_int_equal(first->round, 1);
	assert_int_equal(a->executions[1].round, 2);
	assert_int_equal(first->n_epochs, 3);
	assert_int_equal(first->n_spans, 1 + 3 + 2 + 1 + 1);
	check("user", first->user_seconds, 1.5);
	check("runner", first->runner_seconds, 0.01);
	check("outside", first->outside_seconds, 0.001);
	check("peak", first->peak_rss, 110e6);
}

static void check_epochs(const struct execution *first)
{
	const struct epoch *epoch = &first->epochs[1];

	assert_int_equal(epoch->number, 2);
	assert_false(epoch->extra);
	check("runner's clock", epoch->runner_seconds, epoch->train_seconds);
	check("train loss", epoch->train_loss, 0.25);
	check("train accuracy", epoch->train_accuracy, 0.965);
	check("test loss", epoch->test_loss, 0.2);
	check("test accuracy", epoch->test_accuracy, 0.98);
	check("anonymous", epoch->anonymous, 75e6);
	check("file", epoch->file, 25e6);
	check("vram", epoch->vram, UNMEASURED);
	check("system", epoch->system, 2.5e9);
	assert_string_equal(epoch->stamp, "2026-11-22T20:48:43Z");
	assert_true(first->epochs[2].extra);
	check("test of an extra epoch", first->epochs[2].test_accuracy, UNMEASURED);
}

static void check_spans(const struct execution *first)
{
	const struct span *upload = &first->spans[0], *train = &first->spans[1];

	assert_string_equal(upload->name, "upload");
	check("upload begins", upload->begin, 0.002);
	check("upload ends", upload->end, 0.202);
	assert_string_equal(train->name, "train");
	assert_int_equal(train->epoch, 1);
	check("train begins", train->begin, 0.202);
	check("train ends", train->end, 0.202 + first->epochs[0].train_seconds);
}

static void test_reading(void **state)
{
	char *folder = sample_folder();
	struct results results;

	(void)state;
	sample_write(folder, &plan);
	assert_int_equal(results_read(&results, folder), 0);
	assert_string_equal(results.folder, folder);
	assert_string_equal(results.finished, "2026-11-22T20:58:42Z");
	assert_int_equal(results.signal, 0);
	assert_int_equal(json_array_size(results.rounds), 2);
	check("n_train", results.n_train, 60000);
	assert_int_equal(results.n_contestants, 3);

	const struct contestant *all = results.contestants;
	check_contestants(&all[0], &all[1], &all[2]);
	check_executions(&all[0]);
	check_epochs(&all[0].executions[0]);
	check_spans(&all[0].executions[0]);
	results_free(&results);
	sample_folder_remove(folder);
}

static void test_record(void **state)
{
	char *folder = sample_folder();
	struct results results;

	(void)state;
	sample_write(folder, &plan);
	assert_int_equal(results_read(&results, folder), 0);
	json_t *record = results_record(&results);
	assert_string_equal(field_text(record, "schema"), "cnnbench-run-1");
	for (const char *const *key =
	         (const char *const[]){"version", "started", "command", "options", "work", "machine",
	                               "threads", "finished", "signal", "rounds", NULL};
	     *key; key++)
		if (!json_object_get(record, *key))
			fail_msg("there is no %s", *key);
	const json_t *b = json_array_get(json_object_get(record, "platforms"), 1);
	assert_string_equal(field_text(b, "status"), "timeout");
	const json_t *execution = json_array_get(json_object_get(b, "executions"), 1);
	assert_true(json_is_null(json_object_get(execution, "total_seconds")));
	check("VRAM", field_number(execution, "peak_vram_bytes"), 50e6);
	assert_true(json_is_true(json_object_get(execution, "vram_delta")));
	assert_int_equal(json_array_size(json_object_get(execution, "epochs")), 1);
	assert_int_equal(json_array_size(json_object_get(execution, "memory")), 1);
	assert_int_equal(json_array_size(json_object_get(execution, "log_tail")), 2);
	const json_t *certificate =
		json_object_get(json_array_get(json_object_get(b, "executions"), 0), "certificate");
	assert_int_equal(json_array_size(json_object_get(certificate, "tensors")), 8);
	assert_true(json_is_null(json_object_get(execution, "certificate")));
	assert_true(json_is_null(json_object_get(
					json_array_get(json_object_get(execution, "epochs"), 0), "x")) == 0);
	json_decref(record);
	results_free(&results);
	sample_folder_remove(folder);
}

/* A round that was cut off takes nothing away from those before it. */
static void test_interrupted_round(void **state)
{
	struct sample_plan long_plan = {.samples = samples, .count = 1, .runs = 2, .epochs = 2};
	char *folder = sample_folder();
	struct results results;

	(void)state;
	long_plan.cut = 2 * 18 + 2; /* into the second process */
	sample_write(folder, &long_plan);
	assert_int_equal(results_read(&results, folder), 0);
	const struct contestant *a = &results.contestants[0];
	assert_null(results.finished);
	assert_int_equal(a->n_executions, 2);
	assert_int_equal(a->status, STATUS_VERIFIED);
	assert_int_equal(a->executions[1].status, STATUS_INTERRUPTED);
	assert_true(execution_counts(a, &a->executions[0]));
	assert_false(execution_counts(a, &a->executions[1]));
	results_free(&results);
	sample_folder_remove(folder);
}

/* ---- Whatever a journal holds ---- */

/* What is made of a journal can be read without it. */
static void check_run(const char *folder, const json_t *record)
{
	char *path = files_join(folder, "sent.json");
	struct results results;

	assert_int_equal(json_dump_file(record, path, JSON_COMPACT), 0);
	if (results_read_run(&results, path, path))
		fail_msg("the run.json of a journal that could be read: %s", said);
	results_free(&results);
	free(path);
}

/* Read and use everything; only what is said of it matters, and that nothing breaks. */
static int use(const char *folder)
{
	struct results results;
	struct comparison comparison;
	char *text;
	size_t size;

	if (results_read(&results, folder))
		return -1;
	json_t *run = results_record(&results);
	assert_non_null(run);
	check_run(folder, run);
	json_decref(run);
	assert_int_equal(comparison_make(&comparison, &results, NULL), 0);
	json_t *record = comparison_record(&comparison);
	assert_non_null(record);
	json_decref(record);
	FILE *file = open_memstream(&text, &size);
	comparison_table(&comparison, file);
	fclose(file);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		if (strcspn(line, "\n") > 100)
			fail_msg("wider than 100 columns: %.*s", (int)strcspn(line, "\n"), line);
	free(text);
	comparison_free(&comparison);
	results_free(&results);
	return 0;
}

/* Not files_write(), which waits for the disk: there are thousands of them. */
static void write_records(const char *folder, const json_t *records)
{
	char *path = files_join(folder, JOURNAL_FILE);
	FILE *file = fopen(path, "w");
	const json_t *record;
	size_t i;

	assert_non_null(file);
	json_array_foreach (records, i, record) {
		json_dumpf(record, file, JSON_COMPACT);
		fputc('\n', file);
	}
	assert_int_equal(fclose(file), 0);
	free(path);
}

static void test_cut_anywhere(void **state)
{
	char *folder = sample_folder();

	(void)state;
	sample_write(folder, &plan);
	json_t *records = journal_read(folder);
	while (json_array_size(records) > 0) {
		write_records(folder, records);
		if (use(folder))
			fail_msg("%zu records: %s", json_array_size(records), said);
		json_array_remove(records, json_array_size(records) - 1);
	}
	json_decref(records);
	sample_folder_remove(folder);
}

/* Put each value in the place of each member of `object`, at any depth, and use the whole journal. */
static void spoil(const char *folder, json_t *records, json_t *object, json_t *values, int *read)
{
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		json_t *kept = json_incref(json_object_iter_value(at)), *value;
		size_t i;
		json_array_foreach (values, i, value) {
			json_object_iter_set(object, at, value);
			write_records(folder, records);
			*read += use(folder) == 0;
		}
		json_object_iter_set_new(object, at, kept);
		if (json_is_object(kept))
			spoil(folder, records, kept, values, read);
		if (json_is_object(json_array_get(kept, 0)))
			spoil(folder, records, json_array_get(kept, 0), values, read);
	}
}

static void test_spoiled(void **state)
{
	const struct sample_plan small = {.samples = samples, .count = 2, .runs = 1, .epochs = 1};
	json_t *values = json_pack("[n, s, s, i, I, f, b, [], {}]", "", "x\033[2J, \"", -1,
	                           (json_int_t)INT64_MAX, 1e300, 1);
	char *folder = sample_folder();
	json_t *record;
	size_t i;
	int read = 0;

	(void)state;
	sample_write(folder, &small);
	json_t *records = journal_read(folder);
	error_set_sink(hear);
	json_array_foreach (records, i, record)
		spoil(folder, records, record, values, &read);
	error_set_sink(NULL);
	assert_true(read > 1000); /* most members may be missing or odd */
	json_decref(records);
	json_decref(values);
	sample_folder_remove(folder);
}

/* The figure of an event that cannot be is not measured; all else stays. */
static void test_impossible_figures(void **state)
{
	static const char *const events[] = {
		"{\"event\":\"begin\",\"span\":\"train\",\"epoch\":9,\"ns\":5000}",
		"{\"event\":\"end\",\"span\":\"train\",\"epoch\":9,\"ns\":2000,\"loss\":-4}",
	};
	char *folder = sample_folder();
	struct results results;

	(void)state;
	sample_write(folder, &plan);
	json_t *records = journal_read(folder);
	for (size_t i = 0; i < COUNT(events); i++)
		json_array_append_new(records,
		                      json_pack("{s:s, s:i, s:i, s:o}", "record", "event", "process", 1,
		                                "ns", 1, "event", json_loads(events[i], 0, NULL)));
	write_records(folder, records);
	assert_int_equal(results_read(&results, folder), 0);
	const struct execution *first = &results.contestants[0].executions[0];
	const struct epoch *last = &first->epochs[first->n_epochs - 1];
	assert_int_equal(last->number, 9);
	check("an epoch that ends before it begins", last->train_seconds, UNMEASURED);
	check("a negative loss", last->train_loss, UNMEASURED);
	check("the others", first->epochs[1].train_loss, 0.25);
	results_free(&results);
	json_decref(records);
	sample_folder_remove(folder);
}

/* A record more, and what is said of it. */
#define FIVE(text) text text text text text
#define DEEP(open, close) FIVE(FIVE(open)) open FIVE(FIVE(close)) close
static const struct {
	const char *record, *said;
} additions[] = {
	{"{\"record\":\"exit\",\"process\":77,\"status\":\"unjudged\"}",
     "a process that was not started"},
	{"{\"record\":\"exit\",\"process\":1,\"status\":\"unjudged\"}",
     "a process that had ended before"},
	{"{\"record\":\"start\",\"process\":1,\"round\":1,\"label\":\"a\"}",
     "a process that was started before"},
	{"{\"record\":\"start\",\"process\":9,\"round\":1,\"label\":\"z\"}",
     "a start without a known label"},
	{"{\"record\":\"event\",\"event\":{}}", "a process that was not started"},
	{"{\"record\":\"memory\",\"process\":0}", "a process that was not started"},
	{"{\"record\":\"epoch_check\"}", "a second check of epoch 1"},
	{"{\"record\":\"a later version's\"}", NULL},
	{"{\"record\":\"deep\",\"x\":" DEEP("[", "]") "}", "nested too deep"},
};

static void test_additions(void **state)
{
	char *folder = sample_folder();

	(void)state;
	sample_write(folder, &plan);
	json_t *records = journal_read(folder);
	error_set_sink(hear);
	for (size_t i = 0; i < COUNT(additions); i++) {
		json_array_append_new(records, json_loads(additions[i].record, 0, NULL));
		write_records(folder, records);
		int failed = use(folder);
		json_array_remove(records, json_array_size(records) - 1);
		if (!failed != !additions[i].said || (failed && !strstr(said, additions[i].said)))
			fail_msg("case %zu: %d, said %s", i, failed, said);
	}
	error_set_sink(NULL);
	json_decref(records);
	sample_folder_remove(folder);
}

/* What the check of epoch 1 refuses is not verified, however its process ended. */
static void test_refused_by_the_check_of_epoch_1(void **state)
{
	const struct sample one = {
		.label = "a", .platform = "a", .epoch = 1, .accuracy = 9800, .ram = 100e6};
	const struct sample_plan refusing = {
		.samples = &one, .count = 1, .runs = 3, .epochs = 2, .refused = 2};
	char *folder = sample_folder();
	struct results results;

	(void)state;
	sample_write(folder, &refusing);
	assert_int_equal(results_read(&results, folder), 0);
	const struct contestant *a = &results.contestants[0];
	assert_int_equal(a->executions[0].status, STATUS_VERIFIED);
	assert_int_equal(a->executions[1].status, STATUS_NOT_VERIFIED);
	assert_int_equal(a->status, STATUS_NOT_VERIFIED);
	assert_non_null(strstr(a->why, "the mean loss of epoch 1 is 0.4993, the reference's 0.5"));
	json_t *record = results_record(&results), *epoch_1 = json_object_get(record, "epoch_check");
	assert_true(json_is_true(json_object_get(epoch_1, "checked")));
	check("loss of the reference", field_number(epoch_1, "reference"), 0.5);
	assert_int_equal(json_array_size(json_object_get(epoch_1, "refused")), 1);
	assert_null(json_object_get(epoch_1, "record"));
	json_decref(record);
	results_free(&results);
	sample_folder_remove(folder);
}

/* A check of epoch 1 in the place of the sample's, and what is said of it; process 1 came to its end, and
 * 2 was cut off. */
static const struct {
	const char *record, *said;
} checks[] = {
	{"{\"record\":\"epoch_check\"}", NULL},
	{"{\"record\":\"epoch_check\",\"refused\":null}", NULL},
	{"{\"record\":\"epoch_check\",\"refused\":[{\"process\":1,\"why\":null}]}", NULL},
	{"{\"record\":\"epoch_check\",\"refused\":[{\"process\":9}]}", "process that was not started"},
	{"{\"record\":\"epoch_check\",\"refused\":[7]}", "process that was not started"},
	{"{\"record\":\"epoch_check\",\"refused\":[{\"process\":2,\"why\":\"\"}]}",
     "it refuses a process that has not ended"},
};

static void test_checks_of_epoch_1(void **state)
{
	struct sample_plan cut = {.samples = samples, .count = 1, .runs = 2, .epochs = 2};
	char *folder = sample_folder();

	(void)state;
	cut.cut = 2 * 18 + 2; /* into the second process */
	sample_write(folder, &cut);
	json_t *records = journal_read(folder);
	error_set_sink(hear);
	for (size_t i = 0; i < COUNT(checks); i++) {
		json_array_append_new(records, json_loads(checks[i].record, 0, NULL));
		write_records(folder, records);
		int failed = use(folder);
		json_array_remove(records, json_array_size(records) - 1);
		if (!failed != !checks[i].said || (failed && !strstr(said, checks[i].said)))
			fail_msg("case %zu: %d, said %s", i, failed, said);
	}
	error_set_sink(NULL);
	json_decref(records);
	sample_folder_remove(folder);
}

/* ---- Several executions of one platform ---- */

/* Statuses of its rounds, and which of them is the platform's. */
static const struct {
	const char *first, *second, *worst;
} severities[] = {
	{"verified", "verified", "verified"},
	{"verified", "interrupted", "verified"},
	{"verified", "not_sharp", "not_sharp"},
	{"unjudged", "verified", "unjudged"},
	{"unjudged", "not_sharp", "not_sharp"},
	{"not_sharp", "diverged", "diverged"},
	{"verified", "failed", "failed"},
	{"not_verified", "verified", "not_verified"},
	{"not_verified", "not_sharp", "not_verified"},
	{"not_verified", "unjudged", "not_verified"},
	{"not_verified", "interrupted", "not_verified"},
	{"not_verified", "diverged", "not_verified"},
	{"not_verified", "timeout", "not_verified"},
	{"not_verified", "failed", "not_verified"},
	{"protocol_error", "not_verified", "not_verified"},
};

static void set_statuses(json_t *records, const char *first, const char *second)
{
	json_t *record;
	size_t i;

	json_array_foreach (records, i, record) {
		int64_t process = 0;
		field_integer(record, "process", 1, 2, &process);
		if (!strcmp(field_text(record, "record"), "exit"))
			json_object_set_new(record, "status", json_string(process == 1 ? first : second));
	}
}

static void test_severity(void **state)
{
	const struct sample_plan two = {.samples = samples, .count = 1, .runs = 2, .epochs = 1};
	char *folder = sample_folder();

	(void)state;
	sample_write(folder, &two);
	json_t *records = journal_read(folder);
	for (size_t i = 0; i < COUNT(severities); i++) {
		struct results results;
		set_statuses(records, severities[i].first, severities[i].second);
		write_records(folder, records);
		assert_int_equal(results_read(&results, folder), 0);
		const char *got = status_name(results.contestants[0].status);
		if (strcmp(got, severities[i].worst) != 0)
			fail_msg("%s, %s: got %s, wanted %s", severities[i].first, severities[i].second, got,
			         severities[i].worst);
		results_free(&results);
	}
	json_decref(records);
	sample_folder_remove(folder);
}

/* ---- Certificates ---- */

#define TENSOR(measured, allowed, holds)                                                           \
	"{\"measured\":" #measured ",\"allowed\":" #allowed ",\"holds\":" #holds "}"

/* Of two executions, and the proof that they make together. */
static const struct {
	const char *first, *second;
	struct proof proof;
} proofs[] = {
	{"null", "null", {.worst = UNMEASURED}},
	{"{}", "null", {.runs = 1, .worst = UNMEASURED}},
	{"{\"tensors\":[" TENSOR(1e-6, 4e-5, true) "," TENSOR(3e-6, 3e-5,
                                                          true) "],\"verify\":{\"steps\":10}}",
     "null",
     {.runs = 1, .tensors = 2, .steps = 10, .worst = 0.1}},
	{"{\"tensors\":[" TENSOR(2e-5, 4e-5, true) "],\"verify\":{\"steps\":4}}",
     "{\"tensors\":[" TENSOR(1e-5, 4e-5, true) "],\"verify\":{\"steps\":4}}",
     {.runs = 2, .tensors = 1, .steps = 4, .worst = 0.5}},
	/* the last process was cut off: what is known of the steps stays */
	{"{\"tensors\":[" TENSOR(3e-3, 3e-5, false) "],\"verify\":{\"steps\":4}}",
     "null",
     {.runs = 1, .tensors = 1, .steps = 4, .worst = 100}},
	/* a tensor that the job does not change and the worker did not either */
	{"{\"tensors\":[" TENSOR(null, null, true) "," TENSOR(1e-6, 1e-4, true) "]}",
     "null",
     {.runs = 1, .tensors = 2, .worst = 0.01}},
	/* one that the worker did change; a weight that is no number */
	{"{\"tensors\":[" TENSOR(null, null, false) "," TENSOR(1e-6, 1e-4, true) "]}",
     "{\"tensors\":[" TENSOR(1e-6, 1e-4, true) "," TENSOR(1e-6, 1e-4, true) "]}",
     {.runs = 2, .tensors = 2, .worst = (double)INFINITY}},
	{"{\"tensors\":[" TENSOR(null, 3e-5, false) "]}",
     "null",
     {.runs = 1, .tensors = 1, .worst = (double)INFINITY}},
};

static void check_worst(size_t number, double got, double wanted)
{
	if (isfinite(wanted) ? fabs(got - wanted) > 1e-12 * wanted
	                     : isnan(got) != isnan(wanted) || isinf(got) != isinf(wanted))
		fail_msg("case %zu: got %g, wanted %g", number, got, wanted);
}

static void test_proofs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(proofs); i++) {
		const char *const texts[] = {proofs[i].first, proofs[i].second};
		struct execution executions[2] = {{0}};
		const struct contestant contestant = {.executions = executions, .n_executions = 2};
		for (int e = 0; e < 2; e++)
			executions[e].exit =
				json_pack("{s:o}", "certificate", json_loads(texts[e], JSON_DECODE_ANY, NULL));
		const struct proof proof = contestant_proof(&contestant);
		assert_int_equal(proof.runs, proofs[i].proof.runs);
		assert_int_equal(proof.tensors, proofs[i].proof.tensors);
		assert_int_equal(proof.steps, proofs[i].proof.steps);
		check_worst(i, proof.worst, proofs[i].proof.worst);
		for (int e = 0; e < 2; e++)
			json_decref(executions[e].exit);
	}
}

/* As before there was a judge: no certificates, no check of epoch 1. */
static void test_older_journal(void **state)
{
	const struct sample_plan older = {.samples = samples, .count = 1, .runs = 2, .epochs = 2};
	char *folder = sample_folder();
	struct results results;
	json_t *record;
	size_t i;

	(void)state;
	sample_write(folder, &older);
	json_t *records = journal_read(folder);
	set_statuses(records, "unjudged", "unjudged");
	for (i = json_array_size(records); i-- > 0;) {
		json_object_del(json_array_get(records, i), "certificate");
		if (!strcmp(field_text(json_array_get(records, i), "record"), "epoch_check"))
			json_array_remove(records, i);
	}
	write_records(folder, records);
	assert_int_equal(results_read(&results, folder), 0);
	assert_int_equal(results.contestants[0].status, STATUS_UNJUDGED);
	assert_int_equal(contestant_proof(&results.contestants[0]).runs, 0);
	record = results_record(&results);
	assert_true(json_is_null(json_object_get(record, "epoch_check")));
	json_decref(record);
	json_decref(records);
	results_free(&results);
	sample_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_by_the_check_of_epoch_1),
		cmocka_unit_test(test_checks_of_epoch_1),
		cmocka_unit_test(test_severity),
		cmocka_unit_test(test_proofs),
		cmocka_unit_test(test_older_journal),
		cmocka_unit_test(test_status_names),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_interrupted_round),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_spoiled),
		cmocka_unit_test(test_additions),
		cmocka_unit_test(test_impossible_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
