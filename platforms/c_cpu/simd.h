/* SPDX-License-Identifier: MIT */
/*
 * The vector operations that the kernels are written in.  A kernel knows no instruction set: it is
 * compiled once with each ISA that the build offers, and that one's header defines
 *
 *   LANES        floats of a vector
 *   REGISTERS    vector registers
 *   types        vf (floats), vi (int32), vm (a mask, one truth a lane)
 *   operations   vf_*, vi_*, vm_* below; loads and stores need no alignment
 *   TILE_ROWS    rows x PANEL_VECS accumulators stay in registers in the dense layers
 *   PANEL_VECS   vectors of a panel: dense matrices are cut into panels of PANEL columns
 *   CONV_VECS    output vectors and
 *   CONV_PIXELS  pixels that a tile of conv2 computes together
 *   SPARSE_VECS  vectors in each of up to three rows of a tile of conv2's backward pass
 *
 *   vf_set(x) vf_load vf_store vf_add vf_sub vf_mul      as named; vf_set: x in all lanes
 *   vf_fma(a, b, c)      a b + c         vf_fnma(a, b, c)    c - a b
 *   vf_max(a, b)         a > b ? a : b, so that b comes through where either is NaN
 *   vf_greater(a, b)     a > b, false where either is NaN
 *   vf_keep(m, a)        a where m, else 0
 *   vf_bytes(p)          LANES bytes as floats
 *   vf_pick(p, i)        p[i] for each lane, i in 0..3
 *   vf_zip(p, a, b)      store a0 b0 a1 b1 ...: 2 LANES floats
 *   vf_unzip(p, q, a, b) store the even lanes of a and b to p, then the odd ones to q
 *   vf_pair(p)           p[0] in the even lanes, p[1] in the odd ones
 *   vf_pick_twins(p, i)  p[i] for each lane of the first half, p[4 + i] for the second; i in 0..3
 *   vi_unzip_bytes(p, a) store the even lanes as bytes, behind them the odd ones
 *   vf_power(n)          2^n for whole n in -126..127, else unspecified
 *   vf_sum(a) vf_most(a) across the lanes; vf_most: unspecified where one is NaN
 *   vi_set vi_add vi_store  vi_bytes(p): LANES bytes as int32  vi_store_bytes(p, a): a in 0..255
 *   vi_choose(m, a, b)   a where m, else b
 *   vm_bits(m)           lane i as bit i
 */
#ifndef C_CPU_SIMD_H
#define C_CPU_SIMD_H

#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* EACH (i, n): a loop over 0 .. n - 1 that is unrolled whole.  Arrays of vectors that such loops go
 * over live in registers; without the hint GCC keeps them in memory, which is 12 times slower. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif
#define EACH(i, n) UNROLL for (int i = 0; i < (n); i++)

/* Calls with `known` for the plan: the default shape's numbers where they are those of the plan, so that the
 * compiler knows them.  One body, compiled twice. */
#define WITH_PLAN(plan, call)                                                                      \
	do {                                                                                           \
		if ((plan)->filters1 == 8 && (plan)->filters2 == 16 && (plan)->fsize == 3) {               \
			const struct plan fixed = plan_of(8, 16, 3, LANES), *known = &fixed;                   \
			call;                                                                                  \
		} else {                                                                                   \
			const struct plan *known = (plan);                                                     \
			call;                                                                                  \
		}                                                                                          \
	} while (0)

/* The build compiles with -DISA=avx2 -DSIMD_HEADER='"simd_avx2.h"', say. */
#include SIMD_HEADER

enum { PANEL = PANEL_VECS * LANES };

#endif
