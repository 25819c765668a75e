/* SPDX-License-Identifier: MIT */
/*
 * What the plain float64 reference (core/reference_layers.h) takes for the work of c_cpu's kernels: one
 * thread, one sample after the other, dense where ours goes over live windows only, the same objects that
 * judge every platform.  It does some of our parts in one call.
 */
#ifndef BENCH_C_CPU_REFERENCE_H
#define BENCH_C_CPU_REFERENCE_H

#include "core/model.h"

enum { REFERENCE_CALLS = 9 };

/* One call, and the part or the two parts of c_cpu's profile that it does: layer, direction. */
struct reference_call {
	const char *layer, *directions[2];
	double ns; /* a sample, the best of a few rounds */
};

void reference_measure(struct shape shape, struct reference_call calls[REFERENCE_CALLS]);

#endif
