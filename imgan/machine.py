"""What imgan runs on: versions and the processor, read without importing TensorFlow."""

import functools
import importlib.metadata
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

_limit: int | None = None

DISTRIBUTIONS = (
    "imgan",
    "tensorflow",
    "keras",
    "numpy",
    "pyvips",
    "pyvips-binary",
    "opencv-python-headless",
    "scikit-image",
    "pydantic",
    "typer",
    "rich",
)

RELEVANT_FLAGS = (
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_bf16",
    "amx_tile",
    "asimd",
    "bf16",
)
"""Instruction sets that decide how fast, and in which precision, a CPU computes."""


def versions() -> dict[str, str]:
    """Return the version of Python and of each package imgan stands on."""
    found = {"python": platform.python_version()}
    for name in DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    if found["imgan"] == "not installed":
        from imgan import __version__

        found["imgan"] = f"{__version__} (not installed, run from its folder)"
    return found


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Return the model, the usable cores and the relevant flags of the CPU."""
    present = cpu_flags(cpuinfo)
    relevant = [flag for flag in RELEVANT_FLAGS if flag in present]
    return {
        "model": processor_name(cpuinfo),
        "cores": str(usable_cores()),
        "flags": " ".join(relevant) if present else "unknown",
    }


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's model as the system gives it."""
    name = re.search(r"^model name\s*:\s*(.+)$", _read(cpuinfo), re.MULTILINE)
    return name[1].strip() if name else platform.processor() or platform.machine()


def this_machine() -> str:
    """Return cores and processor, as cards name what they were timed on."""
    return f"{usable_cores()} cores of {processor_name()}"


@functools.cache
def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Return the instruction sets of the processor as Linux names them.

    Empty where the system does not tell.
    """
    for line in _read(cpuinfo).splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def _read(cpuinfo: Path) -> str:
    try:
        return cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def limit_cores(count: int | None) -> None:
    """Let `usable_cores` say no more than this from now on; None: no limit."""
    global _limit
    _limit = count


def core_limit() -> int | None:
    """Return what `limit_cores` was last told."""
    return _limit


def usable_cores() -> int:
    """Return how many cores this process may run on, or shall."""
    # A container or taskset may leave fewer cores than the machine has.
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return cores if _limit is None else min(cores, _limit)


def memory_limit(
    membership: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")
) -> int:
    """Return how many bytes of memory this process may take.

    The machine's, or what a container or job scheduler leaves of it.

    Args:
        membership: Where Linux says which control groups the process is in.
        root: Where it shows these groups, in version 1 or 2.
    """
    import psutil

    return min([psutil.virtual_memory().total, *_group_limits(membership, root)])


def _group_limits(membership: Path, root: Path) -> Iterator[int]:
    """Yield the limits of the groups that the process is in, and of those around."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            base, name = root, "memory.max"
        elif "memory" in controllers.split(","):
            base, name = root / "memory", "memory.limit_in_bytes"
        else:
            continue
        # A container may see its group at the root, under whatever name it has outside.
        inside = Path(path.lstrip("/"))
        for folder in (inside, *inside.parents):
            try:
                text = (base / folder / name).read_text(encoding="utf-8").strip()
            except OSError:
                continue
            if text.isdigit():
                yield int(text)
