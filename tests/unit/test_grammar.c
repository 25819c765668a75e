/* SPDX-License-Identifier: MIT */
#include "core/event.h"
#include "runner/grammar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Two epochs of 20 samples in batches of 8, and 10 to evaluate. */
static const struct job two_epochs = {
	.work = {.epochs = 2, .batch = 8}, .n_train = 20, .n_test = 10};
static const struct job no_epochs = {
	.work = {.epochs = 0, .batch = 8}, .n_train = 20, .n_test = 10};

/* clang-format off */
#define HELLO                                                                                      \
	"{'event':'hello','protocol':1,'platform':'x','device':'d','device_kind':'cpu',"               \
	"'simulated':false,'precision':'float32','data':'resident','options':{}}"
#define BEGIN(span, ns) "{'event':'begin','span':'" span "','ns':" #ns "}"
#define END(span, ns) "{'event':'end','span':'" span "','ns':" #ns "}"
#define BEGIN_EPOCH(span, epoch, ns)                                                               \
	"{'event':'begin','span':'" span "','epoch':" #epoch ",'ns':" #ns "}"
#define END_TRAIN(epoch, ns)                                                                       \
	"{'event':'end','span':'train','epoch':" #epoch ",'ns':" #ns                                   \
	",'samples':20,'steps':3,'loss':2.3,'correct':5}"
#define END_EVAL(epoch, ns)                                                                        \
	"{'event':'end','span':'eval','epoch':" #epoch ",'ns':" #ns                                    \
	",'samples':10,'loss':2.3,'correct':10}"
#define END_FILE(span, ns, file)                                                                   \
	"{'event':'end','span':'" span "','ns':" #ns ",'file':'" file "'}"
#define MEMORY "{'event':'memory','name':'pool','bytes':1}"
#define DONE "{'event':'done'}"
#define UNAVAILABLE "{'event':'unavailable','reason':'no driver','help':'install it'}"
#define ERROR "{'event':'error','kind':'memory','message':'no room'}"

static const char *const good[] = {
	/*  1 */ HELLO,
	/*  2 */ BEGIN("upload", 10),
	/*  3 */ END("upload", 20),
	/*  4 */ BEGIN_EPOCH("train", 1, 30),
	/*  5 */ END_TRAIN(1, 40),
	/*  6 */ BEGIN_EPOCH("eval", 1, 50),
	/*  7 */ END_EVAL(1, 60),
	/*  8 */ BEGIN_EPOCH("train", 2, 70),
	/*  9 */ END_TRAIN(2, 80),
	/* 10 */ BEGIN_EPOCH("eval", 2, 90),
	/* 11 */ END_EVAL(2, 100),
	/* 12 */ BEGIN("read", 110),
	/* 13 */ END_FILE("read", 120, "a.npy"),
	/* 14 */ "{'event':'begin','span':'train','epoch':3,'extra':true,'ns':130}",
	/* 15 */ "{'event':'end','span':'train','epoch':3,'extra':true,'ns':140,'samples':20,'steps':3,'loss':1,'correct':0}",
	/* 16 */ BEGIN("verify", 150),
	/* 17 */ END_FILE("verify", 160, "b.npy"),
	/* 18 */ BEGIN("close", 170),
	/* 19 */ END("close", 180),
	/* 20 */ DONE,
};

enum change { AS_IS, REPLACE, INSERT, DELETE, STOP }; /* STOP: the stream ends before the line */

