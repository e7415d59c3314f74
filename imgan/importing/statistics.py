"""Batch normalisation by a picture's own statistics, in place of those from training.

The authors' test script of pix2pix leaves batch normalisation in its training mode,
unless it is told otherwise; with one picture at a time that is instance normalisation
with the trained scale and offset ([Isola et al.,
2017](https://arxiv.org/abs/1611.07004), section 3.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

from imgan.errors import UsageError
from imgan.importing.parts import BatchNorm
from imgan.importing.parts import Part
from imgan.importing.parts import Shape
from imgan.importing.parts import Tensors
from imgan.importing.plan import Plan
from imgan.types import Array

_STATISTICS = r".*\.running_(mean|var)"


@dataclass(frozen=True)
class Affine:
    """Scale and offset of a normalisation without its statistics.

    Attributes:
        name: In the checkpoint, without `.weight`.
    """

    name: str

    def shapes(self, own: Sequence[Shape]) -> dict[str, Shape]:
        """Return the shapes of the two tensors."""
        return {f"{self.name}.weight": own[0], f"{self.name}.bias": own[1]}

    def weights(self, tensors: Tensors, own: Sequence[Shape]) -> list[Array]:
        """Return gamma and beta."""
        return [tensors[f"{self.name}.weight"], tensors[f"{self.name}.bias"]]


def normalizes_batches(plan: Plan) -> bool:
    """Return whether a translator has batch normalisation."""
    return plan.arguments.get("normalization") == "batch"


def by_picture(plan: Plan) -> Plan:
    """Return the same network, normalised by each picture's own statistics.

    Raises:
        UsageError: If it is not a translator with batch normalisation.
    """
    if not normalizes_batches(plan):
        raise UsageError(
            "--statistics picture is for pix2pix and CycleGAN generators with batch "
            "normalisation. Leave it out"
        )
    parts: dict[str, Part] = {
        name: Affine(part.name) if isinstance(part, BatchNorm) else part
        for name, part in plan.parts.items()
    }
    arguments = {**plan.arguments, "normalization": "instance_affine"}
    ignored = (*plan.ignored, _STATISTICS)
    return replace(plan, arguments=arguments, parts=parts, ignored=ignored)
