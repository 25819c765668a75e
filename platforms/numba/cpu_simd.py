# SPDX-License-Identifier: MIT
"""The convolutions of numba_cpu in explicit vectors (cpu_vectors.py): lanes are filters forward, and
channels backward; sums stay in registers.

Exact savings: a pool hands its gradient to one of four pixels, so the backward passes go over the pooled
grid; conv2's only where the ReLU let something through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from cpu_plan import SIDE, STEPS, Plan
from cpu_vectors import (
    add,
    add_scaled,
    choose,
    find_lanes,
    greater,
    make_add_products,
    make_fill,
    make_load,
    make_load_tile,
    make_store_tile,
    same,
    store,
)

Compile = Callable[..., Any]
ZERO = np.float32(0)
NARROW = 8  # lanes where they are channels of conv1
SUMS = 12  # vectors of a tile: of 16 registers some hold what is multiplied


class Desk(NamedTuple):
    """One worker's scratch."""

    pixels: np.ndarray
    map1: np.ndarray
    cell1: np.ndarray  # as map1, 2 row + column of the maximum
    corner2: np.ndarray
    z2: np.ndarray  # two rows of conv2's outputs before the pool, [row][x][filter]
    dmap1: np.ndarray  # of one sample
    turned: np.ndarray  # conv2's weights as [i, j][filter]


def lanes(filters1: int) -> tuple[int, int]:
    """To what filters are padded."""
    return NARROW, find_lanes()


def make_desks(plan: Plan, threads: int) -> Desk:
    """For each worker one, stacked."""
    map1 = plan.side1 * plan.row1

    def floats(*shape: int) -> np.ndarray:
        return np.zeros((threads, *shape), np.float32)

    return Desk(
        floats(plan.block, SIDE**2 + STEPS),
        floats(plan.block, map1),
        np.zeros((threads, plan.block, map1), np.int32),
        np.zeros((threads, plan.block, plan.flat), np.int32),
        floats(2, 2 * plan.side2, plan.filters2),
        floats(map1),
        floats(plan.fsize * plan.run, plan.filters2),
    )


def make_pool(compile: Compile, lanes: int, cells: tuple[int, int, int, int]) -> Any:
    fill, (first, right, below, last) = make_fill(lanes), (np.int32(cell) for cell in cells)

    @compile
    def pool(z):
        """max(0, the largest of four vectors), and which it was, as one of `cells`."""
        upper, lower = greater(z[1], z[0]), greater(z[3], z[2])
        above, under = choose(upper, z[1], z[0]), choose(lower, z[3], z[2])
        cell_above = choose(upper, fill(right), fill(first))
        cell_under = choose(lower, fill(last), fill(below))
        down = greater(under, above)
        most = choose(down, under, above)
        dead = greater(fill(ZERO), most)
        return choose(dead, fill(ZERO), most), choose(down, cell_under, cell_above)

    return pool


def list_window_terms(fsize: int) -> list[tuple[int, int, int]]:
    """Of the window that one pooled pixel comes from: every (offset of a pixel in the image, cell, tap)
    that are multiplied with each other."""
    return [
        (y * SIDE + x, 2 * row + column, (y - row) * fsize + x - column)
        for y in range(fsize + 1)
        for x in range(fsize + 1)
        for row in (0, 1)
        for column in (0, 1)
        if 0 <= y - row < fsize and 0 <= x - column < fsize
    ]


