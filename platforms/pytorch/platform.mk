# SPDX-License-Identifier: MIT
$(eval $(call python_workers,pytorch,pytorch_cpu pytorch_cuda pytorch_mps))
