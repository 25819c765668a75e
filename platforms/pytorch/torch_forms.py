# SPDX-License-Identifier: MIT
"""The forms of the same training, and the options that choose one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from cnnbench.options import Option, Usage

OPTIONS = {
    option.name: option
    for option in (
        Option("best", "flag", "false", "try the forms on this machine, train the fastest"),
        Option("channels_last", "flag", "false", "memory layout NHWC"),
        Option("pool_first", "flag", "false", "ReLU after the pool: the same function"),
        Option("fused", "flag", "false", "SGD as one kernel"),
        Option("malloc", "choice", "default", "tuned: glibc keeps freed memory", choices="default|tuned"),
        Option("spin", "choice", "default", "short: idle threads soon sleep", choices="default|short"),
        Option("compile", "flag", "false", "torch.compile, for each batch size"),
        Option("graph", "flag", "false", "a step as one CUDA graph"),
        Option("dataloader", "flag", "false", "batches from a DataLoader; not ranked"),
        Option("tf32", "flag", "false", "TF32 products; not ranked"),
        Option("bf16", "flag", "false", "bfloat16 autocast; not ranked"),
        Option("deterministic", "flag", "false", "deterministic algorithms only"),
    )
}
# One of them excludes the others beside it.
EXCLUSIVE = (
    ("best", ("channels_last", "pool_first", "fused", "malloc", "compile", "graph", "dataloader", "spin")),
    ("dataloader", ("compile", "graph")),
    ("tf32", ("bf16",)),
)


@dataclass(frozen=True)
class Form:
    """How a step is computed: all forms are the same function but for rounding."""

    channels_last: bool = False
    pool_first: bool = False
    fused: bool = False
    compile: bool = False
    graph: bool = False
    malloc: str = "default"

    def __str__(self) -> str:
        """As it is asked for: the options behind a colon."""
        words = {"malloc": f"malloc={self.malloc}"}
        names = (field.name for field in fields(self) if is_set(vars(self), field.name))
        return "+".join(words.get(name, name) for name in sorted(names)) or "default"


def parse_form(text: str) -> Form:
    """The form that str() made the text of."""
    words = [] if text == str(Form()) else text.split("+")
    pairs = (word.partition("=") for word in words)
    return Form(**{name: OPTIONS[name].read(value or "true") for name, _, value in pairs})


def choose(*names: str) -> tuple[Option, ...]:
    return tuple(OPTIONS[name] for name in names)


def is_set(settings: dict[str, Any], name: str) -> bool:
    return settings.get(name, False) not in (False, "default")


def check_settings(settings: dict[str, Any]) -> None:
    for one, others in EXCLUSIVE:
        for other in others:
            if is_set(settings, one) and is_set(settings, other):
                raise Usage(f"{one} and {other} exclude each other")


def read_form(settings: dict[str, Any]) -> Form:
    return Form(**{field.name: settings.get(field.name, field.default) for field in fields(Form)})