/* One change to the good stream, and what is said then; NULL: nothing, it is still in order. */
static const struct {
	enum change change;
	size_t line;
	const char *text, *why;
} changes[] = {
	{AS_IS, 1, NULL, NULL},

	/* hello */
	{DELETE, 1, NULL, "event 1 (\"begin\"): comes before \"hello\""},
	{INSERT, 2, HELLO, "event 2 (\"hello\"): comes a second time"},
	{INSERT, 1, MEMORY, "event 1 (\"memory\"): comes before \"hello\""},
	{INSERT, 1, "{'event':'tea'}", "event 1 (\"tea\"): is no event of protocol 1"},
	{REPLACE, 1, "{'event':'hello','protocol':1,'platform':'x','device':'d','device_kind':'cpu','simulated':false,'precision':'','data':'','options':{},'variants':'fast'}",
	 "event 1 (\"hello\"): \"variants\" is not an array"},
	{REPLACE, 1, "{'event':'hello','protocol':2,'platform':'x','device':'d','device_kind':'cpu','simulated':false,'precision':'','data':'','options':{}}",
	 "event 1 (\"hello\"): \"protocol\" is 2, but the runner's is 1"},
	{REPLACE, 1, "{'event':'hello','protocol':1,'platform':'y','device':'d','device_kind':'cpu','simulated':false,'precision':'','data':'','options':{}}",
	 "event 1 (\"hello\"): \"platform\" is \"y\", but the worker was called as \"x\""},
	{REPLACE, 1, "{'event':'hello','protocol':1}", "event 1 (\"hello\"): \"platform\" is missing"},
	{REPLACE, 1, "{'event':'hello','protocol':1,'platform':7}", "event 1 (\"hello\"): \"platform\" is not text"},
	{REPLACE, 1, "{'event':'hello','protocol':1,'platform':'x','device':'d','device_kind':'tpu','simulated':false,'precision':'','data':'','options':{}}",
	 "event 1 (\"hello\"): \"device_kind\" is neither \"cpu\" nor \"gpu\""},
	{REPLACE, 1, "{'event':'hello','protocol':1,'platform':'x','device':'d','device_kind':'cpu','simulated':0,'precision':'','data':'','options':{}}",
	 "event 1 (\"hello\"): \"simulated\" is not true or false"},
	{REPLACE, 1, "{'event':'hello','protocol':1,'platform':'x','device':'d','device_kind':'cpu','simulated':true,'precision':'','data':'','options':[]}",
	 "event 1 (\"hello\"): \"options\" is not an object"},

	/* set-up */
	{DELETE, 3, NULL, "event 3 (\"begin\"): span \"train\" begins inside \"upload\""},
	{DELETE, 2, NULL, "event 2 (\"end\"): span \"upload\" ended but none is open"},
	{INSERT, 4, BEGIN("upload", 25), "event 4 (\"begin\"): a second span \"upload\""},
	{INSERT, 8, BEGIN("compile", 65), "event 8 (\"begin\"): span \"compile\" out of order: it comes before the first epoch and \"read\""},
	{INSERT, 4, BEGIN("lunch", 25), "event 4 (\"begin\"): \"lunch\" is no span of protocol 1"},
	{REPLACE, 3, END("tune", 20), "event 3 (\"end\"): span \"tune\" ended but \"upload\" is open"},
	{REPLACE, 2, "{'event':'begin','ns':10}", "event 2 (\"begin\"): \"span\" is missing"},
	{REPLACE, 2, "{'event':'begin','span':'upload'}", "event 2 (\"begin\"): \"ns\" is missing"},
	{REPLACE, 2, "{'event':'begin','span':'upload','ns':1.5}", "event 2 (\"begin\"): \"ns\" is not a whole number, 0 or more"},
	{REPLACE, 2, "{'event':'begin','span':'upload','ns':-1}", "event 2 (\"begin\"): \"ns\" is not a whole number, 0 or more"},
	{REPLACE, 3, END("upload", 9), "event 3 (\"end\"): the clock goes back by 1 ns"},
	{REPLACE, 4, BEGIN_EPOCH("train", 1, 19), "event 4 (\"begin\"): the clock goes back by 1 ns"},

	/* epochs */
	{REPLACE, 4, BEGIN_EPOCH("train", 2, 30), "event 4 (\"begin\"): \"epoch\" is 2, but the next epoch is 1"},
	{REPLACE, 4, BEGIN("train", 30), "event 4 (\"begin\"): \"epoch\" is missing"},
	{REPLACE, 5, END_TRAIN(2, 40), "event 5 (\"end\"): \"epoch\" is 2, but the open one is 1"},
	{REPLACE, 5, "{'event':'end','span':'train','epoch':1,'ns':40,'samples':19,'steps':3,'loss':2,'correct':5}",
	 "event 5 (\"end\"): \"samples\" is 19, but the job's number is 20"},
	{REPLACE, 5, "{'event':'end','span':'train','epoch':1,'ns':40,'samples':20,'steps':2,'loss':2,'correct':5}",
	 "event 5 (\"end\"): \"steps\" is 2, but the number of batches is 3"},
	{REPLACE, 5, "{'event':'end','span':'train','epoch':1,'ns':40,'samples':20,'loss':2,'correct':5}",
	 "event 5 (\"end\"): \"steps\" is missing"},
	{REPLACE, 5, "{'event':'end','span':'train','epoch':1,'ns':40,'samples':20,'steps':3,'loss':2,'correct':21}",
	 "event 5 (\"end\"): 21 correct of 20 samples"},
	{REPLACE, 5, "{'event':'end','span':'train','epoch':1,'ns':40,'samples':20,'steps':3,'correct':5}",
	 "event 5 (\"end\"): \"loss\" is missing"},
	{REPLACE, 5, "{'event':'end','span':'train','epoch':1,'ns':40,'samples':20,'steps':3,'loss':'NaN','correct':5}",
	 "event 5 (\"end\"): \"loss\" is neither a number nor null"},
	{REPLACE, 5, "{'event':'end','span':'train','epoch':1,'ns':40,'samples':20,'steps':3,'loss':-0.5,'correct':5}",
	 "event 5 (\"end\"): \"loss\" is -0.5, and a cross-entropy is never below 0"},
	{REPLACE, 5, "{'event':'end','span':'train','epoch':1,'extra':true,'ns':40,'samples':20,'steps':3,'loss':2,'correct':5}",
	 "event 5 (\"end\"): \"extra\" differs from that of the span's \"begin\""},
	{REPLACE, 7, "{'event':'end','span':'eval','epoch':1,'ns':60,'samples':20,'loss':2,'correct':5}",
	 "event 7 (\"end\"): \"samples\" is 20, but the job's number is 10"},
	{REPLACE, 6, BEGIN_EPOCH("eval", 2, 50), "event 6 (\"begin\"): \"epoch\" is 2, but the epoch just trained is 1"},
	{INSERT, 4, BEGIN_EPOCH("eval", 1, 25), "event 4 (\"begin\"): \"eval\" comes once after each \"train\" that is not extra"},
	{INSERT, 8, BEGIN_EPOCH("eval", 1, 65), "event 8 (\"begin\"): \"eval\" comes once after each \"train\" that is not extra"},
	{REPLACE, 6, BEGIN_EPOCH("train", 2, 50), "event 6 (\"begin\"): epoch 1 was not evaluated"},
	{REPLACE, 10, BEGIN("read", 90), "event 10 (\"begin\"): epoch 2 was not evaluated"},
	{REPLACE, 8, BEGIN("read", 70), "event 8 (\"begin\"): \"read\" after 1 of 2 epochs"},
	{REPLACE, 12, BEGIN_EPOCH("train", 3, 110), "event 12 (\"begin\"): the job has 2 epochs, no more"},
	{REPLACE, 7, END("train", 60), "event 7 (\"end\"): \"epoch\" is missing"},
	{REPLACE, 7, END_TRAIN(1, 60), "event 7 (\"end\"): span \"train\" ended but \"eval\" is open"},

	/* read, extra, verify, close */
	{REPLACE, 13, END("read", 120), "event 13 (\"end\"): \"file\" is missing"},
	{REPLACE, 13, END_FILE("read", 120, "../a.npy"), "event 13 (\"end\"): \"file\" is no plain file name"},
	{REPLACE, 13, END_FILE("read", 120, "/etc/passwd"), "event 13 (\"end\"): \"file\" is no plain file name"},
	{REPLACE, 13, END_FILE("read", 120, ""), "event 13 (\"end\"): \"file\" is no plain file name"},
	{REPLACE, 14, BEGIN_EPOCH("train", 3, 130), "event 14 (\"begin\"): an epoch after \"read\" must be marked \"extra\""},
	{REPLACE, 4, "{'event':'begin','span':'train','epoch':1,'extra':true,'ns':30}",
	 "event 4 (\"begin\"): extra epochs come after \"read\" of a job with epochs"},
	{REPLACE, 14, "{'event':'begin','span':'train','epoch':3,'extra':1,'ns':130}", "event 14 (\"begin\"): \"extra\" is not true or false"},
	{INSERT, 16, BEGIN_EPOCH("eval", 3, 145), "event 16 (\"begin\"): \"eval\" comes once after each \"train\" that is not extra"},
	{INSERT, 14, BEGIN("read", 125), "event 14 (\"begin\"): a second span \"read\""},
	{REPLACE, 12, BEGIN("verify", 110), "event 12 (\"begin\"): span \"verify\" out of order: it comes once, after \"read\""},
	{INSERT, 18, BEGIN_EPOCH("train", 4, 165), "event 18 (\"begin\"): span \"train\" out of order: it comes before \"verify\""},
	{INSERT, 16, BEGIN("close", 145), "event 16 (\"begin\"): span \"close\" out of order: it comes once, after \"verify\""},

	/* memory */
	{INSERT, 2, MEMORY, NULL},
	{INSERT, 5, MEMORY, NULL},
	{INSERT, 20, MEMORY, NULL},
	{INSERT, 5, "{'event':'memory','name':'pool'}", "event 5 (\"memory\"): \"bytes\" is missing"},
	{INSERT, 5, "{'event':'memory','name':'pool','bytes':-1}", "event 5 (\"memory\"): \"bytes\" is not a whole number, 0 or more"},

	/* the last event */
	{INSERT, 21, MEMORY, "event 21 (\"memory\"): comes after the last event"},
	{INSERT, 21, DONE, "event 21 (\"done\"): comes after the last event"},
	{INSERT, 2, DONE, "event 2 (\"done\"): \"read\" is missing"},
	{INSERT, 14, DONE, "event 14 (\"done\"): \"verify\" is missing"},
	{INSERT, 5, DONE, "event 5 (\"done\"): span \"train\" is still open"},
	{INSERT, 2, "{'event':7}", "event 2 (\"\"): is no event of protocol 1"},
	{STOP, 1, NULL, "the worker ended without any event"},
	{STOP, 5, NULL, "the events end after event 4, in span \"train\""},
	{STOP, 20, NULL, "the events end after event 19, without \"done\""},
};

