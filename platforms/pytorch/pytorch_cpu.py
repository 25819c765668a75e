# SPDX-License-Identifier: MIT
"""PyTorch on the processor."""

from __future__ import annotations

import os
import shutil

import devices
from forms import choose, is_set
from pytorch import Pytorch

from cnnbench.host import processor_name
from cnnbench.options import THREADS
from cnnbench.platform import Device, Unavailable


class Platform(Pytorch):
    summary = "PyTorch on the processor, oneDNN's kernels"
    device = devices.CPU
    options = (
        THREADS,
        *choose("channels_last", "pool_first", "fused", "malloc", "compile", "dataloader", "bf16"),
        *choose("deterministic"),
    )
    variants = ("channels_last+pool_first+fused+malloc=tuned", "compile")

    def probe(self) -> Device:
        libraries = self.describe()
        if is_set(self.settings, "compile") and not find_compiler():
            raise Unavailable("torch.compile needs a C++ compiler, and finds no g++", "install g++")
        return Device(processor_name(), libraries=libraries)


def find_compiler() -> str | None:
    """The one that Inductor will call."""
    return shutil.which(os.environ.get("CXX", "g++"))
