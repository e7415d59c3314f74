"""How fast models are on this machine."""

import itertools
import time
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.card import Speed
from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.inference.batch import load_predictor
from imgan.inference.predictor import Predictor
from imgan.inference.work import BatchOptions
from imgan.machine import this_machine
from imgan.types import Array

OnStep = Callable[[str, int, int], None]
"""Takes a line on what was done, how many steps that makes, and of how many."""

ROUNDS = 3

_SIDE, _SLOW_SIDE = 512, 368
"""Of the picture of noise, in pixels; the smaller still gets compiled kernels."""
_SLOW_CALL = 1.0
"""Seconds for the smaller picture from which on a larger one would take too long."""
_ROUND, _ALL_ROUNDS = 1.0, 6.0
"""Seconds for which one model is called in a round, and in all rounds together."""
_SLOWEST_CALL = 30.0
"""Seconds from which on the first call counts, and no other is made."""

_DECIDES = {
    *("task", "network", "input_channels", "output_channels", "num_frames"),
    *("size_multiple", "minimum_size", "halo", "tile_halo", "tile", "overlap"),
    *("inference_mode", "input_range", "output_range", "pixel_range"),
    *("output_pixel_range", "output_dtype", "export"),
}
"""What of a card decides how long the model takes."""


class SpeedTest:
    """Times a model in short rounds; the best call counts, as others disturb the rest.

    The picture is smaller where the machine is slow, and there a call is all of a
    round: what one model takes is bounded.

    Args:
        predictor: Enlarges a picture of noise in memory, again and again.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.precision = predictor.precision_for("uint8")
        self._predictor = predictor
        self._side = _SLOW_SIDE
        self._spent = 0.0
        self._megapixels_per_second = 0.0
        self._warm_up()

    @property
    def speed(self) -> Speed:
        """What was measured, as a card says it."""
        device = self._predictor.engine.device
        machine = this_machine()
        return Speed(
            megapixels_per_second=self._megapixels_per_second,
            precision=self.precision,
            machine=machine if device == "cpu" else f"{device}, {machine}",
        )

    def run_round(self) -> None:
        """Call the model at least once, unless it has had its time."""
        if self._spent >= _ALL_ROUNDS:
            return
        end = min(self._spent + _ROUND, _ALL_ROUNDS)
        self._count(self._call())
        while self._spent < end:
            self._count(self._call())

    def _warm_up(self) -> None:
        """Let graphs be traced, and choose the picture."""
        first = self._call()
        if first >= _SLOWEST_CALL:
            self._count(first)
            return
        second = first if first < _SLOW_CALL else self._call()
        if second >= _SLOW_CALL:
            self._count(second)
            return
        self._side = _SIDE
        self._call()

    def _call(self) -> float:
        picture = _noise(self._side, _channels(self._predictor))
        start = time.perf_counter()
        self._predictor(picture)
        return time.perf_counter() - start

    def _count(self, seconds: float) -> None:
        speed = self._side**2 / 1e6 / seconds
        self._megapixels_per_second = max(self._megapixels_per_second, speed)
        self._spent += seconds


def measure_models(
    models: Sequence[str], on_step: OnStep = lambda line, done, total: None
) -> dict[str, Speed]:
    """Return the speeds of models on this machine, start-up apart.

    They take turns, so that what else the machine does meets all alike. Models of one
    network, which differ in their weights only, are timed as one.

    Args:
        models: Names or folders.
        on_step: Told of each step; the line is empty where it says nothing new.

    Raises:
        ImganError: If a model cannot be loaded.
    """
    networks = {model: _network(read_card(resolve(model))) for model in models}
    total = len(models) + ROUNDS * len(set(networks.values()))
    steps = itertools.count(1)
    tests: dict[str, SpeedTest] = {}
    for model, network in networks.items():
        line = f"{model}: the network of one above, timed once"
        if network not in tests:
            tests[network] = SpeedTest(load_predictor(BatchOptions(model=model)))
            line = f"{model}: loaded, computes in {tests[network].precision}"
        on_step(line, next(steps), total)
    for number in range(1, ROUNDS + 1):
        for test in tests.values():
            test.run_round()
            ended = test is list(tests.values())[-1]
            line = f"timed, round {number} of {ROUNDS}" if ended else ""
            on_step(line, next(steps), total)
    return {model: tests[network].speed for model, network in networks.items()}


def measure_batch(options: BatchOptions) -> float:
    """Return the input megapixels per second of a batch's model, as options say.

    Raises:
        ImganError: If the model cannot be loaded.
    """
    return measure_alone(load_predictor(options)).megapixels_per_second


def measure_alone(predictor: Predictor) -> Speed:
    """Return the speed of one model on this machine, start-up apart."""
    test = SpeedTest(predictor)
    for _ in range(ROUNDS):
        test.run_round()
    return test.speed


def _network(card: Card) -> str:
    """Return what is alike in models that take the same time."""
    return card.model_dump_json(include=_DECIDES)


def _channels(predictor: Predictor) -> int:
    return getattr(predictor.engine, "input_channels", 3)


def _noise(side: int, channels: int) -> Array:
    shape = (side, side, channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)
