# SPDX-License-Identifier: MIT
"""numba_cpu's training: the dense layers, softmax, the update, and the loops over blocks and steps.

A step is two parallel regions.  In the first, each worker takes blocks of samples through the network,
forward and backward, and leaves each block's gradients of the convolutions.  In the second, each owns
an equal part of the parameters: it computes the dense gradients of its part over the whole batch, adds
up the blocks' gradients in their order, and updates.  No sum depends on which worker is faster.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from cpu_dense import make_dense, make_head, make_update
from cpu_lending import lend
from cpu_plan import SIDE, Plan, find_places, make_plan

from cnnbench.job import CLASSES, Job

ZERO = np.float32(0)
PARALLEL = {"fusion": False}  # two regions must not become one


class Set(NamedTuple):
    images: np.ndarray  # uint8, n x 784
    labels: np.ndarray


class State(NamedTuple):
    """All parameters, padded, in one row."""

    weight: np.ndarray
    velocity: np.ndarray
    gradient: np.ndarray


class Rows(NamedTuple):
    """What is kept of every sample of a batch."""

    x: np.ndarray  # batch x flat
    hidden: np.ndarray
    logits: np.ndarray  # then their gradient
    dhidden: np.ndarray
    dx: np.ndarray
    labels: np.ndarray
    loss: np.ndarray
    hit: np.ndarray


def split(vector: np.ndarray, plan: Plan) -> tuple[np.ndarray, ...]:
    """The eight tensors of a padded vector, as views in the layouts of cpu_plan.py."""
    shapes = (
        (-1, plan.filters1),
        (-1,),
        (plan.filters2, plan.fsize, plan.run),
        (-1,),
        (plan.hidden, plan.flat),
        (-1,),
        (CLASSES, plan.hidden),
        (-1,),
    )
    parts = np.split(vector, np.cumsum(list(plan.sizes().values()))[:-1])
    return tuple(part.reshape(shape) for part, shape in zip(parts, shapes))


def make_rows(plan: Plan, count: int) -> Rows:
    """Of `count` samples."""
    floats = [(count, plan.flat), (count, plan.hidden), (count, CLASSES)]
    floats += [(count, plan.hidden), (count, plan.flat)]
    return Rows(
        *(np.zeros(shape, np.float32) for shape in floats),
        np.zeros(count, np.uint8),
        np.zeros(count),
        np.zeros(count, np.bool_),
    )


def make_block(plan: Plan, job: Job, convolutions: Any, compile: Any) -> tuple[Any, Any]:
    """The whole network for a block of samples."""
    _, _, conv_forward, conv_backward = convolutions
    dense_forward, dense_backward = make_dense(compile)
    head = make_head(compile)
    slope, shift = np.float32(1 / (255 * job.deviation)), np.float32(-job.mean / job.deviation)
    end1, start2, end2 = np.cumsum(list(plan.sizes().values())).tolist()[:3]

    @compile
    def load(images, labels, order, pixels, own_labels):
        """pixels = (byte/255 - mean)/deviation"""
        for s in range(order.size):
            own_labels[s] = labels[order[s]]
            image, own = images[order[s]], pixels[s]
            for p in range(SIDE * SIDE):
                own[p] = np.float32(image[p]) * slope + shift

    @compile
    def forward(images, labels, order, scale, weights, desk, rows):
        """From the images to the logits' gradient, times scale."""
        conv1, bias1, _, bias2, fc1, bias3, fc2, bias4 = weights
        load(images, labels, order, desk.pixels, rows.labels)
        conv_forward(order.size, desk, conv1, bias1, bias2, rows.x)
        dense_forward(rows.x, fc1, bias3, rows.hidden, fc2, bias4, rows.logits)
        head(rows.logits, rows.labels, scale, rows.loss, rows.hit)

    @compile
    def backward(weights, desk, rows, gradient):
        """On to the gradients of the convolutions, the first tensors of a vector."""
        conv1, _, conv2, _, fc1, _, fc2, _ = weights
        dense_backward(rows.logits, fc2, rows.hidden, rows.dhidden, fc1, rows.dx)
        gradient[:] = ZERO
        dconv1, dbias1 = gradient[:end1].reshape(conv1.shape), gradient[end1:start2]
        dconv2, dbias2 = gradient[start2:end2].reshape(conv2.shape), gradient[end2:]
        conv_backward(rows.labels.size, desk, conv2, rows.x, rows.dx, dconv1, dbias1, dconv2, dbias2)

    return forward, backward


def make_of_rows(compile: Any) -> Any:
    @compile
    def of_rows(r, start, end):
        """Rows start..end of all arrays."""
        x, hidden, logits, dhidden = r[0][start:end], r[1][start:end], r[2][start:end], r[3][start:end]
        return Rows(
            x, hidden, logits, dhidden, r[4][start:end], r[5][start:end], r[6][start:end], r[7][start:end]
        )

    return of_rows


