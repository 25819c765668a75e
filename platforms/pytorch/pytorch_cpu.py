# SPDX-License-Identifier: MIT
"""PyTorch on the processor."""

from __future__ import annotations

import shutil
import sys

import torch_devices as devices
import torch_tune as tune
from torch_allocator import is_glibc
from torch_forms import Form, choose, is_set
from torch_platform import Pytorch

from cnnbench.host import processor_name
from cnnbench.options import THREADS
from cnnbench.platform import Device, Unavailable


class Platform(Pytorch):
    summary = "PyTorch on the processor, oneDNN's kernels"
    device = devices.CPU
    options = (
        THREADS,
        *choose("best", "channels_last", "pool_first", "fused", "malloc", "compile", "dataloader", "bf16"),
        *choose("deterministic", "spin"),
    )
    variants = (
        "best",
        "channels_last+pool_first+fused+malloc=tuned",
        "compile+pool_first+fused+malloc=tuned",
    )

    def probe(self) -> Device:
        libraries = self.describe()
        if is_set(self.settings, "compile") and not find_compiler():
            raise Unavailable("torch.compile needs a C++ compiler", "install g++ (macOS: clang++)")
        return Device(processor_name(), libraries=libraries)

    def candidates(self) -> list[list[Form]]:
        malloc = "tuned" if is_glibc() else "default"
        compiled = tune.compiled(malloc=malloc) if find_compiler() else []
        record = [Form(), Form(channels_last=True, pool_first=True)] if is_glibc() else []
        return [forms for forms in (record, tune.eager(malloc=malloc) + compiled) if forms]


def find_compiler() -> str | None:
    """The one that Inductor will call."""
    return shutil.which("clang++" if sys.platform == "darwin" else "g++")
