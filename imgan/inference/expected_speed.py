"""How fast a model will be here, as far as its card tells."""

from imgan.bundles.card import Card
from imgan.bundles.card import Speed
from imgan.inference.servers import is_server
from imgan.inference.symmetries import SYMMETRIES
from imgan.inference.work import BatchOptions
from imgan.machine import this_machine


def expected_speed(
    options: BatchOptions, card: Card | None, precision: str, measured: float | None
) -> tuple[float | None, str]:
    """Return input megapixels per second, if they are known, and how.

    What a card says holds for the processor, the cores and the precision that it names,
    and is no estimate elsewhere: a core without instructions for bfloat16 takes ten
    times as long. Devices are not looked for, which would load TensorFlow: one that is
    not named counts as the CPU.

    Args:
        options: What would be done.
        card: Of the model; None: "bicubic".
        precision: In which 8-bit pictures would be computed.
        measured: The speed, if it was measured on this machine.
    """
    if measured is not None:
        return measured, f"{measured:.3g} megapixels/s, measured on this machine"
    if card is None:
        return None, "bicubic takes next to none"
    if card.speed is None or is_server(options.model):
        return None, "--measure times it here"
    speed = card.speed
    here = this_machine() if options.device in ("auto", "cpu") else options.device
    if (here, precision) != (speed.machine, speed.precision):
        return None, _foreign(options.model, speed, here, precision)
    where = f"{speed.megapixels_per_second:.3g} megapixels/s by the card of {card.name}"
    where += f", on {speed.machine} in {speed.precision}"
    times = 1
    if options.treatment.tta:
        times = len(SYMMETRIES)
        where += f", {times} times as long for --tta"
    where += "; --measure times it here"
    return speed.megapixels_per_second / times, where


def _foreign(model: str, speed: Speed, here: str, precision: str) -> str:
    """Return why the speed of a card is none for this machine."""
    another = "another machine, " if here != speed.machine else ""
    return (
        f"the card's {speed.megapixels_per_second:.3g} megapixels/s in "
        f"{speed.precision} are from {another}{speed.machine}; here it is {precision} "
        f"on {here}; --measure or `imgan models {model} --measure` times it here"
    )
