/* SPDX-License-Identifier: MIT */
#include "report/comparison.h"

#include "results/field.h"

#include "sample_run.h"

#include <math.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define LONG_LABEL "pytorch_cpu:channels_last+compile+data=streaming+threads=1+workers=16"

static const struct sample many[] = {
	{.label = "pytorch_cpu",
     .platform = "pytorch_cpu",
     .epoch = 1.61,
     .scatter = 0.02,
     .cold = 0.31,
     .setup = 1.9,
     .accuracy = 9874,
     .ram = 512.3e6},
	{.label = "c_cpu",
     .platform = "c_cpu",
     .epoch = 0.8121,
     .scatter = 0.01,
     .cold = 0.02,
     .setup = 0.04,
     .accuracy = 9871,
     .ram = 98.4e6},
	{.label = "c_cpu:isa=avx2",
     .platform = "c_cpu",
     .epoch = 0.815,
     .scatter = 0.002,
     .cold = 0.02,
     .setup = 0.04,
     .accuracy = 9871,
     .ram = 98.1e6},
	{.label = "numba_cpu",
     .platform = "numba_cpu",
     .epoch = 4.207,
     .scatter = 0.25,
     .cold = 0.05,
     .setup = 11.2,
     .accuracy = 9868,
     .ram = 402e6},
	{.label = "c_cuda",
     .platform = "c_cuda",
     .epoch = 0.0412,
     .scatter = 0.03,
     .cold = 0.006,
     .setup = 0.35,
     .accuracy = 9869,
     .ram = 310e6,
     .vram = 412e6},
	{.label = LONG_LABEL,
     .platform = "pytorch_cpu",
     .epoch = 2.9,
     .scatter = 0.02,
     .cold = 21.4,
     .setup = 2.2,
     .accuracy = 9873,
     .ram = 1211e6},
	{.label = "pytorch_cuda:tf32",
     .platform = "pytorch_cuda",
     .epoch = 0.11,
     .scatter = 0.02,
     .cold = 0.4,
     .setup = 2.4,
     .accuracy = 9870,
     .ram = 2210e6,
     .vram = 1130e6,
     .delta = true,
     .precision = "tf32"},
	{.label = "c_opencl",
     .platform = "c_opencl",
     .epoch = 0.06, /* less than that of the unranked, and yet behind it */
     .scatter = 0.02,
     .cold = 0.1,
     .setup = 0.8,
     .accuracy = 9860,
     .ram = 340e6,
     .status = "failed",
     .why = "exit status 1 in epoch 2"},
	{.label = "numba_cuda",
     .platform = "numba_cuda",
     .reason = "no CUDA driver: libcuda.so.1 not found",
     .help =
         "install NVIDIA's driver, or set NUMBA_ENABLE_CUDASIM=1 to try the simulator, which is slow and never ranked"},
};

static char *print(const struct comparison *comparison)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	comparison_table(comparison, file);
	fclose(file);
	return text;
}

/* ---- Figures ---- */

static void check(const char *what, double got, double wanted)
{
	if (isnan(wanted) ? isnan(got) : fabs(got - wanted) <= 1e-8 * fmax(1, fabs(wanted)))
		return;
	fail_msg("%s: got %.12g, wanted %.12g", what, got, wanted);
}

static void make(struct comparison *comparison, struct results *results, const char *folder,
                 const struct sample_plan *plan)
{
	sample_write(folder, plan);
	assert_int_equal(results_read(results, folder), 0);
	assert_int_equal(comparison_make(comparison, results, NULL), 0);
}

static const struct row *row_of(const struct comparison *comparison, const char *label)
{
	for (size_t i = 0; i < comparison->n_rows; i++)
		if (strcmp(comparison->rows[i].contestant->label, label) == 0)
			return &comparison->rows[i];
	fail_msg("no row %s", label);
	return NULL;
}

