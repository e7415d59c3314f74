"""Image-to-image translation and super-resolution with GANs, on Keras 3.

Example:
    >>> import imgan
    >>> enlarge = imgan.load("x4")          # doctest: +SKIP
    >>> picture = enlarge(photograph)       # doctest: +SKIP
"""

from typing import TYPE_CHECKING
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "load"]

if TYPE_CHECKING:
    from imgan.inference.predictor import Predictor


def load(model: str = "x4", **options: Any) -> "Predictor":
    """Return a `Predictor` for a shipped name, a bundle or a run folder.

    Args:
        model: What `--model` takes on the command line: also "bicubic".
        **options: `tile`, `precision`, `scale` and `device` of `Predictor.load`.

    Returns:
        A function of pictures, see `imgan.inference.predictor.Predictor`.
    """
    from imgan.inference.predictor import Predictor

    return Predictor.load(model, **options)
