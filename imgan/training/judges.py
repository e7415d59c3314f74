"""The watchdog and the gate together: what a run is told by its own numbers."""

from collections.abc import Mapping
from typing import Any

from imgan.training.experiment import Look
from imgan.training.gate import BestWeights
from imgan.training.gate import Gate
from imgan.training.watchdog import Watchdog


class Judges:
    """Everything that has an opinion on the numbers of a run.

    Args:
        watchdog: Judges whether the run is failing.
        gate: Judges held-out pairs; None: there are none.
        best: Where the gate keeps weights; None: it does not.
    """

    def __init__(
        self, watchdog: Watchdog, gate: Gate | None, best: BestWeights | None
    ) -> None:
        self.watchdog = watchdog
        self.gate = gate
        self.best = best

    @property
    def stopped(self) -> bool:
        """Whether the run has ended early."""
        return self.gate is not None and self.gate.state.stopped

    def notes(self) -> dict[str, Any]:
        """Return what they remember, as JSON takes it."""
        gate = {"gate": self.gate.notes()} if self.gate else {}
        return {**self.watchdog.notes(), **gate}

    def restore(self, notes: Mapping[str, Any]) -> None:
        """Take up what a checkpoint remembers."""
        self.watchdog.restore(notes)
        self._restore_gate(notes)

    def go_back(self, notes: Mapping[str, Any], step: int) -> None:
        """Take up what was remembered at an earlier step, but not forget why."""
        self.watchdog.go_back(notes, step)
        self._restore_gate(notes)

    def begin_stage(self) -> None:
        """Forget the numbers and the best look of the stage before."""
        self.watchdog.begin_stage()
        if self.gate:
            self.gate.begin_stage()

    def observe(self, step: int, look: Look, *, may_stop: bool) -> None:
        """Take in a look that raised no alarm.

        Args:
            step: Steps done.
            look: What was seen.
            may_stop: Whether the run may end here.
        """
        if not self.gate:
            return
        trusted = not self.watchdog.suspicious
        tint = look.signs.get("tint", 0.0)
        decision = self.gate.observe(step, look.scores, trusted=trusted, tint=tint)
        if decision.best and self.best:
            self.best.take()
        self.gate.state.stopped = decision.stop and may_stop

    def _restore_gate(self, notes: Mapping[str, Any]) -> None:
        if self.gate:
            self.gate.restore(notes.get("gate", {}))