static void test_figures(void **state)
{
	static const struct sample two[] = {
		{.label = "a",
	     .platform = "a",
	     .epoch = 0.5,
	     .cold = 0.1,
	     .setup = 0.2,
	     .accuracy = 9800,
	     .ram = 100e6},
		{.label = "b",
	     .platform = "b",
	     .epoch = 1,
	     .cold = 0.3,
	     .setup = 0.4,
	     .accuracy = 9700,
	     .ram = 200e6,
	     .vram = 50e6},
	};
	const struct sample_plan plan = {
		.samples = two, .count = 2, .runs = 3, .epochs = 3, .extra = 2};
	char *folder = sample_folder();
	struct results results;
	struct comparison comparison;

	(void)state;
	make(&comparison, &results, folder, &plan);
	const struct row *a = row_of(&comparison, "a"), *b = row_of(&comparison, "b");
	assert_ptr_equal(comparison.reference, a);
	assert_ptr_equal(comparison.rows, a);
	assert_int_equal(a->runs, 3);
	assert_int_equal(a->epoch.n, 3 * 4);
	check("epoch", a->epoch.median, 0.5);
	check("samples per second", a->samples_per_second, 120000);
	check("cold", a->cold_epoch, 0.6);
	check("train", a->train_seconds, 0.6 + 2 * 0.5);
	/* start, 2 ms to hello, upload, three epochs with an eval of a twentieth, 1 ms read */
	check("total", a->total_seconds, 0.002 + 0.2 + 0.6 + 2 * 0.5 + 3 * 0.025 + 0.001);
	/* 9500, 9650 and 9800 of 10,000: the third; without the read */
	check("to 97%", a->seconds_to_97, 0.002 + 0.2 + 0.6 + 2 * 0.5 + 3 * 0.025);
	check("to 97%, b", b->seconds_to_97, 0.002 + 0.4 + 1.3 + 2 + 3 * 0.05);
	check("loss", a->train_loss, 0.5 / 3);
	check("train accuracy", a->train_accuracy, 0.965);
	check("test accuracy", a->test_accuracy, 0.98);
	check("best test accuracy", a->max_test_accuracy, 0.98);
	check("mean RAM", a->mean_rss, 100e6);
	check("peak RAM", a->peak_rss, 110e6);
	check("VRAM", a->peak_vram, UNMEASURED);
	check("VRAM, b", b->peak_vram, 50e6);
	check("ratio", b->ratio.value, 2);
	check("low", b->ratio.low, 2);
	check("high", b->ratio.high, 2);
	assert_int_equal(b->verdict, VERDICT_SLOWER);
	assert_int_equal(a->verdict, VERDICT_REFERENCE);
	comparison_free(&comparison);
	results_free(&results);
	sample_folder_remove(folder);
}

/* Of numbers that are none nothing can be counted. */
static void test_divergence(void **state)
{
	static const struct sample wild = {.label = "wild",
	                                   .platform = "wild",
	                                   .epoch = 1,
	                                   .accuracy = 980,
	                                   .ram = 1e6,
	                                   .diverges = true,
	                                   .status = "diverged",
	                                   .why = "a loss is not finite"};
	const struct sample_plan plan = {.samples = &wild, .count = 1, .runs = 1, .epochs = 2};
	char *folder = sample_folder();
	struct results results;
	struct comparison comparison;

	(void)state;
	make(&comparison, &results, folder, &plan);
	check("cold epoch", comparison.rows->cold_epoch, 1);
	check("train accuracy", comparison.rows->train_accuracy, UNMEASURED);
	check("test accuracy", comparison.rows->test_accuracy, UNMEASURED);
	check("best test accuracy", comparison.rows->max_test_accuracy, UNMEASURED);
	comparison_free(&comparison);
	results_free(&results);
	sample_folder_remove(folder);
}

