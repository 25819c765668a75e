# SPDX-License-Identifier: MIT
"""Where Inductor, torch.compile's compiler, works: set before torch is imported."""

from __future__ import annotations

import os
import tempfile


def make_cache() -> tempfile.TemporaryDirectory:
    """A folder of this process's own: what an interrupted compile leaves is never met.

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
