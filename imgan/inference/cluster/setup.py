"""What the workers of a cluster are told: about the job, and about each picture."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path

from imgan import __version__
from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.bundles.fidelity import partner_of
from imgan.bundles.register import resolve
from imgan.inference.batch import load_predictor
from imgan.inference.predictor import Predictor
from imgan.inference.report import FileRow
from imgan.inference.work import BatchOptions
from imgan.inference.work import Item
from imgan.inference.work import Worker


@dataclass(frozen=True)
class Setup:
    """What every worker of a job is told."""

    command: str
    options: BatchOptions
    """With absolute paths."""
    card: Card | None
    scale: float
    marker: Path
    """A file in the folder of the results: who sees it shares that folder."""
    threads: int = 0
    """Of TensorFlow; 0: as many as it likes."""
    load: Callable[[BatchOptions], Predictor] = load_predictor
    worker: type[Worker] = Worker
    version: str = __version__
    identity: tuple[str, ...] = ()
    """Of the model, on the machine of the command; see `identity_of`."""


def identity_of(options: BatchOptions, card: Card | None) -> tuple[str, ...]:
    """Return what tells one model from others, also where two have the same name.

    Args:
        options: Of the batch.
        card: Of its model; None: bicubic enlargement.

    Raises:
        ImganError: If the partner of a fidelity cannot be found.
    """
    if card is None:
        return ()
    found = [card.weights_sha256, card.export.model_dump_json() if card.export else ""]
    if options.fidelity is not None:
        partner = partner_of(resolve(options.model))
        found.append(read_card(partner).weights_sha256)
    return tuple(found)


@dataclass(frozen=True)
class Assignment:
    """One picture to make, with absolute paths."""

    index: int
    input: str
    output: str
    earlier: tuple[str, ...] = ()
    """The frames before it."""
    target: str | None = None
    bytes: int = 0
    """That the decoded input takes, about."""

    @classmethod
    def of(cls, index: int, item: Item) -> "Assignment":
        """Return the assignment of a picture whose headers were looked at."""
        return cls(
            index,
            os.path.abspath(item.row.input),
            os.path.abspath(str(item.row.output)),
            tuple(os.path.abspath(path) for path in item.earlier),
            None if item.target is None else os.path.abspath(item.target),
            item.input_bytes,
        )

    @classmethod
    def read(cls, text: str) -> "Assignment":
        """Return the assignment that `text` wrote."""
        values = json.loads(text)
        return cls(**{**values, "earlier": tuple(values["earlier"])})

    def text(self) -> str:
        """Return it as JSON, in which file names that are no text keep their bytes."""
        return json.dumps(asdict(self))

    def item(self) -> Item:
        """Return it as the steps of a batch take it."""
        return Item(
            FileRow(Path(self.input), Path(self.output)),
            earlier=tuple(map(Path, self.earlier)),
            target=None if self.target is None else Path(self.target),
        )
