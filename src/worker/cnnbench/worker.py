# SPDX-License-Identifier: MIT
"""The main loop of every worker in Python: read the arguments, probe or open the job, drive the one
platform, tell the runner.  worker.c beside it does the same for platforms in C."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cnnbench.events import PROTOCOL, Events, number
from cnnbench.options import Usage, read_options
from cnnbench.platform import Device, Platform, Stats, Unavailable

if TYPE_CHECKING:
    from cnnbench.job import Job

EXTRA_MAX = 1000  # epochs for time only
EXIT_INTERNAL, EXIT_USAGE = 1, 2


def read_arguments(name: str, words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"worker-{name}", description="One platform of cnnbench.")
    parser.add_argument("--probe", action="store_true", help="say whether it can run here")
    parser.add_argument("--job", help="the job folder")
    parser.add_argument("--out", help="an empty folder, for the weights")
    parser.add_argument("--events", type=int, default=1, help="the descriptor that events go to")
    parser.add_argument("--min-time", type=float, default=0, help="seconds to train at least")
    parser.add_argument("--chosen", default="", help="what `tune` chose in an earlier process of the run")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args(words)
    if not arguments.probe and not (arguments.job and arguments.out):
        parser.error("wanted: --probe, or --job and --out")
    return arguments


class Worker:
    """One training of one platform."""

    def __init__(self, name: str, platform: Platform, events: Events, min_time: float) -> None:
        self.name, self.platform, self.events = name, platform, events
        self.min_time = min_time
        self.train_ns = 0  # in train spans so far

    def greet(self, device: Device, with_specs: bool) -> None:
        platform = self.platform
        specs = [option.spec() for option in platform.options]
        forms = {"specs": specs, "variants": list(platform.variants)} if with_specs else {}
        self.events.send(
            "hello",
            protocol=PROTOCOL,
            platform=self.name,
            summary=platform.summary,
            device=device.name,
            device_kind=device.kind,
            simulated=device.simulated,
            variant=device.variant,
            precision=platform.precision,
            data=platform.data,
            compiler=platform.compiler,
            flags=platform.flags,
            libraries=device.libraries,
            options=platform.settings,
            **forms,
        )

    def train(self, job: Job, epoch: int, extra: bool) -> None:
        """The row of the order is read from its file before the span: nothing but work is inside."""
        row = job.order[(epoch - 1) % job.epochs].copy()
        members: dict[str, Any] = {"epoch": epoch, **({"extra": True} if extra else {})}
        begun = self.events.begin("train", **members)
        stats = self.platform.train(row)
        members |= {"samples": stats.samples, "steps": stats.steps, **outcome(stats)}
        self.train_ns += self.events.end("train", **members) - begun
        for counter, size in self.platform.counters().items():
            self.events.send("memory", name=counter, bytes=size)

    def eval(self, epoch: int) -> None:
        self.events.begin("eval", epoch=epoch)
        stats = self.platform.eval()
        self.events.end("eval", epoch=epoch, samples=stats.samples, **outcome(stats))

    def write(self, folder: str, name: str) -> str:
        import numpy as np

        weights = np.ascontiguousarray(self.platform.read(), dtype="<f4")
        np.save(f"{folder}/{name}", weights)
        return name

    def verify(self, job: Job, out: str) -> None:
        """Everything is left as the training left it: what a reset forgets is to show."""
        rows = job.verify[:].copy()
        self.events.begin("verify")
        self.platform.reset()
        for row in rows:
            self.platform.train(row)
        self.events.end("verify", file=self.write(out, "verify.npy"))

    def run(self, path: str, out: str) -> None:
        with self.events.span("import"):
            self.platform.load()
            from cnnbench.job import open_job

            job = open_job(path)
        self.platform.open(job, self.events.span)
        for epoch in range(1, job.epochs + 1):
            self.train(job, epoch, extra=False)
            self.eval(epoch)
        self.events.begin("read")
        self.events.end("read", file=self.write(out, "final.npy"))
        for extra in range(1, EXTRA_MAX + 1):
            if not job.epochs or self.train_ns >= 1e9 * self.min_time:
                break
            self.train(job, job.epochs + extra, extra=True)
        self.verify(job, out)
        with self.events.span("close"):
            self.platform.close()


def outcome(stats: Stats) -> dict[str, Any]:
    return {"loss": number(stats.loss), "correct": int(stats.correct)}


def kind_of(error: Exception) -> str:
    """An `error` event's kind."""
    return {"Usage": "usage", "BadJob": "job", "OSError": "output"}.get(type(error).__name__, "platform")


def first_line(error: BaseException) -> str:
    """Of its text; its type goes before it, unless it is one of ours, whose text says all."""
    text = str(error).strip().split("\n")[0]
    if type(error).__module__.startswith("cnnbench"):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def load_module(path: Path) -> ModuleType:
    """Under a name that no package has: main.py says why."""
    spec = importlib.util.spec_from_file_location(f"worker_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def work(path: Path, arguments: argparse.Namespace, events: Events) -> int:
    try:
        kind = load_module(path).Platform
        platform = kind(read_options(kind.options, arguments.option))
        platform.chosen = arguments.chosen
        worker = Worker(path.stem, platform, events, arguments.min_time)
        worker.greet(platform.probe(), arguments.probe)
        if not arguments.probe:
            worker.run(arguments.job, arguments.out)
        events.end_with("done")
        return 0
    except Unavailable as missing:
        events.end_with("unavailable", reason=missing.reason, help=missing.help)
        return 0
    except Exception as error:  # whatever a framework raises ends the worker, and is told
        traceback.print_exc()
        events.end_with("error", kind=kind_of(error), message=first_line(error))
        return EXIT_USAGE if isinstance(error, Usage) else EXIT_INTERNAL


def main(path: Path, words: list[str]) -> int:
    """The worker of the platform in the file `path`."""
    arguments = read_arguments(path.stem, words)
    code = work(path, arguments, Events(arguments.events))
    sys.stdout.flush()
    return code
