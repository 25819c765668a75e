# SPDX-License-Identifier: MIT
#
# What a platforms/<name>/platform.mk is made of.  For most it is two lines:
#
#     sources := $(call sources_in,platforms/mine)
#     $(eval $(call worker,mine,$(sources),-O3,-ldl))
#
# To use: SYSTEM (linux, macos), ARCH (x86_64, arm64, ...), CC, B (the build folder), sources_in.

# $(eval $(call worker,<name>,<sources>,<flags>,<libraries>))
#
# The program worker-<name>: the sources, compiled with the flags, with src/worker's main, libworker
# and libcore.  Each source sees the strings PLATFORM_COMPILER ("gcc 12.2.0") and PLATFORM_FLAGS
# (what it is itself compiled with).  One folder may make several workers of the same sources: each
# worker has objects of its own.
define worker
objects-$(1) := $(call worker_object,$(1),$(2)) $(variants-$(1))
objects += $$(objects-$(1))
workers += $(B)/worker-$(1)
$(call worker_object,$(1),$(2)): EXTRA := $(3) $(call platform_strings,$(3))
$(call worker_object,$(1),$(2)): $(B)/obj/worker-$(1)/%.o: %.c $(B)/flags $(lastword $(MAKEFILE_LIST)) | $(B)/include/version.h
	$$(compile)
$(B)/worker-$(1): $$(objects-$(1)) $(worker_main) $(B)/libworker.a $(B)/libcore.a $(B)/sources
	$$(link) $(4) $$(libraries) -o $$@
endef

# $(eval $(call variant,<worker>,<object>,<source>,<flags>))
#
# One source once more, as object <object>, with flags of its own: a kernel body for one instruction
# set.  Comes before the worker that it is linked to:
#
#     ifeq ($(ARCH),x86_64)
#     $(eval $(call variant,c_cpu,kernels_avx2,platforms/c_cpu/kernels.c,-O3 -mavx2 -mfma -DISA=avx2))
#     endif
define variant
variants-$(1) += $(B)/obj/worker-$(1)/variant/$(2).o
$(B)/obj/worker-$(1)/variant/$(2).o: EXTRA := $(4) $(call platform_strings,$(4))
$(B)/obj/worker-$(1)/variant/$(2).o: $(3) $(B)/flags $(lastword $(MAKEFILE_LIST)) | $(B)/include/version.h
	$$(compile)
endef

# $(eval $(call script_worker,<name>,<script>)): a worker that is a script, with its #! line.
define script_worker
workers += $(B)/worker-$(1)
$(B)/worker-$(1): $(2)
	$$(call show,COPY,$$@)mkdir -p $$(@D) && cp $$< $$@ && chmod 755 $$@
endef

# $(eval $(call python_workers,<folder>,<name>...)): workers in Python, modules of platforms/<folder>,
# which has a program `launch`; each is a link to it under its name (src/worker/launch.sh).
define python_workers
workers += $(addprefix $(B)/worker-,$(2))
$(addprefix $(B)/worker-,$(2)): | platforms/$(1)/launch
	$$(call show,LINK,$$@)mkdir -p $$(@D) && ln -sfn ../../platforms/$(1)/launch $$@
endef

worker_object = $(patsubst %.c,$(B)/obj/worker-$(1)/%.o,$(2))
escape = $(subst ",\",$(subst \,\\,$(1)))
platform_strings = $(call quote,-DPLATFORM_COMPILER="$(COMPILER)") \
	$(call quote,-DPLATFORM_FLAGS="$(call escape,$(strip $(generate) $(1) $(debug)))")
