# SPDX-License-Identifier: MIT
"""PyTorch on the GPU of an Apple processor."""

from __future__ import annotations

import platform
import sys

import torch_devices as devices
import torch_tune as tune
from torch_forms import Form, choose
from torch_platform import Pytorch

from cnnbench.host import processor_name
from cnnbench.platform import Device, Unavailable


class Platform(Pytorch):
    summary = "PyTorch on the GPU of an Apple processor, Metal"
    device = devices.MPS
    options = choose("best", "channels_last", "pool_first", "fused", "dataloader", "bf16", "deterministic")
    variants = ("best",)

    def probe(self) -> Device:
        """Version 14 is the first that current builds of PyTorch use Metal on."""
        if sys.platform != "darwin" or platform.machine() != "arm64":
            raise Unavailable("no Apple processor with macOS", "pytorch_cpu runs anywhere")
        libraries = self.describe()
        if int(platform.mac_ver()[0].split(".")[0] or 0) < 14:
            raise Unavailable(f"macOS {platform.mac_ver()[0]} is too old for PyTorch's Metal", "macOS 14")
        return Device(processor_name(), "gpu", libraries=libraries)

    def candidates(self) -> list[list[Form]]:
        return [tune.eager()]
