"""What both ways to a server share: the calls there are, and failures in our words."""

from typing import Any
from typing import NamedTuple
from typing import Protocol

from imgan.bundles.exports import CARD
from imgan.bundles.exports import ENCODED
from imgan.bundles.exports import NETWORK
from imgan.bundles.exports import SERVING
from imgan.errors import CheckpointError
from imgan.errors import ImganError
from imgan.errors import ServerError
from imgan.errors import TooLargeError
from imgan.inference.servers import ServerAddress
from imgan.types import Array

Values = Array | list[bytes]
"""A tensor of numbers, or one of bytes of rank 1."""

ATTEMPTS = 5
"""How often a request is sent while the server is not available. gRPC has no more."""
FIRST_BACKOFF = 0.4
"""Seconds before the second attempt; twice as many before each that follows."""


class Form(NamedTuple):
    """The names in a signature."""

    input: str
    outputs: tuple[str, ...]


CALLS = {
    SERVING: Form("images", ("images",)),
    NETWORK: Form("images", ("images",)),
    ENCODED: Form("image_bytes", ("error", "output_bytes")),
    CARD: Form("query", ("card",)),
}
"""The signatures of an export that are asked, by name."""


class Transport(Protocol):
    """A connection to one model on a server; threads may share it."""

    address: ServerAddress
    sends_arrays: bool
    """Whether pixels travel as they are, and not as text."""

    def pin(self) -> None:
        """Ask the version that is there now from here on, whichever comes later.

        Where the address names none, and the server tells which it has.

        Raises:
            ServerError: If there is no answer.
        """
        ...

    def predict(self, signature: str, values: Values) -> dict[str, Any]:
        """Return the outputs of one of `CALLS` by name: arrays, or lists of bytes.

        Raises:
            ServerError: If there is no answer, or none that can be used.
            CheckpointError: If the model has no such signature.
        """
        ...

    def close(self) -> None:
        """Give the connection up."""
        ...


class UnmergeableError(ServerError):
    """A server merged tiles of different shapes into one batch, and failed."""


def failure(
    address: ServerAddress, status: str, details: str, timeout: float
) -> ImganError:
    """Return the error that a failed request stands for.

    Args:
        address: Of the model.
        status: Name of the status in gRPC.
        details: In the words of the server.
        timeout: Seconds that the request had.
    """
    where, said = address.origin, " ".join(details.split())[:300]
    if _is_unknown_signature(status, said):
        return CheckpointError(
            f"{where} must serve an export of imgan as {address.described}. "
            f"Received: {said}. Make one with `imgan export`"
        )
    if status == "NOT_FOUND":
        return ServerError(
            f"{where} has no {address.described}, or not yet, or not any more: {said}. "
            "Check the name in the address, or wait; where a newer version is in its "
            "place, run the command again"
        )
    if status == "DEADLINE_EXCEEDED" or "timeout exceeded" in said:
        return ServerError(
            f"{where} did not answer within {timeout:g} s. Give it more with --timeout,"
            " or less to do with --tile"
        )
    if status == "UNAVAILABLE":
        said = said.rpartition("last error: ")[2]
        return ServerError(
            f"{where} does not answer: {said}. Check host and port (of TensorFlow "
            "Serving usually 8500 for gRPC and 8501 for REST), or start the server; "
            "the same command goes on where this one stopped"
        )
    if status == "RESOURCE_EXHAUSTED" and _is_about_size(said):
        return TooLargeError(f"{where} cannot take so much at once: {said}")
    if "different shapes" in said:
        return UnmergeableError(
            f"{where} merges requests into batches, and tiles of different shapes "
            "cannot be merged. Try again when fewer clients ask it, or start it "
            "without --enable_batching"
        )
    if status in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return ServerError(f"{where} refuses access to {address.described}: {said}")
    return ServerError(f"{where} failed with {status}: {said}. See its log")


def _is_unknown_signature(status: str, said: str) -> bool:
    refused = status in ("FAILED_PRECONDITION", "INVALID_ARGUMENT")
    return refused and "ignature" in said and "not found" in said


def _is_about_size(said: str) -> bool:
    words = ("larger than max", "too large", "oom ", "out of memory", "allocat")
    return any(word in said.lower() for word in words)
