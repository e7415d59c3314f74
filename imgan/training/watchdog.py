"""Notices that a run is failing, and says what to try."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import NamedTuple

from imgan.config.recipe import WatchdogConfig

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
        "training.augment=diff_augment for small data, or add training.r1_gamma.",
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
}
"""By kind of alarm."""


@dataclass(frozen=True)
class Alarm:
    """One thing that went wrong.

    Attributes:
        step: When it was noticed.
        kind: A key of `SYMPTOMS`.
        found: The numbers it was noticed by.
        action: What the run did about it.
    """

    step: int
    kind: str
    found: str
    action: str = ""

    def __str__(self) -> str:
        symptom = SYMPTOMS[self.kind]
        return (
            f"step {self.step}: {self.kind.replace('_', ' ')}: {symptom.meaning} "
            f"({self.found}). {symptom.advice}"
        )


@dataclass
class WatchdogState:
    """What the watchdog remembers; travels in every checkpoint."""

    streaks: dict[str, int] = field(default_factory=dict)
    fingerprint: list[float] = field(default_factory=list)
    diversity: float | None = None
    totals: dict[str, float] = field(default_factory=dict)
    counted: int = 0
    alarms: list[Alarm] = field(default_factory=list)
    rollbacks: int = 0
    returned_to: int = -1


class Watchdog:
    """Turns the numbers of a run into alarms.

    Nothing here looks at the size of a loss: in a game of two players a falling loss
    does not mean progress, nor a rising one failure. What is looked at is whether both
    still have something to learn from each other.

    Args:
        config: How patient it is.
        steps: Length of the whole run.
    """

    def __init__(self, config: WatchdogConfig, steps: int) -> None:
        self.config = config
        self.steps = steps
        self.state = WatchdogState()

    @property
    def suspicious(self) -> bool:
        """Whether a symptom shows that has not lasted long enough for an alarm."""
        return any(self.state.streaks.values())

    def check_finite(self, step: int, numbers: Mapping[str, float]) -> Alarm | None:
        """Return an alarm if a number is not finite."""
        bad = [name for name, value in numbers.items() if not math.isfinite(value)]
        if not bad:
            return None
        return Alarm(step, "not_finite", f"{', '.join(bad)} not finite")

    def observe(self, numbers: Mapping[str, float], steps: int) -> None:
        """Remember the means over some steps: one batch alone proves nothing."""
        state = self.state
        for name, value in numbers.items():
            state.totals[name] = state.totals.get(name, 0.0) + value * steps
        state.counted += steps

    def look(
        self,
        step: int,
        scores: Mapping[str, float],
        fingerprint: list[float] | None = None,
    ) -> Alarm | None:
        """Judge the state of the game; call it at every validation.

        Args:
            step: Steps done.
            scores: Of the validation, with `diversity` of fixed samples relative to
                real pictures. The numbers of the train step are those observed since
                the look before.
            fingerprint: Numbers that change whenever the generator does.

        Returns:
            An alarm once a symptom has shown `patience` times in a row.
        """
        state = self.state
        numbers = {k: v / state.counted for k, v in state.totals.items()}
        ending = step > (1.0 - LAST_SHARE) * self.steps
        diversity = scores.get("diversity")
        growing = _is_growing(diversity, state.diversity)
        # Causes first: a game that has been lost looks like a collapse as well.
        found = {
            "dead_generator": "" if ending else self._standing_still(fingerprint),
            "explosion": _explosion(numbers),
            "discriminator_wins": "" if growing else _discriminator_wins(numbers),
            "collapse": "" if growing else _collapse(diversity),
        }
        state.totals, state.counted = {}, 0
        state.diversity = diversity
        if fingerprint:
            state.fingerprint = fingerprint
        if not self.config.enabled or step < self.config.grace_steps:
            return None
        streaks = state.streaks
        for kind, finding in found.items():
            streaks[kind] = streaks.get(kind, 0) + 1 if finding else 0
            if streaks[kind] >= self.config.patience:
                return Alarm(step, kind, finding)
        return None

    def notes(self) -> dict[str, Any]:
        """Return the state as JSON takes it."""
        return asdict(self.state)

    def restore(self, notes: Mapping[str, Any]) -> None:
        """Take up the state of a checkpoint."""
        self.state = WatchdogState(
            streaks=dict(notes.get("streaks", {})),
            fingerprint=list(notes.get("fingerprint", [])),
            diversity=notes.get("diversity"),
            totals=dict(notes.get("totals", {})),
            counted=int(notes.get("counted", 0)),
            alarms=[Alarm(**alarm) for alarm in notes.get("alarms", [])],
            rollbacks=int(notes.get("rollbacks", 0)),
            returned_to=int(notes.get("returned_to", -1)),
        )

    def go_back(self, notes: Mapping[str, Any], step: int) -> None:
        """Take up the state of an earlier step, but not forget why."""
        alarms, rollbacks = self.state.alarms, self.state.rollbacks
        self.restore(notes)
        self.state.alarms = alarms
        self.state.rollbacks = rollbacks + 1
        self.state.returned_to = step

    def _standing_still(self, fingerprint: list[float] | None) -> str:
        before = self.state.fingerprint
        if not fingerprint or len(before) != len(fingerprint):
            return ""
        pairs = zip(before, fingerprint, strict=True)
        change = max(abs(now - then) for then, now in pairs)
        spread = max(1e-12, max(fingerprint) - min(fingerprint))
        if change > LEAST_CHANGE * spread:
            return ""
        return f"it changed by {change / spread:.1g} of its size since the look before"


def _explosion(numbers: Mapping[str, float]) -> str:
    norms = {k: v for k, v in numbers.items() if k.endswith("gradient_norm")}
    large = [f"{k} {v:.2g}" for k, v in norms.items() if v > LARGEST_NORM]
    return ", ".join(large)


def _discriminator_wins(numbers: Mapping[str, float]) -> str:
    real = numbers.get("discriminator_real_accuracy", 0.0)
    fake = numbers.get("discriminator_fake_accuracy", 0.0)
    if min(real, fake) < SURE_ACCURACY:
        return ""
    return f"accuracy {real:.4f} on real, {fake:.4f} on generated pictures"


def _collapse(diversity: float | None) -> str:
    if diversity is None or diversity >= LEAST_DIVERSITY:
        return ""
    return f"samples are {diversity:.3f} times as far apart as real pictures"


def _is_growing(diversity: float | None, before: float | None) -> bool:
    if diversity is None:
        return False
    if before is None:
        # One look alone does not tell.
        return True
    return GROWTH * before <= diversity < 1.0
