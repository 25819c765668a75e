/* SPDX-License-Identifier: MIT */
#include "cli/trial.h"

#include "fixture.h"

/* What a trial that was never begun leaves to be freed. */
static void test_free_of_nothing(void **state)
{
	struct trial trial = {0};
	struct session session = {0};
	(void)state;
	trial_free(&trial);
	session_free(&session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_of_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