def make_conv1(plan: Plan, compile: Compile) -> tuple[Any, Any]:
    """z[f,y,x] = bias[f] + sum over i, j of weight[i,j,f] in[y+i,x+j]; map1 = pool(max(0, z))."""
    filters, side, row1, taps = plan.filters1, plan.side1, plan.row1, plan.fsize**2
    terms = list_window_terms(plan.fsize)
    fill, load, load_cell = make_fill(NARROW), make_load(NARROW), make_load(NARROW, "int")
    load_four = make_load_tile(NARROW, [0] * 4)
    load_taps = make_load_tile(NARROW, [tap * filters for tap in range(taps)])
    store_taps = make_store_tile([tap * filters for tap in range(taps)])
    add_forward = make_add_products(terms)
    add_backward = make_add_products([(offset, tap, cell) for offset, cell, tap in terms])
    pool = make_pool(compile, NARROW, (0, 1, 2, 3))

    @compile
    def forward(pixels, weight, bias, map1, cell1):
        for f in range(0, filters, NARROW):
            weights, biases = load_taps(weight, f), load_four(bias, f)
            for y in range(side):
                for x in range(side):
                    z = add_forward(biases, pixels, 2 * y * SIDE + 2 * x, weights)
                    most, cell = pool(z)
                    at = y * row1 + x * filters + f
                    store(map1, at, most)
                    store(cell1, at, cell)

    @compile
    def only(d, cell, which):
        """d where the cell is `which`, else 0."""
        return choose(same(cell, fill(which)), d, fill(ZERO))

    @compile
    def backward(pixels, map1, cell1, delta, dweight, dbias):
        """dweight[i,j,f] += delta[y,x,f] in[2y+r+i,2x+c+j] where map1 > 0, (r, c) the maximum's cell."""
        for f in range(0, filters, NARROW):
            sums, total = load_taps(dweight, f), load(dbias, f)
            for y in range(side):
                for x in range(side):
                    at = y * row1 + x * filters + f
                    live = greater(load(map1, at), fill(ZERO))
                    d, cell = choose(live, load(delta, at), fill(ZERO)), load_cell(cell1, at)
                    total = add(total, d)
                    four = (
                        only(d, cell, np.int32(0)),
                        only(d, cell, np.int32(1)),
                        only(d, cell, np.int32(2)),
                        only(d, cell, np.int32(3)),
                    )
                    sums = add_backward(sums, pixels, 2 * y * SIDE + 2 * x, four)
            store_taps(dweight, f, sums)
            store(dbias, f, total)

    return forward, backward


def make_conv2_forward(plan: Plan, compile: Compile) -> Any:
    """z[f,y,x] = bias[f] + sum over i, j of weight[f,i,j] in[y+i,x,j], where j goes through the columns
    and channels of a window; flat = pool(max(0, z)).  A tile is half a row of z and two vectors of
    filters, or, where a vector has all, half of two rows."""
    filters, fsize, side, width = plan.filters2, plan.fsize, plan.side2, 2 * plan.side2
    channels, run, row1, lanes = plan.filters1, plan.run, plan.row1, find_lanes()
    vectors = 2 if filters % (2 * lanes) == 0 else 1
    rows, group = 2 // vectors, vectors * lanes
    pixels = [(row, x) for row in range(rows) for x in range(side)]
    load_biases = make_load_tile(lanes, [v * lanes for _ in pixels for v in range(vectors)])
    load_weights = make_load_tile(lanes, [v * lanes for v in range(vectors)])
    add_products = make_add_products(
        [
            (row * row1 + x * channels, i * vectors + v, v)
            for i, (row, x) in enumerate(pixels)
            for v in range(vectors)
        ]
    )
    store_z = make_store_tile(
        [(row * width + x) * filters + v * lanes for row, x in pixels for v in range(vectors)]
    )
    below = width * filters
    load_four = make_load_tile(lanes, [0, filters, below, below + filters])
    pool = make_pool(compile, lanes, (0, channels, row1, row1 + channels))
    fill = make_fill(lanes)

    @compile
    def sum_tile(map1, at, turned, bias, f, z, to):
        sums = load_biases(bias, f)
        for i in range(fsize):
            for j in range(run):
                weights = load_weights(turned, (i * run + j) * filters + f)
                sums = add_products(sums, map1, at + i * row1 + j, weights)
        store_z(z, to, sums)

    @compile
    def pool_row(y, z, flat, corner2):
        for x in range(side):
            for f in range(0, filters, lanes):
                most, cell = pool(load_four(z, 2 * x * filters + f))
                at = (y * side + x) * filters + f
                store(flat, at, most)
                store(corner2, at, add(cell, fill(np.int32(2 * y * row1 + 2 * x * channels))))

    @compile
    def forward(map1, turned, bias, z, flat, corner2):
        for y in range(side):
            for f in range(0, filters, group):
                for row in range(0, 2, rows):
                    for x in range(0, width, side):
                        at, to = (2 * y + row) * row1 + x * channels, (row * width + x) * filters
                        sum_tile(map1, at, turned, bias, f, z, to + f)
            pool_row(y, z, flat, corner2)

    return forward


