# SPDX-License-Identifier: MIT
#
# c_cpu: kernels.c once for each instruction set, the rest once.  kernels.c holds all the kernels
# (it includes them), so that a table of functions is all that an object shows.

c_cpu_kernels := conv1.c conv2.c conv2_winograd.c dense.c head.c update.c kernels.c
c_cpu_sources := $(filter-out $(c_cpu_kernels:%=platforms/c_cpu/%),$(call sources_in,platforms/c_cpu))

# Sanitizers' checks in unrolled tiles take clang minutes to optimise.
c_cpu_level := $(if $(SAN),-O0,-O3)

# $(call c_cpu_variant,<isa>,<flags>,<header, if not the isa's>)
c_cpu_variant = $(call variant,c_cpu,kernels_$(1),platforms/c_cpu/kernels.c,$(c_cpu_level) $(2) -DISA=$(1) \
	-DSIMD_HEADER='"simd_$(or $(3),$(1)).h"')

# generic16: the tiles of simd_avx512.h.  Not optimised: to cut such vectors into smaller registers
# takes gcc more than a minute.  -Wno-psabi: they are only handed between functions that are inlined.
$(eval $(call c_cpu_variant,generic,-ffp-contract=fast))
$(eval $(call c_cpu_variant,generic16,-O0 -Wno-psabi -DLANES=16,generic))
ifeq ($(ARCH),x86_64)
$(eval $(call c_cpu_variant,avx2,-mavx2 -mfma))
$(eval $(call c_cpu_variant,avx512,-mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma))
c_cpu_isas := -DHAVE_X86
endif
ifeq ($(ARCH),arm64)
$(eval $(call c_cpu_variant,neon,))
c_cpu_isas := -DHAVE_NEON
endif
$(eval $(call worker,c_cpu,$(c_cpu_sources),-O3 $(c_cpu_isas),))

needs-bench_c_cpu := c_cpu
needs-test_c_cpu_affinity_linux := c_cpu
needs-test_c_cpu_net := c_cpu
needs-bench_barrier := c_cpu
