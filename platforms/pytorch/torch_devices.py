# SPDX-License-Identifier: MIT
"""What differs from one device of PyTorch's to another, as data: names of functions below `torch`.

Nothing here imports torch; it is handed in, so that a stand-in that records its calls can be.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


class OutOfMemory(Exception):
    """The device has too little memory for this job: says what would help."""


@dataclass(frozen=True)
class Device:
    type: str  # PyTorch's word for it
    kind: str  # ours: "cpu" or "gpu"
    synchronise: str = ""  # waits until the device has done all that it was told
    counters: tuple[str, ...] = ()  # of memory, in bytes
    release: tuple[str, ...] = ()  # gives back what is free, and lets the counters of a peak begin anew
    sums: str = "float64"  # the type that the losses of an epoch are added in
    pinned: bool = False  # host memory of the data loader is page-locked: copies need no detour
    relief: str = "a smaller --batch-size needs less"

    def wait(self, torch: Any) -> None:
        if self.synchronise:
            operator.attrgetter(self.synchronise)(torch)()

    def forget(self, torch: Any) -> None:
        for name in self.release:
            operator.attrgetter(name)(torch)()

    def count(self, torch: Any) -> dict[str, int]:
        return {f"torch.{name}": int(operator.attrgetter(name)(torch)()) for name in self.counters}

    @contextlib.contextmanager
    def blocking(self, torch: Any) -> Iterator[None]:
        """A call of the worker's loop: nothing is under way on the device before it, nor after it."""
        try:
            self.wait(torch)
            yield
            self.wait(torch)
        except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is a RuntimeError
            if not any(part in str(error) for part in ("out of memory", "can't allocate memory")):
                raise
            first = str(error).split("\n")[0][:300]
            raise OutOfMemory(f"the {self.type} device is out of memory; {self.relief} ({first})") from error


CPU = Device("cpu", "cpu")
CUDA = Device(
    "cuda",
    "gpu",
    synchronise="cuda.synchronize",
    counters=("cuda.max_memory_allocated", "cuda.max_memory_reserved"),
    release=("cuda.empty_cache", "cuda.reset_peak_memory_stats"),
    pinned=True,
    relief="a smaller --batch-size needs less, and nvidia-smi shows what other programs hold",
)
MPS = Device(
    "mps",
    "gpu",
    synchronise="mps.synchronize",
    counters=("mps.current_allocated_memory", "mps.driver_allocated_memory"),
    release=("mps.empty_cache",),
    sums="float32",  # Metal has no float64
)
