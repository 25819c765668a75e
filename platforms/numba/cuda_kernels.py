# SPDX-License-Identifier: MIT
"""The training on a CUDA device: a kernel for each layer and direction, compiled for one shape.

A step is a row of launches, all with the same arguments: floats, choices, samples (cuda_layout.py),
order, first, count.  Sample b of the batch is samples[order[first + b]].

    kernel         block, default shape           computes
    conv1, conv2   1 or 5 samples, all filters    convolution, ReLU, pool, choice of the pool
    fc1            16 samples x 32 neurons        matrix product, ReLU
    head           4 samples                      fc2, softmax, loss; gradients of fc2, of fc1's outputs
    fc1 weights    32 x 32 of fc1.weight          sum over 128 samples
    fc1 inputs     32 samples x 32 inputs         gradient of the flattened layer
    conv2 inputs   1 sample                       gradient of conv1's outputs
    conv2 weights  4 samples, all of conv2        sum over the samples
    conv1 weights  4 samples, all of conv1        sum over the samples
    update         256 parameters, or 32          adds the partial sums; momentum, weights

No sum depends on the order in which threads or blocks run: what several blocks add up goes to memory
as partial sums, which `update` adds in their order.  Gradients of the convolutions are computed where
the pool took a value above zero, as all others are exactly zero; the rows and columns that no pool
covers are never computed.

Every count and place is a constant for the compiler: a closure for each kernel.  What is 32 bits wide
stays so: a Python float in a formula would make it a double.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from cuda_layout import (
    CLASSES,
    DEAD,
    PIXELS,
    ROW,
    Blocks,
    Convolution,
    Layout,
    Tile,
    cut_forward,
    cut_inputs,
    cut_weights,
    divide,
    is_simulated,
    warps,
)
from numba import cuda, float32, float64, int32, int64, uint8, uint32, void

SIGNATURE = void(float32[::1], uint8[::1], uint8[::1], uint32[::1], int64, int64)


class Kernel(NamedTuple):
    run: Any  # compiled
    blocks: Callable[[int], tuple[int, ...]]  # of so many samples
    threads: int


def compile_kernel(function: Callable[..., None]) -> Any:
    """A multiprocessor has 65,536 registers: ITEMS threads may take 128 each."""
    limit = {} if is_simulated() else {"max_registers": 128}
    return cuda.jit(SIGNATURE, **limit)(function)


# ---- Sources of a convolution's input --------------------------------------------------------------


def make_pixels(mean: float, deviation: float) -> Any:
    """x0 = (pixel/255 - mean)/deviation, as one multiplication and one addition."""
    scale, shift = float32(1 / (255 * deviation)), float32(-mean / deviation)

    @cuda.jit(device=True)
    def pixel(floats, samples, order, first, sample, channel, index):
        return float32(samples[int64(order[first + sample]) * ROW + index]) * scale + shift

    return pixel


def make_activations(conv: Convolution) -> Any:
    place, channels, area = conv.input, conv.channels, conv.area

    @cuda.jit(device=True)
    def activation(floats, samples, order, first, sample, channel, index):
        return floats[place + (sample * channels + channel) * area + index]

    return activation


# ---- Convolutions ----------------------------------------------------------------------------------


def make_forward(conv: Convolution, source: Any, thread_filters: int) -> Kernel:
    """output[b][f][p] = max(0, bias[f] + max over the pool of sum over c, i, j of weight[f][c][i][j] *
    input[b][c][y + i][x + j]), and which of the pool's four it was.

    A thread holds the patch that a pool's cell is computed from, (K + 1)^2 inputs, and multiplies it
    by the taps of `thread_filters` filters: four sums for each.  Inputs and weights lie in shared memory.
    """
    block_samples, block_channels, groups = cut_forward(conv, thread_filters)
    channels, filters, fsize, taps = conv.channels, conv.filters, conv.fsize, conv.taps
    side, area, pool_side, pooled = conv.side, conv.area, conv.pool_side, conv.pooled
    weight, bias, output, choice = conv.weight, conv.bias, conv.output, conv.choice
    patch_side = fsize + 1
    patch_size, sums_size = patch_side**2, 4 * thread_filters
    block_filters = groups * thread_filters
    inputs_size = block_samples * block_channels * area
    weights_size = block_filters * block_channels * taps
    owned = block_samples * groups * pooled
    threads = warps(owned)

    @cuda.jit(device=True)
    def stage_inputs(inputs, floats, samples, order, first, count, channel0):
        sample0 = cuda.blockIdx.x * block_samples
        for i in range(cuda.threadIdx.x, inputs_size, threads):
            sample = sample0 + i // (block_channels * area)
            channel = channel0 + i // area % block_channels
            inputs[i] = float32(0)
            if sample < count and channel < channels:
                inputs[i] = source(floats, samples, order, first, sample, channel, i % area)

    @cuda.jit(device=True)
    def stage_weights(weights, floats, channel0):
        filter0 = cuda.blockIdx.y * block_filters
        for i in range(cuda.threadIdx.x, weights_size, threads):
            f = filter0 + i // (block_channels * taps)
            channel = channel0 + i // taps % block_channels
            weights[i] = float32(0)
            if f < filters and channel < channels:
                weights[i] = floats[weight + (f * channels + channel) * taps + i % taps]

    @cuda.jit(device=True)
    def add_channel(sums, patch, inputs, corner, weights, first_weight):
        for i in range(patch_side):
            for j in range(patch_side):
                patch[i * patch_side + j] = inputs[corner + i * side + j]
        for b in range(thread_filters):
            for i in range(fsize):
                for j in range(fsize):
                    w = weights[first_weight + b * block_channels * taps + i * fsize + j]
                    at = i * patch_side + j
                    sums[4 * b] += w * patch[at]
                    sums[4 * b + 1] += w * patch[at + 1]
                    sums[4 * b + 2] += w * patch[at + patch_side]
                    sums[4 * b + 3] += w * patch[at + patch_side + 1]

    @cuda.jit(device=True)
    def pool(sums, b, floats, choices, sample, f, cell):
        best, taken = sums[4 * b], 0
        for q in range(1, 4):
            if sums[4 * b + q] > best:
                best, taken = sums[4 * b + q], q
        best += floats[bias + f]
        if best <= float32(0):
            best, taken = float32(0), DEAD
        at = (sample * filters + f) * pooled + cell
        floats[output + at] = best
        choices[choice + at] = taken

    @compile_kernel
    def conv_forward(floats, choices, samples, order, first, count):
        inputs = cuda.shared.array(inputs_size, float32)
        weights = cuda.shared.array(weights_size, float32)
        sums = cuda.local.array(sums_size, float32)
        patch = cuda.local.array(patch_size, float32)
        t = cuda.threadIdx.x
        cell, member, group = t % pooled, t // pooled % block_samples, t // (pooled * block_samples)
        corner = member * block_channels * area + 2 * (cell // pool_side) * side + 2 * (cell % pool_side)
        for i in range(sums_size):
            sums[i] = float32(0)
        for channel0 in range(0, channels, block_channels):
            cuda.syncthreads()
            stage_inputs(inputs, floats, samples, order, first, count, channel0)
            stage_weights(weights, floats, channel0)
            cuda.syncthreads()
            if t < owned:
                for c in range(block_channels):
                    first_weight = (group * thread_filters * block_channels + c) * taps
                    add_channel(sums, patch, inputs, corner + c * area, weights, first_weight)
        sample = cuda.blockIdx.x * block_samples + member
        if t < owned and sample < count:
            for b in range(thread_filters):
                f = cuda.blockIdx.y * block_filters + group * thread_filters + b
                if f < filters:
                    pool(sums, b, floats, choices, sample, f, cell)

    rows = divide(filters, block_filters)
    return Kernel(conv_forward, lambda count: (divide(count, block_samples), rows), threads)


def make_input_gradient(conv: Convolution, before: Convolution, thread_channels: int) -> Kernel:
    """d_input[b][c][y][x] = sum over f and the cells of f's pool whose position (py, px) is at most K - 1
    above and left of (y, x), of weight[f][c][y - py][x - px] * d_output[b][f][cell]; zero where the
    pool that made the input is DEAD.

    A block is a sample and `thread_channels` channels; a thread owns a position, in all of these.
    The channels of a weight lie side by side in shared memory, one word apart from the next: lanes that
    stand at different taps meet in different banks.
    """
    block_filters = cut_inputs(conv, thread_channels)
    channels, filters, fsize, taps = conv.channels, conv.filters, conv.fsize, conv.taps
    side, area, pool_side, pooled = conv.side, conv.area, conv.pool_side, conv.pooled
    weight, gradient, choice = conv.weight, conv.gradient, conv.choice
    result, result_choice = before.gradient, before.choice
    stride = thread_channels + 1
    weights_size, cells_size = block_filters * taps * stride, block_filters * pooled
    threads = warps(area)

    @cuda.jit(device=True)
    def stage_weights(weights, floats, filter0):
        for i in range(cuda.threadIdx.x, block_filters * taps * thread_channels, threads):
            b, tap, f = i // taps % thread_channels, i % taps, i // (taps * thread_channels)
            channel, at = cuda.blockIdx.y * thread_channels + b, (f * taps + tap) * stride + b
            weights[at] = float32(0)
            if filter0 + f < filters and channel < channels:
                weights[at] = floats[weight + ((filter0 + f) * channels + channel) * taps + tap]

    @cuda.jit(device=True)
    def stage_cells(gradients, rows, columns, floats, choices, filter0):
        for i in range(cuda.threadIdx.x, cells_size, threads):
            gradients[i] = float32(0)
            if filter0 + i // pooled < filters:
                at = (cuda.blockIdx.x * filters + filter0) * pooled + i
                cell, taken = i % pooled, int32(choices[choice + at])
                gradients[i] = floats[gradient + at]
                rows[i] = 2 * (cell // pool_side) + taken // 2
                columns[i] = 2 * (cell % pool_side) + taken % 2

    @compile_kernel
    def conv_inputs(floats, choices, samples, order, first, count):
        weights = cuda.shared.array(weights_size, float32)
        gradients = cuda.shared.array(cells_size, float32)
        rows = cuda.shared.array(cells_size, int32)
        columns = cuda.shared.array(cells_size, int32)
        sums = cuda.local.array(thread_channels, float32)
        t = cuda.threadIdx.x
        y, x = t // side, t % side
        top, bottom = max(0, y - fsize + 1) // 2, min(pool_side - 1, y // 2)
        left, right = max(0, x - fsize + 1) // 2, min(pool_side - 1, x // 2)
        for b in range(thread_channels):
            sums[b] = float32(0)
        for filter0 in range(0, filters, block_filters):
            cuda.syncthreads()
            stage_weights(weights, floats, filter0)
            stage_cells(gradients, rows, columns, floats, choices, filter0)
            cuda.syncthreads()
            if t < area:
                for f in range(block_filters):
                    for py in range(top, bottom + 1):
                        for px in range(left, right + 1):
                            at = f * pooled + py * pool_side + px
                            g = gradients[at]
                            i, j = y - rows[at], x - columns[at]
                            if g != float32(0) and 0 <= i < fsize and 0 <= j < fsize:
                                w = (f * taps + i * fsize + j) * stride
                                for b in range(thread_channels):
                                    sums[b] += g * weights[w + b]
        if t < area:
            for b in range(thread_channels):
                channel = cuda.blockIdx.y * thread_channels + b
                if channel < channels:
                    at = (cuda.blockIdx.x * channels + channel) * area + t
                    dead = choices[result_choice + at] == DEAD
                    floats[result + at] = float32(0) if dead else sums[b]

    rows_of_blocks = divide(channels, thread_channels)
    return Kernel(conv_inputs, lambda count: (count, rows_of_blocks), threads)


def make_weight_gradient(conv: Convolution, layout: Layout, source: Any, least: int) -> Kernel:
    """partial[k][f][c][i][j] = sum over the k-th group of samples and the cells of f's pool, of
    d_output[b][f][cell] * input[b][c][y + i][x + j] with the position (y, x) that the pool took; the
    bias's likewise, without the input.

    A thread owns one row of taps, (f, c, i), and every `parts`-th cell; the parts are added in shared
    memory.  blockIdx.y counts chunks of filters x channels.  A block has `least` threads, or more.
    """
    block_channels, block_filters, parts = cut_weights(conv, least)
    channels, filters, fsize, taps = conv.channels, conv.filters, conv.fsize, conv.taps
    side, area, pool_side, pooled = conv.side, conv.area, conv.pool_side, conv.pooled
    gradient, choice, group = conv.gradient, conv.choice, layout.group
    narrow, narrow_size = layout.narrow, layout.narrow_size
    weight, bias = narrow_place(layout, conv.weight), narrow_place(layout, conv.bias)
    columns = divide(channels, block_channels)
    lines = block_filters * block_channels * fsize  # rows of taps
    owned, line_size = lines * parts, fsize + 1  # the bias's sum stands behind a line's
    threads = warps(owned)
    inputs_size, cells_size, shares_size = block_channels * area, block_filters * pooled, owned * line_size

    @cuda.jit(device=True)
    def stage_inputs(inputs, floats, samples, order, first, sample, channel0):
        for i in range(cuda.threadIdx.x, inputs_size, threads):
            channel = channel0 + i // area
            inputs[i] = float32(0)
            if channel < channels:
                inputs[i] = source(floats, samples, order, first, sample, channel, i % area)

    @cuda.jit(device=True)
    def stage_cells(gradients, places, floats, choices, sample, filter0):
        for i in range(cuda.threadIdx.x, cells_size, threads):
            gradients[i], places[i] = float32(0), 0
            if filter0 + i // pooled < filters:
                at = (sample * filters + filter0) * pooled + i
                cell, taken = i % pooled, int32(choices[choice + at]) % DEAD
                gradients[i] = floats[gradient + at]
                places[i] = (2 * (cell // pool_side) + taken // 2) * side + 2 * (cell % pool_side) + taken % 2

    @cuda.jit(device=True)
    def write_line(shares, line, floats, filter0, channel0):
        i, c, f = line % fsize, line // fsize % block_channels, line // (fsize * block_channels)
        channel, f_all = channel0 + c, filter0 + f
        place = narrow + cuda.blockIdx.x * narrow_size
        if channel < channels and f_all < filters:
            for j in range(line_size):
                total = float32(0)
                for part in range(parts):
                    total += shares[(part * lines + line) * line_size + j]
                if j < fsize:
                    floats[place + weight + (f_all * channels + channel) * taps + i * fsize + j] = total
                elif channel == 0 and i == 0:
                    floats[place + bias + f_all] = total

    @compile_kernel
    def conv_weights(floats, choices, samples, order, first, count):
        inputs = cuda.shared.array(inputs_size, float32)
        gradients = cuda.shared.array(cells_size, float32)
        places = cuda.shared.array(cells_size, int32)
        shares = cuda.shared.array(shares_size, float32)
        sums = cuda.local.array(line_size, float32)
        t = cuda.threadIdx.x
        line, part = t % lines, t // lines
        i, c, f = line % fsize, line // fsize % block_channels, line // (fsize * block_channels)
        filter0 = cuda.blockIdx.y // columns * block_filters
        channel0 = cuda.blockIdx.y % columns * block_channels
        sample0 = cuda.blockIdx.x * group
        for j in range(line_size):
            sums[j] = float32(0)
        for sample in range(sample0, min(sample0 + group, count)):
            cuda.syncthreads()
            stage_inputs(inputs, floats, samples, order, first, sample, channel0)
            stage_cells(gradients, places, floats, choices, sample, filter0)
            cuda.syncthreads()
            if t < owned:
                for cell in range(part, pooled, parts):
                    g = gradients[f * pooled + cell]
                    at = c * area + i * side + places[f * pooled + cell]
                    for j in range(fsize):
                        sums[j] += g * inputs[at + j]
                    sums[fsize] += g
        if t < owned:
            for j in range(line_size):
                shares[t * line_size + j] = sums[j]
        cuda.syncthreads()
        if t < lines:
            write_line(shares, t, floats, filter0, channel0)

    chunks = columns * divide(filters, block_filters)
    return Kernel(conv_weights, lambda count: (divide(count, group), chunks), threads)


# ---- Dense layers ----------------------------------------------------------------------------------


class Operand(NamedTuple):
    """One side of a matrix product."""

    element: Any  # (floats, row or column, depth, count); zero outside
    along_depth: bool  # its neighbours in memory differ in depth


class Product(NamedTuple):
    """A matrix product, cut along its depth for blockIdx.z, and what becomes of its elements."""

    left: Operand
    right: Operand
    store: Any  # (floats, row, column, sum, count)
    depth: int  # of a slice
    over_samples: bool  # the last slice ends with the batch's samples


def make_product(product: Product, tile: Tile, blocks: Callable[[int], tuple[int, ...]]) -> Kernel:
    """result[m][n] = sum over k of left[m][k] * right[k][n], for k in a slice.

    A block owns a tile of the result; a thread thread_rows x thread_columns of it, spread over the tile
    so that neighbours read neighbouring words.  Both sides come through shared memory, `depth` deep at
    a time, and rows are one word longer than a multiple of 32: no two lanes write to one bank.
    """
    rows, columns, tile_depth, thread_rows, thread_columns = tile
    (element_left, left_along), (element_right, right_along), store, depth, over_samples = product
    rows_apart, columns_apart = rows // thread_rows, columns // thread_columns
    threads, sums_size = rows_apart * columns_apart, thread_rows * thread_columns
    left_stride, right_stride = rows + 1, columns + 1
    left_size, right_size = tile_depth * left_stride, tile_depth * right_stride

    @cuda.jit(device=True)
    def stage_left(tile, floats, row0, depth0, end, count):
        for i in range(cuda.threadIdx.x, rows * tile_depth, threads):
            k = i % tile_depth if left_along else i // rows
            m = i // tile_depth if left_along else i % rows
            value = float32(0)
            if depth0 + k < end:
                value = element_left(floats, row0 + m, depth0 + k, count)
            tile[k * left_stride + m] = value

    @cuda.jit(device=True)
    def stage_right(tile, floats, column0, depth0, end, count):
        for i in range(cuda.threadIdx.x, columns * tile_depth, threads):
            k = i % tile_depth if right_along else i // columns
            n = i // tile_depth if right_along else i % columns
            value = float32(0)
            if depth0 + k < end:
                value = element_right(floats, column0 + n, depth0 + k, count)
            tile[k * right_stride + n] = value

    @compile_kernel
    def multiply(floats, choices, samples, order, first, count):
        left_tile = cuda.shared.array(left_size, float32)
        right_tile = cuda.shared.array(right_size, float32)
        sums = cuda.local.array(sums_size, float32)
        m, n = cuda.threadIdx.x // columns_apart, cuda.threadIdx.x % columns_apart
        row0, column0, begin = cuda.blockIdx.y * rows, cuda.blockIdx.x * columns, cuda.blockIdx.z * depth
        end = min(begin + depth, count) if over_samples else begin + depth
        for i in range(sums_size):
            sums[i] = float32(0)
        for depth0 in range(begin, end, tile_depth):
            cuda.syncthreads()
            stage_left(left_tile, floats, row0, depth0, end, count)
            stage_right(right_tile, floats, column0, depth0, end, count)
            cuda.syncthreads()
            for k in range(tile_depth):
                for i in range(thread_rows):
                    a = left_tile[k * left_stride + m + i * rows_apart]
                    for j in range(thread_columns):
                        b = right_tile[k * right_stride + n + j * columns_apart]
                        sums[i * thread_columns + j] += a * b
        for i in range(thread_rows):
            for j in range(thread_columns):
                row, column = row0 + m + i * rows_apart, column0 + n + j * columns_apart
                store(floats, row, column, sums[i * thread_columns + j], count)

    return Kernel(multiply, blocks, threads)


def make_elements(layout: Layout) -> dict[str, Any]:
    """Elements of fc1's matrices, zero outside of them.  `count` samples are there."""
    hidden, flat, weight = layout.hidden, layout.flat, layout.fc1_weight
    inputs, gradient = layout.conv2.output, layout.layer_gradient

    @cuda.jit(device=True)
    def input_of(floats, sample, i, count):
        return floats[inputs + sample * flat + i] if sample < count and i < flat else float32(0)

    @cuda.jit(device=True)
    def weight_of(floats, o, i, count):
        return floats[weight + o * flat + i] if o < hidden and i < flat else float32(0)

    @cuda.jit(device=True)
    def weight_from(floats, i, o, count):
        return weight_of(floats, o, i, count)

    @cuda.jit(device=True)
    def gradient_of(floats, sample, o, count):
        inside = sample < count and o < hidden
        return floats[gradient + sample * hidden + o] if inside else float32(0)

    @cuda.jit(device=True)
    def gradient_from(floats, o, sample, count):
        return gradient_of(floats, sample, o, count)

    @cuda.jit(device=True)
    def input_from(floats, i, sample, count):
        return input_of(floats, sample, i, count)

    return {
        "inputs": Operand(input_of, True),  # by sample, i
        "inputs, turned": Operand(input_from, False),
        "weights": Operand(weight_of, True),  # by o, i
        "weights, turned": Operand(weight_from, False),
        "gradients": Operand(gradient_of, True),  # by sample, o
        "gradients, turned": Operand(gradient_from, False),
    }


