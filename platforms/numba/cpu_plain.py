# SPDX-License-Identifier: MIT
"""The convolutions of numba_cpu in plain loops, laid out so that LLVM makes vectors of them.

Forward, the pixels of a plane are one long row: shifted by a tap, it is a row again, so z += weight *
plane goes from end to end of it, all taps at once.  What this computes past the end of a row of pixels
is never read.

Backward, a window of map1 is one row as well: from its first element to its last it is `wide` long, and
a filter's weights are stretched to that, with zeros in between.  That is three times the work of the
window, and three times as fast as its short rows.  Exact savings: a pool hands its gradient to one of
four pixels, so both gradients go over the pooled grid, and only where the ReLU let something through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from cpu_plan import SIDE, STEPS, Plan, round_up

Compile = Callable[..., Any]
ZERO = np.float32(0)


class Desk(NamedTuple):
    """One worker's scratch; `planes` is map1 as [channel][y, x]."""

    pixels: np.ndarray
    planes: np.ndarray
    map1: np.ndarray
    cell1: np.ndarray  # [channel][y, x], 2 row + column of the maximum
    corner2: np.ndarray
    z1: np.ndarray  # outputs of a filter before the pool, [y, x]
    z2: np.ndarray
    most2: np.ndarray  # of a filter after the pool
    cell2: np.ndarray
    dmap1: np.ndarray  # of one sample
    weights: np.ndarray  # conv2's, stretched
    dweights: np.ndarray


def lanes(filters1: int) -> tuple[int, int]:
    """To what filters are padded."""
    return 1, 1


def find_wide(plan: Plan) -> int:
    """Elements of map1 that a window stretches over."""
    return round_up((plan.fsize - 1) * plan.row1 + plan.run, STEPS)


def make_desks(plan: Plan, threads: int) -> Desk:
    """For each worker one, stacked.  Rows have room for what is computed past their ends, and small ones,
    so that no cache line is two workers'."""
    side, wide = plan.side1, find_wide(plan)
    room = side * plan.row1 + STEPS
    floats = {
        "pixels": (plan.block, SIDE**2 + STEPS),
        "planes": (plan.block, plan.filters1, side**2 + STEPS),
        "map1": (plan.block, room),
        "z1": (SIDE**2 + STEPS,),
        "z2": (side**2 + STEPS,),
        "most2": (plan.side2**2 + STEPS,),
        "dmap1": (room,),
        "weights": (plan.filters2, wide),
        "dweights": (plan.filters2, wide),
    }
    numbers = {
        "cell1": (plan.block, plan.filters1, side**2),
        "corner2": (plan.block, plan.flat),
        "cell2": (plan.side2**2 + STEPS,),
    }
    # Unsigned: what may be below 0 as an index is tested for it, and LLVM makes no vectors.
    arrays = {name: np.zeros((threads, *shape), np.float32) for name, shape in floats.items()}
    return Desk(**arrays, **{name: np.zeros((threads, *shape), np.uint32) for name, shape in numbers.items()})


def make_pool(compile: Compile, side: int, width: int) -> Any:
    @compile
    def pool(z, most, cell):
        """most = max(0, the largest of 2 x 2), rows of z being `width` long; cell: the first of the
        largest."""
        for y in range(side):
            for x in range(side):
                at = 2 * y * width + 2 * x
                left, right = z[at], z[at + 1]
                below_left, below_right = z[at + width], z[at + width + 1]
                above = right if right > left else left
                below = below_right if below_right > below_left else below_left
                cell_above = np.uint32(1) if right > left else np.uint32(0)
                cell_below = np.uint32(3) if below_right > below_left else np.uint32(2)
                largest = below if below > above else above
                cell[y * side + x] = cell_below if below > above else cell_above
                most[y * side + x] = ZERO if largest < ZERO else largest

    return pool


def make_conv1(plan: Plan, compile: Compile) -> tuple[Any, Any]:
    """z[f,y,x] = bias[f] + sum over i, j of weight[i,j,f] in[y+i,x+j]; map1 = pool(max(0, z))."""
    filters, fsize, side = plan.filters1, plan.fsize, plan.side1
    length = round_up((2 * side - 1) * SIDE + 2 * side, STEPS)
    pool = make_pool(compile, side, SIDE)

    @compile
    def sum_plane(pixels, weight, bias, z):
        """z of one filter."""
        for p in range(length):
            total = bias
            for i in range(fsize):
                for j in range(fsize):
                    total += weight[i * fsize + j] * pixels[p + i * SIDE + j]
            z[p] = total

    @compile
    def forward(pixels, weight, bias, z, planes, map1, cell1):
        for f in range(filters):
            sum_plane(pixels, weight[:, f], bias[f], z)
            pool(z, planes[f], cell1[f])
        for p in range(side * side):
            for f in range(filters):
                map1[p * filters + f] = planes[f, p]

    @compile
    def backward(pixels, planes, cell1, delta, dweight, dbias):
        """dweight[i,j,f] += delta[y,x,f] in[2y+r+i,2x+c+j] where map1 > 0, (r, c) the maximum's cell."""
        for f in range(filters):
            for y in range(side):
                for x in range(side):
                    p = y * side + x
                    if planes[f, p] > ZERO:
                        d, cell = delta[p * filters + f], np.intp(cell1[f, p])
                        corner = (2 * y + (cell >> 1)) * SIDE + 2 * x + (cell & 1)
                        dbias[f] += d
                        for i in range(fsize):
                            for j in range(fsize):
                                dweight[i * fsize + j, f] += d * pixels[corner + i * SIDE + j]

    return forward, backward


