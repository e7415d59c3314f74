"""What a run has come to, in words."""

from typing import NamedTuple

from imgan.config.srgan import AdversarialGateConfig
from imgan.training import symptoms
from imgan.training.gate import Gate
from imgan.training.gate import decibels

# Decibels that an earlier look of an adversarial run must be ahead to be named: looks
# of such runs go up and down.
_NOTABLE = 0.1


class Verdict(NamedTuple):
    """What a run has come to, in one line, and what is to be said against it."""

    line: str
    warnings: list[str]


def verdict(gate: Gate, *, steps: int, pictures: int, start: str | None) -> Verdict:
    """Return what held-out pairs say of the model that the run ends with.

    Args:
        gate: After the last look.
        steps: Of the recipe.
        pictures: How many pairs were held out.
        start: Name of the model that the run began with.
    """
    step, scores = gate.kept
    over = {"gain_over_bicubic": "bicubic", "gain_over_start": start or "the start"}
    gains = [
        f"{scores[key]:+.2f} dB over {it}" for key, it in over.items() if key in scores
    ]
    if not gains and (value := decibels(scores)) is not None:
        # Translation has no baseline that would make sense of every task.
        gains = [f"{value:.2f} dB PSNR"]
    line = f"{', '.join(gains)} on {pictures} held-out picture{'s' * (pictures != 1)}"
    line += f"; kept step {step:,} of {steps:,}"
    if gate.state.stopped:
        line += (
            f", stopped at step {gate.state.last_step:,} after "
            f"{gate.state.without_gain} look{'s' * (gate.state.without_gain != 1)} "
            "without a gain of "
            f"{gate.config.least_gain:g} dB"
        )
    return Verdict(line + _trade(gate, start), _warnings(gate, start))


def _trade(gate: Gate, start: str | None) -> str:
    """Return what an adversarial loss has paid for detail, or nothing."""
    if not isinstance(gate.config, AdversarialGateConfig):
        return ""
    state, (step, scores) = gate.state, gate.kept
    lower = []
    if -gate.config.bicubic_margin <= scores.get("gain_over_bicubic", 0.0) < 0:
        lower.append("bicubic")
    if start and step and scores.get("gain_over_start", 0.0) < 0:
        lower.append(start)
    best, kept = decibels(state.best), decibels(scores)
    # The start is step 0, and has been named.
    named = "gain_over_start" in scores and state.best_step == 0
    if best is not None and kept is not None and best > kept + _NOTABLE and not named:
        lower.append(f"step {state.best_step:,}")
    if not lower:
        return ""
    *others, last = lower
    names = f"{', '.join(others)} and {last}" if others else last
    said = (
        f". It scores lower than {names}: adversarial losses trade "
        "decibels for detail, so look at the samples"
    )
    if not gate.config.keep_best:
        said += "; training.gate.keep_best=true keeps the best by PSNR"
    return said


def _warnings(gate: Gate, start: str | None) -> list[str]:
    step, scores = gate.kept
    adversarial = isinstance(gate.config, AdversarialGateConfig)
    found = []
    if start and step == 0:
        found.append(
            f"Training has not made it better than the model it began with, {start}, "
            "whose weights are kept. Look at the pairs with `imgan check`, lower the "
            "learning rate, or train longer."
        )
    elif start and not adversarial and scores.get("gain_over_start", 0.0) < 0:
        found.append(
            "The model is further from the truth than the one it began with, "
            f"{start}. Set training.gate.keep_best=true to end with the best by PSNR, "
            "lower the learning rate, or train longer."
        )
    allowed = gate.config.bicubic_margin if adversarial else 0.0
    if scores.get("gain_over_bicubic", 0.0) < -allowed:
        # A network from scratch begins far below.
        rising = start is None and gate.state.without_gain == 0
        found.append(
            "The model is further from the truth than bicubic enlargement. "
            + (
                "It was still getting closer: train longer."
                if rising
                else "Look at the pairs with `imgan check`."
            )
        )
    return [*found, *_tint(gate)]


def _tint(gate: Gate) -> list[str]:
    state = gate.state
    tint = state.best_tint if gate.keeps_best else state.last_tint
    finding = symptoms.color_drift({"tint": tint}, gate.config)
    if not finding:
        return []
    symptom = symptoms.SYMPTOMS["color_drift"]
    meaning = symptom.meaning[0].upper() + symptom.meaning[1:]
    return [f"{meaning} ({finding}). {symptom.advice}"]
