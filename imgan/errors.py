"""Everything imgan raises on purpose.

    ImganError                    exit code 1
    ├── UsageError                the request contradicts itself; exit code 2
    │   └── ConfigError           a recipe or an override of one; exit code 2
    ├── DataError                 missing, unpaired, unreadable or unsuitable pictures
    │   └── ImageReadError        one file cannot be used as a picture
    ├── CheckpointError           a bundle, a checkpoint or its weights cannot be used
    │   └── UnknownModelError     no model of that name or at that path
    ├── TrainingError             a run cannot go on
    ├── ServerError               a model server does not answer, or refuses
    │   └── TooLargeError         what it was sent at once is more than it takes
    ├── ClusterError              a cluster cannot be reached, or cannot do the work
    ├── MissingExtraError         an optional dependency is not installed
    └── OutputError               would overwrite, or cannot write

Beside it is `Terminated`, a `KeyboardInterrupt`: nothing failed.

Wrong types and values of arguments stay `TypeError` and `ValueError`, as in Keras.
A message says what failed, what was expected, what was received and what to do.
"""

import difflib
from collections.abc import Iterable


class ImganError(Exception):
    """Base of every failure that is not a bug in imgan."""

    exit_code = 1


class UsageError(ImganError):
    """The options contradict each other or name something impossible."""

    exit_code = 2


class ConfigError(UsageError):
    """A recipe, or an override of one, is not valid."""


class DataError(ImganError):
    """Pictures are missing, unpaired or unsuitable."""


class ImageReadError(DataError):
    """A file cannot be read as the one picture that is expected in it."""


class CheckpointError(ImganError):
    """A bundle, a checkpoint or its weights cannot be used."""


class UnknownModelError(CheckpointError):
    """No shipped model, bundle, run folder or export answers to the name."""


class TrainingError(ImganError):
    """A training run cannot go on."""


class ServerError(ImganError):
    """A server of models does not answer, refuses, or answers with nonsense."""


class TooLargeError(ServerError):
    """A message is larger than a server takes, or its memory ran out."""


class ClusterError(ImganError):
    """A cluster cannot be reached, or its machines cannot do the work."""


class MissingExtraError(ImganError):
    """An optional dependency is not installed."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f'{purpose} needs an extra: pip install "imgan[{extra}]"')


class OutputError(ImganError):
    """An output would be overwritten or cannot be written."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came: what `kill`, `docker stop` and job schedulers send."""


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, or its name if it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def shortened(text: str) -> str:
    """Return a text of at most 200 characters."""
    return text if len(text) <= 200 else text[:197] + "..."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `" Did you mean 'x'?"` for the nearest known word, or `""`."""
    nearest = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""
