"""The way to a Ray cluster, without a word of Ray's on the user's terminal."""

import contextlib
import importlib.util
import io
import logging
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import TextIO

from imgan.errors import ClusterError
from imgan.errors import MissingExtraError
from imgan.errors import UsageError
from imgan.errors import shortened
from imgan.inference.combinations import check_for_cluster
from imgan.inference.devices import parse_device
from imgan.inference.servers import is_server
from imgan.inference.work import BatchOptions
from imgan.runtime import hold_stderr

_OLDEST_RAY = (2, 59)
_ADDRESS = re.compile(r"(?:ray://)?([^\s/]+):(\d+)")
_PATIENCE = 10.0  # seconds until a machine must have answered


def check_cluster(address: str, options: BatchOptions) -> None:
    """Check what can be checked without a cluster.

    Raises:
        UsageError: If the address cannot be one, GPUs are named by numbers, or options
            are for one machine.
        MissingExtraError: If Ray is not installed.
        ClusterError: If Ray is too old.
    """
    if address not in ("auto", "local") and not _ADDRESS.fullmatch(address):
        raise UsageError(
            "--cluster must be auto, local or an address such as head:6379 or "
            f"ray://head:10001. Received: {address}"
        )
    if parse_device(options.device) and options.device != "gpu":
        raise UsageError(
            f"--device {options.device} names the GPUs of one machine, and a cluster "
            "hands out its own. Use --device gpu, cpu or auto with --cluster"
        )
    if is_server(options.model):
        raise UsageError(
            "--cluster and --server exclude each other: workers of a cluster compute "
            "themselves. Give one"
        )
    check_for_cluster(options)
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


@contextlib.contextmanager
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
    with _quiet(), _own_signals() as take_back:
        found = _found(address)
        try:
            with hold_stderr():
                failure = _connect(ray, found)
            take_back()
            if isinstance(failure, Exception):
                raise ClusterError(_reason(address, failure)) from failure
            if failure is not None:
                raise failure
            yield ray
        finally:
            # It hands out there what it held back as being said twice.
            with hold_stderr(), contextlib.redirect_stdout(io.StringIO()):
                ray.shutdown()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Ray says in this process off the terminal."""
    log, distant = map(logging.getLogger, ("ray", "ray.util.client.logsclient"))
    level = log.level
    log.setLevel(logging.CRITICAL)
    distant.disabled = True  # It gives itself a level when it is imported.
    try:
        with contextlib.redirect_stdout(_WithoutRay(sys.stdout)):
            yield
    finally:
        log.setLevel(level)
        distant.disabled = False


@contextlib.contextmanager
def _own_signals() -> Iterator[Callable[[], None]]:
    """Yield what makes SIGTERM end this process in good order, as Ctrl-C does.

    Ray puts a handler of its own there, which prints addresses and aborts.
    """
    before = signal.getsignal(signal.SIGTERM) or signal.SIG_DFL
    here = threading.current_thread() is threading.main_thread()

    def end(number: int, frame: Any) -> None:
        raise SystemExit(128 + number)

    def take_back() -> None:
        if here:
            # A command may have an answer of its own.
            signal.signal(signal.SIGTERM, before if callable(before) else end)

    try:
        yield take_back
    finally:
        if here:
            signal.signal(signal.SIGTERM, before)


def _found(address: str) -> str | None:
    """Return what to give Ray for an address; None: it finds the cluster by itself.

    Where nobody listens Ray would try for a quarter of an hour, without a word.
    """
    if address == "local":
        return address
    named = os.environ.get("RAY_ADDRESS") if address == "auto" else address
    if named in (None, "", "auto"):
        recorded = _recorded()
        gone = recorded is not None and _unreachable(recorded) is not None
        return "local" if gone else None
    if named == "local":
        return named
    error = _unreachable(str(named))
    if error is not None:
        raise ClusterError(_reason(str(named), error)) from error
    return named


def _recorded() -> str | None:
    """Return where `ray start` has said that it started a cluster on this machine."""
    folder = os.environ.get("RAY_TMPDIR")
    if not folder and sys.platform == "darwin":
        folder = "/tmp"  # Not the system's folder for temporary files.
    path = Path(folder or tempfile.gettempdir(), "ray", "ray_current_cluster")
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _unreachable(address: str) -> Exception | None:
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return None  # Ray may know what it means.
    where = (match[1].strip("[]"), int(match[2]))
    try:
        socket.create_connection(where, _PATIENCE).close()
    except (OSError, OverflowError) as error:
        return error
    return None


def _connect(ray: Any, address: str | None) -> BaseException | None:
    """Connect; return what stopped it, so that what Ray says of it stays unsaid."""
    options: dict[str, Any] = {"configure_logging": False, "log_to_driver": False}
    if address == "local":
        options["include_dashboard"] = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(address=address, **options)
    except BaseException as error:
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
    if "InvalidAuthToken" in " ".join(causes) or "timeout" in said:
        hint = "If it wants a token, set RAY_AUTH_MODE=token; see Ray's documentation"
    elif "ersion mismatch" in said:
        hint = "Install the same versions of Ray and Python here and on the cluster"
    said = shortened(said).rstrip(".")
    return f"--cluster {address}: no connection to Ray: {said}. {hint}"


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