/* clang-format on */

static json_t *parse(const char *single_quoted)
{
	char text[1024];
	size_t length = strlen(single_quoted);

	assert_true(length < sizeof(text));
	for (size_t i = 0; i <= length; i++)
		text[i] = (char)(single_quoted[i] == '\'' ? '"' : single_quoted[i]);
	json_t *event = json_loads(text, 0, NULL);
	if (!event)
		fail_msg("no JSON: %s", single_quoted);
	return event;
}

static int accept(struct grammar *grammar, const char *line, char *why, size_t size)
{
	json_t *event = parse(line);
	int failed = grammar_accept(grammar, event, why, size);

	json_decref(event);
	return failed;
}

/* The lines until the first that is refused; `why` is "" if all were in order to the end. */
static void run(struct grammar *grammar, const char *const *lines, size_t count, char *why,
                size_t size)
{
	*why = '\0';
	for (size_t i = 0; i < count; i++)
		if (accept(grammar, lines[i], why, size))
			return;
	if (grammar_finish(grammar, why, size) == 0)
		*why = '\0';
}

static void check(const char *got, const char *wanted, const char *what, size_t number)
{
	if (strcmp(got, wanted ? wanted : "") != 0)
		fail_msg("%s %zu\ngot:    %s\nwanted: %s", what, number, got, wanted ? wanted : "");
}

