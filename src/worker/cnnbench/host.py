# SPDX-License-Identifier: MIT
"""What a worker says of the machine and of installed packages, without importing any of them."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator

from cnnbench.platform import Unavailable

OLDEST = (3, 10)
ANEW = "install it anew: make setup"
HELP = "make setup, or name a Python that has it in CNNBENCH_PYTHON"


def processor_name() -> str:
    """ "AMD EPYC 7B13"; where the system does not tell, the architecture."""
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else f"{platform.machine()} processor"


def require_packages(modules: Iterable[str], help: str = HELP) -> None:
    """Raises Unavailable where this Python is too old, or lacks one."""
    if sys.version_info < OLDEST:
        found = platform.python_version()
        raise Unavailable(f"Python {found} is too old: 3.10 or later is wanted", help)
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise Unavailable(f"Python package {module} is missing ({sys.executable})", help)


@contextlib.contextmanager
def importing(name: str, help: str = ANEW) -> Iterator[None]:
    """Raises Unavailable where a package that is there cannot be imported."""
    try:
        yield
    except (ImportError, OSError) as error:
        first = str(error).split("\n")[0]
        raise Unavailable(f"{name} is broken: {first}", help) from error


def describe_packages(names: Iterable[str]) -> str:
    """ "Python 3.11.7, torch 2.13.0+cpu": of those that are installed, by their names in an index."""
    versions = [f"Python {platform.python_version()}"]
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(versions)
