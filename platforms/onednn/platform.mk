# SPDX-License-Identifier: MIT
#
# onednn_cpu, where scripts/probe found oneDNN 2 or 3 with OpenMP; else a script that says so.  One of
# calls_2.c and calls_3.c is compiled.  Not under ThreadSanitizer: libgomp's barriers are unknown to it.

onednn_major := $(if $(findstring thread,$(SAN)),,$(ONEDNN_MAJOR))
onednn_sources := $(filter-out platforms/onednn/calls_%,$(call sources_in,platforms/onednn))
onednn_level := $(if $(SAN),,-O3)

ifeq ($(onednn_major),)
$(eval $(call script_worker,onednn_cpu,platforms/onednn/missing))
else
$(eval $(call worker,onednn_cpu,$(onednn_sources) platforms/onednn/calls_$(onednn_major).c,$(onednn_level) \
	$(ONEDNN_CFLAGS),$(ONEDNN_LIBS)))
endif
# Made anew where the probe's answer changes.
$(B)/worker-onednn_cpu: $(B)/config.mk