static void test_one_change_to_a_good_stream(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		const char *lines[COUNT(good) + 1];
		size_t at = changes[i].line - 1, count = 0;
		struct grammar grammar;
		char why[256];

		for (size_t k = 0; k <= COUNT(good); k++) {
			if (k == at && changes[i].change == STOP)
				break;
			if (k == at && (changes[i].change == INSERT || changes[i].change == REPLACE))
				lines[count++] = changes[i].text;
			bool dropped = k == at && (changes[i].change == DELETE || changes[i].change == REPLACE);
			if (k < COUNT(good) && !dropped)
				lines[count++] = good[k];
		}
		grammar_start(&grammar, "x", &two_epochs);
		run(&grammar, lines, count, why, sizeof(why));
		check(why, changes[i].why, "change", i);
	}
}

/* clang-format off */
static const struct {
	const struct job *job; /* NULL: a probe */
	const char *lines[8];
	const char *why;
} streams[] = {
	{NULL, {HELLO, DONE}, NULL},
	{NULL, {UNAVAILABLE}, NULL},
	{NULL, {HELLO, UNAVAILABLE}, NULL},
	{NULL, {ERROR}, NULL},
	{NULL, {HELLO}, "the events end after event 1, without \"done\""},
	{NULL, {DONE}, "event 1 (\"done\"): comes before \"hello\""},
	{NULL, {HELLO, BEGIN("import", 1)}, "event 2 (\"begin\"): does not belong in a probe"},
	{NULL, {HELLO, MEMORY}, "event 2 (\"memory\"): does not belong in a probe"},
	{NULL, {HELLO, DONE, DONE}, "event 3 (\"done\"): comes after the last event"},
	{&two_epochs, {UNAVAILABLE}, NULL},
	{&two_epochs, {HELLO, UNAVAILABLE}, NULL},
	{&two_epochs, {HELLO, BEGIN("import", 1), UNAVAILABLE}, NULL},
	{&two_epochs, {HELLO, BEGIN("device", 1), END("device", 1), UNAVAILABLE}, NULL},
	{&two_epochs,
	 {HELLO, BEGIN("compile", 1), UNAVAILABLE},
	 "event 3 (\"unavailable\"): comes before any span but \"import\" and \"device\""},
	{&two_epochs, {"{'event':'unavailable'}"}, "event 1 (\"unavailable\"): \"reason\" is missing"},
	{&two_epochs, {ERROR}, NULL},
	{&two_epochs, {HELLO, BEGIN_EPOCH("train", 1, 1), ERROR}, NULL},
	{&two_epochs, {"{'event':'error','kind':'x'}"}, "event 1 (\"error\"): \"message\" is missing"},
	{&two_epochs, {ERROR, DONE}, "event 2 (\"done\"): comes after the last event"},
	{&no_epochs,
	 {HELLO, BEGIN("read", 1), END_FILE("read", 2, "a"), BEGIN("verify", 3), END_FILE("verify", 4, "b"), DONE},
	 NULL},
	{&no_epochs, {HELLO, BEGIN_EPOCH("train", 1, 1)}, "event 2 (\"begin\"): the job has 0 epochs, no more"},
	{&no_epochs,
	 {HELLO, BEGIN("read", 1), END_FILE("read", 2, "a"),
	  "{'event':'begin','span':'train','epoch':1,'extra':true,'ns':3}"},
	 "event 4 (\"begin\"): extra epochs come after \"read\" of a job with epochs"},
};

