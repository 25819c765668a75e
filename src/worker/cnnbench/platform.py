# SPDX-License-Identifier: MIT
"""What a platform in Python fills in: a module platforms/<folder>/<platform>.py with a class Platform
that is derived from the one below is a worker (docs/ADDING-A-PLATFORM.md).

All calls block: work that runs elsewhere (threads, a device) is finished when a call returns.  Loss
and counts stay on the device and are read once at the end of a call.  A call that cannot go on raises;
the worker then ends with an `error` event that holds the exception's first line.

No module of a platform imports a framework, NumPy included, when it is imported itself: `load` does,
inside the `import` span.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnbench.options import Option

if TYPE_CHECKING:
    import numpy as np

    from cnnbench.job import Job


class Unavailable(Exception):
    """The platform cannot run here: why, and what would enable it."""

    def __init__(self, reason: str, help: str = "") -> None:
        super().__init__(reason)
        self.reason, self.help = reason, help


class Stats(NamedTuple):
    """Of one call of train or eval."""

    samples: int
    steps: int
    loss: float  # mean over the samples; may be not finite
    correct: int  # by the predictions of the forward pass, before the update


@dataclass
class Device:
    """What `probe` finds."""

    name: str  # "AMD EPYC 7B13"
    kind: str = "cpu"  # or "gpu"
    simulated: bool = False  # a simulator: never ranked
    variant: str = ""  # what was chosen; shown by list
    libraries: str = ""  # "torch 2.13.0, numpy 2.4.6"


# Entering it gives a dict: what is put into it becomes members of the span's `end`, for the record.
Span = Callable[[str], AbstractContextManager[dict[str, Any]]]


class Platform:
    summary: str  # a line for list
    options: tuple[Option, ...] = ()  # what may follow the colon; a CPU platform has "threads"
    # Forms worth measuring beside the default, as they stand behind the colon; the best one first.
    variants: tuple[str, ...] = ()
    precision = "float32"  # may be set by __init__, as the options say; so may `data`
    data = "float32, resident"
    compiler = ""
    flags = ""
    chosen = ""  # by trials in an earlier process of the run, which told of it: there are none in this one

    def __init__(self, settings: dict[str, Any]) -> None:
        """`settings`: every option's value in force."""
        self.settings = settings

    def probe(self) -> Device:
        """Is it usable here?  Raises Unavailable.  Takes milliseconds, and imports no framework."""
        raise NotImplementedError

    def load(self) -> None:
        """Import what is needed.  Raises Unavailable where a package is broken."""
        raise NotImplementedError

    def open(self, job: Job, span: Span) -> None:
        """Allocate, compile, upload, set initial weights and zero momentum, each in a span of its own:
        `with span("compile"):`; there are `device`, `tune`, `compile` and `upload`, once each.  May
        raise Unavailable in the `device` span.  What `tune` found by trials, with `end["chosen"]` it tells
        the later processes of the run, which find it in `self.chosen`."""
        raise NotImplementedError

    def train(self, order: np.ndarray) -> Stats:
        """Train the samples order[0..n-1] (uint32, n >= 1) in steps of the job's batch; the last may be
        smaller."""
        raise NotImplementedError

    def eval(self) -> Stats:
        """The whole test set; weights unchanged.  `steps` does not matter."""
        raise NotImplementedError

    def read(self) -> np.ndarray:
        """All parameters, one float32 vector in the layout of `job.init`."""
        raise NotImplementedError

    def reset(self) -> None:
        """Initial weights, zero momentum; all else as it is."""
        raise NotImplementedError

    def counters(self) -> dict[str, int]:
        """The framework's own memory counters, bytes: {"torch.cuda.max_memory_allocated": n}."""
        return {}

    def close(self) -> None:
        """Give back what the process's end would not."""
