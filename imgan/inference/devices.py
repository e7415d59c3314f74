"""Which devices a batch computes on."""

import re
import threading
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

from imgan.errors import UsageError


def choose_devices(option: str, tf: Any) -> list[str]:
    """Return the TensorFlow names of the devices to compute on, at least one.

    Args:
        option: "auto" (the first GPU, or else the CPU), "cpu", "gpu", "gpu:0,1".
        tf: The module `tensorflow`.

    Raises:
        UsageError: If the option is malformed or names a GPU that is not there.
    """
    numbers = parse_device(option)
    if option == "cpu":
        return ["/CPU:0"]
    gpus = tf.config.list_physical_devices("GPU")
    if option == "auto":
        return ["/GPU:0"] if gpus else ["/CPU:0"]
    missing = [number for number in numbers if number >= len(gpus)]
    if missing:
        raise UsageError(
            f"--device {option} asks for GPU {missing[0]}, and TensorFlow sees "
            f"{len(gpus)} GPUs. Use --device auto or cpu, or install the extra: "
            'pip install "imgan[gpu]"'
        )
    return [f"/GPU:{number}" for number in numbers]


def parse_device(option: str) -> list[int]:
    """Return the numbers of the GPUs an option names; none for "auto" and "cpu".

    Raises:
        UsageError: If it is neither auto, cpu, gpu nor gpu with numbers.
    """
    if option in ("auto", "cpu"):
        return []
    match = re.fullmatch(r"gpu(?::(\d+(?:,\d+)*))?", option)
    if not match:
        raise UsageError(
            f"--device must be auto, cpu, gpu or gpu:0,1. Received: {option}"
        )
    return sorted({int(number) for number in (match[1] or "0").split(",")})


def short_name(devices: list[str]) -> str:
    """Return devices as the option spells them: "cpu", "gpu:0,1"."""
    if devices == ["/CPU:0"]:
        return "cpu"
    kind = devices[0][1:].partition(":")[0].lower()
    return f"{kind}:" + ",".join(device.rpartition(":")[2] for device in devices)


class DeviceShares:
    """Shares work among devices by its area, so that a slower one gets less.

    Args:
        devices: TensorFlow's names.
    """

    def __init__(self, devices: Sequence[str]) -> None:
        self._pending = dict.fromkeys(devices, 0)
        self._lock = threading.Lock()

    @contextmanager
    def take(self, area: int) -> Iterator[str]:
        """Reserve the device with least to do, for the time inside.

        Args:
            area: Of what is computed, in pixels.
        """
        with self._lock:
            device = min(self._pending, key=self._pending.__getitem__)
            self._pending[device] += area
        try:
            yield device
        finally:
            with self._lock:
                self._pending[device] -= area
