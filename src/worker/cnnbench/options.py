# SPDX-License-Identifier: MIT
"""The options of a platform: one table tells, reads and records them (docs/PROTOCOL.md, `specs`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


class Usage(Exception):
    """A call that makes no sense."""


@dataclass(frozen=True)
class Option:
    name: str
    type: str  # "flag", "int", "real", "text" or "choice"
    default: str
    help: str
    choices: str = ""  # "a|b"
    min: float | None = None
    max: float | None = None

    def spec(self) -> dict[str, Any]:
        spec = {"name": self.name, "type": self.type, "default": self.default, "help": self.help}
        return spec | {
            key: value
            for key, value in (("choices", self.choices), ("min", self.min), ("max", self.max))
            if value not in (None, "")
        }

    def read(self, text: str) -> Any:
        try:
            value = READERS[self.type](text)
        except (KeyError, ValueError):
            raise Usage(f"--option {self.name}={text}: not of type {self.type}") from None
        if self.choices and text not in self.choices.split("|"):
            raise Usage(f"--option {self.name}={text}: choose from {self.choices}")
        if (self.min is not None and value < self.min) or (self.max is not None and value > self.max):
            raise Usage(f"--option {self.name}={text}: from {self.min} to {self.max}")
        return value


READERS = {
    "flag": lambda text: {"true": True, "false": False}[text],
    "int": int,
    "real": float,
    "text": str,
    "choice": str,
}

THREADS = Option("threads", "int", "1", "threads that compute", min=1, max=1024)


def read_options(options: Iterable[Option], settings: Iterable[str]) -> dict[str, Any]:
    """Every option's value: those of `settings`, "KEY=VALUE", else the defaults."""
    table = {option.name: option for option in options}
    values = {name: option.read(option.default) for name, option in table.items()}

    for setting in settings:
        name, equals, text = setting.partition("=")
        if name not in table or not equals:
            raise Usage(f"--option {setting}: there are {', '.join(table) or 'none'}")
        values[name] = table[name].read(text)
    return values