/* The second platform against the first, whose epochs take a second. */
static const struct {
	double epoch, scatter;
	int runs;
	enum verdict verdict;
} verdicts[] = {
	{1.0, 0.001, 3, VERDICT_REFERENCE}, /* whichever is the fastest is the reference */
	{1.01, 0.001, 3, VERDICT_SAME},     {1.05, 0.001, 3, VERDICT_SLOWER},
	{1.05, 0.2, 3, VERDICT_UNDECIDED},  {1.05, 0, 2, VERDICT_SLOWER},
	{1.05, 0, 1, VERDICT_NONE},
};

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(verdicts); i++) {
		struct sample two[] = {
			{.label = "a", .platform = "a", .epoch = 1, .accuracy = 9800, .ram = 1e6},
			{.label = "b",
		     .platform = "b",
		     .epoch = verdicts[i].epoch,
		     .scatter = verdicts[i].scatter,
		     .accuracy = 9800,
		     .ram = 1e6},
		};
		const struct sample_plan plan = {
			.samples = two, .count = 2, .runs = verdicts[i].runs, .epochs = 6};
		char *folder = sample_folder();
		struct results results;
		struct comparison comparison;
		make(&comparison, &results, folder, &plan);
		const struct row *a = row_of(&comparison, "a"), *b = row_of(&comparison, "b");
		const struct row *other =
			comparison.reference == a || verdicts[i].verdict == VERDICT_REFERENCE ? b : a;
		if (verdicts[i].verdict != VERDICT_REFERENCE && other->verdict != verdicts[i].verdict)
			fail_msg("case %zu: got %d, wanted %d, ratio %g [%g, %g]", i, (int)other->verdict,
			         (int)verdicts[i].verdict, other->ratio.value, other->ratio.low,
			         other->ratio.high);
		if (other->verdict == VERDICT_UNDECIDED)
			assert_true(other->runs_needed > verdicts[i].runs);
		comparison_free(&comparison);
		results_free(&results);
		sample_folder_remove(folder);
	}
}

/* ---- Table ---- */

/* The golden table; CNNBENCH_GOLDEN=write makes it anew. */
static void check_golden(const char *text, const char *name)
{
	char *path = memory_text("tests/data/%s", name);

	if (getenv("CNNBENCH_GOLDEN"))
		assert_int_equal(files_write(path, text, strlen(text)), 0);
	char *wanted = files_read(path, 1 << 20, NULL);
	assert_non_null(wanted);
	if (strcmp(text, wanted) != 0)
		fail_msg("%s: got\n%s\nwanted\n%s", name, text, wanted);
	free(wanted);
	free(path);
}

static void check_width(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t size = strcspn(line, "\n");
		if (size > 100)
			fail_msg("%zu columns: %.*s", size, (int)size, line);
		if (size > 0 && line[size - 1] == ' ')
			fail_msg("a space at the end: %.*s", (int)size, line);
		for (size_t i = 0; i < size; i++)
			if (line[i] < ' ' || line[i] > '~')
				fail_msg("byte %02x: %.*s", (unsigned char)line[i], (int)size, line);
	}
}

static void check_table(const struct sample_plan *plan, const char *name)
{
	char *folder = sample_folder();
	struct results results;
	struct comparison comparison;

	make(&comparison, &results, folder, plan);
	char *text = print(&comparison);
	check_width(text);
	check_golden(text, name);
	free(text);
	comparison_free(&comparison);
	results_free(&results);
	sample_folder_remove(folder);
}

static void test_table(void **state)
{
	const struct sample_plan plan = {
		.samples = many, .count = COUNT(many), .runs = 3, .epochs = 10, .extra = 0};

	(void)state;
	check_table(&plan, "table.txt");
}

static void test_table_of_one(void **state)
{
	const struct sample_plan plan = {.samples = many + 1, .count = 1, .runs = 1, .epochs = 1};

	(void)state;
	check_table(&plan, "table-one.txt");
}

static void test_table_of_none(void **state)
{
	const struct sample gone = {
		.label = "c_cuda", .platform = "c_cuda", .reason = "no driver", .help = "install it"};
	const struct sample_plan plan = {.samples = &gone, .count = 1, .runs = 1, .epochs = 1};

	(void)state;
	check_table(&plan, "table-none.txt");
}

