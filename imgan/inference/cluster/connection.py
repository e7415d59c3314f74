"""The way to a Ray cluster, without a word of Ray's on the user's terminal."""

import importlib.util
import logging
import re
import signal
import sys
import threading
import warnings
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any
from typing import TextIO

from imgan.errors import ClusterError
from imgan.errors import MissingExtraError
from imgan.errors import UsageError
from imgan.inference.cluster.conductor import Pool
from imgan.inference.devices import parse_device
from imgan.inference.engines import BicubicEngine
from imgan.inference.work import BatchOptions
from imgan.runtime import hold_stderr

_OLDEST_RAY = (2, 59)
# One TensorFlow does not keep more cores than these busy.
_MOST_CORES = 8
_MOST_IDLE = 0.25
"""Share of a cluster's cores that may be left over by workers of equal size."""


def check_cluster(address: str, options: BatchOptions) -> None:
    """Check what can be checked without a cluster.

    Raises:
        UsageError: If the address cannot be one, or GPUs are named by numbers.
        MissingExtraError: If Ray is not installed.
        ClusterError: If Ray is too old.
    """
    if address not in ("auto", "local") and ":" not in address:
        raise UsageError(
            "--cluster must be auto, local or an address such as head:6379 or "
            f"ray://head:10001. Received: {address}"
        )
    if parse_device(options.device) and options.device != "gpu":
        raise UsageError(
            f"--device {options.device} names the GPUs of one machine, and a cluster "
            "hands out its own. Use --device gpu, cpu or auto with --cluster"
        )
    # Ray itself is installed by more than the extra: Ray Data needs Arrow.
    if not all(map(importlib.util.find_spec, ("ray", "pyarrow"))):
        raise MissingExtraError("--cluster", "ray")
    _check_version(import_ray().__version__)


def import_ray() -> Any:
    """Import Ray, which does not have to be there, and return it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray
    return ray


def _check_version(version: str) -> None:
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    if numbers < _OLDEST_RAY:
        oldest = ".".join(map(str, _OLDEST_RAY))
        raise ClusterError(
            f"--cluster needs Ray {oldest} or newer. Received: Ray {version}. Update "
            "it here and on the cluster"
        )


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Be connected to a cluster inside the block; yields the module `ray`.

    A program that is connected already stays so. What was started is stopped.

    Args:
        address: "auto": that of RAY_ADDRESS, or of a Ray that runs here, or else a new
            one of this machine; "local": a new one; or an address.

    Raises:
        ClusterError: If there is no cluster at the address, or it cannot be used.
    """
    ray = import_ray()
    if ray.is_initialized():
        yield ray
        return
    log = logging.getLogger("ray")
    level, out = log.level, sys.stdout
    on_end = signal.getsignal(signal.SIGTERM)
    log.setLevel(logging.CRITICAL)
    sys.stdout = _WithoutRay(out)
    try:
        with hold_stderr():
            failure = _connect(ray, address)
        if failure is not None:
            raise ClusterError(_reason(address, failure)) from failure
        try:
            yield ray
        finally:
            with hold_stderr():
                ray.shutdown()
    finally:
        sys.stdout = out
        log.setLevel(level)
        if threading.current_thread() is threading.main_thread():
            # Ray has put its own in the place of it.
            signal.signal(signal.SIGTERM, on_end)


def _connect(ray: Any, address: str) -> Exception | None:
    """Connect; return what went wrong, so that what Ray says of it stays unsaid."""
    options: dict[str, Any] = {"configure_logging": False, "log_to_driver": False}
    if address == "local":
        options["include_dashboard"] = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(address=None if address == "auto" else address, **options)
    except Exception as error:
        return error
    return None


def _reason(address: str, error: Exception) -> str:
    said = " ".join(str(error).split())
    causes = []
    cause: BaseException | None = error
    while cause is not None:
        causes.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    hint = "Start one with `ray start --head`, or use --cluster local"
    if "InvalidAuthToken" in " ".join(causes):
        hint = "It wants a token: set RAY_AUTH_MODE=token, and see Ray's documentation"
    elif "ersion mismatch" in said:
        hint = "Install the same versions of Ray and Python here and on the cluster"
    shortened = said if len(said) <= 200 else said[:197] + "..."
    return f"--cluster {address}: no connection to Ray: {shortened.rstrip('.')}. {hint}"


class _WithoutRay:
    """Stdout without what Ray's threads print there, such as that a worker died."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if threading.current_thread().name.startswith("ray_"):
            return len(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def plan_pool(
    nodes: Iterable[Mapping[str, float]], options: BatchOptions, pictures: int
) -> Pool:
    """Return a worker for each device, and not more than there are pictures.

    Args:
        nodes: What each machine has, as Ray counts it: "CPU", "GPU".
        options: Of the batch.
        pictures: To be made.

    Raises:
        ClusterError: If there is no device of the kind that is asked for.
    """
    nodes = list(nodes)
    gpus = sum(int(node.get("GPU", 0)) for node in nodes)
    wants_gpu = options.device != "cpu" and options.model != BicubicEngine.name
    if gpus and wants_gpu:
        return Pool(min(gpus, pictures), 0)
    if options.device == "gpu" and wants_gpu:
        raise ClusterError(
            "--device gpu: the cluster has no GPUs. Use --device auto or cpu"
        )
    cores = [int(node.get("CPU", 0)) for node in nodes]
    if not any(cores):
        raise ClusterError(
            "The cluster has neither CPUs nor GPUs for work. Add machines to it"
        )
    each = _cores_of_each(cores)
    return Pool(min(sum(count // each for count in cores), pictures), each)


def _cores_of_each(cores: list[int]) -> int:
    """Return the most cores for a worker that do not leave many of all idle."""
    for each in range(min(_MOST_CORES, max(cores)), 1, -1):
        used = sum(count // each * each for count in cores)
        if used >= (1 - _MOST_IDLE) * sum(cores):
            return each
    return 1
