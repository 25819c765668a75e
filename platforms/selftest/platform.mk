# SPDX-License-Identifier: MIT
#
# selftest: the reference's source in float32 as a whole platform, with faults to be caught and honest
# variants to be let through.  layers.c once more with contraction, for the variant fma.

selftest_level := $(if $(SAN),,-O3)
selftest_fused := -ffp-contract=fast $(if $(filter x86_64,$(ARCH)),-mavx2 -mfma)

$(eval $(call variant,selftest,layers_fused,platforms/selftest/layers.c,$(selftest_level) $(selftest_fused) \
	-DLAYERS=layers_fused))
$(eval $(call worker,selftest,$(call sources_in,platforms/selftest),$(selftest_level),))

needs-test_selftest := selftest
needs-verification_study := selftest
