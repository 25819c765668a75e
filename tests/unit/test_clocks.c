/* SPDX-License-Identifier: MIT */
#include "runner/clocks.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000LL
#define UNKNOWN (-1e-6) /* ms: -1 ns */

/*
 * A made-up worker, times in ms: started at 1,000, `hello` heard at 1,020; every span begins `gap`
 * after what was before; each mark is heard `lag` after its stamp; `done` comes `gap` after the last.
 */
struct story {
	int epochs;
	double epoch_ms;  /* as told */
	double hidden_ms; /* how much longer each of them was in truth: the end's line comes so late */
	double gap_ms, lag_ms;
	double waited_ms;    /* by the worker, in each gap */
	double late_ms;      /* the runner's own lateness, of each mark */
	bool blind;          /* the system tells no waiting */
	double shift_ms;     /* added to all stamps */
	double first_lag_ms; /* more for the first epoch's begin alone */
	const char *why;     /* part of it; NULL: all holds */
};

static const struct story stories[] = {
	{.epochs = 10, .epoch_ms = 100, .gap_ms = 0.1, .lag_ms = 0.1},
	{.epochs = 0, .gap_ms = 1},

	/* 2% and 0.3 ms of the median */
	{.epochs = 10, .epoch_ms = 100, .hidden_ms = 2.2},
	{.epochs = 10,
     .epoch_ms = 100,
     .hidden_ms = 2.4,
     .why = "differ by 2.400 ms, at most 2.300 ms"},
	{.epochs = 10, .epoch_ms = 100, .hidden_ms = -2.4, .lag_ms = 3, .why = "differ by 2.400 ms"},
	{.epochs = 3,
     .epoch_ms = 30,
     .hidden_ms = 30,
     .why = "an epoch (median 30.000 ms) differ by 30.000 ms"},
	{.epochs = 1000, .epoch_ms = 0.1, .hidden_ms = 0.25},
	/* one or two epochs: 50 ms more */
	{.epochs = 2, .epoch_ms = 100, .hidden_ms = 52},
	{.epochs = 2, .epoch_ms = 100, .hidden_ms = 53, .why = "differ by 53.000 ms"},
	/* the runner's lateness, at begin and end, is forgiven */
	{.epochs = 10, .epoch_ms = 100, .hidden_ms = 7, .late_ms = 2.5},
	{.epochs = 10, .epoch_ms = 100, .hidden_ms = 7.5, .late_ms = 2.5, .why = "differ by 2.500 ms"},
	/* a single mark that came late moves no median, and no ledger */
	{.epochs = 5, .epoch_ms = 100, .first_lag_ms = 90},

	/* brackets */
	{.epochs = 5, .epoch_ms = 100, .lag_ms = 99},
	{.epochs = 5,
     .epoch_ms = 100,
     .lag_ms = 101,
     .why = "the begin of train was heard 101.000 ms after its stamp"},
	{.epochs = 5,
     .epoch_ms = 100,
     .lag_ms = 100.04,
     .why = "was heard 100.040 ms after its stamp, at most 100 ms are allowed"},
	{.epochs = 5, .epoch_ms = 100, .lag_ms = 101, .late_ms = 5},
	{.epochs = 5, .epoch_ms = 100, .lag_ms = 990, .blind = true},
	{.epochs = 5,
     .epoch_ms = 100,
     .lag_ms = 1001,
     .blind = true,
     .why = "the begin of train was heard 1001.000 ms after its stamp, at most 1000 ms"},
	{.epochs = 5, .epoch_ms = 100, .shift_ms = 0.2},
	{.epochs = 5,
     .epoch_ms = 100,
     .shift_ms = 1,
     .why = "the begin of train is stamped 1.000 ms after it was heard"},
	{.epochs = 5,
     .epoch_ms = 100,
     .shift_ms = -21,
     .why = "is stamped 1.000 ms before the process was started"},

	/* 11 gaps, 1,020 ms of spans: 1% and 50 ms and 11 * 0.3 ms = 63.5 ms and more */
	{.epochs = 10, .epoch_ms = 100, .gap_ms = 5.7},
	{.epochs = 10,
     .epoch_ms = 100,
     .gap_ms = 6,
     .why = "0.066 s of 1.088 s passed outside of spans, at most 0.064 s"},
	/* the worker's waiting for a processor in gaps is forgiven, that in spans is not */
	{.epochs = 10, .epoch_ms = 100, .gap_ms = 15.8, .waited_ms = 10},
	{.epochs = 10, .epoch_ms = 100, .gap_ms = 17, .waited_ms = 10, .why = "0.187 s of 1.209 s"},
	/* many short epochs: 1,001 gaps of 0.3 ms */
	/* a median of few epochs is held less strictly */
	{.epochs = 9, .epoch_ms = 4, .hidden_ms = 1.3},
	{.epochs = 9, .epoch_ms = 4, .hidden_ms = 1.5, .why = "durations of an epoch"},
	{.epochs = 10, .epoch_ms = 4, .hidden_ms = 0.5, .why = "durations of an epoch"},
	{.epochs = 1000, .epoch_ms = 1, .gap_ms = 0.3},
	{.epochs = 1000, .epoch_ms = 1, .gap_ms = 0.4, .why = "passed outside of spans"},
};

