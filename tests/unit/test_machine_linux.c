/* SPDX-License-Identifier: MIT */
#include "runner/machine.h"
#include "runner/machine_linux.h"
#include "runner/meter_linux.h"

#include "core/files.h"
#include "core/memory.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char root[PATH_MAX];
static int four[] = {0, 1, 2, 3}, two[] = {1, 3};
static const struct processors all = {four, 4}, half = {two, 2};

static int set_up(void **state)
{
	const char *temp = getenv("TMPDIR");
	(void)state;
	snprintf(root, sizeof(root), "%s/machine.XXXXXX", temp ? temp : "/tmp");
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return files_remove_folder(root);
}

static void put(const char *name, const char *text)
{
	char *path = memory_text("%s%s", root, name);
	*strrchr(path, '/') = '\0';
	assert_int_equal(files_make_folder(path), 0);
	path[strlen(path)] = '/';
	assert_int_equal(files_write(path, text, strlen(text)), 0);
	free(path);
}

/* Two cores with two threads each: 0 and 2, 1 and 3. */
static void put_processors(void)
{
	put("/sys/devices/system/cpu/online", "0-3\n");
	for (int id = 0; id < 4; id++) {
		char *name = memory_text("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", id);
		put(name, id % 2 ? "1,3\n" : "0,2\n");
		free(name);
	}
}

static void check_text(const json_t *record, const char *member, const char *wanted)
{
	const char *got = json_string_value(json_object_get(record, member));
	if (!got || strcmp(got, wanted) != 0)
		fail_msg("%s: got '%s', wanted '%s'", member, got ? got : "no text", wanted);
}

static void check_number(const json_t *record, const char *member, double wanted)
{
	const json_t *got = json_object_get(record, member);
	if (!json_is_number(got) || json_number_value(got) < wanted || json_number_value(got) > wanted)
		fail_msg("%s: got %g, wanted %g", member, json_number_value(got), wanted);
}

static void check_null(const json_t *record, const char *member)
{
	if (!json_is_null(json_object_get(record, member)))
		fail_msg("%s: is there, wanted null", member);
}

