# SPDX-License-Identifier: MIT
"""numba_cpu's dense layers, by BLAS with one thread, and what is small: softmax and the update.

A ReLU lets NaN through, so that a training that diverges shows it in its loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cnnbench.job import CLASSES

Compile = Callable[..., Any]
ZERO = np.float32(0)


def make_dense(compile: Compile) -> tuple[Any, Any]:
    """hidden = max(0, x fc1^T + bias1), logits = hidden fc2^T + bias2, for the rows of a block."""

    @compile
    def forward(x, fc1, bias1, hidden, fc2, bias2, logits):
        np.dot(x, fc1.T, hidden)
        for s in range(hidden.shape[0]):
            for i in range(hidden.shape[1]):
                total = hidden[s, i] + bias1[i]
                hidden[s, i] = ZERO if total < ZERO else total
        np.dot(hidden, fc2.T, logits)
        for s in range(logits.shape[0]):
            for k in range(CLASSES):
                logits[s, k] += bias2[k]

    @compile
    def backward(dlogits, fc2, hidden, dhidden, fc1, dx):
        """dx is still to go through the ReLU before x."""
        np.dot(dlogits, fc2, dhidden)
        for s in range(hidden.shape[0]):
            for i in range(hidden.shape[1]):
                dhidden[s, i] = dhidden[s, i] if hidden[s, i] > ZERO else ZERO
        np.dot(dhidden, fc1, dx)

    return forward, backward


def make_head(compile: Compile) -> Any:
    """loss = log(sum over k of exp(z[k])) - z[label]; z becomes scale (softmax(z) - one hot).  Where a z
    is NaN the loss is, and nothing is hit."""

    @compile
    def head(z, label, scale, loss, hit):
        for s in range(z.shape[0]):
            best = 0
            for k in range(CLASSES):
                best = k if z[s, k] > z[s, best] else best
            most, own, total = z[s, best], z[s, label[s]], ZERO
            for k in range(CLASSES):
                z[s, k] = np.exp(z[s, k] - most)
                total += z[s, k]
            for k in range(CLASSES):
                z[s, k] *= scale / total
            z[s, label[s]] -= scale
            loss[s] = np.log(np.float64(total)) + (np.float64(most) - np.float64(own))
            hit[s] = best == label[s] and total > ZERO

    return head


def make_update(compile: Compile) -> tuple[Any, Any, Any]:
    """The gradients that need a whole batch, each for the part from..to of a tensor, and the update."""

    @compile
    def sum_blocks(blocks, gradient):
        """gradient[i] = sum over b of blocks[b,i], in order."""
        gradient[:] = ZERO
        for b in range(blocks.shape[0]):
            for i in range(gradient.size):
                gradient[i] += blocks[b, i]

    @compile
    def sum_dense(dy, x, turned, dweight, dbias):
        """dweight[o,i] = sum over s of dy[s,o] x[s,i]; turned: room for dy's transpose."""
        for o in range(dbias.size):
            dbias[o] = ZERO
            for s in range(x.shape[0]):
                turned[o, s] = dy[s, o]
                dbias[o] += dy[s, o]
        np.dot(turned, x, dweight)

    @compile
    def update(weight, velocity, gradient, rate, momentum):
        """v = momentum v + g; w = w - rate v."""
        for i in range(weight.size):
            velocity[i] = momentum * velocity[i] + gradient[i]
            weight[i] -= rate * velocity[i]

    return sum_blocks, sum_dense, update
