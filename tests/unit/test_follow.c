/* SPDX-License-Identifier: MIT */
#include "runner/follow.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/event.h"
#include "core/files.h"
#include "core/memory.h"
#include "runner/interrupt.h"
#include "runner/rounds.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { TRAIN = 20, TEST = 10, EPOCHS = 4 };

static char folder[4096]; /* everything of this test */
static struct job job;
static char *hostile; /* tests/workers/hostile, beside this program */
static int number;    /* of the results folder */

/* ---- The world around `follow` ---- */

static void make_job(void)
{
	static uint8_t images[TRAIN * MODEL_PIXELS], labels[TRAIN];
	char name[] = "tiny", source[] = "built in";
	struct dataset dataset = {.name = name,
	                          .source = source,
	                          .n_train = TRAIN,
	                          .n_test = TEST,
	                          .train_images = images,
	                          .train_labels = labels,
	                          .test_images = images,
	                          .test_labels = labels};
	struct work work = {.shape = {1, 1, 1, 3}, .epochs = EPOCHS, .batch = 8, .lr = 0.01, .seed = 1};
	digest_bytes(images, sizeof(images), dataset.digest);
	char *path = job_write(folder, &dataset, &work, NULL);
	assert_non_null(path);
	assert_int_equal(job_open(&job, path), 0);
	free(path);
}

static int set_up(void **state)
{
	const char *temp = getenv("TMPDIR");
	char *self = files_self();

	(void)state;
	snprintf(folder, sizeof(folder), "%s/follow.XXXXXX", temp ? temp : "/tmp");
	if (!self || !mkdtemp(folder))
		return -1;
	*strrchr(self, '/') = '\0';
	hostile = files_join(self, "workers/hostile");
	free(self);
	make_job();
	interrupt_catch();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	job_close(&job);
	free(hostile);
	return files_remove_folder(folder);
}

/* A fresh results folder with logs/ and the file that workers lock. */
static char *make_results(void)
{
	char *results = memory_text("%s/results-%d", folder, ++number);
	char *logs = files_join(results, "logs"), *alive = files_join(results, "alive");

	assert_int_equal(files_make_folder(logs), 0);
	assert_int_equal(files_write(alive, "", 0), 0);
	free(logs);
	free(alive);
	return results;
}

/* A journal begins with its run. */
static struct journal *make_journal(const char *results)
{
	struct journal *journal = journal_create(results, 4096);

	assert_non_null(journal);
	assert_int_equal(
		journal_append(journal, json_pack("{s:s, s:s}", "record", "run", "schema", JOURNAL_SCHEMA)),
		0);
	return journal;
}

/* Killed processes of a group are gone a moment after the kill. */
static bool is_nobody_left(const char *results)
{
	char *alive = files_join(results, "alive");
	int lock = open(alive, O_RDONLY | O_CLOEXEC), held = -1;
	struct timespec nap = {0, 10 * 1000 * 1000};

	for (int i = 0; i < 500 && (held = flock(lock, LOCK_EX | LOCK_NB)); i++)
		nanosleep(&nap, NULL);
	close(lock);
	free(alive);
	return held == 0;
}

static struct candidate make_candidate(const char *mode)
{
	struct candidate candidate = {.platform = memory_copy(mode),
	                              .label = memory_copy(mode),
	                              .file = memory_copy(mode),
	                              .path = memory_text("%s/worker-%s", folder, mode),
	                              .ready = true};

	unlink(candidate.path);
	assert_int_equal(symlink(hostile, candidate.path), 0);
	return candidate;
}

static void free_candidate(struct candidate *candidate)
{
	free(candidate->platform);
	free(candidate->label);
	free(candidate->file);
	free(candidate->path);
}

/* ---- One process ---- */

static char *const no_environment[] = {NULL};

struct followed {
	char *results;
	const char *status;
	json_t *records, *exit; /* exit is borrowed */
	double seconds;
};

