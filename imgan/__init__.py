"""Image-to-image translation and super-resolution with GANs, on Keras 3.

Example:
    >>> import imgan
    >>> enlarge = imgan.load("x4")          # doctest: +SKIP
    >>> picture = enlarge(photograph)       # doctest: +SKIP
"""

from pathlib import Path
from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["__version__", "load", "load_sampler"]

if TYPE_CHECKING:
    from imgan.inference.predictor import Predictor
    from imgan.inference.sampler import Sampler


def load(
    model: str | Path = "x4",
    *,
    tile: int | None = None,
    precision: str = "auto",
    scale: float | None = None,
    device: str = "auto",
    fidelity: float | None = None,
    keep_colors: bool = False,
    stochastic: bool = False,
    seed: int = 0,
    timeout: float | None = None,
    tta: bool = False,
    wrap: str = "none",
) -> "Predictor":
    """Return a `Predictor` for a model.

    Models for super-resolution enlarge pictures; those for translation, pix2pix and
    CycleGAN, turn them into others of the same size.

    Args:
        model: What `--model` takes on the command line: a shipped name, the path of a
            bundle, a run folder or an exported SavedModel, or "bicubic"; or what
            `--server` takes: "grpc://host:8500/x4".
        tile: Side of the tiles in input pixels; 0: the whole picture at once.
        precision: auto, float32, bfloat16 or float16.
        scale: Ratio of output to input; the model's own if None.
        device: auto, cpu, gpu or gpu:0,1.
        fidelity: For an adversarial model with a partner: 0 is the model itself, 1 the
            pixel-loss model.
        keep_colors: Give results the large-scale colours of their inputs.
        stochastic: Leave dropout on, the noise of pix2pix' generator.
        seed: Of that noise.
        timeout: Seconds that a server may take for a tile; 60 by default.
        tta: Average the results of the eight symmetries of the square.
        wrap: none, x, y or both: sides at which the picture goes on at the other one.

    Returns:
        A function of pictures, see `imgan.inference.predictor.Predictor`.

    Raises:
        ImganError: As `Predictor.load`.
    """
    from imgan.inference.predictor import Predictor

    return Predictor.load(
        model,
        tile=tile,
        precision=precision,
        scale=scale,
        device=device,
        fidelity=fidelity,
        keep_colors=keep_colors,
        stochastic=stochastic,
        seed=seed,
        timeout=timeout,
        tta=tta,
        wrap=wrap,
    )


def load_sampler(model: str) -> "Sampler":
    """Return a `Sampler` for a GAN's bundle, run folder or exported SavedModel.

    Args:
        model: What `--model` of `imgan sample` takes.

    Returns:
        See `imgan.inference.sampler.Sampler`; `draw` returns pictures.
    """
    from imgan.inference import sampler

    return sampler.load_sampler(model)
