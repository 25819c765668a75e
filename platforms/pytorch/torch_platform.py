# SPDX-License-Identifier: MIT
"""What the platforms of this folder share: one training, on whatever device."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any

from torch_allocator import keep_freed_memory
from torch_devices import Device
from torch_forms import Form, check_settings, is_set, parse_form, read_form
from torch_surroundings import make_cache, surroundings
from torch_tune import find_fastest

from cnnbench.host import describe_packages, importing, require_packages
from cnnbench.platform import Platform, Span, Stats, Unavailable

if TYPE_CHECKING:
    import numpy as np

    from cnnbench.job import Job

EVAL_BATCH = 1000


class Pytorch(Platform):
    device: Device

    def candidates(self) -> list[list[Form]]:
        """What `best` tries (torch_tune.py)."""
        raise NotImplementedError

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        check_settings(settings)
        self.bf16, self.tf32 = is_set(settings, "bf16"), is_set(settings, "tf32")
        self.form = read_form(settings)
        self.streams = is_set(settings, "dataloader")
        if self.streams:
            self.data = "float32, streaming"
        if self.bf16 or self.tf32:
            self.precision = "bfloat16" if self.bf16 else "tf32"
        self.surroundings = surroundings(settings)
        self.flags = ", ".join(
            [f"TF32 {'on' if self.tf32 else 'off'}", *map("=".join, self.surroundings.items())]
        )

    def describe(self) -> str:
        """The packages, which must be there."""
        require_packages(("numpy", "torch"))
        return describe_packages(("torch", "triton", "numpy"))

    def load(self) -> None:
        self.cache = make_cache()
        os.environ |= self.surroundings
        global torch, net
        with importing("PyTorch"):
            import torch_net as net
            import torch

    def open(self, job: Job, span: Span) -> None:
        self.job = job
        with self.device.blocking(torch):
            with span("device"):
                self.set_up()
            with span("upload"):
                place = "cpu" if self.streams else self.device.type
                self.samples = net.upload(job, job.train_images, job.train_labels, place)
                self.test = net.upload(job, job.test_images, job.test_labels, place)
                self.device.wait(torch)
            if self.chosen:
                self.form = parse_form(self.chosen)
            elif is_set(self.settings, "best"):
                with span("tune") as end:
                    self.form, end["trials"] = self.tune()
                    end["chosen"] = str(self.form)
            with span("compile"):
                self.training = self.make_training(self.form)
                self.training.prepare(job.batches())

    def set_up(self) -> None:
        if "threads" in self.settings:
            torch.set_num_threads(self.settings["threads"])
            torch.set_num_interop_threads(1)
        if self.bf16 and self.device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            raise Unavailable("this processor has no bfloat16 that oneDNN uses", "leave bf16 out")
        deterministic = is_set(self.settings, "deterministic")
        torch.use_deterministic_algorithms(deterministic)
        torch.backends.cudnn.benchmark = not deterministic
        torch.backends.cuda.matmul.allow_tf32 = self.tf32
        torch.backends.cudnn.allow_tf32 = self.tf32
        torch.set_float32_matmul_precision("high" if self.tf32 else "highest")
        torch.zeros(1, device=self.device.type)
        self.device.wait(torch)

    def make_training(self, form: Form) -> Any:
        if form.malloc == "tuned":
            keep_freed_memory()
        return net.Training(self.job, self.samples, self.device, form, self.bf16)

    def tune(self) -> tuple[Form, dict[str, Any]]:
        """With the samples in their own order, in the size of most of the batches."""
        batch = min(self.job.batch, len(self.job.train_labels))
        index = torch.arange(batch, device=self.device.type)

        def make(form: Form) -> tuple[Any, Any]:
            training = self.make_training(form)
            training.prepare({batch})
            return lambda steps: training.epoch(index.repeat(steps)), lambda: self.device.wait(torch)

        try:
            return find_fastest(self.candidates(), make)
        finally:
            gc.collect()  # a training and its graphs know each other
            self.device.forget(torch)

    def train(self, order: np.ndarray) -> Stats:
        with self.device.blocking(torch):
            if self.streams:
                self.training.stream(order.tolist())
            else:
                self.training.epoch(torch.from_numpy(order.astype("int64")).to(self.device.type))
            return self.outcome(len(order))

    def eval(self) -> Stats:
        with self.device.blocking(torch):
            self.training.evaluate(self.test, EVAL_BATCH)
            return self.outcome(len(self.test.labels))

    def outcome(self, samples: int) -> Stats:
        loss, correct = self.training.take_sums()
        return Stats(samples, -(-samples // self.job.batch), loss / samples, correct)

    def read(self) -> np.ndarray:
        with self.device.blocking(torch):
            return self.training.weights().numpy()

    def reset(self) -> None:
        with self.device.blocking(torch):
            self.training.reset()

    def counters(self) -> dict[str, int]:
        return self.device.count(torch)

    def close(self) -> None:
        self.cache.cleanup()
