/* SPDX-License-Identifier: MIT */
/* Which processor each thread of c_cpu is bound to, on machines as their files tell of them and on this. */
#include "../unit/fixture.h"

#include "../../platforms/c_cpu/affinity.h"
#include "../../platforms/c_cpu/threads.h"
#include "core/parallel.h"
#include "core/processor_linux.h"

#include <sched.h>

enum { PROCESSORS_MAX = 8 };

static const struct {
	const char *name;
	struct place places[PROCESSORS_MAX];
	int here, wanted[PROCESSORS_MAX];
	size_t count;
} orders[] = {
	{"one processor", {{0, 0, 0}}, 0, {0}, 1},
	{"cores without hardware threads", {{0, 0, 0}, {1, 0, 1}, {2, 0, 2}}, 0, {0, 1, 2}, 3},
	{"begins where the caller is", {{0, 0, 0}, {1, 0, 1}, {2, 0, 2}}, 2, {2, 0, 1}, 3},
	{"side by side", {{0, 0, 0}, {1, 0, 0}, {2, 0, 2}, {3, 0, 2}}, 0, {0, 2, 1, 3}, 4},
	{"far apart", {{0, 0, 0}, {1, 0, 1}, {2, 0, 0}, {3, 0, 1}}, 0, {0, 1, 2, 3}, 4},
	{"on a second thread", {{0, 0, 0}, {1, 0, 1}, {2, 0, 0}, {3, 0, 1}}, 3, {3, 0, 1, 2}, 4},
	{"packages in turn", {{0, 0, 0}, {1, 1, 1}, {2, 0, 2}, {3, 1, 3}}, 0, {0, 2, 1, 3}, 4},
	{"the caller's package", {{0, 0, 0}, {1, 0, 1}, {2, 1, 2}, {3, 1, 3}}, 3, {3, 2, 0, 1}, 4},
	{"and no other in between", {{0, 0, 0}, {1, 0, 1}, {2, 1, 2}}, 1, {1, 0, 2}, 3},
	{"a set with holes", {{1, 0, 0}, {5, 0, 4}, {6, 0, 6}}, 5, {5, 6, 1}, 3},
	{"the caller is elsewhere", {{1, 0, 0}, {5, 0, 4}}, 3, {1, 5}, 2},
};

static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct place places[PROCESSORS_MAX];

		memcpy(places, orders[i].places, sizeof(places));
		affinity_order(places, orders[i].count, orders[i].here);
		for (size_t k = 0; k < orders[i].count; k++)
			if (places[k].id != orders[i].wanted[k])
				fail_msg("%s: member %zu on processor %d, wanted %d", orders[i].name, k,
				         places[k].id, orders[i].wanted[k]);
	}
}

/* A file of one processor's topology. */
static void plant(const char *root, int id, const char *name, const char *text)
{
	char *folder = memory_text("%s/sys/devices/system/cpu/cpu%d/topology", root, id);
	char *path = files_join(folder, name);

	assert_int_equal(files_make_folder(folder), 0);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(path);
	free(folder);
}

static void test_read(void **state)
{
	const int ids[] = {0, 3, 64};
	char *root = fixture_folder();
	struct place places[3];

	(void)state;
	plant(root, 0, "physical_package_id", "1\n");
	plant(root, 0, "thread_siblings_list", "0,64\n");
	plant(root, 3, "physical_package_id", "1\n");
	plant(root, 64, "thread_siblings_list", "0,64\n");
	affinity_read(root, ids, 3, places);
	assert_int_equal(places[0].id, 0);
	assert_int_equal(places[0].package, 1);
	assert_int_equal(places[0].core, 0);
	assert_int_equal(places[1].package, 1);
	assert_int_equal(places[1].core, 3);
	assert_int_equal(places[2].package, 0);
	assert_int_equal(places[2].core, 0);
	fixture_remove(root);
}

/* ---- On this machine ---- */

static void look(void *context, int member)
{
	cpu_set_t *sets = context;
	sched_getaffinity(0, sizeof(*sets), &sets[member]);
}

/* What each member of a team may use. */
static cpu_set_t *team_look(int count)
{
	cpu_set_t *sets = memory_new((size_t)count, sizeof(*sets));
	struct threads *threads = threads_start(count);

	threads_run(threads, look, sets);
	threads_stop(threads);
	return sets;
}

/* A sandbox may refuse; nothing is then bound, which is no fault of ours. */
static void need_binding(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0 ||
	    sched_setaffinity(0, sizeof(set), &set) != 0) {
		print_message("this system binds no threads\n");
		skip();
	}
}

static void test_each_its_own(void **state)
{
	const int processors = parallel_processors();
	cpu_set_t before, all;

	(void)state;
	need_binding();
	cpu_set_t *sets = team_look(processors);
	CPU_ZERO(&all);
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (int i = 0; i < processors; i++) {
		assert_int_equal(CPU_COUNT(&sets[i]), 1);
		CPU_OR(&all, &all, &sets[i]);
	}
	/* One each, within what is allowed, and the caller has all of that back. */
	assert_true(CPU_EQUAL(&all, &before));
	free(sets);
}

static void test_too_many_are_left_alone(void **state)
{
	const int processors = parallel_processors();
	cpu_set_t *sets = team_look(processors + 1);

	(void)state;
	for (int i = 0; i <= processors; i++)
		assert_int_equal(CPU_COUNT(&sets[i]), processors);
	free(sets);
}

static void test_never_outside(void **state)
{
	struct processors allowed = processors_allowed();
	cpu_set_t before, last;

	(void)state;
	need_binding();
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&last);
	CPU_SET(allowed.ids[allowed.count - 1], &last);
	assert_int_equal(sched_setaffinity(0, sizeof(last), &last), 0);
	for (int count = 1; count <= 2; count++) {
		cpu_set_t *sets = team_look(count);
		for (int i = 0; i < count; i++)
			assert_true(CPU_EQUAL(&sets[i], &last));
		free(sets);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	free(allowed.ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),         cmocka_unit_test(test_read),
		cmocka_unit_test(test_each_its_own),  cmocka_unit_test(test_too_many_are_left_alone),
		cmocka_unit_test(test_never_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