def make_conv2(plan: Plan, compile: Compile) -> tuple[Any, Any]:
    """z[f,y,x] = bias[f] + sum over c, i, j of weight[f,i,j,c] in[c,y+i,x+j]; flat = pool(max(0, z))."""
    filters, fsize, side, width = plan.filters2, plan.fsize, plan.side2, plan.side1
    channels, row1, wide = plan.filters1, plan.row1, find_wide(plan)
    length = round_up((2 * side - 1) * width + 2 * side, STEPS)
    pool = make_pool(compile, side, width)

    @compile
    def add_plane(plane, weight, z):
        """z += what one channel gives to one filter.  weight: stretched."""
        for p in range(length):
            total = z[p]
            for i in range(fsize):
                for j in range(fsize):
                    total += weight[i * row1 + j * channels] * plane[p + i * width + j]
            z[p] = total

    @compile
    def forward(planes, weights, bias, z, most, cell, flat, corner2):
        for f in range(filters):
            z[:] = bias[f]
            for c in range(channels):
                add_plane(planes[c], weights[f, c:], z)
            pool(z, most, cell)
            for y in range(side):
                for x in range(side):
                    p = y * side + x
                    flat[p * filters + f] = most[p]
                    row, column = 2 * y + (cell[p] >> 1), 2 * x + (cell[p] & 1)
                    corner2[p * filters + f] = row * row1 + column * channels

    @compile
    def backward(map1, flat, corner2, delta, weights, dmap1, dweights, dbias):
        """With `at` where the window of position p begins: dweights[f,j] += delta[p,f] map1[at+j] and
        dmap1[at+j] += delta[p,f] weights[f,j], where flat > 0."""
        dmap1[:] = ZERO
        for f in range(filters):
            for p in range(f, side * side * filters, filters):
                if flat[p] > ZERO:
                    d, at = delta[p], np.intp(corner2[p])
                    dbias[f] += d
                    for j in range(wide):
                        dweights[f, j] += d * map1[at + j]
            for p in range(f, side * side * filters, filters):
                if flat[p] > ZERO:
                    d, at = delta[p], np.intp(corner2[p])
                    for j in range(wide):
                        dmap1[at + j] += d * weights[f, j]

    return forward, backward


def make_convolutions(plan: Plan, compile: Compile) -> tuple[Any, Any, Any, Any]:
    """of_desk, prepare, forward and backward of both layers, for a block."""
    conv1_forward, conv1_backward = make_conv1(plan, compile)
    conv2_forward, conv2_backward = make_conv2(plan, compile)
    filters2, fsize, run, row1 = plan.filters2, plan.fsize, plan.run, plan.row1

    @compile
    def of_desk(d, i):
        """Worker i's."""
        whole = Desk(d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11])
        return Desk(
            whole.pixels[i],
            whole.planes[i],
            whole.map1[i],
            whole.cell1[i],
            whole.corner2[i],
            whole.z1[i],
            whole.z2[i],
            whole.most2[i],
            whole.cell2[i],
            whole.dmap1[i],
            whole.weights[i],
            whole.dweights[i],
        )

    @compile
    def prepare(desk, conv2):
        """Stretch the weights; what lies between them is 0 from the beginning."""
        for f in range(filters2):
            for i in range(fsize):
                for j in range(run):
                    desk.weights[f, i * row1 + j] = conv2[f, i, j]

    @compile
    def forward(count, desk, conv1, bias1, bias2, x):
        for s in range(count):
            planes, map1 = desk.planes[s], desk.map1[s]
            conv1_forward(desk.pixels[s], conv1, bias1, desk.z1, planes, map1, desk.cell1[s])
            conv2_forward(planes, desk.weights, bias2, desk.z2, desk.most2, desk.cell2, x[s], desk.corner2[s])

    @compile
    def backward(count, desk, conv2, x, dx, dconv1, dbias1, dconv2, dbias2):
        desk.dweights[:] = ZERO
        for s in range(count):
            corners, dmap1 = desk.corner2[s], desk.dmap1
            conv2_backward(desk.map1[s], x[s], corners, dx[s], desk.weights, dmap1, desk.dweights, dbias2)
            conv1_backward(desk.pixels[s], desk.planes[s], desk.cell1[s], dmap1, dconv1, dbias1)
        for f in range(filters2):
            for i in range(fsize):
                for j in range(run):
                    dconv2[f, i, j] = desk.dweights[f, i * row1 + j]

    return of_desk, prepare, forward, backward
