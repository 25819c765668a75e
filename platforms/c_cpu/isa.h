/* SPDX-License-Identifier: MIT */
/* Which kernels are used: the instruction set, of those that this build holds and this processor has,
 * and the way of conv2. */
#ifndef C_CPU_ISA_H
#define C_CPU_ISA_H

#include "kernels.h"

#include <stddef.h>

/* The option's choices.  generic16, for tests: the kernels as AVX-512 has them, 16 lanes and its
 * tiles, on processors without it; portable, not optimised, slow. */
#define ISA_CHOICES "auto|avx512|avx2|neon|generic|generic16"

/* The kernels of a choice; "auto": the fastest that works here.  NULL: not here, `why` says why. */
const struct kernels *isa_choose(const char *choice, char *why, size_t size);

#define CONV_CHOICES "auto|direct|winograd"

/* `kernels` with that way of conv2; "auto": the faster for this shape.  NULL: not for this one. */
const struct kernels *conv_choose(const struct kernels *kernels, const char *choice,
                                  const struct shape *shape, char *why, size_t size);

#endif
