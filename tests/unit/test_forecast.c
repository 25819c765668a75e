/* SPDX-License-Identifier: MIT */
#include "cli/forecast.h"

#include "fixture.h"

#include <math.h>

#define UNKNOWN ((double)NAN)

static void test_forecast(void **state)
{
	static const struct {
		const char *what;
		struct pace paces[3];
		size_t count;
		double seconds;
		bool assumed;
	} cases[] = {
		{"nothing is known", {{3, UNKNOWN, UNKNOWN}, {3, UNKNOWN, UNKNOWN}}, 2, UNKNOWN, true},
		{"by earlier runs", {{3, 10, UNKNOWN}, {2, 5, UNKNOWN}}, 2, 40, false},
		{"what was measured counts more", {{3, 10, 20}, {2, 5, UNKNOWN}}, 2, 70, false},
		{"one as fast as the other",
	     {{3, 10, UNKNOWN}, {2, UNKNOWN, UNKNOWN}, {0, UNKNOWN, UNKNOWN}},
	     3,
	     50,
	     true},
		{"the median of the others",
	     {{1, 10, UNKNOWN}, {1, UNKNOWN, 30}, {1, UNKNOWN, UNKNOWN}},
	     3,
	     60,
	     true},
		{"one that is done is no assumption",
	     {{2, 10, UNKNOWN}, {0, UNKNOWN, UNKNOWN}},
	     2,
	     20,
	     false},
		{"one that is done is still a measure",
	     {{0, UNKNOWN, 8}, {2, UNKNOWN, UNKNOWN}},
	     2,
	     16,
	     true},
		{"nothing is left", {{0, UNKNOWN, UNKNOWN}}, 1, 0, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct forecast got = forecast_processes(cases[i].paces, cases[i].count);
		const bool same = isnan(cases[i].seconds) ? isnan(got.seconds)
		                                          : fabs(got.seconds - cases[i].seconds) < 1e-9;
		if (!same || got.assumed != cases[i].assumed)
			fail_msg("%s: got %g s, %d, wanted %g s, %d", cases[i].what, got.seconds, got.assumed,
			         cases[i].seconds, cases[i].assumed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_forecast)};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
