# SPDX-License-Identifier: MIT
"""TensorFlow on the processor: an epoch is one call of one graph."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cnnbench.host import describe_packages, importing, processor_name, require_packages
from cnnbench.options import THREADS, Option
from cnnbench.platform import Device, Span, Stats
from cnnbench.platform import Platform as Base

if TYPE_CHECKING:
    import numpy as np

    from cnnbench.job import Job


class Platform(Base):
    summary = "TensorFlow on the processor, an epoch as one graph, oneDNN's kernels"
    options = (THREADS, Option("pool_first", "flag", "false", "ReLU after the pool: the same function"))
    variants = ("pool_first",)
    flags = "tf.function, oneDNN on, XLA off"

    def probe(self) -> Device:
        require_packages(("numpy", "tensorflow"), "make setup PEERS=all")
        names = ("tensorflow", "tensorflow-cpu", "keras", "numpy")
        return Device(processor_name(), libraries=describe_packages(names))

    def load(self) -> None:
        """The environment is read when the library is loaded: errors only in the log, oneDNN also where
        a build leaves it out by default, and no GPU."""
        os.environ |= {
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "TF_ENABLE_ONEDNN_OPTS": "1",
            "CUDA_VISIBLE_DEVICES": "-1",
        }
        global tf, tensorflow_net
        with importing("TensorFlow", "install it anew: make setup PEERS=all"):
            import tensorflow as tf
            import tensorflow_net

    def open(self, job: Job, span: Span) -> None:
        self.job = job
        with span("device"):
            tf.config.threading.set_intra_op_parallelism_threads(self.settings["threads"])
            tf.config.threading.set_inter_op_parallelism_threads(1)
            tf.zeros(1).numpy()
        with span("upload"):
            self.training = tensorflow_net.Training(job, self.settings["pool_first"])
        with span("compile"):
            self.training.compile()

    def train(self, order: np.ndarray) -> Stats:
        return self.outcome(len(order), *self.training.train(order))

    def eval(self) -> Stats:
        return self.outcome(len(self.job.test_labels), *self.training.evaluation())

    def outcome(self, samples: int, loss: Any, correct: Any) -> Stats:
        steps = -(-samples // self.job.batch)
        return Stats(samples, steps, float(loss.numpy()) / samples, int(correct.numpy()))

    def read(self) -> np.ndarray:
        return self.training.read()

    def reset(self) -> None:
        self.training.reset()
