"""Sections of a recipe that say how low-resolution pictures are made worse.

The order is that of Real-ESRGAN ([Wang et al.,
2021](https://arxiv.org/abs/2107.10833), section 3): two stages of blur, resize, noise
and JPEG, then a resize to the final size, a sinc filter and JPEG in a random order. The
defaults are the ranges of its training code; every range is drawn from anew for every
patch.
"""

from typing import Annotated
from typing import Literal
from typing import get_args

from pydantic import AfterValidator
from pydantic import Field
from pydantic import field_validator
from pydantic import model_validator

from imgan.config.recipe import Section

Probability = Annotated[float, Field(ge=0, le=1)]
Range = tuple[float, float]
"""Lowest and highest value, both included."""
PositiveRange = tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]
AmountRange = tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]
_Cutoff = Annotated[float, Field(gt=0, le=1)]
CutoffRange = tuple[_Cutoff, _Cutoff]

KERNEL_KINDS = (
    "isotropic",
    "anisotropic",
    "generalized_isotropic",
    "generalized_anisotropic",
    "plateau_isotropic",
    "plateau_anisotropic",
)
LARGEST_KERNEL = 101
"""Side in pixels; a larger one would reach beyond most patches."""
ResizeMode = Literal["area", "bilinear", "bicubic"]
RESIZE_MODES: tuple[ResizeMode, ...] = get_args(ResizeMode)


def _some_modes(modes: tuple[ResizeMode, ...]) -> tuple[ResizeMode, ...]:
    if not modes:
        raise ValueError(f"must name some of {', '.join(RESIZE_MODES)}")
    return modes


def _odd_sizes(sizes: tuple[int, int]) -> tuple[int, int]:
    if any(not 3 <= size <= LARGEST_KERNEL or size % 2 == 0 for size in sizes):
        raise ValueError(f"must be two odd numbers from 3 to {LARGEST_KERNEL}")
    return sizes


ResizeModes = Annotated[tuple[ResizeMode, ...], AfterValidator(_some_modes)]
KernelSizes = Annotated[tuple[int, int], AfterValidator(_odd_sizes)]
"""Smallest and largest side, odd pixels."""

_KINDS = dict(zip(KERNEL_KINDS, (0.45, 0.25, 0.12, 0.03, 0.12, 0.03), strict=True))


class _Ranges(Section):
    """A section whose pairs of numbers are ranges."""

    @model_validator(mode="after")
    def _ranges_rise(self) -> "_Ranges":
        for name, value in self:
            if name != "modes" and isinstance(value, tuple) and value[0] > value[1]:
                raise ValueError(
                    f"{name} must be a lowest and a highest value. "
                    f"Received: {list(value)}"
                )
        return self


class BlurConfig(_Ranges):
    """A blur by one of several families of kernels."""

    probability: Probability = 1.0
    kernel_size: KernelSizes = (7, 21)
    sinc_probability: Probability = 0.1
    """Share of blurs by a sinc, which rings, instead of a Gaussian-like kernel."""
    kinds: dict[str, Probability] = _KINDS
    """Weights of the kernel families."""
    sigma: PositiveRange = (0.2, 3.0)
    """Standard deviation along each axis, pixels."""
    rotation: Range = (-180.0, 180.0)
    """Of kernels that differ along their axes, degrees."""
    generalized_beta: PositiveRange = (0.5, 4.0)
    """Shape of generalized Gaussians; 1 is a Gaussian. Half the draws are from below 1,
    half from above it."""
    plateau_beta: PositiveRange = (1.0, 2.0)
    """Shape of plateau kernels, drawn in the same way: with this range half are 1."""
    sinc_cutoff: CutoffRange = (0.2, 1.0)
    """Highest frequency that a sinc lets through, half cycles per pixel."""
    small_sinc_cutoff: CutoffRange = (1 / 3, 1.0)
    """The same for kernels of less than 13 pixels, which cannot be as smooth."""

    @field_validator("kinds")
    @classmethod
    def _known_kinds(cls, kinds: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(kinds) - set(KERNEL_KINDS))
        if unknown or not sum(kinds.values()) > 0:
            raise ValueError(f"must give weights to some of {', '.join(KERNEL_KINDS)}")
        return kinds


