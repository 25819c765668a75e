/* SPDX-License-Identifier: MIT */
/*
 * The float32 peak of this machine's processors, measured: fused multiply-adds in registers, on as many
 * threads as the CPU platforms get.  What a platform reaches is told as a share of it.
 */
#ifndef RUNNER_PEAK_H
#define RUNNER_PEAK_H

#include <jansson.h>

/*
 * {"threads": 2, "isa": "avx512", "flops": 3.5e11, "isas": {"avx512": 3.5e11, "avx2": 1.8e11}}: operations
 * a second on all threads together, two for each multiply-add; `isa` is that of the highest.  The best
 * of three tries each, some 50 ms an instruction set.  null on processors of another kind.
 */
json_t *peak_record(int threads);

#endif
