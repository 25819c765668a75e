# SPDX-License-Identifier: MIT
"""The network (docs/PROTOCOL.md), its data on the device, and the steps of the training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch_devices import Device
from torch_forms import Form
from torch_graphs import Graphs
from torch import Tensor, nn

from cnnbench.job import Job

CLASSES = 10


class Net(nn.Module):
    """Its parameters have the names, shapes and order of the job's tensors."""

    def __init__(self, job: Job, pool_first: bool) -> None:
        super().__init__()
        inputs = job.filters2 * side_after(side_after(28, job.fsize), job.fsize) ** 2
        make = nn.utils.skip_init  # the weights come from the job
        self.conv1 = make(nn.Conv2d, 1, job.filters1, job.fsize)
        self.conv2 = make(nn.Conv2d, job.filters1, job.filters2, job.fsize)
        self.fc1 = make(nn.Linear, inputs, job.hidden)
        self.fc2 = make(nn.Linear, job.hidden, CLASSES)
        self.activate = pool_and_relu if pool_first else relu_and_pool

    def forward(self, images: Tensor) -> Tensor:
        x = self.activate(self.conv1(images))
        x = self.activate(self.conv2(x))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def side_after(side: int, fsize: int) -> int:
    return (side - fsize + 1) // 2


def relu_and_pool(x: Tensor) -> Tensor:
    return F.max_pool2d(F.relu(x), 2)


def pool_and_relu(x: Tensor) -> Tensor:
    """The same, as both keep order: a quarter of the ReLUs."""
    return F.relu(F.max_pool2d(x, 2))


@dataclass(frozen=True)
class Samples:
    images: Tensor  # float32, N x 1 x 28 x 28, standardised
    labels: Tensor  # int64, N


def upload(job: Job, images: Any, labels: Any, device: str) -> Samples:
    """Copied first: the job's arrays are read-only maps of files."""
    pixels = torch.from_numpy(images[:].copy()).to(device).unsqueeze(1).float()
    pixels.div_(255).sub_(job.mean).div_(job.deviation)
    return Samples(pixels, torch.from_numpy(labels[:].copy()).to(device).long())


class Training:
    """Network, optimiser and sums on a device.  `step` may be replaced by one that is faster."""

    def __init__(self, job: Job, samples: Samples, device: Device, form: Form, bf16: bool = False) -> None:
        self.job, self.samples, self.device, self.bf16 = job, samples, device, bf16
        layout = torch.channels_last if form.channels_last else torch.contiguous_format
        self.net = Net(job, form.pool_first).to(device.type, memory_format=layout)
        self.optimiser = torch.optim.SGD(
            self.net.parameters(), lr=job.lr, momentum=job.momentum, fused=form.fused or None
        )
        self.loss = torch.zeros((), dtype=getattr(torch, device.sums), device=device.type)
        self.correct = torch.zeros((), dtype=torch.int64, device=device.type)
        self.measure_chosen = torch.compile(self.gather, dynamic=False) if form.compile else self.gather
        self.graphs = Graphs(torch, self.step) if form.graph else None
        self.reset()

    def reset(self) -> None:
        """In place: a captured graph goes on with the same memory."""
        initial = self.job.split(self.job.init[:].copy())
        with torch.no_grad():
            for name, parameter in self.net.named_parameters():
                parameter.copy_(torch.from_numpy(initial[name]))
                state = self.optimiser.state[parameter]
                state.setdefault("momentum_buffer", torch.zeros_like(parameter)).zero_()

    def prepare(self, sizes: Iterable[int]) -> None:
        """A step of each size, on weights that are reset after: what is compiled, chosen or captured at
        a first step is ready then."""
        for size in sorted(sizes, reverse=True):
            index = torch.arange(size, device=self.device.type)
            self.step(index)
            if self.graphs:
                self.graphs.capture(index)
        self.take_sums()
        self.reset()

    def measure(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss, and how many are correct."""
        lower = torch.autocast(self.device.type, torch.bfloat16) if self.bf16 else contextlib.nullcontext()
        with lower:
            logits = self.net(images)
            loss = F.cross_entropy(logits, labels)
        return loss, (logits.argmax(1) == labels).sum()

    def gather(self, index: Tensor) -> tuple[Tensor, Tensor]:
        samples = self.samples
        return self.measure(samples.images.index_select(0, index), samples.labels.index_select(0, index))

    def step(self, index: Tensor) -> None:
        self.update(len(index), *self.measure_chosen(index))

    def update(self, n: int, loss: Tensor, correct: Tensor) -> None:
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.add(n, loss.detach(), correct)

    def add(self, n: int, loss: Tensor, correct: Tensor) -> None:
        self.loss.add_(loss, alpha=n)
        self.correct.add_(correct)

    def epoch(self, index: Tensor) -> None:
        step = self.graphs.replay if self.graphs else self.step
        for batch in index.split(self.job.batch):
            step(batch)

    def stream(self, order: list[int]) -> None:
        """As the usual example does it: a loader fetches sample by sample, in this process, and batches
        are brought to the device one by one."""
        data = torch.utils.data.TensorDataset(self.samples.images, self.samples.labels)
        loader = torch.utils.data.DataLoader(
            data, batch_size=self.job.batch, sampler=order, pin_memory=self.device.pinned
        )
        for images, labels in loader:
            images, labels = (t.to(self.device.type, non_blocking=True) for t in (images, labels))
            self.update(len(labels), *self.measure(images, labels))

    @torch.no_grad()
    def evaluate(self, samples: Samples, batch: int) -> None:
        for images, labels in zip(samples.images.split(batch), samples.labels.split(batch)):
            images, labels = images.to(self.device.type), labels.to(self.device.type)
            self.add(len(labels), *self.measure(images, labels))

    def take_sums(self) -> tuple[float, int]:
        """Of the losses and of the correct since the last call: here the device is waited for."""
        loss, correct = self.loss.item(), self.correct.item()
        self.loss.zero_()
        self.correct.zero_()
        return loss, correct

    def weights(self) -> Tensor:
        """One vector on the host; reshape goes by the indices, whatever the layout."""
        parameters = dict(self.net.named_parameters())
        return torch.cat([parameters[t.name].detach().reshape(-1) for t in self.job.tensors]).cpu()
