# SPDX-License-Identifier: MIT
"""numba_cpu with one of the faults that the platforms of the original system had."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from cnnbench.options import Option

sys.path.append(str(Path(__file__).parents[3] / "platforms/numba"))

from numba_cpu import Platform as NumbaCpu  # noqa: E402 (it is found there)

FAULTS = "none|frozen|summed|dampened"


class Platform(NumbaCpu):
    summary = "numba_cpu with a fault, for tests"
    options = (*NumbaCpu.options, Option("fault", "choice", "none", "what to do wrong", FAULTS))

    def load(self) -> None:
        """Plants the fault where nothing is compiled yet; and lets LLVM optimise little, as it takes long."""
        os.environ["NUMBA_OPT"] = "0"
        super().load()
        import cpu_dense
        import cpu_training

        fault = self.settings["fault"]
        if fault == "frozen":
            cpu_training.make_update = freeze(cpu_training.make_update)
        elif fault == "summed":
            cpu_training.make_head = sum_up(cpu_dense.make_head)
        elif fault == "dampened":
            cpu_training.make_update = dampen(cpu_training.make_update)


def freeze(make_update: Any) -> Any:
    """The convolutions' gradients are left at 0."""

    def make(compile: Any) -> Any:
        @compile
        def sum_blocks(blocks, gradient):
            gradient[:] = 0

        return (sum_blocks, *make_update(compile)[1:])

    return make


def sum_up(make_head: Any) -> Any:
    """The gradient is that of the sum of the losses, not of their mean."""

    def make(compile: Any) -> Any:
        head = make_head(compile)

        @compile
        def summed(z, label, scale, loss, hit):
            head(z, label, scale / scale, loss, hit)

        return summed

    return make


def dampen(make_update: Any) -> Any:
    """v = momentum v + (1 - momentum) g."""

    def make(compile: Any) -> Any:
        update = make_update(compile)[2]

        @compile
        def dampened(weight, velocity, gradient, rate, momentum):
            for i in range(gradient.size):
                gradient[i] *= 1 - momentum
            update(weight, velocity, gradient, rate, momentum)

        return (*make_update(compile)[:2], dampened)

    return make
