/* SPDX-License-Identifier: MIT */
/* The VRAM meter with tests/workers/fake_nvml_linux.c in place of NVIDIA's library: once it is
 * loaded by its path, dlopen finds it by its name. */
#include "core/files.h"
#include "runner/meter.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define GB 1000000000LL

struct fake_nvml {
	int init_fails, open;
	unsigned long long used[2];
	unsigned int pid[2];
	unsigned long long process_used[2];
};

static struct fake_nvml *fake;
static void *library;

static int set_up(void **state)
{
	char *path = files_self();

	(void)state;
	if (!path)
		return -1;
	*strrchr(path, '/') = '\0';
	char *name = files_join(path, "libnvidia-ml.so.1");
	library = dlopen(name, RTLD_NOW);
	if (!library)
		fprintf(stderr, "%s\n", dlerror());
	free(name);
	free(path);
	fake = library ? dlsym(library, "fake_nvml") : NULL;
	return fake ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return dlclose(library);
}

/* PID: this process; OTHER: a stranger; 0: no process is shown. */
enum { PID = 1, OTHER = 2 };

static const struct {
	const char *name;
	long long before[2]; /* bytes in use when the meter is opened */
	long long now[2];
	int pid[2];
	long long process[2]; /* bytes of that process; -1: not told */
	long long wanted;
	int delta;
} cases[] = {
	{"own process", {1, 1}, {3 * GB, 1}, {PID, 0}, {2 * GB, 0}, 2 * GB, 0},
	{"own on both devices", {1, 1}, {GB, GB}, {PID, PID}, {GB, GB / 2}, GB * 3 / 2, 0},
	{"own beside a stranger", {1, 1}, {GB, GB}, {OTHER, PID}, {7 * GB, GB}, GB, 0},
	{"hidden", {GB, GB}, {3 * GB, GB}, {0, 0}, {0, 0}, 2 * GB, 1},
	{"a number of another container", {GB, GB}, {3 * GB, GB}, {OTHER, 0}, {2 * GB, 0}, 2 * GB, 1},
	{"own, bytes not told", {GB, GB}, {3 * GB, GB}, {PID, 0}, {-1, 0}, 2 * GB, 1},
	{"no context yet", {GB, GB}, {GB, GB}, {0, 0}, {0, 0}, -1, 1},
	{"others freed more", {3 * GB, GB}, {GB, GB}, {0, 0}, {0, 0}, -1, 1},
};

static void set_process(int device, int who, long long bytes)
{
	fake->pid[device] = who == PID ? (unsigned)getpid() : who == OTHER ? 1 : 0;
	fake->process_used[device] = (unsigned long long)bytes;
}

static void test_whose_bytes_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct meter_vram vram;
		memset(fake, 0, sizeof(*fake));
		for (int k = 0; k < 2; k++)
			fake->used[k] = (unsigned long long)cases[i].before[k];
		assert_int_equal(meter_vram_open(&vram), 0);
		for (int k = 0; k < 2; k++) {
			fake->used[k] = (unsigned long long)cases[i].now[k];
			set_process(k, cases[i].pid[k], cases[i].process[k]);
		}
		long long got = meter_vram(&vram, getpid());
		if (got != cases[i].wanted || vram.delta != cases[i].delta)
			fail_msg("%s\ngot:    %lld, delta %d\nwanted: %lld, delta %d", cases[i].name, got,
			         vram.delta, cases[i].wanted, cases[i].delta);
		meter_vram_close(&vram);
		assert_int_equal(fake->open, 0);
	}
}

/* Once the processes were seen, the end of a context is no reason to count strangers. */
static void test_what_was_seen_is_not_forgotten(void **state)
{
	struct meter_vram vram;

	(void)state;
	memset(fake, 0, sizeof(*fake));
	assert_int_equal(meter_vram_open(&vram), 0);
	set_process(0, PID, GB);
	assert_int_equal(meter_vram(&vram, getpid()), GB);
	set_process(0, 0, 0);
	fake->used[0] = 5 * GB;
	assert_int_equal(meter_vram(&vram, getpid()), -1);
	assert_int_equal(vram.delta, 0);
	meter_vram_close(&vram);
}

static void test_without_a_driver_there_is_no_meter(void **state)
{
	struct meter_vram vram;

	(void)state;
	memset(fake, 0, sizeof(*fake));
	fake->init_fails = 1;
	assert_int_equal(meter_vram_open(&vram), -1);
	assert_int_equal(meter_vram(&vram, getpid()), -1);
	meter_vram_close(&vram);
	assert_int_equal(fake->open, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose_bytes_are_told),
		cmocka_unit_test(test_what_was_seen_is_not_forgotten),
		cmocka_unit_test(test_without_a_driver_there_is_no_meter),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down) != 0;
}