def make_fc1(layout: Layout, tile: Tile) -> Kernel:
    """h[b][o] = max(0, bias[o] + sum over i of x2[b][i] * weight[o][i])."""
    hidden, bias, layer = layout.hidden, layout.fc1_bias, layout.layer
    elements = make_elements(layout)

    @cuda.jit(device=True)
    def store(floats, sample, o, total, count):
        if sample < count and o < hidden:
            total += floats[bias + o]
            floats[layer + sample * hidden + o] = float32(0) if total <= float32(0) else total

    def blocks(count: int) -> tuple[int, ...]:
        return divide(hidden, tile.columns), divide(count, tile.rows), 1

    product = Product(elements["inputs"], elements["weights"], store, layout.flat, False)
    return make_product(product, tile, blocks)


def make_fc1_inputs(layout: Layout, tile: Tile) -> Kernel:
    """d_x2[b][i] = sum over o of d_h[b][o] * weight[o][i]; a ReLU that was zero had x2 = 0."""
    hidden, flat = layout.hidden, layout.flat
    gradient, inputs = layout.conv2.gradient, layout.conv2.output
    elements = make_elements(layout)

    @cuda.jit(device=True)
    def store(floats, sample, i, total, count):
        if sample < count and i < flat:
            at = sample * flat + i
            floats[gradient + at] = float32(0) if floats[inputs + at] == float32(0) else total

    def blocks(count: int) -> tuple[int, ...]:
        return divide(flat, tile.columns), divide(count, tile.rows), 1

    product = Product(elements["gradients"], elements["weights, turned"], store, hidden, False)
    return make_product(product, tile, blocks)