/* clang-format on */

static void test_whole_streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(streams); i++) {
		struct grammar grammar;
		char why[256];
		size_t count = 0;

		while (count < COUNT(streams[i].lines) && streams[i].lines[count])
			count++;
		grammar_start(&grammar, "x", streams[i].job);
		run(&grammar, streams[i].lines, count, why, sizeof(why));
		check(why, streams[i].why, "stream", i);
	}
}

static void test_a_loss_of_null_is_divergence(void **state)
{
	struct grammar grammar;
	char why[256] = "";

	(void)state;
	grammar_start(&grammar, "x", &two_epochs);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(accept(&grammar, good[i], why, sizeof(why)), 0);
	assert_false(grammar.diverged);
	assert_int_equal(
		accept(&grammar,
	           "{'event':'end','span':'train','epoch':1,'ns':40,'samples':20,'steps':3,"
	           "'loss':null,'correct':2}",
	           why, sizeof(why)),
		0);
	assert_true(grammar.diverged);
}

/* No stream in order is endless. */
static void test_repetition_has_an_end(void **state)
{
	struct grammar grammar;
	char why[256] = "", line[256];
	int accepted = 0, epoch = 3;

	(void)state;
	grammar_start(&grammar, "x", &two_epochs);
	assert_int_equal(accept(&grammar, HELLO, why, sizeof(why)), 0);
	while (accepted < 100 && accept(&grammar, MEMORY, why, sizeof(why)) == 0)
		accepted++;
	assert_int_equal(accepted, GRAMMAR_MEMORY_MAX);
	check(why, "event 18 (\"memory\"): more than 16 without a span between them", "memory", 0);

	grammar_start(&grammar, "x", &two_epochs);
	for (size_t i = 0; i < 13; i++)
		assert_int_equal(accept(&grammar, good[i], why, sizeof(why)), 0);
	for (; epoch < 5000; epoch++) {
		snprintf(line, sizeof(line),
		         "{'event':'begin','span':'train','epoch':%d,'extra':true,'ns':200}", epoch);
		if (accept(&grammar, line, why, sizeof(why)))
			break;
		snprintf(line, sizeof(line),
		         "{'event':'end','span':'train','epoch':%d,'extra':true,'ns':200,'samples':20,"
		         "'steps':3,'loss':1,'correct':1}",
		         epoch);
		assert_int_equal(accept(&grammar, line, why, sizeof(why)), 0);
	}
	assert_int_equal(epoch - 3, EVENT_EXTRA_MAX);
}