static struct followed follow_mode(const char *mode, double timeout)
{
	struct followed followed = {.results = make_results()};
	struct candidate candidate = make_candidate(mode);
	struct journal *journal = make_journal(followed.results);
	struct follow_order order = {.candidate = &candidate,
	                             .job = &job,
	                             .results = followed.results,
	                             .environment = no_environment,
	                             .process = 1,
	                             .round = 1,
	                             .timeout = timeout};
	int64_t start = clock_ns();

	struct outcome outcome;

	assert_int_equal(follow(&order, journal, NULL, &outcome), 0);
	followed.status = outcome.status;
	followed.seconds = 1e-9 * (double)(clock_ns() - start);
	journal_close(journal);
	followed.records = journal_read(followed.results);
	assert_non_null(followed.records);
	followed.exit = json_array_get(followed.records, json_array_size(followed.records) - 1);
	free_candidate(&candidate);
	return followed;
}

static void free_followed(struct followed *followed)
{
	json_decref(followed->records);
	free(followed->results);
}

static const char *text(const json_t *record, const char *name)
{
	const char *value = json_string_value(json_object_get(record, name));

	return value ? value : "";
}

static size_t count_records(const struct followed *followed, const char *kind)
{
	size_t count = 0, i;
	json_t *record;

	json_array_foreach (followed->records, i, record)
		count += strcmp(text(record, "record"), kind) == 0;
	return count;
}

static void check_ledger(const json_t *exit_record, const char *mode)
{
	const json_t *ledger = json_object_get(exit_record, "ledger"), *value;
	const char *name;
	double sum = 0, wall = json_number_value(json_object_get(exit_record, "wall_seconds"));

	assert_int_equal(json_object_size(ledger), 4);
	json_object_foreach ((json_t *)(uintptr_t)ledger, name, value) {
		if (json_number_value(value) < 0 && strcmp(mode, "future") != 0)
			fail_msg("%s: %s is %g", mode, name, json_number_value(value));
		sum += json_number_value(value);
	}
	if (fabs(sum - wall) > 1e-6)
		fail_msg("%s: the ledger's sum is %.9f, wall_seconds %.9f", mode, sum, wall);
}

/* Where a machine is so busy that a worker has not come to its fault in time, it gets more. */
static struct followed follow_to(const char *place, const char *mode, double timeout)
{
	for (;; timeout *= 4) {
		struct followed followed = follow_mode(mode, timeout);
		bool early =
			!strcmp(followed.status, "timeout") && !strstr(text(followed.exit, "why"), place);

		if (!early || timeout > 30)
			return followed;
		free_followed(&followed);
	}
}

static const struct {
	const char *mode;
	double timeout;
	const char *status, *why; /* why: a part of it */
} cases[] = {
	{"honest", 60, "unjudged", ""},
	{"slow", 60, "unjudged", ""},
	{"crash", 60, "failed", "killed by signal 11 (Segmentation fault"},
	{"fail", 60, "failed", "memory: no room for the weights"},
	{"leave", 60, "failed", "exit status 3 without an \"error\" event, in span \"train\", epoch 2"},
	{"quit", 60, "protocol_error", "without \"done\""},
	{"mute", 0.3, "timeout", "not finished after 0.3 s, before its first event"},
	{"silent", 0.5, "timeout", "in span \"train\", epoch 2"},
	{"flood", 60, "protocol_error", "line 7 is longer than 4096 bytes"},
	{"chatter", 60, "protocol_error", "more than 16 without a span between them"},
	{"torn", 60, "protocol_error", "line 8 was not finished"},
	{"babble", 60, "protocol_error", "line 8 is no JSON object"},
	{"foreign", 60, "protocol_error", "event 8 (\"tea\"): is no event of protocol 1"},
	{"close", 60, "protocol_error",
     "closed its events in span \"train\", epoch 2, and did not end"},
	{"child", 60, "unjudged", ""},
	{"stubborn", 0.5, "timeout", "in span \"train\", epoch 2"},
	{"early", 60, "protocol_error", "\"read\" after 1 of 4 epochs"},
	{"half", 60, "failed", "durations of an epoch"},
	{"idle", 60, "failed", "outside of spans"},
	{"future", 60, "failed", "after it was heard"},
	{"keep", 60, "failed", "after its stamp"},
	{"diverge", 60, "diverged", "not finite"},
	{"unavailable", 60, "unavailable", "no such device"},
	{"talk", 60, "protocol_error", "(\"memory\"): comes after the last event"},
	{"status", 60, "failed", "exit status 3 after \"done\""},
	{"lost", 60, "protocol_error", "there is no file \"read.npy\" in --out"},
	{"short", 60, "protocol_error", "\"read.npy\" holds float32 (65), wanted float32 (66)"},
	{"typed", 60, "protocol_error", "\"read.npy\" holds uint32 (66), wanted float32 (66)"},
	{"same", 60, "protocol_error", "\"read.npy\" is the file of \"read\""},
	{"cut", 60, "protocol_error",
     "\"read.npy\": its size is not what its header promises, wanted float32 (66)"},
	{"alias", 60, "protocol_error",
     "event 1 (\"hello\"): \"platform\" is \"honest\", but the worker was called as \"alias\""},
};

