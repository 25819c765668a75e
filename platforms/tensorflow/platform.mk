# SPDX-License-Identifier: MIT
$(eval $(call python_workers,tensorflow,tensorflow_cpu))
