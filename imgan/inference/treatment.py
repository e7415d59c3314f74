"""What else is done with every picture, and which models it can be done with."""

from dataclasses import dataclass

from imgan.bundles.card import Card
from imgan.bundles.kinds import reads_bands
from imgan.bundles.kinds import writes_bands
from imgan.errors import UsageError
from imgan.inference.wrapping import check_wrap


@dataclass(frozen=True)
class Treatment:
    """What is done with every picture besides enlarging or translating it."""

    tta: bool = False
    """Whether results are the mean over the symmetries; see `symmetries`."""
    wrap: str = "none"
    """Where a picture goes on at its other side; see `wrapping`."""
    grey: bool = False
    """Whether results are grey, whatever the input."""


def check_treatment(
    treatment: Treatment,
    card: Card | None,
    *,
    stochastic: bool = False,
    keep_colors: bool = False,
) -> None:
    """Refuse what a model cannot do, and what contradicts itself.

    Args:
        treatment: What is asked for.
        card: Of the model; None: bicubic enlargement.
        stochastic: Whether dropout is on.
        keep_colors: Whether results are given the colours of their input.

    Raises:
        UsageError: Names the option and what to do.
    """
    check_wrap(treatment.wrap)
    if treatment.tta:
        _check_ensemble(card)
    if treatment.wrap != "none":
        _check_reach(card, stochastic)
        if keep_colors:
            raise UsageError(
                "--keep-colors does not know of --wrap, and would leave a seam. Give "
                "one of both"
            )
    if treatment.grey and card and (reads_bands(card) or writes_bands(card)):
        raise UsageError(
            f"--grey is for pictures of light; model {card.name!r} takes or makes raw "
            "values in bands. Leave it out"
        )
    if treatment.grey and keep_colors:
        raise UsageError("--grey leaves no colours to keep; drop --keep-colors")


def _check_ensemble(card: Card | None) -> None:
    if card is None:
        raise UsageError(
            "--tta is for networks; bicubic has the same result either way"
        )
    if card.task == "translation":
        raise UsageError(
            "--tta is for enlarged pictures: a translation draws what a mirrored or "
            "turned picture would not show, such as letters, and a mean of drawings "
            f"is blurred. Received: {card.name!r}. Leave it out"
        )


def _check_reach(card: Card | None, stochastic: bool) -> None:
    if stochastic:
        raise UsageError(
            "--wrap needs results that are the same every time; drop --stochastic"
        )
    if card is not None and card.halo is None:
        raise UsageError(
            f"--wrap needs a network that sees a known part of a picture, and "
            f"{card.name!r} sees all it is given. Lay the picture down three times in "
            "each direction, and cut the middle out of the result"
        )
