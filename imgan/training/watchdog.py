"""Notices that a run is failing, and says so."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from imgan.config.recipe import WatchdogConfig
from imgan.config.super_resolution import GateConfig
from imgan.training import symptoms
from imgan.training.symptoms import SYMPTOMS


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
    gain: float | None = None
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
        gate: What held-out pairs may show; None: there are none.
        content_teaches: Whether the generator learns from more than its discriminator.
            Then that may win: it often does on small data, and the papers that train
            so do nothing about it.
    """

    def __init__(
        self,
        config: WatchdogConfig,
        steps: int,
        gate: GateConfig | None = None,
        *,
        content_teaches: bool = False,
    ) -> None:
        self.config = config
        self.steps = steps
        self.gate = gate
        self.content_teaches = content_teaches
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
        """Remember the means over some steps: one batch alone proves nothing.

        Args:
            numbers: The means.
            steps: How many; below 0: forget them again.
        """
        state = self.state
        for name, value in numbers.items():
            state.totals[name] = state.totals.get(name, 0.0) + value * steps
        state.counted += steps

    def begin_stage(self) -> None:
        """Forget the numbers since the last look: another train step has others."""
        self.state.totals, self.state.counted = {}, 0

    def look(
        self,
        step: int,
        scores: Mapping[str, float],
        fingerprint: list[float] | None = None,
    ) -> Alarm | None:
        """Judge the state of the run; call it at every validation.

        Args:
            step: Steps done.
            scores: Of the validation, with `diversity` of fixed samples relative to
                real pictures, or with what `SuperResolutionValidator` says of held-out
                pairs. The numbers of the train step are those observed since the look
                before.
            fingerprint: Numbers that change whenever the generator does.

        Returns:
            An alarm once a symptom has shown `patience` times in a row.
        """
        state = self.state
        numbers = {k: v / state.counted for k, v in state.totals.items()}
        found = self._findings(step, numbers, scores, fingerprint)
        state.totals, state.counted = {}, 0
        state.diversity = scores.get("diversity")
        gains = [state.gain, _gain(scores)]
        state.gain = max((gain for gain in gains if gain is not None), default=None)
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

    def _findings(
        self,
        step: int,
        numbers: Mapping[str, float],
        scores: Mapping[str, float],
        fingerprint: list[float] | None,
    ) -> dict[str, str]:
        """Return what is wrong by its kind, or nothing under that name."""
        ending = step > (1.0 - symptoms.LAST_SHARE) * self.steps
        diversity, gate = scores.get("diversity"), self.gate
        growing = symptoms.is_growing(diversity, self.state.diversity)
        taught = growing or self.content_teaches
        wins = "" if taught else symptoms.discriminator_wins(numbers)
        # Causes first: a game that has been lost looks like a collapse as well.
        found = {
            "dead_generator": "" if ending else self._standing_still(fingerprint),
            "explosion": symptoms.explosion(numbers),
            "discriminator_wins": wins,
            "collapse": "" if growing else symptoms.collapse(diversity),
        }
        if gate:
            found["color_drift"] = symptoms.color_drift(scores, gate)
            rising = symptoms.is_rising(_gain(scores), self.state.gain)
            grey = symptoms.grey_output(scores)
            worse = symptoms.worse_than_bicubic(scores, gate)
            found["grey_output"] = "" if rising else grey
            found["worse_than_bicubic"] = "" if rising else worse
        return found

    def notes(self) -> dict[str, Any]:
        """Return the state as JSON takes it."""
        return asdict(self.state)

    def restore(self, notes: Mapping[str, Any]) -> None:
        """Take up the state of a checkpoint."""
        self.state = WatchdogState(
            streaks=dict(notes.get("streaks", {})),
            fingerprint=list(notes.get("fingerprint", [])),
            diversity=notes.get("diversity"),
            gain=notes.get("gain"),
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
        if change > symptoms.LEAST_CHANGE * spread:
            return ""
        return f"it changed by {change / spread:.1g} of its size since the look before"


def _gain(scores: Mapping[str, float]) -> float | None:
    """Return what rises while a network is on its way, decibels."""
    # Translation has nothing that it could be compared with, whatever the task.
    return scores.get("gain_over_bicubic", scores.get("psnr"))
