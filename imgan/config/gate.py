"""What held-out pictures decide about a run, whatever its task."""

from pydantic import Field

from imgan.config.recipe import Section


class HeldOutConfig(Section):
    """What held-out pairs decide; without `data.validation` nothing."""

    keep_best: bool = True
    """End with the moving average that scored best by PSNR, not with the last one. The
    network that the run began with takes part."""
    early_stop: int = Field(0, ge=0)
    """Validations in a row without a gain after which the run ends; 0: never."""
    least_gain: float = Field(0.01, ge=0)
    """What counts as a gain, decibels of PSNR; on luma in super-resolution."""
