# SPDX-License-Identifier: MIT
"""The convolutions of numba_cpu in plain loops: the innermost go over filters or channels, in rows of
memory, so that LLVM makes vectors of them.  Layouts: cpu_plan.py.

Each function below compiles one layer for a plan and returns its forward and its backward pass, each
over the samples of a block.  Exact savings: a pool hands its gradient to one of four pixels, so the
backward passes go over the pooled grid, and only where the ReLU let something through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from cpu_plan import SIDE, Plan

Compile = Callable[..., Any]
ZERO = np.float32(0)


def make_conv1(plan: Plan, compile: Compile) -> tuple[Any, Any]:
    """z[y,x,f] = bias[f] + sum over i, j of weight[i,j,f] in[y+i,x+j]; map1 = pool(max(0, z))."""
    filters, fsize, side, width = plan.filters1, plan.fsize, plan.side1, 2 * plan.side1

    @compile
    def sum_row(pixels, y, weight, bias, z):
        """One row of z."""
        for x in range(width):
            for f in range(filters):
                z[x, f] = bias[f]
        for i in range(fsize):
            for j in range(fsize):
                for x in range(width):
                    pixel = pixels[y + i, x + j]
                    for f in range(filters):
                        z[x, f] += pixel * weight[i * fsize + j, f]

    @compile
    def pool_row(upper, lower, map1, cell1):
        """A row of map1 from two of z; the first of the largest wins."""
        for x in range(side):
            for f in range(filters):
                most, cell = upper[2 * x, f], np.uint8(0)
                if upper[2 * x + 1, f] > most:
                    most, cell = upper[2 * x + 1, f], np.uint8(1)
                if lower[2 * x, f] > most:
                    most, cell = lower[2 * x, f], np.uint8(2)
                if lower[2 * x + 1, f] > most:
                    most, cell = lower[2 * x + 1, f], np.uint8(3)
                map1[x * filters + f] = ZERO if most < ZERO else most
                cell1[x * filters + f] = cell

    @compile
    def forward(count, pixels, weight, bias, z, map1, cell1):
        for s in range(count):
            for y in range(side):
                sum_row(pixels[s], 2 * y, weight, bias, z[0])
                sum_row(pixels[s], 2 * y + 1, weight, bias, z[1])
                pool_row(z[0], z[1], map1[s, y], cell1[s, y])

    @compile
    def backward(pixels, map1, cell1, delta, dweight, dbias):
        """Adds one sample's.  dweight[i,j,f] += delta[y,x,f] in[2y+r+i,2x+c+j], (r, c) the cell."""
        for y in range(side):
            for x in range(side):
                for f in range(filters):
                    if map1[y, x * filters + f] > ZERO:
                        d, cell = delta[y, x * filters + f], cell1[y, x * filters + f]
                        top, left = 2 * y + (cell >> 1), 2 * x + (cell & 1)
                        dbias[f] += d
                        for i in range(fsize):
                            for j in range(fsize):
                                dweight[i * fsize + j, f] += d * pixels[top + i, left + j]

    return forward, backward


def make_conv2(plan: Plan, compile: Compile) -> tuple[Any, Any]:
    """z[y,x,f] = bias[f] + sum over i, j of weight[f,i,j] in[y+i,x,j], where j counts through the
    columns and channels of a window; flat = pool(max(0, z))."""
    filters, fsize, side, width = plan.filters2, plan.fsize, plan.side2, 2 * plan.side2
    channels, run, row1 = plan.filters1, plan.run, plan.row1

    @compile
    def sum_row(map1, y, turned, bias, z):
        """One row of z; turned: the weights as [i,j][filter]."""
        for x in range(width):
            for f in range(filters):
                z[x, f] = bias[f]
        for i in range(fsize):
            for j in range(run):
                for x in range(width):
                    pixel = map1[y + i, x * channels + j]
                    for f in range(filters):
                        z[x, f] += pixel * turned[i * run + j, f]

    @compile
    def pool_row(y, upper, lower, flat, corner2):
        """A row of flat from two of z; the first of the largest wins."""
        for x in range(side):
            for f in range(filters):
                most, corner = upper[2 * x, f], np.uint32(0)
                if upper[2 * x + 1, f] > most:
                    most, corner = upper[2 * x + 1, f], np.uint32(channels)
                if lower[2 * x, f] > most:
                    most, corner = lower[2 * x, f], np.uint32(row1)
                if lower[2 * x + 1, f] > most:
                    most, corner = lower[2 * x + 1, f], np.uint32(row1 + channels)
                at = (y * side + x) * filters + f
                flat[at] = ZERO if most < ZERO else most
                corner2[at] = corner + np.uint32(2 * y * row1 + 2 * x * channels)

    @compile
    def forward(count, map1, turned, bias, z, flat, corner2):
        for s in range(count):
            for y in range(side):
                sum_row(map1[s], 2 * y, turned, bias, z[0])
                sum_row(map1[s], 2 * y + 1, turned, bias, z[1])
                pool_row(y, z[0], z[1], flat[s], corner2[s])

    @compile
    def add_window(d, corner, map1, weight, dmap1, dweight):
        """dweight[i,j] += d in[corner+i,j] and din[corner+i,j] += d weight[i,j] of one filter."""
        for i in range(fsize):
            at = corner + i * row1
            source, target = map1[at : at + run], dmap1[at : at + run]
            for j in range(run):
                dweight[i, j] += d * source[j]
            for j in range(run):
                target[j] += d * weight[i, j]

    @compile
    def backward(map1, flat, corner2, delta, weight, dmap1, dweight, dbias):
        """One sample's: sets dmap1, adds to the others."""
        maps, dmaps = map1.reshape(-1), dmap1.reshape(-1)
        dmaps[:] = ZERO
        for p in range(side * side):
            for f in range(filters):
                at = p * filters + f
                if flat[at] > ZERO:
                    dbias[f] += delta[at]
                    add_window(delta[at], np.intp(corner2[at]), maps, weight[f], dmaps, dweight[f])

    return forward, backward