static void test_whole_record(void **state)
{
	(void)state;
	put_processors();
	put("/proc/cpuinfo", "processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7B13\n");
	put("/proc/meminfo", "MemTotal:       8000 kB\nSwapTotal: 100 kB\nSwapFree: 60 kB\n");
	put("/proc/loadavg", "0.52 0.58 0.59 1/467 12345\n");
	put("/proc/sys/kernel/osrelease", "6.1.0-13\n");
	put("/etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n");
	put("/etc/machine-id", "0123456789abcdef\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
	put("/sys/devices/system/cpu/cpu0/cache/index0/level", "1\n");
	put("/sys/devices/system/cpu/cpu0/cache/index0/type", "Data\n");
	put("/sys/devices/system/cpu/cpu0/cache/index0/size", "48K\n");
	put("/sys/devices/system/cpu/cpu0/cache/index1/level", "3\n");
	put("/sys/devices/system/cpu/cpu0/cache/index1/type", "Unified\n");
	put("/sys/devices/system/cpu/cpu0/cache/index1/size", "32M\n");
	json_t *record = machine_linux_record(root, &all);
	check_text(record, "cpu", "AMD EPYC 7B13");
	check_text(record, "system", "Debian GNU/Linux 12");
	check_text(record, "kernel", "6.1.0-13");
	check_text(record, "huge_pages", "madvise");
	check_text(record, "governor", "performance");
	check_number(record, "cores", 2);
	check_number(record, "processors", 4);
	check_number(record, "usable_cores", 2);
	check_number(record, "memory_bytes", 8000 * 1024);
	check_number(record, "swap_used_bytes", 40 * 1024);
	check_number(record, "load", 0.52);
	check_number(json_object_get(record, "caches"), "L1d", 48 << 10);
	check_number(json_object_get(record, "caches"), "L3", 32 << 20);
	check_null(record, "cpu_quota");
	const char *id = json_string_value(json_object_get(record, "host_id"));
	assert_int_equal(strlen(id), 12);
	assert_null(strstr("0123456789abcdef", id));
	json_decref(record);
}

static void test_nothing_known(void **state)
{
	static const char *const members[] = {
		"cpu",    "cpu_quota", "memory_bytes", "swap_used_bytes", "huge_pages", "system",
		"kernel", "governor",  "load",         "host_id"};
	(void)state;
	json_t *record = machine_linux_record(root, &all);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		check_null(record, members[i]);
	check_number(record, "cores", 4);
	check_number(record, "usable_cores", 4);
	json_decref(record);
}

static void test_arm_names(void **state)
{
	static const struct {
		const char *cpuinfo, *model, *wanted;
	} cases[] = {
		{"CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "", "Arm Neoverse-N1"},
		{"CPU implementer\t: 0x41\nCPU part\t: 0xd0b\n", "Raspberry Pi 5",
	     "Arm Cortex-A76, Raspberry Pi 5"},
		{"CPU implementer\t: 0x61\nCPU part\t: 0x022\n", "", "CPU implementer 0x61, part 0x022"},
		{"processor : 0\n", "Some Board", "Some Board"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put("/proc/cpuinfo", cases[i].cpuinfo);
		put("/proc/device-tree/model", cases[i].model);
		json_t *record = machine_linux_record(root, &all);
		check_text(record, "cpu", cases[i].wanted);
		json_decref(record);
	}
}

static void test_threads(void **state)
{
	static const struct {
		const char *group; /* /proc/self/cgroup */
		const char *name, *text, *name2, *text2;
		int of_all, of_half;
	} cases[] = {
		{"0::/\n", "/none", "", "/none", "", 2, 2},
		{"0::/\n", "/sys/fs/cgroup/cpu.max", "max 100000\n", "/none", "", 2, 2},
		{"0::/\n", "/sys/fs/cgroup/cpu.max", "150000 100000\n", "/none", "", 1, 1},
		{"0::/\n", "/sys/fs/cgroup/cpu.max", "20000 100000\n", "/none", "", 1, 1},
		{"0::/\n", "/sys/fs/cgroup/cpu.max", "800000 100000\n", "/none", "", 2, 2},
		{"0::/a/b\n", "/sys/fs/cgroup/cpu.max", "max 100000\n", "/sys/fs/cgroup/a/cpu.max",
	     "100000 100000\n", 1, 1},
		{"4:cpu,cpuacct:/x\n0::/\n", "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "100000\n",
	     "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n", 1, 1},
		{"4:cpu:/\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n",
	     "/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n", 2, 2},
		{"4:cpuset:/\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n",
	     "/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n", 2, 2},
		{"garbage\n::\n", "/none", "", "/none", "", 2, 2},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		tear_down(NULL);
		set_up(NULL);
		put("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0-1\n");
		put("/sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "0-1\n");
		put("/sys/devices/system/cpu/cpu2/topology/thread_siblings_list", "2-3\n");
		put("/sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "2-3\n");
		put("/proc/self/cgroup", cases[i].group);
		put(cases[i].name, cases[i].text);
		put(cases[i].name2, cases[i].text2);
		const int got = machine_linux_threads(root, &all),
				  got_half = machine_linux_threads(root, &half);
		if (got != cases[i].of_all || got_half != cases[i].of_half)
			fail_msg("case %zu: got %d and %d, wanted %d and %d", i, got, got_half, cases[i].of_all,
			         cases[i].of_half);
	}
}

static void test_one_thread_at_least(void **state)
{
	const struct processors none = {NULL, 0};
	(void)state;
	assert_int_equal(machine_linux_threads(root, &none), 1);
}

/* Field 39 of stat is the processor; a process may have any name. */
static void test_clock(void **state)
{
	(void)state;
	assert_int_equal(meter_linux_clock_hz(root, 7), -1);
	put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1000000\n");
	put("/sys/devices/system/cpu/cpu12/cpufreq/scaling_cur_freq", "3512345\n");
	assert_int_equal(meter_linux_clock_hz(root, 7), -1);
	put("/proc/7/stat", "7 (a) b) c) R 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 "
	                    "26 27 28 29 30 31 32 33 34 35 36 37 17 12 40 41 42\n");
	assert_int_equal(meter_linux_clock_hz(root, 7), 3512345000);
	put("/proc/7/stat", "7 (cut off) R 4 5");
	assert_int_equal(meter_linux_clock_hz(root, 7), -1);
}

static void test_this_machine(void **state)
{
	(void)state;
	json_t *record = machine_record();
	assert_true(json_integer_value(json_object_get(record, "processors")) >= 1);
	assert_true(json_integer_value(json_object_get(record, "usable_cores")) == machine_threads());
	assert_true(json_integer_value(json_object_get(record, "memory_bytes")) > 0);
	json_decref(record);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_whole_record), TEST(test_nothing_known),       TEST(test_arm_names),
		TEST(test_threads),      TEST(test_one_thread_at_least), TEST(test_clock),
		TEST(test_this_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
