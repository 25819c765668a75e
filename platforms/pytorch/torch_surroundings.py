# SPDX-License-Identifier: MIT
"""What PyTorch and the libraries below it read from the environment: set before torch is imported."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from torch_forms import is_set

# Of an OpenMP thread that has nothing to do, before it sleeps: some 30 us, where libgomp's default is
# milliseconds.  It costs some 2% on two idle cores.  Where other programs run on them, the default keeps
# a tenth of the rate and this a third; and trials of forms, made with the default, tell nothing there.
SHORT_SPIN = {"GOMP_SPINCOUNT": "1000"}
DETERMINISTIC = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}  # cuBLAS: one workspace, one order of sums


def surroundings(settings: dict[str, Any]) -> dict[str, str]:
    spin = is_set(settings, "spin") or is_set(settings, "best")
    return (SHORT_SPIN if spin else {}) | (DETERMINISTIC if is_set(settings, "deterministic") else {})


def make_cache() -> tempfile.TemporaryDirectory:
    """Where Inductor, torch.compile's compiler, works: a folder of this process's own, so that what an
    interrupted compile leaves is never met.

    Its precompiled headers lie where temporary files do, whatever it is told of its cache.  It compiles
    in this process, so that nothing of it goes on beside the training.
    """
    cache = tempfile.TemporaryDirectory(prefix="cnnbench-inductor-")
    tempfile.tempdir = cache.name
    os.environ |= {
        "TMPDIR": cache.name,
        "TORCHINDUCTOR_CACHE_DIR": cache.name,
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
    }
    return cache
