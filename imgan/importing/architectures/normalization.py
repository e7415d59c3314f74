"""Which normalisation the translators of the authors' PyTorch code have."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgan.importing.parts import Tensors

if TYPE_CHECKING:
    from imgan.networks.translation import Normalization

COUNTERS = (r".*\.num_batches_tracked",)
"""Beside the weights of a batch normalisation, and of no use."""

_OLD_STATISTICS = r".*\.running_(mean|var)"


def normalization(
    tensors: Tensors, inner: str, norms: Sequence[str]
) -> tuple["Normalization", tuple[str, ...]]:
    """Return the normalisation, and regular expressions of keys to ignore.

    Args:
        tensors: The checkpoint.
        inner: A convolution that is normalised if any is. The authors' code gives it a
            bias with instance normalisation, and none with batch or no normalisation.
        norms: Where scale and offset of batch normalisation would lie.
    """
    if any(f"{name}.weight" in tensors for name in norms):
        return "batch", COUNTERS
    if f"{inner}.bias" not in tensors:
        return "none", ()
    # In PyTorch before 0.4 it kept statistics too, without using them.
    return "instance", (_OLD_STATISTICS, *COUNTERS)