/* A worker that got no --min-time has nothing to do for time only. */
static void test_extra_epochs_unasked(void **state)
{
	struct grammar grammar;
	char why[256];

	(void)state;
	grammar_start(&grammar, "x", &two_epochs);
	grammar.no_extra = true;
	run(&grammar, good, COUNT(good), why, sizeof(why));
	check(why, "event 14 (\"begin\"): extra epochs were not asked for: there was no --min-time",
	      "stream", 1);
}

/* What may follow `verify`, of a worker that was asked for a profile or not; NULL: in order. */
#define PARTS(seconds)                                                                             \
	"{'event':'profile','parts':[{'layer':'fc1','direction':'forward','seconds':" seconds "}]}"
static const struct {
	bool asked;
	const char *lines[4], *why;
} profiles[] = {
	{true, {BEGIN("profile", 200), END("profile", 300), PARTS("1e-7"), DONE}, NULL},
	{true, {BEGIN("profile", 200), END("profile", 300), PARTS("0"), BEGIN("close", 310)}, NULL},
	{false,
     {BEGIN("profile", 200)},
     "event 18 (\"begin\"): a profile was not asked for: there was no --profile"},
	{true,
     {BEGIN("profile", 200), END("profile", 300), BEGIN("profile", 310)},
     "event 20 (\"begin\"): a second span \"profile\""},
	{true, {DONE}, "event 18 (\"done\"): a profile was asked for, and did not come"},
	{true,
     {BEGIN("profile", 200), END("profile", 300), DONE},
     "event 20 (\"done\"): a profile was asked for, and did not come"},
	{true, {PARTS("0")}, "event 18 (\"profile\"): comes after span \"profile\" only"},
	{true,
     {BEGIN("profile", 200), PARTS("0")},
     "event 19 (\"profile\"): comes after span \"profile\" only"},
	{true,
     {BEGIN("profile", 200), END("profile", 300), PARTS("0"), PARTS("0")},
     "event 21 (\"profile\"): comes a second time"},
	{true,
     {BEGIN("profile", 200), END("profile", 300), PARTS("2e-7")},
     "event 20 (\"profile\"): the parts take 2e-07 s, but the span took 1e-07 s"},
	{true,
     {BEGIN("profile", 200), END("profile", 300), PARTS("-1")},
     "event 20 (\"profile\"): \"seconds\" of part 1 is no number, 0 or more"},
	{true,
     {BEGIN("profile", 200), END("profile", 300), "{'event':'profile','parts':[7]}"},
     "event 20 (\"profile\"): part 1 has no text \"layer\" or \"direction\""},
	{true,
     {BEGIN("profile", 200), END("profile", 300), "{'event':'profile'}"},
     "event 20 (\"profile\"): \"parts\" is missing"},
};

static void test_profiles(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(profiles); i++) {
		struct grammar grammar;
		char why[256] = "";
		int failed = 0;

		grammar_start(&grammar, "x", &two_epochs);
		grammar.profile = profiles[i].asked;
		for (size_t line = 0; line < 17; line++)
			assert_int_equal(accept(&grammar, good[line], why, sizeof(why)), 0);
		for (size_t line = 0; line < 4 && profiles[i].lines[line] && !failed; line++)
			failed = accept(&grammar, profiles[i].lines[line], why, sizeof(why));
		assert_int_equal(failed, profiles[i].why ? -1 : 0);
		if (profiles[i].why)
			assert_string_equal(why, profiles[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_change_to_a_good_stream),
		cmocka_unit_test(test_whole_streams),
		cmocka_unit_test(test_a_loss_of_null_is_divergence),
		cmocka_unit_test(test_repetition_has_an_end),
		cmocka_unit_test(test_extra_epochs_unasked),
		cmocka_unit_test(test_profiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
