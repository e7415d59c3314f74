"""Looking at the two generators of unpaired translation while they train."""

from collections.abc import Mapping

import numpy as np

from imgan.config.translation import Direction
from imgan.data.pixels import as_unit
from imgan.data.translation.held_out_domains import HeldOutDomains
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.training.experiment import Look
from imgan.training.experiment import Validator
from imgan.training.run_folder import RunFolder
from imgan.training.translation_validation import Translator
from imgan.training.translation_validation import centre
from imgan.training.translation_validation import score_pairs
from imgan.training.translation_validation import sheet
from imgan.types import Array

# Pictures of each domain on the sheet, and those that the way back is measured on.
_SHEET_ROWS = 4
_MOST_CYCLES = 16


class DomainValidator(Validator):
    """Samples of both directions, and scores where held-out pictures are pairs.

    The sheet shows rows of source, output and the way back, first from domain a, then
    from domain b.

    - `cycle_l1`: mean absolute difference between pictures and themselves there and
      back again, in units of `[-1, 1]`, over both domains.
    - `l1`, `psnr`, `ssim` of the run's direction, and the same with `back_` before them
      of the other, where held-out pictures are pairs.

    Of pictures larger than `MOST_SIDE` the centre is looked at.

    Args:
        translators: The moving averages of both generators, by direction.
        held_out: Held-out pictures; None: nothing is looked at.
        run: Where samples go.
        direction: What the run is after.
    """

    def __init__(
        self,
        translators: Mapping[Direction, Translator],
        held_out: HeldOutDomains | None,
        run: RunFolder,
        *,
        direction: Direction,
    ) -> None:
        self.held_out = held_out
        self.pictures = len(held_out.a) if held_out else 0
        self.run = run
        self._translators = translators
        self._direction = direction

    def __call__(self, step: int) -> Look:
        """Return the scores; write the sample sheet."""
        if self.held_out is None:
            return Look({})
        rows, errors = self._there_and_back(self.held_out)
        if not np.isfinite(errors).all():
            # The generators themselves: outputs of pairs would be no better.
            return Look({"cycle_l1": float("nan")})
        write_image(Picture(sheet(rows)), self.run.sample_sheet(step))
        scores = {"cycle_l1": float(np.mean(errors))}
        for direction in self._translators:
            prefix = "" if direction == self._direction else "back_"
            own = self._score(self.held_out, direction)
            scores |= {f"{prefix}{name}": value for name, value in own.items()}
        return Look(scores)

    def _there_and_back(
        self, held_out: HeldOutDomains
    ) -> tuple[list[list[Array]], list[float]]:
        """Return rows of the sheet, and what the way back has lost."""
        rows, errors = [], []
        forth, back = (self._translators[way] for way in ("a_to_b", "b_to_a"))
        for pictures, there, home in (
            (held_out.a, forth, back),
            (held_out.b, back, forth),
        ):
            for index in range(min(len(pictures), _MOST_CYCLES)):
                source = as_unit(centre(pictures[index]))
                made = there(source)
                cycled = home(made)
                errors.append(2.0 * float(np.abs(cycled - source).mean()))
                if index < _SHEET_ROWS:
                    rows.append([source, made, cycled])
        return rows, errors

    def _score(
        self, held_out: HeldOutDomains, direction: Direction
    ) -> dict[str, float]:
        pairs = held_out.as_pairs(direction)
        return score_pairs(self._translators[direction], pairs) if pairs else {}
