# SPDX-License-Identifier: MIT
$(eval $(call python_workers,numba,numba_cpu numba_cuda))