static void test_table_interrupted(void **state)
{
	const struct sample_plan plan = {
		.samples = many, .count = 3, .runs = 3, .epochs = 3, .cut = 110};

	(void)state;
	check_table(&plan, "table-interrupted.txt");
}

/* Numbers so far apart that labels and statuses need lines of their own. */
static void test_table_stacked(void **state)
{
	static const struct sample wide[] = {
		{.label = "c_cuda",
	     .platform = "c_cuda",
	     .epoch = 0.0412,
	     .scatter = 0.03,
	     .accuracy = 9869,
	     .ram = 12310e6,
	     .vram = 23412e6},
		{.label = "numba_cpu",
	     .platform = "numba_cpu",
	     .epoch = 22.311,
	     .scatter = 0.25,
	     .setup = 12345,
	     .accuracy = 9868,
	     .ram = 402e6},
		{.label = "cython",
	     .platform = "cython",
	     .epoch = 11.3,
	     .scatter = 0.25,
	     .accuracy = 9868,
	     .ram = 402e6,
	     .status = "protocol_error",
	     .why = "event 7: end of a span that is not open"},
	};
	const struct sample_plan plan = {
		.samples = wide, .count = COUNT(wide), .runs = 3, .epochs = 10};

	(void)state;
	check_table(&plan, "table-stacked.txt");
}

/* ---- What the judge said ---- */

static const struct sample judged[] = {
	{.label = "liar",
     .platform = "liar",
     .epoch = 0.1,
     .accuracy = 9911,
     .ram = 90e6,
     .status = "not_verified",
     .why = "it counts 9911 of 10000 test images correct, the reference with its final weights "
            "9023; they may differ by 3",
     .counted = 9023},
	{.label = "decaying",
     .platform = "decaying",
     .epoch = 0.15,
     .accuracy = 9807,
     .ram = 90e6,
     .status = "not_verified",
     .why = "1 of 8 tensors are off; most fc1.weight: ||w - ref|| is 0.0011, 2.8e-05 is allowed, "
            "and training changes it by 0.37",
     .off = "fc1.weight"},
	{.label = "blunt",
     .platform = "blunt",
     .epoch = 0.2,
     .scatter = 0.3,
     .accuracy = 9811,
     .ram = 90e6,
     .status = "not_sharp",
     .why = "this job does not change conv1.weight, so it cannot show who trains it",
     .still = "conv1.weight"},
	{.label = "aged",
     .platform = "aged",
     .epoch = 0.3,
     .accuracy = 9811,
     .ram = 90e6,
     .status = "unjudged"},
	{.label = "honest", .platform = "honest", .epoch = 0.9, .accuracy = 9811, .ram = 90e6},
	{.label = "hasty", .platform = "hasty", .epoch = 0.1, .accuracy = 9811, .ram = 90e6},
};

/* The second round's; of `hasty` the first process. */
static const struct sample_plan judged_plan = {
	.samples = judged, .count = COUNT(judged), .runs = 2, .epochs = 2, .refused = 6};

/* Only what is verified has a rank. */
static void test_table_of_the_judge(void **state)
{
	(void)state;
	check_table(&judged_plan, "table-judged.txt");
}

