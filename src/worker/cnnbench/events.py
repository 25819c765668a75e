# SPDX-License-Identifier: MIT
"""The events that a worker sends (docs/PROTOCOL.md), and the clock of its spans."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import threading
import time
from collections.abc import Iterator
from typing import Any

PROTOCOL = 1
LINE_MAX = 4096  # bytes, newline included
MESSAGE_MAX = 1024


class Events:
    """The descriptor that events go to.  When nobody reads it any more the process ends."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.ended = False  # by a last event
        os.set_inheritable(descriptor, False)
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self) -> None:
        poll = select.poll()
        poll.register(self.descriptor, 0)  # errors and hang-ups are reported unasked
        while not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll()):
            time.sleep(1)  # macOS reports a regular file again and again
        os._exit(1)

    def send(self, event: str, **members: Any) -> None:
        line = json.dumps({"event": event, **members}, allow_nan=False).encode() + b"\n"
        if len(line) > LINE_MAX:
            raise ValueError(f"{event} has {len(line)} bytes, {LINE_MAX} are allowed")
        try:
            os.write(self.descriptor, line)
        except BrokenPipeError:
            os._exit(1)

    def end_with(self, event: str, **members: Any) -> None:
        """A last event; what would follow it is dropped: the first is the cause."""
        if not self.ended:
            self.send(event, **{key: shorten(value) for key, value in members.items()})
        self.ended = True

    def begin(self, span: str, **members: Any) -> int:
        ns = time.monotonic_ns()
        self.send("begin", span=span, ns=ns, **members)
        return ns

    def end(self, span: str, **members: Any) -> int:
        ns = time.monotonic_ns()
        self.send("end", span=span, ns=ns, **members)
        return ns

    @contextlib.contextmanager
    def span(self, name: str) -> Iterator[dict[str, Any]]:
        """A span of the set-up; what is put into the dict becomes members of its `end`.  Where it is
        left by an exception it stays open, as an error ends it."""
        members: dict[str, Any] = {}
        self.begin(name)
        yield members
        self.end(name, **members)


def shorten(text: str) -> str:
    return text.encode()[:MESSAGE_MAX].decode(errors="ignore")


def number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
