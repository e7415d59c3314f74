"""What held-out pairs decide: which step a run ends with, and whether it ends early."""

from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import NamedTuple

import keras

from imgan.config.super_resolution import GateConfig

# What looks are compared by: luma, or all channels where there is no luma.
_MEASURES = ("psnr_y", "psnr")


class Decision(NamedTuple):
    """What follows from one look."""

    best: bool = False
    """Its weights are the ones to keep."""
    stop: bool = False
    """There have been enough looks without a gain."""


@dataclass
class GateState:
    """What the gate remembers; travels in every checkpoint.

    Attributes:
        start: Scores of the network that the run began with, if it was trained.
        best: Scores of the best look.
        best_step: Its step; -1: none yet.
        best_tint: How far its colours were off, levels of 255.
        last: Scores of the last look.
        last_step: Its step; -1: none yet.
        last_tint: As `best_tint`.
        mark: Decibels that the next gain is counted from.
        without_gain: Looks since then.
        stopped: Whether the run has ended early.
    """

    start: dict[str, float] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)
    best_step: int = -1
    best_tint: float = 0.0
    last: dict[str, float] = field(default_factory=dict)
    last_step: int = -1
    last_tint: float = 0.0
    mark: float | None = None
    without_gain: int = 0
    stopped: bool = False


class Gate:
    """Compares every look at held-out pairs with those before it.

    Args:
        config: What counts.
    """

    def __init__(self, config: GateConfig) -> None:
        self.config = config
        self.state = GateState()

    def begin(self, scores: Mapping[str, float]) -> None:
        """Remember the scores of a trained network before its first step."""
        self.state.start = dict(scores)

    def begin_stage(self) -> None:
        """Forget the best look: another stage is after something else."""
        self.state = GateState(start=self.state.start)

    def compared(self, scores: Mapping[str, float]) -> dict[str, float]:
        """Return scores with `gain_over_start`, where there is a start."""
        value, before = decibels(scores), decibels(self.state.start)
        if value is None or before is None:
            return dict(scores)
        return {**scores, "gain_over_start": value - before}

    def observe(
        self,
        step: int,
        scores: Mapping[str, float],
        *,
        trusted: bool = True,
        tint: float = 0.0,
    ) -> Decision:
        """Take in a look.

        Args:
            step: Steps done.
            scores: With `psnr_y` or `psnr`.
            trusted: Whether nothing looks wrong; otherwise it cannot be the best.
            tint: Of `SuperResolutionValidator`, levels of 255.
        """
        state, config = self.state, self.config
        value = decibels(scores)
        if value is None:
            return Decision()
        state.last, state.last_step, state.last_tint = dict(scores), step, tint
        if state.mark is None or value >= state.mark + config.least_gain:
            state.mark, state.without_gain = value, 0
        else:
            state.without_gain += 1
        best = decibels(state.best)
        # Noise must not replace a network that somebody has chosen.
        needed = config.least_gain if state.best_step == 0 else 0.0
        is_best = trusted and (best is None or value > best + needed)
        if is_best:
            state.best, state.best_step, state.best_tint = dict(scores), step, tint
        return Decision(is_best, 0 < config.early_stop <= state.without_gain)

    @property
    def keeps_best(self) -> bool:
        """Whether the run ends with the weights of its best look."""
        return self.config.keep_best and self.state.best_step >= 0

    @property
    def kept(self) -> tuple[int, dict[str, float]]:
        """Step and scores of what the run ends with."""
        state = self.state
        if self.keeps_best:
            return state.best_step, state.best
        return state.last_step, state.last

    def notes(self) -> dict[str, Any]:
        """Return the state as JSON takes it."""
        return asdict(self.state)

    def restore(self, notes: Mapping[str, Any]) -> None:
        """Take up the state of a checkpoint."""
        known = GateState.__dataclass_fields__
        self.state = GateState(**{k: v for k, v in notes.items() if k in known})


class BestWeights:
    """A copy of a network's weights, to be trusted to checkpoints.

    Args:
        network: The moving average of a generator.
    """

    def __init__(self, network: Any) -> None:
        self.network = network
        self._copies = [
            keras.Variable(_numbers(weight), trainable=False, dtype=weight.dtype)
            for weight in network.weights
        ]

    @property
    def state(self) -> list[Any]:
        """The copy as `tf.train.Checkpoint` takes it."""
        return [copy.value for copy in self._copies]

    def take(self) -> None:
        """Copy the network's weights."""
        for copy, weight in zip(self._copies, self.network.weights, strict=True):
            copy.assign(_numbers(weight))

    def give_back(self) -> None:
        """Make the copy the network's weights."""
        for copy, weight in zip(self._copies, self.network.weights, strict=True):
            weight.assign(_numbers(copy))


def decibels(scores: Mapping[str, float]) -> float | None:
    """Return what looks are compared by."""
    return next((scores[name] for name in _MEASURES if name in scores), None)


def _numbers(variable: Any) -> Any:
    return keras.ops.convert_to_numpy(variable)
