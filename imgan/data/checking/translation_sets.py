"""What is checked for translation: pairs, combined pictures, frames or domains."""

from dataclasses import dataclass

import numpy as np

from imgan.config.translation import SideConfig
from imgan.data.checking.findings import Finding
from imgan.data.checking.looks import read_any
from imgan.data.checking.looks import read_pixels
from imgan.data.pixels import values_fault
from imgan.data.translation.records import PictureFile
from imgan.io.bands import read_bands
from imgan.types import Array


@dataclass(frozen=True)
class SideRules:
    """What the pictures of one side must be.

    Attributes:
        name: In messages, `A` or `B`.
        config: As the recipe says; None: whatever most files are.
        section: Of the recipe, `data.source`.
        is_target: Whether its pictures are what shall come out.
    """

    name: str
    config: SideConfig | None = None
    section: str = ""
    is_target: bool = True

    @property
    def channels(self) -> int | None:
        """How many there must be; None: as many as most files have."""
        return self.config.channels if self.config else None

    @property
    def labels(self) -> bool:
        """Whether pictures are known to be maps of labels."""
        return self.config is not None and self.config.labels

    @property
    def converts(self) -> bool:
        """Whether training makes RGB of grey and grey of RGB as needed."""
        return self.config is None or (
            self.config.channels in (1, 3) and self.config.value_range is None
        )

    def read(self, picture: PictureFile) -> Array:
        """Return a file whole, as it is.

        Raises:
            DataError: If it cannot be read.
        """
        if self.config is None:
            return read_pixels(picture.path)
        return (read_any if self.converts else read_bands)(picture.path)

    def judge(self, pixels: Array) -> str | None:
        """Return why the values of a file cannot be trained on, or None."""
        if self.config is None:
            return None
        return values_fault(pixels, self.config.value_range, self.section)

    def convert(self, pixels: Array) -> Array:
        """Return what is looked at: float32 in `[0, 1]` where a range is given."""
        if self.config is None or self.config.value_range is None:
            return pixels
        low, high = self.config.value_range
        unit = (pixels.astype(np.float32) - np.float32(low)) / np.float32(high - low)
        return np.asarray(np.clip(unit, 0.0, 1.0))


Item = tuple[PictureFile | None, PictureFile | None]
"""Pictures of A and B that belong together by name, or one that is alone."""


@dataclass(frozen=True)
class TranslationSet:
    """Pictures that are used together.

    Attributes:
        name: `train`, `validation`, or `pictures` where there is one set only.
        items: What belongs together by name.
        sides: What pictures of A and B must be.
        paired: Whether every picture needs a partner.
        film: Whether pictures are frames, which are of one size and much alike.
        smallest: Shorter side that a picture needs, pixels.
        findings: What listing found already.
    """

    name: str
    items: tuple[Item, ...]
    sides: tuple[SideRules, SideRules]
    paired: bool = True
    film: bool = False
    smallest: int = 1
    findings: tuple[Finding, ...] = ()

    @property
    def reads_alike(self) -> bool:
        """Whether files of both sides are read in one way."""
        a, b = self.sides
        return (a.config is None, a.converts) == (b.config is None, b.converts)

    @property
    def files(self) -> int:
        """How many pictures there are, halves counted one by one."""
        return sum(picture is not None for item in self.items for picture in item)