/* Nothing that is not verified is named without its status in the same line. */
static void test_statuses_beside_names(void **state)
{
	char *folder = sample_folder();
	struct results results;
	struct comparison comparison;
	int named = 0;

	(void)state;
	make(&comparison, &results, folder, &judged_plan);
	char *text = print(&comparison), *rest = text;
	for (const char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		for (size_t i = 0; i < comparison.n_rows; i++) {
			const struct contestant *contestant = comparison.rows[i].contestant;
			if (contestant->status == STATUS_VERIFIED || !strstr(line, contestant->label))
				continue;
			named++;
			if (!strstr(line, status_name(contestant->status)))
				fail_msg("%s without its status: %s", contestant->label, line);
		}
	assert_int_equal(named, 5 * 2); /* in the table and with its reason */
	free(text);
	comparison_free(&comparison);
	results_free(&results);
	sample_folder_remove(folder);
}

/* One platform, and what the lines under its table say of the judge. */
static const struct {
	const char *status;
	double rounding;
	int epochs;
	bool asked;
	const char *says, *lacks; /* without the line breaks */
} sayings[] = {
	{NULL, 0.01, 2, false, "in all 8 tensors (worst below 0.1% of what is allowed)", NULL},
	{NULL, 2, 2, false, "(worst at 8.0% of what is allowed)", NULL},
	{NULL, 12, 2, false, "(worst at 48% of what is allowed)", NULL},
	{NULL, 1, 2, false, "verified: in the timed process, 10 steps from the initial weights", NULL},
	{NULL, 1, 2, false, "epochs not cross-checked: only one platform", "epoch 1 checked"},
	{NULL, 1, 2, true, "epoch 1 checked: the reference trained epoch 1 itself: loss 0.5.",
     "not cross-checked"},
	{NULL, 1, 0, false, "verified: in the timed process", "cross-checked"},
	{"not_sharp", 1, 2, false, "epochs not cross-checked: only one platform", "verified:"},
	{"not_sharp", 1, 2, false, "not ranked: a (not_sharp): it is not verified", "verified:"},
	{"not_verified", 1, 2, false, "- a: not_verified (logs/worker.log)", "\nverified:"},
	{"unjudged", 1, 2, false, "(unjudged): nothing has checked what it computed", "verified"},
	{"failed", 1, 2, false, "- a: failed", "cross-checked"},
};

static void test_sayings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sayings); i++) {
		const struct sample one = {.label = "a",
		                           .platform = "a",
		                           .epoch = 1,
		                           .accuracy = 9800,
		                           .ram = 1e6,
		                           .status = sayings[i].status,
		                           .rounding = sayings[i].rounding};
		const struct sample_plan plan = {.samples = &one,
		                                 .count = 1,
		                                 .runs = 1,
		                                 .epochs = sayings[i].epochs,
		                                 .asked = sayings[i].asked};
		char *folder = sample_folder();
		struct results results;
		struct comparison comparison;
		make(&comparison, &results, folder, &plan);
		char *text = print(&comparison);
		check_width(text);
		const bool lacks = !sayings[i].lacks || !strstr(text, sayings[i].lacks);
		for (char *at = text; (at = strchr(at, '\n'));)
			*at = ' ';
		if (!lacks || !strstr(text, sayings[i].says))
			fail_msg("case %zu: got %s, wanted %s, not %s", i, text, sayings[i].says,
			         sayings[i].lacks);
		free(text);
		comparison_free(&comparison);
		results_free(&results);
		sample_folder_remove(folder);
	}
}

static char said[1024];

static void hear(const char *message)
{
	snprintf(said, sizeof(said), "%s", message);
}

/* Of what is not verified there is no ratio, for nobody. */
static void test_ranks_of_the_judge(void **state)
{
	char *folder = sample_folder();
	struct results results;
	struct comparison comparison;

	(void)state;
	make(&comparison, &results, folder, &judged_plan);
	assert_string_equal(comparison.reference->contestant->label, "honest");
	for (size_t i = 0; i < comparison.n_rows; i++) {
		const struct row *row = &comparison.rows[i];
		const bool honest = row == comparison.reference;
		assert_int_equal(row->ranked, honest);
		assert_int_equal(row->verdict, honest ? VERDICT_REFERENCE : VERDICT_NONE);
		check(row->contestant->label, row->ratio.value, honest ? 1 : UNMEASURED);
	}
	comparison_free(&comparison);
	error_set_sink(hear);
	assert_int_equal(comparison_make(&comparison, &results, "blunt"), -1);
	assert_non_null(strstr(said, "(not_sharp: this job does not change conv1.weight"));
	assert_int_equal(comparison_make(&comparison, &results, "liar"), -1);
	assert_non_null(strstr(said, "(not_verified: "));
	error_set_sink(NULL);
	results_free(&results);
	sample_folder_remove(folder);
}

