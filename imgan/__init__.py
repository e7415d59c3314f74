"""Image-to-image translation and super-resolution with GANs, on Keras 3.

Example:
    >>> import imgan
    >>> enlarge = imgan.load("x4")          # doctest: +SKIP
    >>> picture = enlarge(photograph)       # doctest: +SKIP
"""

from typing import TYPE_CHECKING
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "load", "load_sampler"]

if TYPE_CHECKING:
    from imgan.inference.predictor import Predictor
    from imgan.inference.sampler import Sampler


def load(model: str = "x4", **options: Any) -> "Predictor":
    """Return a `Predictor` for a shipped name, a bundle, a run folder or a server.

    Models for super-resolution enlarge pictures; those for translation, pix2pix and
    CycleGAN, turn them into others of the same size.

    Args:
        model: What `--model` takes on the command line, also "bicubic", or what
            `--server` takes: "grpc://host:8500/x4".
        **options: `tile`, `precision`, `scale`, `device`, `fidelity`, `keep_colors`,
            `tta` and `wrap` of `Predictor.load`; of translation `stochastic` and
            `seed`, for the noise that dropout is at inference; of servers `timeout`.

    Returns:
        A function of pictures, see `imgan.inference.predictor.Predictor`.
    """
    from imgan.inference.predictor import Predictor

    return Predictor.load(model, **options)


def load_sampler(model: str) -> "Sampler":
    """Return a `Sampler` for a GAN's bundle, run folder or exported SavedModel.

    Args:
        model: What `--model` of `imgan sample` takes.

    Returns:
        See `imgan.inference.sampler.Sampler`; `draw` returns pictures.
    """
    from imgan.inference import sampler

    return sampler.load_sampler(model)
