"""`imgan info`: what a bug report must say about the machine."""

import platform
from collections.abc import Callable

from imgan.cli.text import aligned
from imgan.cli.text import write
from imgan.inference.precision import choose_precision
from imgan.machine import processor
from imgan.machine import versions
from imgan.runtime import hold_stderr
from imgan.runtime import import_tensorflow


def info() -> None:
    """Print versions, devices and precision, for a bug report."""
    cpu = processor()
    rows = [
        *versions().items(),
        ("libvips", _attempt(_libvips)),
        ("system", platform.platform()),
        ("cpu", cpu["model"]),
        ("cpu cores", cpu["cores"]),
        ("cpu flags", cpu["flags"]),
        ("devices", _attempt(_devices)),
        ("precision", _attempt(_precision)),
    ]
    write(aligned(rows))


def _attempt(read: Callable[[], str]) -> str:
    # A broken installation is what this command is asked about most.
    try:
        return read()
    except Exception as error:
        first = str(error).strip().splitlines()
        return f"broken: {type(error).__name__}: {first[0] if first else ''}"


def _libvips() -> str:
    import pyvips

    return ".".join(str(pyvips.version(part)) for part in range(3))


def _gpus() -> list[str]:
    tensorflow = import_tensorflow()
    with hold_stderr():
        return [
            tensorflow.config.experimental.get_device_details(gpu).get("device_name")
            or gpu.name
            for gpu in tensorflow.config.list_physical_devices("GPU")
        ]


def _devices() -> str:
    return ", ".join(["cpu", *(f"gpu:{i} {name}" for i, name in enumerate(_gpus()))])


def _precision() -> str:
    device = "gpu:0" if _gpus() else "cpu"
    chosen = [
        f"{choose_precision('auto', dtype, device)} for {name}"
        for dtype, name in (("uint8", "8-bit"), ("uint16", "16-bit"))
    ]
    return f"auto is {', '.join(chosen)} pictures"