/* The largest of both rounds: the second's, of process 11, but where the judge found a fault. */
static const struct {
	const char *label, *status;
	double worst;
	int runs;
} verifications[] = {
	{"honest", "verified", 1.9e-6 * 1.11 / 4.8e-5, 2},
	{"blunt", "not_sharp", 1.9e-6 * 1.03 / 4.8e-5,
     2}, /* conv1.weight has figures in round 1 alone */
	{"aged", "unjudged", 1.9e-6 * 1.04 / 4.8e-5, 1},
	{"hasty", "not_verified", 1.9e-6 * 1.12 / 4.8e-5, 2},
	{"decaying", "not_verified", 40, 2},
};

static const json_t *platform_of(const json_t *group, const char *label)
{
	const json_t *platform;
	size_t i;

	json_array_foreach (json_object_get(group, "platforms"), i, platform)
		if (!strcmp(field_text(platform, "platform"), label))
			return platform;
	fail_msg("no platform %s", label);
	return NULL;
}

static void test_record_of_the_judge(void **state)
{
	char *folder = sample_folder();
	struct results results;
	struct comparison comparison;

	(void)state;
	make(&comparison, &results, folder, &judged_plan);
	json_t *record = comparison_record(&comparison);
	const json_t *group = json_array_get(json_object_get(record, "groups"), 0);
	const json_t *epoch_check = json_object_get(group, "epoch_check");
	for (size_t i = 0; i < COUNT(verifications); i++) {
		const json_t *platform = platform_of(group, verifications[i].label);
		const json_t *verification = json_object_get(platform, "verification");
		assert_string_equal(field_text(platform, "status"), verifications[i].status);
		check(verifications[i].label, field_number(verification, "worst_of_allowed"),
		      verifications[i].worst);
		assert_int_equal(json_integer_value(json_object_get(verification, "runs")),
		                 verifications[i].runs);
	}
	check("reference's loss", field_number(epoch_check, "reference"), 0.5);
	assert_int_equal(json_array_size(json_object_get(epoch_check, "refused")), 1);
	assert_null(json_object_get(epoch_check, "ns"));
	json_decref(record);
	comparison_free(&comparison);
	results_free(&results);
	sample_folder_remove(folder);
}

/* ---- Several runs ---- */

static void alter_second(json_t *run)
{
	json_t *machine = json_object_get(run, "machine");

	json_object_set_new(run, "started", json_string("2026-11-23T08:00:00Z"));
	json_object_set_new(machine, "cpu", json_string("Another CPU 300"));
	json_object_set_new(machine, "host_id", json_string("22"));
}

static void alter_first(json_t *run)
{
	json_object_set_new(json_object_get(run, "machine"), "host_id", json_string("11"));
}

static void alter_third(json_t *run)
{
	json_object_set_new(run, "started", json_string("2026-11-23T09:00:00Z"));
	json_object_set_new(run, "threads", json_integer(8));
	alter_first(run);
}

