"""What can go wrong with a run: how it shows in its numbers, and what helps."""

from collections.abc import Mapping
from typing import NamedTuple

from imgan.config.super_resolution import GateConfig

# What an adversarial game in balance stays below; a discriminator this sure of both
# kinds gives the generator nothing to learn from.
SURE_ACCURACY = 0.995
# Share of the real pictures' mutual distance under which samples count as all alike.
LEAST_DIVERSITY = 0.15
# Growth of that share between two looks from which a generator counts as on its way: an
# untrained one draws all alike and fools nobody, too.
GROWTH = 1.1
# Change of the generator between two looks, relative to its size, under which it counts
# as standing still.
LEAST_CHANGE = 1e-5
# Norm of a gradient from which a network no longer learns but is thrown about; healthy
# games stay below a thousand.
LARGEST_NORM = 1e4
# Share of the run at whose end a generator may stand still: schedules end at 0.
LAST_SHARE = 0.05
# Contrast of outputs, in that of bicubic enlargements or of the truth if that is less,
# under which they count as grey. Healthy ones have 0.9 or more, for bicubic enlargement
# itself loses some; removing strong noise costs a few hundredths.
LEAST_CONTRAST = 0.5
# Decibels by which a look must surpass all before it for a network to count as on its
# way: one from scratch begins far below bicubic enlargement.
RISE = 0.05


class Symptom(NamedTuple):
    """What goes wrong under this name, and what helps against it."""

    meaning: str
    advice: str


SYMPTOMS = {
    "not_finite": Symptom(
        "a loss or gradient is not finite",
        "Lower the learning rates, or set training.precision=float32.",
    ),
    "explosion": Symptom(
        "gradients are so large that weights are thrown about",
        "Lower both learning rates, or the weight of training.feature_matching.",
    ),
    "discriminator_wins": Symptom(
        "the discriminator tells every real picture from every generated one",
        "Lower training.discriminator_optimizer.learning_rate, set "
        "training.augment=diff_augment for small data, or add training.r1_gamma where "
        "the discriminator has no batch normalisation.",
    ),
    "collapse": Symptom(
        "the generator draws nearly the same picture from different noise",
        "Lower both learning rates, set training.augment=diff_augment or "
        "training.loss=hinge, or use family wgan_gp.",
    ),
    "dead_generator": Symptom(
        "the generator has stopped changing",
        "Raise training.generator_optimizer.learning_rate; if it is not 0, lower the "
        "discriminator's.",
    ),
    "grey_output": Symptom(
        "held-out pictures come out grey",
        "Lower the generator's learning rate, and training.adversarial_weight where "
        "there is one; look at the pairs with `imgan check`.",
    ),
    "color_drift": Symptom(
        "held-out pictures come out with another mean colour than both input and truth",
        "Raise training.pixel_weight or lower training.adversarial_weight; without a "
        "discriminator lower training.learning_rate. If the pairs differ in colour, "
        "`imgan check` tells.",
    ),
    "worse_than_bicubic": Symptom(
        "held-out pictures are further from the truth than bicubic enlargements",
        "Look for shifted or swapped pairs with `imgan check`. If there are none, "
        "lower the generator's learning rate or training.adversarial_weight; raise "
        "training.gate.bicubic_margin if that distance is meant to be.",
    ),
}
"""By kind of alarm."""


def explosion(numbers: Mapping[str, float]) -> str:
    """Return the norms that are too large, or nothing."""
    norms = {k: v for k, v in numbers.items() if k.endswith("gradient_norm")}
    large = [f"{k} {v:.2g}" for k, v in norms.items() if v > LARGEST_NORM]
    return ", ".join(large)


def discriminator_wins(numbers: Mapping[str, float]) -> str:
    """Return the accuracies of a discriminator that is always right, or nothing."""
    real = numbers.get("discriminator_real_accuracy", 0.0)
    fake = numbers.get("discriminator_fake_accuracy", 0.0)
    if min(real, fake) < SURE_ACCURACY:
        return ""
    return f"accuracy {real:.4f} on real, {fake:.4f} on generated pictures"


def collapse(diversity: float | None) -> str:
    """Return how alike samples are, or nothing."""
    if diversity is None or diversity >= LEAST_DIVERSITY:
        return ""
    return f"samples are {diversity:.3f} times as far apart as real pictures"


def is_growing(diversity: float | None, before: float | None) -> bool:
    """Return whether samples have come apart since the look before."""
    if diversity is None:
        return False
    if before is None:
        # One look alone does not tell.
        return True
    return GROWTH * before <= diversity < 1.0


def is_rising(gain: float | None, highest: float | None) -> bool:
    """Return whether held-out pairs score better than in all looks before."""
    if gain is None:
        return False
    return highest is None or gain >= highest + RISE


def grey_output(numbers: Mapping[str, float]) -> str:
    """Return the `contrast` of outputs that have next to none, or nothing."""
    contrast = numbers.get("contrast", 1.0)
    if contrast >= LEAST_CONTRAST:
        return ""
    return f"{contrast:.2f} times the contrast of bicubic enlargements or the truth"


def color_drift(numbers: Mapping[str, float], gate: GateConfig) -> str:
    """Return the `tint` of outputs that have one, or nothing."""
    tint = numbers.get("tint", 0.0)
    if tint <= gate.color_drift:
        return ""
    return (
        f"{tint:.1f} levels of 255, training.gate.color_drift allows "
        f"{gate.color_drift:g}"
    )


def worse_than_bicubic(numbers: Mapping[str, float], gate: GateConfig) -> str:
    """Return how far outputs are below bicubic enlargement, or nothing."""
    gain = numbers.get("gain_over_bicubic", 0.0)
    if gain >= -gate.bicubic_margin:
        return ""
    return (
        f"{-gain:.2f} dB below, training.gate.bicubic_margin allows "
        f"{gate.bicubic_margin:g}"
    )