enum { CASES = sizeof(cases) / sizeof(*cases) };

static void check_case(size_t i)
{
	struct followed followed = follow_to(cases[i].why, cases[i].mode, cases[i].timeout);
	const char *why = text(followed.exit, "why");

	if (strcmp(followed.status, cases[i].status) != 0 || !strstr(why, cases[i].why))
		fail_msg("%s: got %s: %s\nwanted %s: ... %s ...", cases[i].mode, followed.status, why,
		         cases[i].status, cases[i].why);
	assert_string_equal(text(followed.exit, "record"), "exit");
	assert_string_equal(text(followed.exit, "status"), followed.status);
	assert_int_equal(count_records(&followed, "start"), 1);
	check_ledger(followed.exit, cases[i].mode);
	if (!is_nobody_left(followed.results))
		fail_msg("%s: a process is left", cases[i].mode);
	char *out = files_join(followed.results, "out-1");
	assert_false(files_is_folder(out));
	free(out);
	free_followed(&followed);
}

static void test_case(void **state)
{
	check_case((size_t)(uintptr_t)*state);
}

/* ---- What is in the journal ---- */

static void test_memory_is_sampled_at_each_epoch_and_in_between(void **state)
{
	(void)state;
	struct followed followed = follow_mode("slow", 60);
	size_t i, between = 0;
	json_t *record;
	int epochs = 0;

	json_array_foreach (followed.records, i, record) {
		if (strcmp(text(record, "record"), "memory") != 0)
			continue;
		int epoch = (int)json_integer_value(json_object_get(record, "epoch"));
		if (epoch)
			assert_int_equal(epoch, ++epochs);
		else
			between++;
		/* This worker ends right behind its last epoch: the sample may find it gone, and is null. */
		const json_t *anonymous = json_object_get(record, "anonymous");
		if (epoch == EPOCHS ? !json_is_null(anonymous) && json_integer_value(anonymous) < 10000
		                    : json_integer_value(anonymous) < 10000)
			fail_msg("epoch %d: anonymous: %lld", epoch, json_integer_value(anonymous));
		assert_true(json_is_null(json_object_get(record, "vram")));
		assert_true(json_is_integer(json_object_get(record, "system")));
	}
	assert_int_equal(epochs, EPOCHS);
	/* 1.2 s or, on a busy machine, more; 5 a second at most; each of four epochs of 300 ms holds one. */
	double wall = json_number_value(json_object_get(followed.exit, "wall_seconds"));
	if (between < 3 || (double)between > 5 * wall + 1)
		fail_msg("%zu samples in between, in %.3f s", between, wall);
	assert_true(json_integer_value(json_object_get(followed.exit, "peak_rss")) > 10000);
	free_followed(&followed);
}