def make_regions(plan: Plan, job: Job, threads: int, layers: Any, compile: Any) -> tuple[Any, Any]:
    """What one of the workers does in the two regions of a step."""
    convolutions = layers.make_convolutions(plan, compile)
    forward, backward = make_block(plan, job, convolutions, compile)
    sum_blocks, sum_dense, update = make_update(compile)
    of_desk, prepare, _, _ = convolutions
    of_rows = make_of_rows(compile)
    rate, momentum = np.float32(job.lr), np.float32(job.momentum)
    block, hidden = plan.block, plan.hidden
    fc1, bias3, fc2, bias4 = np.cumsum(list(plan.sizes().values())).tolist()[3:7]

    @compile
    def take_blocks(worker, learn, data, all_order, all_weights, desks, all_rows, all_blocks):
        """Every threads-th block of a batch."""
        order, weights, rows, blocks = lend((all_order, all_weights, all_rows, all_blocks))
        desk, count = of_desk(lend(desks), worker), order.size
        images, labels = lend(data)
        prepare(desk, weights[2])
        for i in range(worker, blocks.shape[0], threads):
            start, end = i * block, min((i + 1) * block, count)
            part = of_rows(rows, start, end)
            forward(images, labels, order[start:end], np.float32(1 / count), weights, desk, part)
            if learn:
                backward(weights, desk, part, blocks[i])

    @compile
    def update_range(state, start, end):
        update(state.weight[start:end], state.velocity[start:end], state.gradient[start:end], rate, momentum)

    @compile
    def update_dense(state, room, weight, bias, dy, x, start, end):
        """Rows start..end of a dense layer, whose tensors stand at `weight` and `bias`."""
        count, columns = x.shape
        first, last = weight + start * columns, weight + end * columns
        dweight = state.gradient[first:last].reshape((end - start, columns))
        dbias = state.gradient[bias + start : bias + end]
        sum_dense(dy[:, start:end], x, room.reshape((end - start, count)), dweight, dbias)
        update_range(state, first, last)
        update_range(state, bias + start, bias + end)

    @compile
    def update_part(worker, count, batch_rows, blocks, turned, vectors):
        """A part of the convolutions, and rows of fc1; fc2 is the last worker's.  Its room in `turned` is
        behind that of fc1, where the other workers may still be at work."""
        rows, state = of_rows(batch_rows, 0, count), State(vectors[0], vectors[1], vectors[2])
        start, end = worker * fc1 // threads, (worker + 1) * fc1 // threads
        sum_blocks(blocks[:, start:end], state.gradient[start:end])
        update_range(state, start, end)
        start, end = worker * hidden // threads, (worker + 1) * hidden // threads
        room = turned[start * count : end * count]
        update_dense(state, room, fc1, bias3, rows.dhidden, rows.x, start, end)
        if worker == threads - 1:
            room = turned[hidden * count : (hidden + CLASSES) * count]
            update_dense(state, room, fc2, bias4, rows.logits, rows.hidden, 0, CLASSES)

    return take_blocks, update_part


def make_loop(plan: Plan, job: Job, threads: int, layers: Any, fastmath: Any) -> Any:
    """The loop over all steps of an order, with an update after each where it is to learn.  It returns
    the sum of the losses, and the hits.  Numba hands plain tuples to its workers, no named ones."""
    compile = numba.njit(fastmath=fastmath, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    take_blocks, update_part = make_regions(plan, job, threads, layers, compile)
    block = plan.block

    @compile
    def add_up(count, rows):
        loss, hits = 0.0, 0
        for s in range(count):
            loss += rows[-2][s]
            hits += rows[-1][s]
        return loss, hits

    @numba.njit(fastmath=fastmath, parallel=PARALLEL)
    def loop(learn, step, data, order, state, weights, desks, rows, blocks, turned):
        loss, hits = 0.0, 0
        for first in range(0, order.size, step):
            samples = order[first : first + step]
            parts = blocks[: -(-samples.size // block)]
            for worker in numba.prange(threads):
                take_blocks(worker, learn, data, samples, weights, desks, rows, parts)
            if learn:
                for worker in numba.prange(threads):
                    update_part(worker, samples.size, rows, parts, turned, state)
            step_loss, step_hits = add_up(samples.size, rows)
            loss += step_loss
            hits += step_hits
        return loss, hits

    return loop


class Training:
    """All memory of a training, and its compiled loop."""

    def __init__(self, job: Job, threads: int, layers: Any) -> None:
        """layers: the module of the convolutions."""
        plan = make_plan(job, threads, *layers.lanes(job.filters1))
        self.plan, self.job, self.threads, self.layers = plan, job, threads, layers
        self.places = find_places(job, plan)
        self.batch = min(job.batch, len(job.train_images))
        self.most = max(self.batch, threads * plan.block)  # samples of an evaluation's step: work for all
        size = sum(plan.sizes().values())
        dense = plan.hidden * (plan.flat + 1) + CLASSES * (plan.hidden + 1)
        self.state = State(*(np.zeros(size, np.float32) for _ in State._fields))
        self.weights = split(self.state.weight, plan)
        self.desks = layers.make_desks(plan, threads)
        self.rows = make_rows(plan, self.most)
        self.blocks = np.zeros((-(-self.most // plan.block), size - dense), np.float32)
        self.turned = np.zeros((plan.hidden + CLASSES) * self.batch, np.float32)
        self.reset()

    def compile(self, fastmath: Any) -> None:
        """For the types that it is called with; an order of no samples does no work."""
        self.loop = make_loop(self.plan, self.job, self.threads, self.layers, fastmath)
        nothing = Set(np.zeros((0, SIDE**2), np.uint8), np.zeros(0, np.uint8))
        self.train(nothing, np.zeros(0, np.uint32))

    def run(self, learn: bool, step: int, data: Set, order: np.ndarray) -> tuple[float, int]:
        tables = (tuple(self.state), self.weights, tuple(self.desks), tuple(self.rows))
        return self.loop(learn, step, tuple(data), order, *tables, self.blocks, self.turned)

    def train(self, data: Set, order: np.ndarray) -> tuple[float, int]:
        """The sum of the losses, and the hits."""
        return self.run(True, self.batch, data, order)

    def eval(self, data: Set) -> tuple[float, int]:
        return self.run(False, self.most, data, np.arange(len(data.labels), dtype=np.uint32))

    def reset(self) -> None:
        for vector in self.state:
            vector[:] = 0
        self.state.weight[self.places] = self.job.init

    def read(self) -> np.ndarray:
        return self.state.weight[self.places]
