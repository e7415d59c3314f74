"""Pickles as data: a machine that knows containers and tensors, and calls nothing.

Python's unpickler imports what a file names and calls it. This one has no way to:
every name of a file stays a `Global`, and what would be made by calling one is a
`Placeholder` that remembers the name, unless `known.py` has a builder for it. So the
state of optimizers or the options of a training beside the weights do not hinder, and a
whole network as a Python object is told by its class.
"""

import pickletools
from collections.abc import Callable
from typing import Protocol

from imgan.errors import CheckpointError
from imgan.importing.reading.machine import Machine
from imgan.importing.reading.source import AGAIN

MOST_PICKLE_BYTES = 64 << 20
"""Of the pickle alone; the numbers of the tensors lie elsewhere."""
MOST_OPERATIONS = 2_000_000
"""A training checkpoint of 1,000 tensors and their moments has some 200,000."""

_DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class Readable(Protocol):
    """What parsing needs of a file."""

    def read(self, length: int, /) -> bytes:
        """Return up to `length` bytes."""

    def readline(self) -> bytes:
        """Return a line."""

    def tell(self) -> int:
        """Return the position."""


def read_pickle(file: Readable, persistent: Callable[[object], object]) -> object:
    """Read one pickle, and leave the file after it.

    Args:
        file: At the start of the pickle.
        persistent: Returns what a persistent id of the file stands for.

    Returns:
        Plain containers and numbers, `LazyTensor`, `Global` and `Placeholder`.

    Raises:
        CheckpointError: If it is damaged, too large, or names something dangerous.
    """
    machine = Machine(persistent)
    start, count, position = file.tell(), 0, 0
    try:
        for operation, argument, position_ in pickletools.genops(file):  # type: ignore[arg-type]
            position = position_ or 0
            count += 1
            if count > MOST_OPERATIONS or position - start > MOST_PICKLE_BYTES:
                raise CheckpointError(
                    "The pickle in the file is larger than any of a network: read "
                    f"{count} operations in {position - start} bytes"
                )
            machine.step(operation.name, argument)
        return machine.result()
    except _DAMAGE as error:
        raise CheckpointError(
            f"The pickle in the file is damaged near byte {position}. {AGAIN}"
        ) from error


def no_persistent(identity: object) -> object:
    """Refuse persistent ids, where there can be none."""
    raise CheckpointError("The file refers to a storage where none is expected")