static void test_the_log_ends_in_the_record(void **state)
{
	(void)state;
	struct followed followed = follow_mode("fail", 60);
	const json_t *tail = json_object_get(followed.exit, "log_tail");

	assert_int_equal(json_array_size(tail), 2);
	assert_string_equal(json_string_value(json_array_get(tail, 1)), "last line of the log");
	assert_string_equal(text(followed.exit, "log"), "logs/fail.log");
	free_followed(&followed);
}

static void test_what_is_no_event_is_quoted(void **state)
{
	(void)state;
	struct followed followed = follow_mode("babble", 60);
	size_t i;
	json_t *record;
	const char *quote = "";

	json_array_foreach (followed.records, i, record)
		if (json_object_get(record, "text"))
			quote = text(record, "text");
	assert_string_equal(quote, "epoch 1 of 4 \\xff\\x1b[31m loss 0.3");
	free_followed(&followed);
}

/* SIGKILL after two seconds of patience, for the child too. */
static void test_the_stubborn_are_killed(void **state)
{
	(void)state;
	struct followed followed = follow_to("in span \"train\", epoch 2", "stubborn", 0.5);

	assert_int_equal(json_integer_value(json_object_get(followed.exit, "signal")), SIGKILL);
	if (followed.seconds < 2)
		fail_msg("killed after %.3f s", followed.seconds);
	free_followed(&followed);
}

static void test_what_cannot_be_started_has_failed(void **state)
{
	(void)state;
	char *results = make_results();
	char *path = memory_text("%s/worker-gone", folder);
	struct candidate candidate = make_candidate("honest");
	struct journal *journal = make_journal(results);
	struct follow_order order = {.candidate = &candidate,
	                             .job = &job,
	                             .results = results,
	                             .environment = no_environment,
	                             .process = 1,
	                             .round = 1};
	struct outcome outcome;

	free(candidate.path);
	candidate.path = path;
	assert_int_equal(follow(&order, journal, NULL, &outcome), 0);
	assert_string_equal(outcome.status, "failed");
	journal_close(journal);
	free_candidate(&candidate);
	free(results);
}

/* ---- Rounds ---- */

static struct selection make_selection(const char *const *modes, size_t count)
{
	struct selection selection = {.items = memory_new(count, sizeof(*selection.items)),
	                              .count = count};

	for (size_t i = 0; i < count; i++)
		selection.items[i] = make_candidate(modes[i]);
	return selection;
}

static void free_items(struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++)
		free_candidate(&selection->items[i]);
	free(selection->items);
}

static json_t *run_rounds(const struct selection *selection, int runs, uint64_t seed)
{
	char *results = make_results();
	struct journal *journal = make_journal(results);
	struct rounds_order order = {.selection = selection,
	                             .job = &job,
	                             .results = results,
	                             .environment = no_environment,
	                             .runs = runs,
	                             .timeout = 60,
	                             .shuffle = seed};

	assert_int_equal(rounds_run(&order, journal, NULL), 0);
	journal_close(journal);
	json_t *records = journal_read(results);
	assert_true(is_nobody_left(results));
	free(results);
	return records;
}

/* The labels of a "round" record, joined. */
static char *order_of(const json_t *records, int round)
{
	char *joined = memory_copy("");
	size_t i, k;
	json_t *record, *label;

	json_array_foreach ((json_t *)(uintptr_t)records, i, record) {
		if (strcmp(text(record, "record"), "round") != 0 ||
		    json_integer_value(json_object_get(record, "round")) != round)
			continue;
		json_array_foreach (json_object_get(record, "order"), k, label) {
			char *longer = memory_text("%s%s ", joined, json_string_value(label));
			free(joined);
			joined = longer;
		}
	}
	return joined;
}