/* Two machines, and the first of them once more. */
static void test_table_of_runs(void **state)
{
	static const struct sample slower[] = {
		{.label = "c_cpu", .platform = "c_cpu", .epoch = 1.21, .accuracy = 9871, .ram = 98e6},
		{.label = "fast", .platform = "fast", .epoch = 0.4, .accuracy = 9871, .ram = 98e6},
	};
	const struct sample_plan plans[] = {
		{.samples = many, .count = 2, .runs = 3, .epochs = 4, .alter = alter_first},
		{.samples = slower, .count = 2, .runs = 2, .epochs = 4, .alter = alter_second},
		{.samples = many + 1, .count = 1, .runs = 3, .epochs = 4, .alter = alter_third},
	};
	struct results results[3];
	const struct results *runs[3];
	struct comparison comparison;
	static const char *const names[] = {"base", "laptop/run.json", "again"};

	(void)state;
	for (size_t i = 0; i < COUNT(plans); i++) {
		char *folder = sample_folder();
		sample_write(folder, &plans[i]);
		assert_int_equal(results_read(&results[i], folder), 0);
		free(results[i].folder);
		results[i].folder = memory_copy(names[i]);
		runs[i] = &results[i];
		sample_folder_remove(folder);
	}
	assert_int_equal(comparison_make_of(&comparison, runs, COUNT(runs), NULL), 0);
	assert_string_equal(comparison.reference->name, "fast@B");
	assert_int_equal(comparison_machine(&comparison, 2), 0);
	char *text = print(&comparison);
	check_width(text);
	check_golden(text, "table-merged.txt");
	free(text);
	comparison.view = VIEW_ORIGINAL;
	text = print(&comparison);
	check_width(text);
	check_golden(text, "table-merged-original.txt");
	free(text);
	comparison_free(&comparison);

	/* A label alone is that of the first run; pairs of one run only have a verdict. */
	assert_int_equal(comparison_make_of(&comparison, runs, COUNT(runs), "c_cpu"), 0);
	assert_string_equal(comparison.reference->name, "c_cpu@A");
	for (size_t i = 0; i < comparison.n_rows; i++) {
		const struct row *row = &comparison.rows[i];
		if (row->run != 0)
			assert_int_equal(row->verdict, VERDICT_NONE);
		assert_true(row == comparison.reference || row->paired == (row->run == 0));
	}
	json_t *record = comparison_record(&comparison);
	const json_t *group = json_array_get(json_object_get(record, "groups"), 0);
	assert_int_equal(json_array_size(json_object_get(group, "runs")), 3);
	assert_int_equal(json_array_size(json_object_get(group, "platforms")), 5);
	json_decref(record);
	comparison_free(&comparison);
	assert_int_equal(comparison_make_of(&comparison, runs, COUNT(runs), "c_cpu@C"), 0);
	assert_int_equal(comparison.reference->run, 2);
	comparison_free(&comparison);
	for (size_t i = 0; i < COUNT(results); i++)
		results_free(&results[i]);
}

static void test_tags(void **state)
{
	static const struct {
		size_t run;
		const char *tag;
	} tags[] = {{0, "A"}, {25, "Z"}, {26, "AA"}, {701, "ZZ"}, {702, "AAA"}};
	char tag[RUN_TAG_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(tags); i++) {
		run_tag(tags[i].run, tag);
		assert_string_equal(tag, tags[i].tag);
	}
}

/* What a spreadsheet would give, of two rounds of three epochs, none of them extra. */
static void test_averages(void **state)
{
	static const struct sample one = {.label = "a",
	                                  .platform = "a",
	                                  .epoch = 0.5,
	                                  .cold = 0.1,
	                                  .accuracy = 9800,
	                                  .ram = 100e6,
	                                  .vram = 7e6};
	const struct sample_plan plan = {
		.samples = &one, .count = 1, .runs = 2, .epochs = 3, .extra = 2};
	char *folder = sample_folder();
	struct results results;
	struct comparison comparison;

	(void)state;
	make(&comparison, &results, folder, &plan);
	const struct averages *averages = &comparison.rows->averages;
	check("epoch", averages->epoch_seconds, 1.6 / 3);
	check("training", averages->train_seconds, 1.6);
	check("throughput", averages->throughput, (100000 + 120000 + 120000) / 3.0);
	check("final", averages->final_test_accuracy, 0.98);
	check("best", averages->best_test_accuracy, 0.98);
	check("RAM", averages->rss, 100e6);
	check("VRAM", averages->max_vram, 7e6);
	assert_int_equal(averages->last_epoch, 3);
	comparison_free(&comparison);
	results_free(&results);
	sample_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_divergence),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_of_one),
		cmocka_unit_test(test_table_of_none),
		cmocka_unit_test(test_table_interrupted),
		cmocka_unit_test(test_table_stacked),
		cmocka_unit_test(test_table_of_the_judge),
		cmocka_unit_test(test_statuses_beside_names),
		cmocka_unit_test(test_sayings),
		cmocka_unit_test(test_ranks_of_the_judge),
		cmocka_unit_test(test_record_of_the_judge),

		cmocka_unit_test(test_table_of_runs),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_averages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