def make_fc1_weights(layout: Layout, tile: Tile) -> Kernel:
    """partial[k][o][i] = sum over the k-th slice of samples of d_h[b][o] * x2[b][i]."""
    hidden, flat, wide, slice_size = layout.hidden, layout.flat, layout.wide, layout.slice
    elements = make_elements(layout)

    @cuda.jit(device=True)
    def store(floats, o, i, total, count):
        if o < hidden and i < flat:
            floats[wide + (cuda.blockIdx.z * hidden + o) * flat + i] = total

    def blocks(count: int) -> tuple[int, ...]:
        return divide(flat, tile.columns), divide(hidden, tile.rows), divide(count, slice_size)

    left, right = elements["gradients, turned"], elements["inputs, turned"]
    return make_product(Product(left, right, store, slice_size, True), tile, blocks)


def make_head(layout: Layout, threads: int, with_gradients: bool) -> Kernel:
    """For a group of samples: z = fc2's outputs, the loss, whether the largest is the label; with
    gradients: d_z = (softmax(z) - 1 at the label)/count, d_h = d_z weight where h > 0, and the group's
    sums for fc1.bias, fc2.weight and fc2.bias.

    The products of z are cut in `parts`, so that all threads of the block have some.
    """
    hidden, group, layer, layer_gradient = layout.hidden, layout.group, layout.layer, layout.layer_gradient
    weight, bias, loss, correct = layout.fc2_weight, layout.fc2_bias, layout.loss, layout.correct
    narrow, narrow_size = layout.narrow, layout.narrow_size
    places = (layout.fc1_bias, layout.fc2_weight, layout.fc2_bias)
    d_bias1, d_weight, d_bias = (narrow_place(layout, place) for place in places)
    outputs = group * CLASSES
    parts = max(1, threads // outputs)
    shares_size = outputs * parts

    @cuda.jit(device=True)
    def multiply(shares, floats, sample0, n):
        for i in range(cuda.threadIdx.x, shares_size, threads):
            part, sample, o = i // outputs, i // CLASSES % group, i % CLASSES
            total = float32(0)
            if sample < n:
                h, w = layer + (sample0 + sample) * hidden, weight + o * hidden
                for k in range(part, hidden, parts):
                    total += floats[h + k] * floats[w + k]
            shares[i] = total

    @cuda.jit(device=True)
    def finish_output(z, shares, floats, n):
        """The sum of the parts; without samples, zero."""
        for i in range(cuda.threadIdx.x, outputs, threads):
            total = float32(0)
            for part in range(parts):
                total += shares[part * outputs + i]
            z[i] = total + floats[bias + i % CLASSES]

    @cuda.jit(device=True)
    def classify(z, at, label):
        """The loss; z becomes softmax(z) - 1 at the label.  Then whether the first of the largest z is
        the label's."""
        best = 0
        for o in range(1, CLASSES):
            if z[at + o] > z[at + best]:
                best = o
        largest, own, total = z[at + best], z[at + label], float32(0)
        for o in range(CLASSES):
            z[at + o] = math.exp(z[at + o] - largest)
            total += z[at + o]
        for o in range(CLASSES):
            z[at + o] = z[at + o] / total - (float32(1) if o == label else float32(0))
        return math.log(total) + (largest - own), best == label

    @cuda.jit(device=True)
    def hidden_gradients(z, floats, sample0, n, place):
        """A thread owns neurons: d_h of its column, and the group's sums over that."""
        sums = cuda.local.array(CLASSES, float32)
        for k in range(cuda.threadIdx.x, hidden, threads):
            bias_sum = float32(0)
            for o in range(CLASSES):
                sums[o] = float32(0)
            for sample in range(n):
                at = (sample0 + sample) * hidden + k
                h, gradient = floats[layer + at], float32(0)
                for o in range(CLASSES):
                    gradient += z[sample * CLASSES + o] * floats[weight + o * hidden + k]
                    sums[o] += z[sample * CLASSES + o] * h
                gradient = float32(0) if h == float32(0) else gradient
                floats[layer_gradient + at] = gradient
                bias_sum += gradient
            floats[place + d_bias1 + k] = bias_sum
            for o in range(CLASSES):
                floats[place + d_weight + o * hidden + k] = sums[o]

    @cuda.jit(device=True)
    def bias_gradients(z, floats, n, place):
        for o in range(cuda.threadIdx.x, CLASSES, threads):
            total = float32(0)
            for sample in range(n):
                total += z[sample * CLASSES + o]
            floats[place + d_bias + o] = total

    @compile_kernel
    def head(floats, choices, samples, order, first, count):
        shares = cuda.shared.array(shares_size, float32)
        z = cuda.shared.array(outputs, float32)
        sample0 = cuda.blockIdx.x * group
        n = min(group, count - sample0)
        multiply(shares, floats, sample0, n)
        cuda.syncthreads()
        finish_output(z, shares, floats, n)
        cuda.syncthreads()
        for sample in range(cuda.threadIdx.x, n, threads):
            at = first + sample0 + sample
            label = int32(samples[int64(order[at]) * ROW + PIXELS * PIXELS])
            sample_loss, is_right = classify(z, sample * CLASSES, label)
            floats[loss + at] = sample_loss
            floats[correct + at] = float32(1) if is_right else float32(0)
            for o in range(CLASSES):
                z[sample * CLASSES + o] /= float32(count)
        if with_gradients:
            cuda.syncthreads()
            place = narrow + cuda.blockIdx.x * narrow_size
            hidden_gradients(z, floats, sample0, n, place)
            bias_gradients(z, floats, n, place)

    return Kernel(head, lambda count: (divide(count, group),), threads)


# ---- Update and sums -------------------------------------------------------------------------------


def narrow_place(layout: Layout, place: int) -> int:
    """Of a parameter in a row of narrow partial sums, where fc1.weight is left out."""
    return place if place < layout.fc1_weight else place - layout.wide_size


def make_update(layout: Layout, blocks: Blocks, lr: float, momentum: float) -> Kernel:
    """v = momentum * v + g; w = w - lr * v, where g is the sum of the partial ones.

    The first blocks own fc1's weights, one a thread, the last ones 32 other parameters each: as there
    are many more partial sums of these, eight threads add each eighth row, and the first adds up the
    eight.
    """
    learning, keep = float32(lr), float32(momentum)
    parameters, fc1_weight, velocity = layout.parameters, layout.fc1_weight, layout.velocity
    narrow, narrow_size, group = layout.narrow, layout.narrow_size, layout.group
    wide, wide_size, slice_size = layout.wide, layout.wide_size, layout.slice
    threads, columns = blocks.update, 32
    rows = threads // columns
    wide_blocks = min(divide(wide_size, threads), blocks.update_blocks)
    narrow_blocks = min(divide(narrow_size, columns), blocks.update_blocks)

    @cuda.jit(device=True)
    def step(floats, p, gradient):
        v = keep * floats[velocity + p] + gradient
        floats[velocity + p] = v
        floats[p] -= learning * v

    @cuda.jit(device=True)
    def add_rows(floats, place, size, begin, end, stride):
        total = float32(0)
        for row in range(begin, end, stride):
            total += floats[place + row * size]
        return total

    @compile_kernel
    def update(floats, choices, samples, order, first, count):
        shares = cuda.shared.array(threads, float32)
        t, block = cuda.threadIdx.x, cuda.blockIdx.x
        if block < wide_blocks:
            slices = (count + slice_size - 1) // slice_size
            for i in range(block * threads + t, wide_size, wide_blocks * threads):
                step(floats, fc1_weight + i, add_rows(floats, wide + i, wide_size, 0, slices, 1))
        else:
            row, groups = t // columns, (count + group - 1) // group
            for i0 in range((block - wide_blocks) * columns, narrow_size, narrow_blocks * columns):
                i = i0 + t % columns
                shares[t] = float32(0)
                if i < narrow_size:
                    shares[t] = add_rows(floats, narrow + i, narrow_size, row, groups, rows)
                cuda.syncthreads()
                if row == 0 and i < narrow_size:
                    total = float32(0)
                    for other in range(rows):
                        total += shares[other * columns + t]
                    step(floats, i if i < fc1_weight else i + wide_size, total)
                cuda.syncthreads()

    return Kernel(update, lambda count: (wide_blocks + narrow_blocks,), threads)


def make_sums(layout: Layout, threads: int) -> Kernel:
    """sums[0], sums[1] = the losses and the correct ones of all samples of a call, in doubles."""
    loss, correct = layout.loss, layout.correct

    @cuda.jit(void(float32[::1], float64[::1], int64))
    def add_up(floats, sums, n):
        losses = cuda.shared.array(threads, float64)
        hits = cuda.shared.array(threads, float64)
        t = cuda.threadIdx.x
        losses[t], hits[t] = float64(0), float64(0)
        for i in range(t, n, threads):
            losses[t] += float64(floats[loss + i])
            hits[t] += float64(floats[correct + i])
        cuda.syncthreads()
        if t < 2:
            total = float64(0)
            for i in range(threads):
                total += losses[i] if t == 0 else hits[i]
            sums[t] = total

    return Kernel(add_up, lambda count: (1,), threads)


class Program(NamedTuple):
    """What is launched, in this order."""

    step: tuple[Kernel, ...]  # for each batch of the training
    evaluation: tuple[Kernel, ...]  # for each batch
    sums: Kernel  # after the last


def make_program(
    layout: Layout, blocks: Blocks, normalisation: tuple[float, float], lr: float, momentum: float
) -> Program:
    """Compiles everything.  `normalisation`: a pixel's mean and deviation."""
    pixels, activations = make_pixels(*normalisation), make_activations(layout.conv2)
    forward = (
        make_forward(layout.conv1, pixels, blocks.filters),
        make_forward(layout.conv2, activations, blocks.filters),
        make_fc1(layout, blocks.fc1),
    )
    backward = (
        make_fc1_weights(layout, blocks.gradients),
        make_fc1_inputs(layout, blocks.gradients),
        make_input_gradient(layout.conv2, layout.conv1, blocks.channels),
        make_weight_gradient(layout.conv2, layout, activations, blocks.weights),
        make_weight_gradient(layout.conv1, layout, pixels, blocks.weights),
        make_update(layout, blocks, lr, momentum),
    )
    step = (*forward, make_head(layout, blocks.head, True), *backward)
    evaluation = (*forward, make_head(layout, blocks.head, False))
    return Program(step, evaluation, make_sums(layout, blocks.update))