static void test_rounds_shuffle_and_leave_out_who_failed(void **state)
{
	static const char *const modes[] = {"honest", "leave", "child", "unavailable", "diverge"};
	struct selection selection = make_selection(modes, 5);

	(void)state;
	selection.items[3].ready = false;
	json_t *records = run_rounds(&selection, 3, 7), *again = run_rounds(&selection, 1, 7);
	char *first = order_of(records, 1), *second = order_of(records, 2),
		 *third = order_of(records, 3);
	char *first_again = order_of(again, 1);

	assert_non_null(strstr(first, "leave"));
	assert_null(strstr(first, "unavailable"));
	assert_null(strstr(second, "leave"));
	assert_non_null(strstr(third, "honest"));
	assert_non_null(strstr(third, "diverge"));
	assert_string_equal(first, first_again);
	const json_t *end = json_array_get(records, json_array_size(records) - 1);
	assert_string_equal(text(end, "record"), "end");
	assert_int_equal(json_integer_value(json_object_get(end, "signal")), 0);
	free(first);
	free(second);
	free(third);
	free(first_again);
	json_decref(records);
	json_decref(again);
	free_items(&selection);
}

/* What the worker chooses is the number of its own process. */
static void test_what_a_platform_chose_all_its_processes_train(void **state)
{
	static const char *const modes[] = {"tune", "honest"};
	struct selection selection = make_selection(modes, 2);
	json_t *records = run_rounds(&selection, 3, 7), *record;
	const char *chosen = NULL, *given[2] = {NULL, NULL};
	int tunings = 0, count = 0;
	size_t i;

	(void)state;
	json_array_foreach (records, i, record) {
		const json_t *event = json_object_get(record, "event");
		const json_t *argv = json_object_get(record, "argv");

		if (*event_text(event, "chosen")) {
			chosen = event_text(event, "chosen");
			tunings++;
		}
		for (size_t k = 1; k < json_array_size(argv); k++)
			if (strcmp(json_string_value(json_array_get(argv, k - 1)), "--chosen") == 0) {
				assert_string_equal(text(record, "label"), "tune");
				given[count++ % 2] = json_string_value(json_array_get(argv, k));
			}
	}
	assert_int_equal(tunings, 1);
	assert_int_equal(count, 2);
	assert_string_equal(given[0], chosen);
	assert_string_equal(given[1], chosen);
	json_decref(records);
	free_items(&selection);
}

/* A signal is for good: this test comes last. */
static void test_a_signal_ends_the_worker_and_all_rounds(void **state)
{
	static const char *const modes[] = {"silent", "silent"};
	struct selection selection = make_selection(modes, 2);
	pid_t killer = fork();

	(void)state;
	if (killer == 0) {
		struct timespec time = {0, 300 * 1000 * 1000};
		nanosleep(&time, NULL);
		kill(getppid(), SIGINT);
		_exit(0);
	}
	json_t *records = run_rounds(&selection, 2, 1);
	waitpid(killer, NULL, 0);
	size_t size = json_array_size(records);
	const json_t *end = json_array_get(records, size - 1),
				 *last = json_array_get(records, size - 2);
	assert_string_equal(text(last, "status"), "interrupted");
	assert_non_null(strstr(text(last, "why"), "signal 2"));
	assert_int_equal(json_integer_value(json_object_get(last, "process")), 1);
	assert_int_equal(json_integer_value(json_object_get(end, "signal")), SIGINT);
	json_decref(records);
	free_items(&selection);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(test_memory_is_sampled_at_each_epoch_and_in_between),
	cmocka_unit_test(test_the_log_ends_in_the_record),
	cmocka_unit_test(test_what_is_no_event_is_quoted),
	cmocka_unit_test(test_the_stubborn_are_killed),
	cmocka_unit_test(test_what_cannot_be_started_has_failed),
	cmocka_unit_test(test_rounds_shuffle_and_leave_out_who_failed),
	cmocka_unit_test(test_what_a_platform_chose_all_its_processes_train),
	cmocka_unit_test(test_a_signal_ends_the_worker_and_all_rounds),
};
enum { OTHERS = sizeof(others) / sizeof(*others) };

int main(void)
{
	struct CMUnitTest tests[CASES + OTHERS];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){
			.name = cases[i].mode, .test_func = test_case, .initial_state = (void *)(uintptr_t)i};
	memcpy(tests + CASES, others, sizeof(others));
	return cmocka_run_group_tests(tests, set_up, tear_down) != 0;
}
