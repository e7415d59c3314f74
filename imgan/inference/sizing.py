"""The size that a picture shall come out with: by a factor, or by a target in pixels.

Every picture has a scaling of its own where a target is given. Its result is of the
wanted size to the pixel, so the factors of the two axes differ by less than a pixel.
"""

from dataclasses import dataclass
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from imgan.data.resize import as_ratio
from imgan.data.resize import output_length
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.errors import did_you_mean
from imgan.types import Size

FITS = ("inside", "outside", "crop", "stretch")
LARGEST_SCALE = 64
_LONGEST = 2**31 - 1


class Scaling(NamedTuple):
    """How the size of one picture is changed."""

    size: Size
    """Of the result."""
    rows: Fraction
    """Result pixels per input pixel, from top to bottom."""
    columns: Fraction
    """The same from left to right."""
    top: int = 0
    """Rows that are cut away above the result, in result pixels."""
    left: int = 0
    """Columns that are cut away left of it."""

    @property
    def largest(self) -> Fraction:
        """The larger one of both factors: what a network must reach."""
        return max(self.rows, self.columns)


@dataclass(frozen=True)
class TargetSize:
    """A size in pixels that every result shall have, or fit.

    Attributes:
        width: Of results; None: whatever keeps the proportions.
        height: The same. At least one of both is given.
        fit: With both given: "inside" is as large as fits into them, "outside" as small
            as covers them, "crop" is that with what is too much cut away evenly on both
            sides, and "stretch" gives the proportions up.
    """

    width: int | None = None
    height: int | None = None
    fit: str = "inside"

    def __post_init__(self) -> None:
        """Refuse what names no size.

        Raises:
            UsageError: Names the option.
        """
        given = [side for side in (self.width, self.height) if side is not None]
        if not given:
            raise UsageError("--fit is for a target size; give --width and --height")
        if not all(1 <= side <= _LONGEST for side in given):
            raise UsageError(
                f"--width and --height must be at least 1 pixel. Received: {min(given)}"
            )
        if self.fit not in FITS:
            raise UsageError(
                f"--fit must be one of {', '.join(FITS)}. Received: {self.fit}."
                f"{did_you_mean(self.fit, FITS)}"
            )
        if self.fit != "inside" and len(given) < 2:
            raise UsageError(
                f"--fit {self.fit} needs both --width and --height; one alone keeps "
                "the proportions"
            )

    def scaling(self, size: Size) -> Scaling:
        """Return how a picture reaches the target.

        Args:
            size: Of the picture, upright.

        Raises:
            OutputError: If it would be enlarged beyond all sense.
        """
        whole, made = self._sizes(size)
        rows = Fraction(whole.height, size.height)
        columns = Fraction(whole.width, size.width)
        if max(rows, columns) > LARGEST_SCALE:
            raise OutputError(
                f"{size} pixels would be enlarged {float(max(rows, columns)):.0f} "
                f"times to reach {self}; at most {LARGEST_SCALE}. Name a smaller target"
            )
        top, left = (whole.height - made.height) // 2, (whole.width - made.width) // 2
        return Scaling(made, rows, columns, top, left)

    def turned(self) -> "TargetSize":
        """Return the target of pictures that are shown turned by a quarter."""
        return replace(self, width=self.height, height=self.width)

    def check_whole(self, *, keep_colors: bool, wrap: str) -> None:
        """Refuse to cut what is done with whole pictures only.

        Args:
            keep_colors: Whether results get the colours of their inputs back.
            wrap: One of `wrapping.WRAPS`.

        Raises:
            UsageError: Names the option.
        """
        for option, given in (("keep-colors", keep_colors), ("wrap", wrap != "none")):
            if given and self.fit == "crop":
                raise UsageError(
                    f"--{option} needs whole pictures, and --fit crop cuts them. Use "
                    "another --fit"
                )

    def _sizes(self, size: Size) -> tuple[Size, Size]:
        """Return the size before and after cutting."""
        wanted = Size(self.height or 0, self.width or 0)
        if self.fit == "stretch":
            return wanted, wanted
        ratios = [
            Fraction(side, length)
            for side, length in zip(wanted, size, strict=True)
            if side
        ]
        scale = min(ratios) if self.fit == "inside" else max(ratios)
        # Half up, in whole numbers: the side that binds is met exactly.
        whole = Size(*(max(1, int(side * scale + Fraction(1, 2))) for side in size))
        return whole, wanted if self.fit == "crop" else whole

    def __str__(self) -> str:
        """Return it as messages show it."""
        if self.width is None or self.height is None:
            which = "width" if self.height is None else "height"
            return f"{which} {self.width or self.height}"
        return f"{self.width}x{self.height}"


def target_size(
    width: int | None, height: int | None, fit: str | None
) -> TargetSize | None:
    """Return the target that options name; None where none was given.

    Raises:
        UsageError: If they name no size.
    """
    if width is None and height is None and fit is None:
        return None
    return TargetSize(width, height, fit or "inside")


def scaled_by(size: Size, scale: float | Fraction) -> Scaling:
    """Return the scaling of a picture by a factor; each side is rounded up."""
    ratio = as_ratio(scale)
    made = Size(*(output_length(side, ratio) for side in size))
    return Scaling(made, ratio, ratio)


def result_size(size: Size, target: TargetSize | None, scale: float) -> Size:
    """Return the size of what becomes of a picture.

    Args:
        size: Of the picture, upright.
        target: What it shall reach; None: it is enlarged by `scale`.
        scale: Result pixels per input pixel along one side.

    Raises:
        OutputError: If the target cannot be reached.
    """
    return (target.scaling(size) if target else scaled_by(size, scale)).size
