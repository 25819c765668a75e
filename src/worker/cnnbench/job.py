# SPDX-License-Identifier: MIT
"""The job folder (docs/PROTOCOL.md): its files are mapped, and their types and shapes checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ANY = -1  # in a shape that is asked for
PIXELS = (28, 28)
CLASSES = 10


class BadJob(Exception):
    """What is wrong with the job folder."""


@dataclass(frozen=True)
class Tensor:
    name: str  # "conv1.weight"
    shape: tuple[int, ...]
    offset: int  # in floats, in a vector of all parameters
    size: int


@dataclass(frozen=True)
class Job:
    filters1: int
    filters2: int
    hidden: int
    fsize: int
    epochs: int
    batch: int
    lr: float
    momentum: float
    mean: float  # a pixel's: the network's input is (pixel/255 - mean)/deviation
    deviation: float
    tensors: tuple[Tensor, ...]
    train_images: np.ndarray  # uint8, N x 28 x 28, mapped: read what you need into memory of your own
    train_labels: np.ndarray  # uint8, N
    test_images: np.ndarray
    test_labels: np.ndarray
    init: np.ndarray  # float32, all parameters
    order: np.ndarray  # uint32, epochs x N
    verify: np.ndarray  # uint32, 2 x n

    def split(self, vector: np.ndarray) -> dict[str, np.ndarray]:
        """The tensors that lie in a vector of all parameters, by name, as views."""
        return {
            tensor.name: vector[tensor.offset : tensor.offset + tensor.size].reshape(tensor.shape)
            for tensor in self.tensors
        }

    def rest(self) -> int:
        """Samples in an epoch's last batch where that is smaller, else 0."""
        return len(self.train_images) % self.batch

    def batches(self) -> set[int]:
        """All sizes that a training step can have: of epochs, and of the verification."""
        sizes = set()
        for n in (len(self.train_images), self.verify.shape[1]):
            sizes |= {size for size in (min(self.batch, n), n % self.batch) if size}
        return sizes


def map_array(folder: Path, record: dict[str, Any], dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    path = folder / record["path"]
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadJob(f"{path}: {error}") from None
    fits = len(array.shape) == len(shape) and all(
        wanted in (ANY, found) for wanted, found in zip(shape, array.shape)
    )
    if array.dtype.str != dtype or not fits or not array.flags.c_contiguous:
        raise BadJob(f"{path}: {array.dtype.str} {array.shape}, wanted {dtype} {shape}")
    return array


def check_range(path: str, array: np.ndarray, limit: int) -> None:
    if array.size and array.max() >= limit:
        raise BadJob(f"{path}: {array.max()} is out of range, {limit - 1} is the largest")


def read_tensors(records: list[dict[str, Any]]) -> tuple[Tensor, ...]:
    return tuple(Tensor(r["name"], tuple(r["shape"]), r["offset"], r["size"]) for r in records)


def open_job(path: str) -> Job:
    """Raises BadJob.  Costs a millisecond: nothing is read but labels and indices."""
    folder = Path(path)
    try:
        record = json.loads((folder / "job.json").read_text())
        return make_job(folder, record)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadJob(f"{folder}/job.json: {type(error).__name__}: {error}") from None


def make_job(folder: Path, record: dict[str, Any]) -> Job:
    if record["version"] != 1:
        raise BadJob(f"{folder}/job.json: version {record['version']}, wanted 1")
    files, shape, data = record["files"], record["shape"], record["dataset"]
    n_train, n_test = data["n_train"], data["n_test"]
    wanted = {
        "train_images": ("|u1", (n_train, *PIXELS)),
        "train_labels": ("|u1", (n_train,)),
        "test_images": ("|u1", (n_test, *PIXELS)),
        "test_labels": ("|u1", (n_test,)),
        "init": ("<f4", (record["parameters"],)),
        "order": ("<u4", (record["epochs"], n_train)),
        "verify": ("<u4", (2, ANY)),
    }
    arrays = {name: map_array(folder, files[name], *form) for name, form in wanted.items()}
    limits = {"train_labels": CLASSES, "test_labels": CLASSES, "order": n_train, "verify": n_train}
    for name, limit in limits.items():
        check_range(files[name]["path"], arrays[name], limit)
    return Job(
        **{name: shape[name] for name in ("filters1", "filters2", "hidden", "fsize")},
        **{name: record[name] for name in ("epochs", "batch", "lr", "momentum")},
        **record["normalisation"],
        tensors=read_tensors(record["tensors"]),
        **arrays,
    )
