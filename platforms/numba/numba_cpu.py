# SPDX-License-Identifier: MIT
"""Numba on the processor: loops that LLVM compiles, in parallel over blocks of samples."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cnnbench.host import describe_packages, importing, processor_name, require_packages
from cnnbench.options import THREADS, Option
from cnnbench.platform import Device, Span, Stats
from cnnbench.platform import Platform as Base

if TYPE_CHECKING:
    import numpy as np

    from cnnbench.job import Job

PACKAGES = ("numba", "numpy", "scipy")  # scipy: np.dot inside of Numba calls its BLAS

ENVIRONMENT = {
    # Each of our threads calls BLAS for itself.
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    # Who waits for the other threads spins as briefly as in c_cpu, then sleeps: where other programs
    # want the processor too, OpenMP's milliseconds cost more than half of the speed.
    "OMP_WAIT_POLICY": "passive",
    "GOMP_SPINCOUNT": "1500",
}


class Platform(Base):
    summary = "Numba on the processor, NumPy's BLAS in the dense layers"
    options = (
        THREADS,
        Option("fastmath", "flag", "false", "let LLVM reorder sums, and take no NaN into account"),
        Option("simd", "flag", "false", "convolutions in explicit vectors, by @intrinsic"),
    )
    variants = ("simd",)
    data = "uint8, resident"

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        # "contract" fuses a product and a sum into one operation, which is more exact, not less.
        self.fastmath = True if settings["fastmath"] else {"contract"}
        self.precision = "fastmath" if settings["fastmath"] else "float32"
        self.flags = f"parallel, fastmath={self.fastmath}"

    def probe(self) -> Device:
        require_packages(PACKAGES)
        return Device(processor_name(), libraries=describe_packages((*PACKAGES, "llvmlite")))

    def load(self) -> None:
        os.environ.update(ENVIRONMENT, NUMBA_NUM_THREADS=str(self.settings["threads"]))
        global cpu_training, layers, np
        with importing("Numba"):
            import cpu_training
            import numpy as np

            if self.settings["simd"]:
                import cpu_simd as layers
            else:
                import cpu_plain as layers

    def open(self, job: Job, span: Span) -> None:
        with span("upload"):
            self.batch = job.batch
            self.train_set = upload(job.train_images, job.train_labels)
            self.test_set = upload(job.test_images, job.test_labels)
            self.training = cpu_training.Training(job, self.settings["threads"], layers)
        with span("compile"):
            self.training.compile(self.fastmath)

    def train(self, order: np.ndarray) -> Stats:
        loss, hits = self.training.train(self.train_set, order)
        return Stats(len(order), -(-len(order) // self.batch), loss / len(order), hits)

    def eval(self) -> Stats:
        loss, hits = self.training.eval(self.test_set)
        count = len(self.test_set.labels)
        return Stats(count, 1, loss / count, hits)

    def read(self) -> np.ndarray:
        return self.training.read()

    def reset(self) -> None:
        self.training.reset()


def upload(images: np.ndarray, labels: np.ndarray) -> Any:
    return cpu_training.Set(np.array(images).reshape(len(images), -1), np.array(labels))
