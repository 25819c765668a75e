/* SPDX-License-Identifier: MIT */
/*
 * The shapes by which c_cpu is both tested (test_c_cpu_net.c) and timed (bench/bench_c_cpu.c), at every
 * instruction set of the machine and both ways of conv2: what is fast is also what is right.
 */
#ifndef TESTS_CHECK_C_CPU_CASES_H
#define TESTS_CHECK_C_CPU_CASES_H

#include "core/model.h"

#include <stdbool.h>

static const struct c_cpu_case {
	struct shape shape;
	bool usual; /* timed without being asked for */
} c_cpu_cases[] = {
	{{8, 16, 128, 3}, true},   /* the default */
	{{16, 32, 256, 3}, true},  /* twice */
	{{8, 16, 128, 5}, true},   /* wide filters */
	{{32, 64, 512, 3}, true},  /* the dense weights are larger than most caches of one core */
	{{5, 9, 37, 5}, false},    /* nothing is a multiple of the lanes */
	{{16, 3, 20, 2}, false},   /* more filters below than above; even filters */
	{{4, 6, 20, 3}, false},    /* half of 8 lanes: conv1 takes two windows in a vector */
	{{2, 5, 9, 5}, false},     /* half of 4 lanes */
	{{1, 2, 5, 3}, false},     /* winograd, though it does not pay */
	{{20, 24, 250, 3}, false}, /* vectors that end past a pixel; two stretches of fc1 and a bit */
};

#endif
