# SPDX-License-Identifier: MIT
"""The network (docs/PROTOCOL.md) and its training as graphs.

Images are batch x row x column x channel, filters row x column x in x out: what TensorFlow's kernels on
a processor take.  conv2's output is flattened as [row][column][channel], so fc1's rows stand in another
order than the job's.  A call trains in one graph: a loop over the full batches, then the rest, if there
is one; nothing returns to Python between.  There is a graph for each size of a rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from cnnbench.job import Job

Sums = tuple[tf.Tensor, tf.Tensor]  # of the losses, float64; of the correct, int32
EVAL_BATCH = 1000


class Layout:
    """Between the job's tensors and ours."""

    def __init__(self, job: Job) -> None:
        side = ((28 - job.fsize + 1) // 2 - job.fsize + 1) // 2
        self.flat = (job.filters2, side, side)  # of fc1's inputs, in the job's order

    def take(self, name: str, theirs: np.ndarray) -> np.ndarray:
        if name.startswith("conv") and theirs.ndim == 4:
            return theirs.transpose(2, 3, 1, 0)
        if name == "fc1.weight":
            inputs = theirs.reshape(-1, *self.flat).transpose(2, 3, 1, 0)
            return inputs.reshape(-1, len(theirs))
        return theirs.T  # of a bias: the same

    def give(self, name: str, ours: np.ndarray) -> np.ndarray:
        if ours.ndim == 4:
            return ours.transpose(3, 2, 0, 1)
        if name == "fc1.weight":
            channels, rows, columns = self.flat
            inputs = ours.reshape(rows, columns, channels, -1).transpose(3, 2, 0, 1)
            return inputs.reshape(ours.shape[1], -1)
        return ours.T


def relu_and_pool(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.max_pool2d(tf.nn.relu(x), 2, 2, "VALID")


def pool_and_relu(x: tf.Tensor) -> tf.Tensor:
    """The same, as both keep order: a quarter of the ReLUs."""
    return tf.nn.relu(tf.nn.max_pool2d(x, 2, 2, "VALID"))


class Training:
    def __init__(self, job: Job, pool_first: bool) -> None:
        self.job, self.layout = job, Layout(job)
        self.activate = pool_and_relu if pool_first else relu_and_pool
        self.train_set = self.upload(job.train_images, job.train_labels)
        self.test_set = self.upload(job.test_images, job.test_labels)
        self.weights = [tf.Variable(tensor) for tensor in self.initial()]
        self.momentum = [tf.Variable(tf.zeros_like(weight)) for weight in self.weights]
        self.graphs: dict[int, Callable[[tf.Tensor], Sums]] = {}  # by the size of the rest

    def upload(self, images: np.ndarray, labels: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
        pixels = images[..., np.newaxis].astype(np.float32)
        pixels /= np.float32(255)
        pixels -= np.float32(self.job.mean)
        pixels /= np.float32(self.job.deviation)
        return tf.constant(pixels), tf.constant(labels.astype(np.int32))

    def initial(self) -> list[np.ndarray]:
        tensors = self.job.split(self.job.init[:])
        return [np.ascontiguousarray(self.layout.take(*item)) for item in tensors.items()]

    def reset(self) -> None:
        for weight, momentum, tensor in zip(self.weights, self.momentum, self.initial()):
            weight.assign(tensor)
            momentum.assign(tf.zeros_like(momentum))

    def read(self) -> np.ndarray:
        names = (tensor.name for tensor in self.job.tensors)
        given = (self.layout.give(name, weight.numpy()) for name, weight in zip(names, self.weights))
        return np.concatenate([tensor.ravel() for tensor in given])

    def compile(self) -> None:
        """Traces the graphs and runs each once, short: at its first run a graph is optimised."""
        n, batch = len(self.job.train_labels), self.job.batch
        for rest in {n % batch, self.job.verify.shape[1] % batch}:
            function = tf.function(lambda order, rest=rest: self.epoch(order, rest), autograph=False)
            self.graphs[rest] = function.get_concrete_function(tf.TensorSpec([None], tf.int32))
            self.graphs[rest](tf.range(batch + rest) % n)
        self.evaluation = tf.function(self.evaluate, autograph=False).get_concrete_function()
        self.evaluation()
        self.reset()

    def train(self, order: np.ndarray) -> Sums:
        return self.graphs[len(order) % self.job.batch](tf.constant(order, tf.int32))

    def logits(self, images: tf.Tensor) -> tf.Tensor:
        conv1_weight, conv1_bias, conv2_weight, conv2_bias, *dense = self.weights
        x = self.activate(tf.nn.bias_add(tf.nn.conv2d(images, conv1_weight, 1, "VALID"), conv1_bias))
        x = self.activate(tf.nn.bias_add(tf.nn.conv2d(x, conv2_weight, 1, "VALID"), conv2_bias))
        x = tf.reshape(x, [images.shape[0], -1])
        x = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, dense[0]), dense[1]))
        return tf.nn.bias_add(tf.matmul(x, dense[2]), dense[3])

    def measure(self, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, Sums]:
        """The loss of each sample, and the sums of the batch."""
        logits = self.logits(images)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        correct = tf.argmax(logits, 1, output_type=tf.int32) == labels
        sums = tf.reduce_sum(tf.cast(losses, tf.float64)), tf.reduce_sum(tf.cast(correct, tf.int32))
        return losses, sums

    def step(self, index: tf.Tensor, loss: tf.Tensor, correct: tf.Tensor) -> Sums:
        """One kernel does v = momentum v + g, w = w - lr v."""
        images, labels = (tf.gather(tensor, index) for tensor in self.train_set)
        with tf.GradientTape() as tape:
            losses, sums = self.measure(images, labels)
            mean = tf.reduce_mean(losses)
        gradients = tape.gradient(mean, self.weights)
        for weight, momentum, gradient in zip(self.weights, self.momentum, gradients):
            tf.raw_ops.ResourceApplyMomentum(
                var=weight.handle,
                accum=momentum.handle,
                lr=self.job.lr,
                grad=gradient,
                momentum=self.job.momentum,
            )
        return loss + sums[0], correct + sums[1]

    def epoch(self, order: tf.Tensor, rest: int) -> Sums:
        batch = self.job.batch
        full = tf.size(order) // batch

        def train_batch(k: tf.Tensor, loss: tf.Tensor, correct: tf.Tensor) -> Any:
            index = tf.ensure_shape(tf.slice(order, [k * batch], [batch]), [batch])
            return k + 1, *self.step(index, loss, correct)

        begin = (tf.constant(0), tf.constant(0.0, tf.float64), tf.constant(0))
        _, *sums = tf.while_loop(lambda k, *_: k < full, train_batch, begin, parallel_iterations=1)
        if not rest:
            return tuple(sums)
        return self.step(tf.ensure_shape(order[full * batch :], [rest]), *sums)

    def evaluate(self) -> Sums:
        images, labels = self.test_set
        batches = range(0, labels.shape[0], EVAL_BATCH)
        measured = [self.measure(images[k : k + EVAL_BATCH], labels[k : k + EVAL_BATCH]) for k in batches]
        losses, counts = zip(*(sums for _, sums in measured))
        return tf.add_n(losses), tf.add_n(counts)