static int64_t ns(double ms)
{
	return (int64_t)llround(ms * 1e6);
}

static void hear(struct clocks *clocks, const char *kind, double stamp, double heard, double late,
                 double waited)
{
	json_t *event =
		json_pack("{s:s, s:s, s:I}", "event", kind, "span", "train", "ns", (json_int_t)ns(stamp));

	clocks_hear(clocks, event, (struct clocks_time){ns(heard), ns(late), ns(waited)});
	json_decref(event);
}

/* Returns when the process ended, 2 ms after `done`. */
static double tell(struct clocks *clocks, const struct story *story)
{
	double now = 1020, waited = 7; /* some of it before hello, which is nobody's gap */

	clocks_start(clocks, 1000 * MS);
	hear(clocks, "hello", 0, now, 0, story->blind ? UNKNOWN : waited);
	for (int epoch = 1; epoch <= story->epochs; epoch++) {
		now += epoch == 1 && story->shift_ms < 0 ? 0 : story->gap_ms;
		waited += story->waited_ms;
		double more = epoch == 1 ? story->first_lag_ms : 0;
		hear(clocks, "begin", now + story->shift_ms, now + story->lag_ms + more, story->late_ms,
		     story->blind ? UNKNOWN : waited);
		now += story->epoch_ms;
		waited += 1000; /* inside of a span it is in the worker's own figures */
		hear(clocks, "end", now + story->shift_ms, now + story->lag_ms + story->hidden_ms,
		     story->late_ms, story->blind ? UNKNOWN : waited);
	}
	now += story->gap_ms;
	waited += story->waited_ms;
	hear(clocks, "done", 0, now, 0, story->blind ? UNKNOWN : waited);
	return now + 2;
}

static void test_stories(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++) {
		struct clocks clocks;
		char why[256] = "";
		double ended = tell(&clocks, &stories[i]);
		struct ledger ledger = clocks_ledger(&clocks, ns(ended));

		clocks_check(&clocks, &ledger, why, sizeof(why));
		if (stories[i].why ? !strstr(why, stories[i].why) : *why)
			fail_msg("story %zu\ngot:    %s\nwanted: %s", i, why,
			         stories[i].why ? stories[i].why : "");
		double sum = ledger.start + ledger.spans + ledger.outside + ledger.end;
		if (fabs(sum - ledger.wall) > 1e-9)
			fail_msg("story %zu: sum %.9f, wall %.9f", i, sum, ledger.wall);
		clocks_free(&clocks);
	}
}

static void check_seconds(const char *what, double got, double wanted)
{
	if (fabs(got - wanted) > 1e-9)
		fail_msg("%s\ngot:    %.9f\nwanted: %.9f", what, got, wanted);
}

