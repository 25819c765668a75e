# SPDX-License-Identifier: MIT
"""Numba on a CUDA device: all of the training there, by kernels of our own (cuda_kernels.py)."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import cuda_layout
from cuda_layout import is_simulated

from cnnbench.cuda import find_driver, require_driver
from cnnbench.host import describe_packages, importing, processor_name, require_packages
from cnnbench.platform import Device, Span, Stats, Unavailable
from cnnbench.platform import Platform as Base

if TYPE_CHECKING:
    import numpy as np

    from cnnbench.job import Job

EVAL_BATCH = 1024


class Platform(Base):
    summary = "Numba on a CUDA device, a kernel for each layer and direction"
    data = "uint8, resident"
    flags = "fused multiply-add, no fast-math"

    def probe(self) -> Device:
        require_packages(("numpy", "numba"))
        libraries = describe_packages(("numba-cuda", "cuda-bindings", "numba", "llvmlite", "numpy"))
        target = "numba-cuda" if installed("numba-cuda") else "numba.cuda, built in"
        if is_simulated():
            name = f"Numba's simulator, {processor_name()}"
            return Device(name, "gpu", simulated=True, variant=target, libraries=libraries)
        bindings = installed("cuda-bindings")  # of the CUDA that numba-cuda compiles for
        driver = require_driver(int(bindings.split(".")[0])) if bindings else find_driver()
        return Device(driver.gpus[0].name, "gpu", variant=target, libraries=libraries)

    def load(self) -> None:
        """The last batch of an epoch may be small: no advice about that."""
        os.environ["NUMBA_CUDA_LOW_OCCUPANCY_WARNINGS"] = "0"
        global cuda, kernels, np
        with importing("Numba"):
            import cuda_kernels as kernels
            import numpy as np
            from numba import cuda

    def open(self, job: Job, span: Span) -> None:
        self.job = job
        with span("device"):
            try:
                self.context = cuda.current_context()
            except Exception as error:  # of cuda.cudadrv, which the simulator lacks
                raise Unavailable(f"no CUDA context: {error}".split("\n")[0]) from error
        n_train, n_test = len(job.train_images), len(job.test_images)
        batch = min(job.batch, max(n_train, job.verify.shape[1]))
        self.eval_batch = min(n_test, max(batch, EVAL_BATCH))
        self.layout = cuda_layout.make_layout(
            (job.filters1, job.filters2, job.hidden, job.fsize),
            {tensor.name: tensor.offset for tensor in job.tensors},
            batch,
            max(batch, self.eval_batch),
            max(n_train, n_test, job.verify.shape[1]),
        )
        with span("compile"):
            blocks = cuda_layout.SIMULATOR if is_simulated() else cuda_layout.DEVICE
            pixels = (job.mean, job.deviation)
            self.program = kernels.make_program(self.layout, blocks, pixels, job.lr, job.momentum)
            self.grids: dict[Any, list[Any]] = {}
        with span("upload"):
            self.upload()

    def upload(self) -> None:
        job, layout = self.job, self.layout
        self.train_samples = upload_samples(job.train_images, job.train_labels)
        self.test_samples = upload_samples(job.test_images, job.test_labels)
        longest = max(len(job.train_images), job.verify.shape[1])
        self.order = cuda.to_device(np.zeros(longest, "<u4"))
        self.test_order = cuda.to_device(np.arange(len(job.test_images), dtype="<u4"))
        start = np.zeros(2 * layout.velocity, "<f4")  # the parameters, then no velocity
        start[: layout.parameters] = job.init
        self.start = cuda.to_device(start)
        self.floats = cuda.device_array(layout.floats, "<f4")
        self.choices = cuda.device_array(layout.choices, "u1")
        self.sums = cuda.device_array(2, "<f8")
        self.reset()
        cuda.synchronize()

    def launches(self, kind: str, count: int) -> list[Any]:
        """The kernels of a batch of so many samples, each with its blocks and threads."""
        key = (kind, count)
        if key not in self.grids:
            table = getattr(self.program, kind)
            self.grids[key] = [(kernel.run, (kernel.blocks(count), kernel.threads)) for kernel in table]
        return self.grids[key]

    def run(self, kind: str, samples: Any, order: Any, n: int, batch: int) -> Stats:
        """All launches are queued; the one wait is for the sums."""
        for first in range(0, n, batch):
            count = min(batch, n - first)
            for kernel, grid in self.launches(kind, count):
                kernel[grid](self.floats, self.choices, samples, order, first, count)
        add_up = self.program.sums
        add_up.run[1, add_up.threads](self.floats, self.sums, n)
        loss, correct = self.sums.copy_to_host()
        return Stats(n, -(-n // batch), loss / n, int(correct))

    def train(self, order: np.ndarray) -> Stats:
        n = len(order)
        self.order[:n].copy_to_device(order)
        return self.run("step", self.train_samples, self.order, n, self.job.batch)

    def eval(self) -> Stats:
        n = len(self.job.test_images)
        return self.run("evaluation", self.test_samples, self.test_order, n, self.eval_batch)

    def read(self) -> np.ndarray:
        return self.floats[: self.layout.parameters].copy_to_host()

    def reset(self) -> None:
        self.floats[: len(self.start)].copy_to_device(self.start)
        cuda.synchronize()

    def counters(self) -> dict[str, int]:
        """Of the whole device: what others use is in it."""
        if is_simulated():
            return {}
        memory = self.context.get_memory_info()
        return {"cuMemGetInfo.used": memory.total - memory.free}


def installed(package: str) -> str:
    """Its version, or nothing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def upload_samples(images: np.ndarray, labels: np.ndarray) -> Any:
    rows = np.zeros((len(labels), cuda_layout.ROW), "u1")
    pixels = images[0].size
    rows[:, :pixels] = images.reshape(len(labels), -1)
    rows[:, pixels] = labels
    return cuda.to_device(rows.reshape(-1))