def make_conv2_backward(plan: Plan, compile: Compile) -> Any:
    """With `at` where the window of position p begins, where flat > 0:
    dweight[f,i,j] += delta[p,f] map1[at + i, j] and dmap1[at + i, j] += delta[p,f] weight[f,i,j].
    A tile is the whole window, or a row of it where that is too large."""
    filters, fsize, run, row1 = plan.filters2, plan.fsize, plan.run, plan.row1
    rows = fsize if fsize * run <= SUMS * NARROW else 1
    places = [(row, j) for row in range(rows) for j in range(0, run, NARROW)]
    load_weights = make_load_tile(NARROW, [row * run + j for row, j in places])
    store_weights = make_store_tile([row * run + j for row, j in places])
    load_window = make_load_tile(NARROW, [row * row1 + j for row, j in places])
    store_window = make_store_tile([row * row1 + j for row, j in places])
    positions = plan.side2**2

    @compile
    def backward(map1, flat, corner2, delta, weight, dmap1, dweight, dbias):
        dmap1[:] = ZERO
        for f in range(filters):
            for i in range(0, fsize, rows):
                own = (f * fsize + i) * run
                weights, sums = load_weights(weight, own), load_weights(dweight, own)
                total = ZERO
                for p in range(f, positions * filters, filters):
                    if flat[p] > ZERO:
                        at = corner2[p] + i * row1
                        sums = add_scaled(sums, delta[p], load_window(map1, at))
                        store_window(dmap1, at, add_scaled(load_window(dmap1, at), delta[p], weights))
                        total += delta[p]
                store_weights(dweight, own, sums)
            dbias[f] += total

    return backward


def make_convolutions(plan: Plan, compile: Compile) -> tuple[Any, Any, Any, Any]:
    """of_desk, prepare, forward and backward of both layers, for a block."""
    conv1_forward, conv1_backward = make_conv1(plan, compile)
    conv2_forward, conv2_backward = make_conv2_forward(plan, compile), make_conv2_backward(plan, compile)
    filters2, fsize, run = plan.filters2, plan.fsize, plan.run

    @compile
    def of_desk(d, i):
        """Worker i's."""
        return Desk(d[0][i], d[1][i], d[2][i], d[3][i], d[4][i], d[5][i], d[6][i])

    @compile
    def prepare(desk, conv2):
        for f in range(filters2):
            for i in range(fsize):
                for j in range(run):
                    desk.turned[i * run + j, f] = conv2[f, i, j]

    @compile
    def forward(count, desk, conv1, bias1, bias2, x):
        for s in range(count):
            map1 = desk.map1[s]
            conv1_forward(desk.pixels[s], conv1, bias1, map1, desk.cell1[s])
            conv2_forward(map1, desk.turned, bias2, desk.z2, x[s], desk.corner2[s])

    @compile
    def backward(count, desk, conv2, x, dx, dconv1, dbias1, dconv2, dbias2):
        for s in range(count):
            map1, dmap1 = desk.map1[s], desk.dmap1
            conv2_backward(map1, x[s], desk.corner2[s], dx[s], conv2, dmap1, dconv2, dbias2)
            conv1_backward(desk.pixels[s], map1, desk.cell1[s], dmap1, dconv1, dbias1)

    return of_desk, prepare, forward, backward