static void test_the_ledger(void **state)
{
	const struct story story = {.epochs = 2, .epoch_ms = 100, .gap_ms = 3, .lag_ms = 0.5};
	struct clocks clocks;
	struct ledger ledger;

	(void)state;
	double ended = tell(&clocks, &story);
	ledger = clocks_ledger(&clocks, ns(ended));
	check_seconds("start", ledger.start, 0.020);
	check_seconds("spans", ledger.spans, 0.200);
	check_seconds("outside", ledger.outside, 0.009);
	check_seconds("end", ledger.end, 0.002);
	check_seconds("wall", ledger.wall, 0.231);
	clocks_free(&clocks);
}

/* A process that never said anything was starting all the time. */
static void test_the_ledger_of_a_silent_process(void **state)
{
	struct clocks clocks;

	(void)state;
	clocks_start(&clocks, 1000 * MS);
	struct ledger ledger = clocks_ledger(&clocks, 1500 * MS);
	check_seconds("start", ledger.start, 0.5);
	check_seconds("end", ledger.end, 0);
	check_seconds("outside", ledger.outside, 0);
	clocks_free(&clocks);
}

/* ---- Pace ---- */

struct pace {
	int epochs, extra;
	double train_ms, eval_ms, extra_ms; /* of 60,000, 10,000 and 60,000 samples */
	double least_us;                    /* a sample's */
	const char *why;                    /* part of it; NULL: all holds */
};

static const struct pace paces[] = {
	{.epochs = 10, .train_ms = 400, .eval_ms = 25},
	/* three times the pace of training, and 50 ms */
	{.epochs = 10, .train_ms = 400, .eval_ms = 245},
	{.epochs = 10, .train_ms = 400, .eval_ms = 255, .why = "is done in \"eval\""},
	{.epochs = 1, .train_ms = 0.03, .eval_ms = 400, .why = "is done in \"eval\""},
	/* extra epochs may be faster, but not three times */
	{.epochs = 4, .train_ms = 30, .extra = 30, .extra_ms = 11},
	{.epochs = 4, .train_ms = 30, .extra = 30, .extra_ms = 9, .why = "an extra epoch takes 9 ms"},
	{.epochs = 3, .train_ms = 30, .extra = 30, .extra_ms = 9}, /* too few to tell */
	{.epochs = 4, .train_ms = 30, .extra = 2, .extra_ms = 9},
	/* 60,000 samples at 1 us at the least */
	{.epochs = 4, .train_ms = 61, .least_us = 1},
	{.epochs = 4, .train_ms = 59, .least_us = 1, .why = "the dense layers alone take 1 us"},
};

static double tell_span(struct clocks *clocks, const char *span, double now, double ms, int samples,
                        bool extra)
{
	for (int end = 0; end < 2; end++) {
		json_t *event = json_pack("{s:s, s:s, s:I, s:i, s:b}", "event", end ? "end" : "begin",
		                          "span", span, "ns", (json_int_t)ns(now + end * ms), "samples",
		                          samples, "extra", (int)extra);
		clocks_hear(clocks, event, (struct clocks_time){ns(now + end * ms), 0, 0});
		json_decref(event);
	}
	return now + ms;
}

static void test_pace(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(paces) / sizeof(*paces); i++) {
		const struct pace *pace = &paces[i];
		struct clocks clocks;
		char why[256] = "";
		double now = 1020;

		clocks_start(&clocks, 1000 * MS);
		clocks.least_pace = 1e-6 * pace->least_us;
		hear(&clocks, "hello", 0, now, 0, 0);
		for (int epoch = 0; epoch < pace->epochs; epoch++) {
			now = tell_span(&clocks, "train", now, pace->train_ms, 60000, false);
			now = tell_span(&clocks, "eval", now, pace->eval_ms, 10000, false);
		}
		for (int epoch = 0; epoch < pace->extra; epoch++)
			now = tell_span(&clocks, "train", now, pace->extra_ms, 60000, true);
		hear(&clocks, "done", 0, now, 0, 0);
		struct ledger ledger = clocks_ledger(&clocks, ns(now + 2));
		clocks_check(&clocks, &ledger, why, sizeof(why));
		clocks_free(&clocks);
		if (pace->why ? !strstr(why, pace->why) : *why)
			fail_msg("pace %zu\ngot:    %s\nwanted: %s", i, why, pace->why ? pace->why : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_the_ledger),
		cmocka_unit_test(test_the_ledger_of_a_silent_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
