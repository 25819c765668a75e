# SPDX-License-Identifier: MIT
"""PyTorch on a GPU of NVIDIA's."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

import torch_devices as devices
import torch_tune as tune
from torch_forms import Form, choose, is_set
from torch_platform import Pytorch

from cnnbench.cuda import find_driver, require_driver
from cnnbench.platform import Device, Unavailable

HELP = "make setup chooses a build of PyTorch for the driver"


class Platform(Pytorch):
    summary = "PyTorch on a GPU of NVIDIA's, cuDNN and cuBLAS"
    device = devices.CUDA
    options = choose(
        *("best", "channels_last", "pool_first", "fused", "compile", "graph", "dataloader", "tf32", "bf16"),
        "deterministic",
    )
    variants = ("best", "compile+fused+pool_first", "fused+graph+pool_first")

    def probe(self) -> Device:
        libraries = self.describe()
        find_driver()  # first: without one, how PyTorch is built does not matter
        driver = require_driver(*built_for())
        if is_set(self.settings, "compile") and not can_compile():
            raise Unavailable("torch.compile needs Triton and a C compiler", "install triton and gcc")
        cuda = "{}.{}".format(*driver.cuda)
        return Device(driver.gpus[0].name, "gpu", libraries=f"{libraries}, driver for CUDA {cuda}")

    def candidates(self) -> list[list[Form]]:
        compiled = tune.compiled() + tune.compiled(graph=True) if can_compile() else []
        return [tune.eager() + tune.graphs() + compiled]


def built_for() -> tuple[int, int]:
    """The CUDA of the installed PyTorch, from its own record: nothing is imported."""
    spec = importlib.util.find_spec("torch")
    record = Path(spec.submodule_search_locations[0], "version.py") if spec else Path()
    try:
        text = record.read_text()
    except OSError as error:
        raise Unavailable(f"PyTorch is broken: {error}", "make setup") from None
    found = re.search(r"^cuda\b[^=]*=\s*['\"](\d+)\.(\d+)", text, re.MULTILINE)
    if not found:
        raise Unavailable("the installed PyTorch is built without CUDA", HELP)
    return int(found[1]), int(found[2])


def can_compile() -> bool:
    return bool(importlib.util.find_spec("triton") and (shutil.which("gcc") or shutil.which("cc")))
