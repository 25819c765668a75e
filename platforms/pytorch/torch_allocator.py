# SPDX-License-Identifier: MIT
"""glibc's malloc, told to keep what is freed.

By default it maps each tensor of a step anew and gives it back: the kernel zeroes some 700 thousand
pages an epoch.  These settings cannot be taken back within a process: glibc's own thresholds move as
it goes, and any call of mallopt ends that.
"""

from __future__ import annotations

import ctypes
import platform

from cnnbench.platform import Unavailable

# From malloc.h, with sizes in bytes, the largest that all versions take last.  A tensor of the default
# shape has at most 11 MiB; 32 MiB is what older versions allow as the first.
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
SETTINGS = (
    (MMAP_THRESHOLD, (1 << 30, 32 << 20)),
    (TRIM_THRESHOLD, ((1 << 31) - 1,)),
    (TOP_PAD, (64 << 20,)),
)


def is_glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"


def keep_freed_memory() -> None:
    """Raises Unavailable where malloc is not glibc's, or refuses."""
    if not is_glibc():
        raise Unavailable("malloc=tuned needs glibc", "leave malloc=tuned out")
    mallopt = ctypes.CDLL(None).mallopt
    for parameter, sizes in SETTINGS:
        if not any(mallopt(parameter, size) for size in sizes):
            raise Unavailable(f"glibc refuses mallopt({parameter}, {sizes[-1]})", "leave malloc=tuned out")
