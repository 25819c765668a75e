# SPDX-License-Identifier: MIT
"""What NVIDIA's driver says of itself and its devices: asked by ctypes, so that a probe needs no
framework.  Source of names and codes: reference of the CUDA driver API.

Ordinals are those that the driver hands out: CUDA_VISIBLE_DEVICES hides and sorts devices for us just
as it does for a framework in this process.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from cnnbench.platform import Unavailable

LIBRARY = "libcuda.so.1"
SUCCESS, NO_DEVICE = 0, 100
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76  # attributes of a device
NAME_SIZE = 256  # bytes
# The oldest driver for each CUDA, as the release notes of the CUDA toolkit have it.
OLDEST_DRIVER = {11: 450, 12: 525, 13: 580}
HELP = "install NVIDIA's driver; nvidia-smi shows whether it sees the device"


@dataclass(frozen=True)
class Gpu:
    name: str  # "NVIDIA H100 80GB HBM3"
    capability: tuple[int, int]  # (9, 0)
    memory: int  # bytes


@dataclass(frozen=True)
class Driver:
    cuda: tuple[int, int]  # the newest CUDA that it can run: (13, 0)
    gpus: tuple[Gpu, ...]  # at least one


def find_driver(library: Any = None) -> Driver:
    """The driver and what it lets us see.  Raises Unavailable where there is none, or no device.
    `library` stands for libcuda.so.1.  No context is made: no device memory is taken."""
    library = library or load_library()
    version = ctypes.c_int()
    check(library, "cuDriverGetVersion", ctypes.byref(version))
    check(library, "cuInit", 0)
    count = ctypes.c_int()
    check(library, "cuDeviceGetCount", ctypes.byref(count))
    if not count.value:
        raise no_device()
    gpus = tuple(describe(library, ordinal) for ordinal in range(count.value))
    return Driver(divmod(version.value // 10, 100), gpus)


def require_driver(major: int, minor: int = 0, library: Any = None) -> Driver:
    """As find_driver; raises Unavailable also where the driver is too old for that CUDA.  The minor
    number is only told: a driver runs what is built for any CUDA of its own major version."""
    driver = find_driver(library)
    if driver.cuda[0] < major:
        found, oldest = "{}.{}".format(*driver.cuda), OLDEST_DRIVER.get(major)
        newer = f"NVIDIA's driver {oldest} or newer" if oldest else "a newer driver of NVIDIA's"
        raise Unavailable(
            f"NVIDIA's driver is too old: it runs CUDA {found}, the package is built for {major}.{minor}",
            f"install {newer}, or packages for CUDA {driver.cuda[0]} (make setup chooses them)",
        )
    return driver


def load_library() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(LIBRARY)
    except OSError as error:
        missing = "No such file" in str(error) or "cannot open" in str(error)
        why = "not found" if missing else str(error)
        raise Unavailable(f"no CUDA driver: {LIBRARY} {why}", "install NVIDIA's driver") from None


def check(library: Any, function: str, *arguments: Any) -> None:
    code = getattr(library, function)(*arguments)
    if code == NO_DEVICE:
        raise no_device()
    if code != SUCCESS:
        raise Unavailable(f"CUDA driver: {function} fails: {error_text(library, code)}", HELP)


def no_device() -> Unavailable:
    return Unavailable("no CUDA device: the driver sees none", f"{HELP}; CUDA_VISIBLE_DEVICES may hide it")


def error_text(library: Any, code: int) -> str:
    text = ctypes.c_char_p()
    library.cuGetErrorString(code, ctypes.byref(text))
    return f"{(text.value or b'unknown error').decode(errors='replace')} ({code})"


def describe(library: Any, ordinal: int) -> Gpu:
    device, memory = ctypes.c_int(), ctypes.c_size_t()
    name = ctypes.create_string_buffer(NAME_SIZE)
    check(library, "cuDeviceGet", ctypes.byref(device), ordinal)
    check(library, "cuDeviceGetName", name, NAME_SIZE, device)
    check(library, "cuDeviceTotalMem_v2", ctypes.byref(memory), device)
    major, minor = (attribute(library, which, device) for which in (CAPABILITY_MAJOR, CAPABILITY_MINOR))
    return Gpu(name.value.decode(errors="replace"), (major, minor), memory.value)


def attribute(library: Any, which: int, device: ctypes.c_int) -> int:
    value = ctypes.c_int()
    check(library, "cuDeviceGetAttribute", ctypes.byref(value), which, device)
    return value.value
