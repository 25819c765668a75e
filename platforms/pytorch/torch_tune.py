# SPDX-License-Identifier: MIT
"""`best`: forms are tried on this machine, on weights that are thrown away; the fastest trains.

Forms of a group are timed in turns, so that a busy moment does not meet one of them alone, and a
form's best turn counts: what disturbs it only slows it.  Groups come one after another, as an allocator
can only be raised (torch_allocator.py); the choice is among the last group, what is before it is there for
the record.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product
from typing import Any

from torch_forms import Form

TURNS, STEPS = 4, 8  # 32 steps a form: 0.8 s where a step takes 25 ms
HOPELESS = 1.5  # times the fastest in a turn: a form is not tried further

Make = Callable[[Form], tuple[Callable[[int], None], Callable[[], None]]]


def eager(**more: Any) -> list[Form]:
    """Layout, order of the pool and SGD, each in both ways."""
    names = ("channels_last", "pool_first", "fused")
    return [Form(**dict(zip(names, flags)), **more) for flags in product((False, True), repeat=3)]


def compiled(**more: Any) -> list[Form]:
    """Inductor chooses layouts itself."""
    return [Form(pool_first=True, fused=True, compile=True, **more)]


def graphs() -> list[Form]:
    """Fused: in a graph, too, one kernel is less than many."""
    flags = product((False, True), repeat=2)
    return [Form(layout, order, fused=True, graph=True) for layout, order in flags]


class Trial:
    """Of a form: `steps(n)` trains n batches, `wait` until the device has done all."""

    def __init__(self, form: Form, steps: Callable[[int], None], wait: Callable[[], None]) -> None:
        self.form, self.steps, self.wait = form, steps, wait
        self.turns: list[float] = []  # ms a step
        self.works = True

    def take_turn(self) -> None:
        self.wait()
        begun = time.perf_counter()
        self.steps(STEPS)
        self.wait()
        self.turns.append(1e3 * (time.perf_counter() - begun) / STEPS)

    def best(self) -> float:
        return min(self.turns)


def describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".split("\n")[0][:200]


def try_group(forms: list[Form], make: Make, record: dict[str, Any]) -> list[Trial]:
    """Those that work; what they took, or why one fails, goes into the record."""
    trials = []
    for form in forms:
        try:
            trials.append(Trial(form, *make(form)))
        except Exception as error:  # whatever a compiler or a driver raises
            record[str(form)] = describe(error)
    going = trials
    for _ in range(TURNS):
        for trial in going:
            try:
                trial.take_turn()
            except Exception as error:  # as above: out of memory, say
                trial.works = False
                record[str(trial.form)] = describe(error)
        trials = [trial for trial in trials if trial.works]
        going = [trial for trial in going if trial.works]
        fastest = min((trial.turns[-1] for trial in going), default=0)
        going = [trial for trial in going if trial.turns[-1] <= HOPELESS * fastest]
    record |= {str(trial.form): round(trial.best(), 3) for trial in trials}
    return trials


def find_fastest(groups: list[list[Form]], make: Make) -> tuple[Form, dict[str, Any]]:
    """The form to train with, and the record of all trials: ms a step, or why there is none."""
    record: dict[str, Any] = {}
    for forms in groups:
        trials = try_group(forms, make, record)
        if not trials:
            raise RuntimeError(f"no form works here: {'; '.join(map(str, record.values()))}")
    return min(trials, key=Trial.best).form, record