class ResizeConfig(_Ranges):
    """A change of size by a random factor."""

    up_probability: Probability = 0.2
    down_probability: Probability = 0.7
    """The rest keeps its size."""
    factor: Range = (0.15, 1.5)
    """Ratio of new to old side; its parts below and above 1 belong to down and up."""
    modes: ResizeModes = RESIZE_MODES

    @model_validator(mode="after")
    def _possible(self) -> "ResizeConfig":
        low, high = self.factor
        if low <= 0:
            raise ValueError(f"factor must be above 0. Received: {[low, high]}")
        up, down = self.up_probability, self.down_probability
        if up + down > 1:
            raise ValueError(
                "up_probability and down_probability must not exceed 1 together. "
                f"Received: {up:g} and {down:g}"
            )
        if (down and low > 1) or (up and high < 1):
            raise ValueError(
                "factor must reach below 1 for down_probability and above it for "
                f"up_probability. Received: {[low, high]}"
            )
        return self


class NoiseConfig(_Ranges):
    """Gaussian or Poisson noise."""

    probability: Probability = 1.0
    gaussian_probability: Probability = 0.5
    """The rest is Poisson noise."""
    sigma: AmountRange = (1.0, 30.0)
    """Standard deviation of Gaussian noise, levels of 255."""
    poisson_scale: AmountRange = (0.05, 3.0)
    """What Poisson noise is multiplied with; 1 is shot noise of 8-bit levels."""
    grey_probability: Probability = 0.4
    """Share of noise that is the same in all channels."""


class JpegConfig(_Ranges):
    """Compression as JPEG; pictures must have one or three channels."""

    probability: Probability = 1.0
    quality: tuple[int, int] = (30, 95)

    @field_validator("quality")
    @classmethod
    def _possible_quality(cls, quality: tuple[int, int]) -> tuple[int, int]:
        if min(quality) < 1 or max(quality) > 100:
            raise ValueError("must be within 1 and 100")
        return quality


class DegradationStage(Section):
    """Blur, resize, noise and JPEG, in this order; the first stage's ranges."""

    blur: BlurConfig = BlurConfig()
    resize: ResizeConfig = ResizeConfig()
    noise: NoiseConfig = NoiseConfig()
    jpeg: JpegConfig = JpegConfig()


class SecondBlurConfig(BlurConfig):
    """Milder, and not always."""

    probability: Probability = 0.8
    sigma: PositiveRange = (0.2, 1.5)


class SecondResizeConfig(ResizeConfig):
    """Closer to the final size."""

    up_probability: Probability = 0.3
    down_probability: Probability = 0.4
    factor: Range = (0.3, 1.2)


class SecondNoiseConfig(NoiseConfig):
    """A little weaker."""

    sigma: AmountRange = (1.0, 25.0)
    poisson_scale: AmountRange = (0.05, 2.5)


class SecondJpegConfig(JpegConfig):
    """None by default: the final step compresses."""

    probability: Probability = 0.0


class SecondDegradationStage(DegradationStage):
    """The second stage's ranges."""

    blur: SecondBlurConfig = SecondBlurConfig()
    resize: SecondResizeConfig = SecondResizeConfig()
    noise: SecondNoiseConfig = SecondNoiseConfig()
    jpeg: SecondJpegConfig = SecondJpegConfig()


class FinalConfig(_Ranges):
    """The way to the final size: resize, sinc and JPEG."""

    sinc_probability: Probability = 0.8
    kernel_size: KernelSizes = (7, 21)
    sinc_cutoff: CutoffRange = (1 / 3, 1.0)
    """Highest frequency that passes, half cycles per pixel."""
    jpeg_first_probability: Probability = 0.5
    """Share of patches that are compressed before resize and sinc, not after them."""
    jpeg: JpegConfig = JpegConfig()
    modes: ResizeModes = RESIZE_MODES


class DegradationConfig(Section):
    """How high-resolution pictures become low-resolution ones.

    Without a section for it in `data`, low resolution is made by MATLAB's bicubic
    reduction alone.
    """

    first: DegradationStage = DegradationStage()
    second: SecondDegradationStage | None = SecondDegradationStage()
    """None: one stage only."""
    final: FinalConfig = FinalConfig()
    clean_probability: Probability = 0.0
    """Share of patches that are only reduced, by MATLAB's bicubic; so that a network
    for bad pictures leaves good ones as they are."""
    where: Literal["workers", "device"] = "workers"
    """workers: each patch by itself, on the CPU, while the network trains. device: the
    whole batch at once inside the train step, for GPUs."""
    pool: int = Field(180, ge=0)
    """Of `where=device`, where a batch shares its sizes: pairs that are remembered and
    mixed, so that a batch holds pairs of many draws. 0: none."""
