"""What the results of a translation are judged by beside each target itself."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgan.bundles.card import Card
from imgan.bundles.kinds import writes_bands
from imgan.data.pixels import as_unit
from imgan.data.translation.sizes import size_of
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.evaluate.translation_pairs import ScoredPairs
from imgan.evaluate.translation_scores import FeatureScores
from imgan.types import Array

_LEAST_FEATURES = 2


class MeanTarget:
    """The mean of all targets but one, so that no target is compared with itself."""

    def __init__(self, targets: Iterable[Array], kind: str) -> None:
        self.kind = kind
        self._sum: NDArray[np.float64] = np.zeros(())
        self._count = 0
        for target in targets:
            self._sum = self._sum + self._part(target)
            self._count += 1

    @classmethod
    def of(cls, found: ScoredPairs) -> "MeanTarget | None":
        """Return the mean of some pairs; None of a single one, which has no others."""
        pairs = found.pairs
        if len(pairs) < 2:
            return None
        sizes = {size_of(pair.target) for pair in pairs.reader.files}
        alike = found.square is not None or len(sizes) == 1
        targets = (as_unit(pair.target) for pair in pairs)
        return cls(targets, "picture" if alike else "colour")

    def without(self, index: int, target: Array) -> Array:
        """Return the mean of the others, of the size of a target."""
        others = (self._sum - self._part(target)) / (self._count - 1)
        return np.broadcast_to(others, target.shape)

    def _part(self, target: Array) -> NDArray[np.float64]:
        values = target.astype(np.float64)
        return values if self.kind == "picture" else values.mean(axis=(0, 1))


class FeatureJudge:
    """Collects features of targets and results."""

    def __init__(self, space: Any) -> None:
        self._space = space
        self._real: list[Array] = []
        self._fake: list[Array] = []

    @classmethod
    def load(cls, card: Card, weights: str | Path, count: int) -> "FeatureJudge":
        """Build the network of the features, where the model makes pictures of light.

        Raises:
            UsageError: If it does not.
            DataError: If there are too few pairs.
            CheckpointError: If the weights cannot be used.
        """
        if writes_bands(card):
            raise UsageError(
                f"--features judges pictures of light, and model {card.name!r} makes "
                "bands of raw values. Leave it out"
            )
        if count < _LEAST_FEATURES:
            raise DataError(
                f"FID and KID need at least {_LEAST_FEATURES} pairs. Received: {count}"
            )
        from imgan.metrics.features import load_inception

        return cls(load_inception(Path(weights)))

    def look(self, target: Array, output: Array) -> None:
        """Take the features of a pair, whatever its size."""
        for kept, image in ((self._real, target), (self._fake, output)):
            unit = np.clip(image, 0.0, 1.0).astype(np.float32)
            kept.append(self._space.extract(unit[np.newaxis]))

    def scores(self) -> FeatureScores:
        """Return the distances between all targets and all results."""
        from imgan.metrics.features import NOTE
        from imgan.metrics.frechet import frechet_distance
        from imgan.metrics.kernel import kernel_distance
        from imgan.metrics.kernel import usual_subset_size

        real, fake = np.concatenate(self._real), np.concatenate(self._fake)
        kid = kernel_distance(real, fake, subset_size=usual_subset_size(len(real)))
        return FeatureScores(
            fid=frechet_distance(real, fake),
            kid=kid.mean,
            kid_error=kid.error,
            features=str(self._space.name),
            note=NOTE,
        )
