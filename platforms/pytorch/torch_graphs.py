# SPDX-License-Identifier: MIT
"""CUDA graphs of the whole step, one for each size of a batch.  `torch` is handed in (torch_devices.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

WARM = 3  # steps before a capture: what a library allocates or chooses at first is not to be in it


class Graphs:
    def __init__(self, torch: Any, step: Callable[[Any], None]) -> None:
        self.torch, self.step = torch, step
        self.captured: dict[int, tuple[Any, Any]] = {}

    def capture(self, index: Any) -> None:
        """The memory of these indices becomes the graph's: a replay copies others into it.  The steps
        before run on a stream of their own, as a capture asks for."""
        cuda = self.torch.cuda
        stream = cuda.Stream()
        stream.wait_stream(cuda.current_stream())
        with cuda.stream(stream):
            for _ in range(WARM):
                self.step(index)
        cuda.current_stream().wait_stream(stream)
        graph = cuda.CUDAGraph()
        with cuda.graph(graph):
            self.step(index)
        self.captured[len(index)] = graph, index

    def replay(self, index: Any) -> None:
        graph, place = self.captured[len(index)]
        place.copy_(index)
        graph.replay()
