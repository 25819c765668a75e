# SPDX-License-Identifier: MIT
"""The training of platforms/pytorch as a GPU's platform drives it, on the processor: a device whose
functions for waiting and whose graphs are stand-ins that record the order of calls.  Needs torch.
Argument: the project's folder."""

import contextlib
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

root = Path(sys.argv.pop(1))
sys.path[:0] = [str(root / "platforms/pytorch"), str(root / "src/worker")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch_platform  # noqa: E402
from cnnbench.job import Job, Tensor  # noqa: E402
from cnnbench.options import read_options  # noqa: E402
from torch_devices import Device  # noqa: E402
from torch_forms import choose  # noqa: E402

SHAPES = {
    "conv1.weight": (2, 1, 3, 3),
    "conv1.bias": (2,),
    "conv2.weight": (3, 2, 3, 3),
    "conv2.bias": (3,),
    "fc1.weight": (5, 75),
    "fc1.bias": (5,),
    "fc2.weight": (10, 5),
    "fc2.bias": (10,),
}
N, BATCH = 11, 4  # two full batches and one of three
calls = []


def make_job():
    random = np.random.default_rng(1)
    tensors, offset = [], 0
    for name, shape in SHAPES.items():
        tensors.append(Tensor(name, shape, offset, int(np.prod(shape))))
        offset += tensors[-1].size
    images = random.integers(0, 256, (N, 28, 28), dtype=np.uint8)
    labels = random.integers(0, 10, N, dtype=np.uint8)
    order = np.stack([random.permutation(N).astype(np.uint32) for _ in range(2)])
    return Job(
        **dict(filters1=2, filters2=3, hidden=5, fsize=3, epochs=2, batch=BATCH, lr=0.01, momentum=0.9),
        **dict(mean=0.1307, deviation=0.3081, tensors=tuple(tensors)),
        **dict(train_images=images, train_labels=labels, test_images=images, test_labels=labels),
        **dict(init=random.uniform(-0.2, 0.2, offset).astype(np.float32), order=order, verify=order),
    )


class FakeGraph:
    """Records the steps of its capture, and takes them again at a replay."""

    capturing = None

    def __init__(self):
        self.steps = []

    def replay(self):
        calls.append("replay")
        for step in self.steps:
            step()


class FakeCuda:
    CUDAGraph = FakeGraph
    Stream = current_stream = mock.MagicMock
    stream = staticmethod(lambda stream: contextlib.nullcontext())

    @staticmethod
    @contextlib.contextmanager
    def graph(graph):
        FakeGraph.capturing = graph
        yield
        FakeGraph.capturing = None


class Platform(torch_platform.Pytorch):
    device = Device("cpu", "gpu", synchronise="cuda.synchronize")
    options = choose("channels_last", "pool_first", "fused", "graph", "dataloader")

    def make_training(self, form):
        training = super().make_training(form)
        step = training.step

        def recorded(index):
            calls.append(f"step {len(index)}")
            if FakeGraph.capturing:
                FakeGraph.capturing.steps.append(lambda: step(index))
            step(index)

        training.step = recorded
        if training.graphs:
            training.graphs.step = recorded
        return training


class Training(unittest.TestCase):
    def setUp(self):
        for patch in (mock.patch.dict(os.environ), mock.patch.object(tempfile, "tempdir", None)):
            patch.start()  # what load sets
            self.addCleanup(patch.stop)
        for name, stand_in in (
            ("synchronize", lambda: calls.append("wait")),
            ("CUDAGraph", FakeGraph),
            ("Stream", mock.MagicMock),
            ("current_stream", mock.MagicMock()),
            ("stream", FakeCuda.stream),
            ("graph", FakeCuda.graph),
        ):
            patch = mock.patch.object(torch.cuda, name, stand_in)
            patch.start()
            self.addCleanup(patch.stop)

    def open(self, *words):
        platform = Platform(read_options(Platform.options, [f"{word}=true" for word in words]))
        platform.load()
        self.addCleanup(platform.close)
        spans = []

        @contextlib.contextmanager
        def span(name):
            spans.append(name)
            yield {}

        job = make_job()
        platform.open(job, span)
        self.assertEqual(spans, ["device", "upload", "compile"])
        calls.clear()
        return platform, job

    def test_a_call_waits_before_and_after(self):
        platform, job = self.open()
        platform.train(job.order[0])
        self.assertEqual(calls, ["wait", "step 4", "step 4", "step 3", "wait"])
        for call in (platform.eval, platform.read, platform.reset):
            with self.subTest(call.__name__):
                calls.clear()
                call()
                self.assertEqual(calls, ["wait", "wait"])

    def test_a_graph_is_replayed_for_each_batch(self):
        platform, job = self.open("graph")
        platform.train(job.order[0])
        self.assertEqual(calls, ["wait", "replay", "replay", "replay", "wait"])

    def test_every_form_trains_the_same(self):
        wanted = None
        for words in (
            [],
            ["channels_last"],
            ["pool_first"],
            ["fused"],
            ["graph"],
            ["channels_last", "pool_first", "fused", "graph"],
            ["dataloader"],
        ):
            platform, job = self.open(*words)
            stats = [platform.train(row) for row in job.order]
            weights = platform.read()
            platform.reset()
            again = [platform.train(row) for row in job.order]
            wanted = wanted or (stats, weights)
            with self.subTest(words):
                self.assertEqual([s[:2] + s[3:] for s in stats], [s[:2] + s[3:] for s in wanted[0]])
                np.testing.assert_allclose(weights, wanted[1], rtol=0, atol=2e-7)
                self.assertEqual(again, stats, "after reset")
                np.testing.assert_array_equal(platform.read(), weights)

    def test_an_untrained_network_is_read_as_it_began(self):
        for words in ([], ["channels_last"]):
            platform, job = self.open(*words)
            with self.subTest(words):
                np.testing.assert_array_equal(platform.read(), job.init)


if __name__ == "__main__":
    torch.set_num_threads(1)
    unittest.main()
