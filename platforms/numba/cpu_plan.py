# SPDX-License-Identifier: MIT
"""How numba_cpu lays out its arrays.  A plan's numbers are constants of the compiled kernels.

Filters may be padded with zeros up to whole vectors.  A padded filter's output is 0, hence dead behind
its ReLU: its gradients are exactly 0, and it stays 0.

    pixels   [sample][y, x]                     the network's input, 28 x 28 and some room
    map1     [sample][y][x, channel]            pool1 as far as conv2 reads it, side1 x side1
    flat     [sample][y, x][channel]            pool2; the model's order is channel, y, x
    corner2  [sample][y, x][channel]            where in map1 the window of the maximum begins
    weights  conv1 [ky, kx][filter]; conv2 [filter][ky][kx, channel]; fc1 [hidden][flat]; fc2 [10][hidden]

Exact savings: the odd last row and column that a pool leaves out are not computed, nor is what of pool1
only they would read.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cnnbench.job import CLASSES, Job

SIDE = 28  # of an image
BLOCK_MAX = 64  # samples that go through all layers, both ways, while their maps are in L2
STEPS = 32  # plain loops over long rows end at a multiple: LLVM takes 4 vectors of 8 at a time


class Plan(NamedTuple):
    filters1: int
    filters2: int
    hidden: int
    fsize: int
    side1: int  # of pool1 as far as conv2 reads it: 12 by default
    side2: int  # of pool2: 5
    row1: int  # floats of a row of map1
    run: int  # floats of a row of a window of map1
    flat: int
    block: int  # samples that go through all layers together

    def sizes(self) -> dict[str, int]:
        """Floats of each tensor, padded, in the order of the model."""
        return {
            "conv1.weight": self.fsize**2 * self.filters1,
            "conv1.bias": self.filters1,
            "conv2.weight": self.filters2 * self.fsize * self.run,
            "conv2.bias": self.filters2,
            "fc1.weight": self.hidden * self.flat,
            "fc1.bias": self.hidden,
            "fc2.weight": CLASSES * self.hidden,
            "fc2.bias": CLASSES,
        }


def round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def find_block(batch: int, threads: int) -> int:
    """So many samples that every thread has as many blocks of a batch."""
    rounds = -(-batch // (BLOCK_MAX * threads))
    return -(-batch // (rounds * threads))


def make_plan(job: Job, threads: int, lanes1: int, lanes2: int) -> Plan:
    """The filters padded to whole vectors."""
    filters1, filters2 = round_up(job.filters1, lanes1), round_up(job.filters2, lanes2)
    side2 = ((SIDE - job.fsize + 1) // 2 - job.fsize + 1) // 2
    side1 = 2 * side2 + job.fsize - 1
    return Plan(
        filters1,
        filters2,
        job.hidden,
        job.fsize,
        side1,
        side2,
        side1 * filters1,
        job.fsize * filters1,
        side2**2 * filters2,
        find_block(min(job.batch, len(job.train_images)), threads),
    )


def find_places(job: Job, plan: Plan) -> np.ndarray:
    """Of each parameter of the model, in order: its place in a vector of the padded plan."""
    ends = np.cumsum(list(plan.sizes().values()))
    own = dict(zip(plan.sizes(), np.split(np.arange(ends[-1]), ends[:-1])))
    fsize, pixels = plan.fsize, plan.side2**2
    conv1 = own["conv1.weight"].reshape(-1, plan.filters1)[:, : job.filters1].T
    conv2 = own["conv2.weight"].reshape(plan.filters2, fsize, fsize, plan.filters1)
    fc1 = own["fc1.weight"].reshape(plan.hidden, pixels, plan.filters2)
    in_order: dict[str, Any] = own | {
        "conv1.weight": conv1,
        "conv1.bias": own["conv1.bias"][: job.filters1],
        "conv2.weight": conv2[: job.filters2, :, :, : job.filters1].transpose(0, 3, 1, 2),
        "conv2.bias": own["conv2.bias"][: job.filters2],
        "fc1.weight": fc1[:, :, : job.filters2].transpose(0, 2, 1),
    }
    return np.concatenate([places.ravel() for places in in_order.values()])
