# SPDX-License-Identifier: MIT
"""Where all numbers of the training lie on the device, and how the work is cut into blocks: plain
integers, fixed before the kernels are compiled, so that these hold them as constants.

Two arrays hold everything that is computed, so that each kernel has the same few arguments (Numba
spends about a microsecond on each array of each launch):

    floats   parameters, velocity, activations and gradients of a batch, partial sums, losses
    choices  for each cell of a pool which of its four positions it took, or DEAD

A row of `samples` is 784 pixels, the label and padding up to ROW bytes, whole sectors of memory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

PIXELS, CLASSES = 28, 10
ROW = 800  # bytes of a sample
DEAD = 4  # a pool's choice where the ReLU is zero: no gradient
SHARED = 10240  # floats of shared memory that a block takes at most; 12288 is what every device has
ITEMS = 512  # threads of a block at most
PARTIALS = 128  # partial sums of a gradient: work for about as many multiprocessors


class Tile(NamedTuple):
    """Of a matrix product: what a block owns, how deep at a time, and what one thread owns of it."""

    rows: int
    columns: int
    depth: int
    thread_rows: int
    thread_columns: int


class Blocks(NamedTuple):
    """How the work is cut: how many threads share it."""

    filters: int  # of a thread, forward
    channels: int  # of a thread, backward to a convolution's input
    weights: int  # threads of a block for a convolution's weight gradients, at least
    head: int  # threads
    update: int  # threads
    update_blocks: int  # at most
    fc1: Tile
    gradients: Tile


# 4 filters forward: 16 sums in registers, 144 products for 16 + 36 loads.  8 channels backward: one
# test for 8 products.  fc1: 128 blocks at the default shape, though small tiles load more.
DEVICE = Blocks(4, 8, 256, 128, 256, 1 << 20, Tile(16, 32, 40, 2, 2), Tile(32, 32, 32, 4, 2))
# A thread of Numba's simulator is one of Python, and half a millisecond goes by at each barrier.
SIMULATOR = Blocks(3, 3, 1, 8, 32, 2, Tile(2, 24, 60, 2, 24), Tile(4, 64, 8, 4, 64))


def is_simulated() -> bool:
    """By Numba, which reads this variable too."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def divide(a: int, b: int) -> int:
    """Rounded up."""
    return -(-a // b)


def warps(threads: int) -> int:
    """Rounded up to whole warps."""
    return 32 * divide(threads, 32)


@dataclass(frozen=True)
class Convolution:
    """One convolution with its pool."""

    channels: int
    side: int  # of its input
    filters: int
    fsize: int
    weight: int  # offsets in floats
    bias: int
    input: int
    output: int  # pooled
    gradient: int  # of the output; zero where DEAD
    choice: int  # in choices

    @property
    def area(self) -> int:
        return self.side**2

    @property
    def taps(self) -> int:
        return self.fsize**2

    @property
    def pool_side(self) -> int:
        return (self.side - self.fsize + 1) // 2

    @property
    def pooled(self) -> int:
        return self.pool_side**2


@dataclass(frozen=True)
class Layout:
    conv1: Convolution
    conv2: Convolution
    hidden: int
    flat: int  # inputs of fc1
    parameters: int
    fc1_weight: int  # offsets in floats, as the next four
    fc1_bias: int
    fc2_weight: int
    fc2_bias: int
    velocity: int
    layer: int  # outputs of fc1
    layer_gradient: int
    narrow: int  # partials x (all parameters but fc1.weight)
    wide: int  # slices x fc1.weight
    loss: int  # of each sample of the epoch
    correct: int  # 1 or 0
    floats: int
    choices: int
    capacity: int  # samples of the largest batch
    group: int  # samples of one narrow partial sum
    slice: int  # and of a wide one

    @property
    def narrow_size(self) -> int:
        return self.parameters - self.wide_size

    @property
    def wide_size(self) -> int:
        return self.hidden * self.flat


class Places:
    """Hands out one place after another, each on a boundary of 256 bytes."""

    def __init__(self) -> None:
        self.end = 0

    def take(self, size: int) -> int:
        place = self.end
        self.end += 64 * divide(size, 64)
        return place


def group_samples(batch: int) -> int:
    """Of all other tensors: at least 4, at most 64; between them so many that there are PARTIALS sums."""
    return min(64, max(4, divide(batch, PARTIALS)))


def slice_samples(batch: int) -> int:
    """At most 16 partial sums of fc1.weight, the largest tensor; of no less than 128 samples each."""
    return 128 * divide(batch, 16 * 128)


def make_layout(
    shape: tuple[int, int, int, int], tensors: dict[str, int], batch: int, capacity: int, longest: int
) -> Layout:
    """`shape`: filters1, filters2, hidden, fsize.  `tensors`: their offsets.  `batch`: of training;
    `capacity`: the largest that any call has.  `longest`: samples of the longest call."""
    filters1, filters2, hidden, fsize = shape
    group, slice = group_samples(batch), slice_samples(batch)
    rows = group * divide(capacity, group)
    side1 = (PIXELS - fsize + 1) // 2
    size1, flat = filters1 * side1**2, filters2 * ((side1 - fsize + 1) // 2) ** 2
    parameters = tensors["fc2.bias"] + CLASSES
    wide = hidden * flat
    floats, choices = Places(), Places()
    floats.take(parameters)
    velocity = floats.take(parameters)
    x1, x2, layer = (floats.take(rows * size) for size in (size1, flat, hidden))
    d1, d2, layer_gradient = (floats.take(rows * size) for size in (size1, flat, hidden))
    choice1, choice2 = choices.take(rows * size1), choices.take(rows * flat)

    def convolution(name: str, *numbers: int) -> Convolution:
        channels, side, filters, *places = numbers
        weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
        return Convolution(channels, side, filters, fsize, weight, bias, *places)

    return Layout(
        conv1=convolution("conv1", 1, PIXELS, filters1, 0, x1, d1, choice1),
        conv2=convolution("conv2", filters1, side1, filters2, x1, x2, d2, choice2),
        hidden=hidden,
        flat=flat,
        parameters=parameters,
        fc1_weight=tensors["fc1.weight"],
        fc1_bias=tensors["fc1.bias"],
        fc2_weight=tensors["fc2.weight"],
        fc2_bias=tensors["fc2.bias"],
        velocity=velocity,
        layer=layer,
        layer_gradient=layer_gradient,
        narrow=floats.take(divide(batch, group) * (parameters - wide)),
        wide=floats.take(divide(batch, slice) * wide),
        loss=floats.take(longest),
        correct=floats.take(longest),
        floats=floats.end,
        choices=choices.end,
        capacity=capacity,
        group=group,
        slice=slice,
    )


class Forward(NamedTuple):
    """A block of a convolution forward.  A thread owns a cell of the pool, in a group of filters."""

    samples: int
    channels: int  # in shared memory at a time
    groups: int  # of filters


def cut_forward(conv: Convolution, filters: int) -> Forward:
    """`filters`: of a group."""
    inputs, weights = SHARED * 3 // 5, SHARED * 2 // 5 // (filters * conv.taps)
    samples = max(1, min(128 // conv.pooled, inputs // (min(conv.channels, 8) * conv.area)))
    channels = min(conv.channels, inputs // (samples * conv.area), weights)
    most = max(1, min(ITEMS // (samples * conv.pooled), weights // channels))
    wanted = divide(conv.filters, filters)
    return Forward(samples, channels, divide(wanted, divide(wanted, most)))


class Weights(NamedTuple):
    """A block of a convolution's weight gradients.  A thread owns a row of a filter's taps in one
    channel, and every `parts`-th cell of the pool."""

    channels: int
    filters: int
    parts: int


def cut_weights(conv: Convolution, threads: int) -> Weights:
    """`threads`: of a block at least, where there are so many cells."""
    channels = min(conv.channels, 3584 // conv.area, ITEMS // conv.fsize)
    filters = min(conv.filters, 1536 // conv.pooled, ITEMS // (channels * conv.fsize))
    parts = min(conv.pooled, max(1, threads // (channels * filters * conv.fsize)))
    return Weights(channels, filters, parts)


def cut_inputs(conv: Convolution, channels: int) -> int:
    """Filters in shared memory at a time, backward to so many channels of a convolution's input."""
    return min(conv.filters, 4096 // (conv.taps * (channels + 1)), 1024 // conv.pooled)
