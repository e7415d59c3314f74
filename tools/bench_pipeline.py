"""Compare how fast training batches are made with how fast a step consumes them.

    RECIPE=recipes/anchored_edsr/x4-start.yaml
    python tools/bench_pipeline.py $RECIPE --set data.train.hr=PHOTOS
    python tools/bench_pipeline.py $RECIPE --set 'data.degradation={}'

The second makes low resolution by the whole chain of degradations. Prints batches a
second of the input pipeline alone, steps a second of the train step alone on one
repeated batch, and their ratio: above 1 the pipeline is no bottleneck. Then steps a
second as in training, each with a fresh batch that was made beside the steps, on the
same cores. The three alternate in short rounds, because machines are noisy; medians are
printed, with the processor time of all cores, which other programs disturb less.
"""

import statistics
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from typing import Any
from typing import NamedTuple

import typer

from imgan.config import load_recipe
from imgan.runtime import import_tensorflow

# Batches that may be made ahead: not counted, and the step waits until they are there.
_AHEAD = 8


class Taken(NamedTuple):
    """Seconds of one turn."""

    clock: float
    processor: float


def main(
    recipe: Path,
    overrides: Annotated[list[str] | None, typer.Option("--set")] = None,
    rounds: int = 8,
    batches: int = 12,
) -> None:
    """Alternate rounds of the pipeline, of the train step and of both."""
    tf = import_tensorflow()
    from imgan.training.train import build_experiment

    resolved = load_recipe(recipe, overrides or ())
    experiment = build_experiment(resolved)
    model = experiment.create()
    data: Iterator[Any] = iter(experiment.dataset(model, 0, []))
    step = tf.function(model.train_step)
    batch = next(data)
    step(batch)
    print("decoding every picture once ...")
    pictures = len(list(resolved.data.train.hr.iterdir()))
    for _ in range(pictures // resolved.data.batch_size + _AHEAD):
        next(data)
    made, taken, both = [], [], []
    for _ in range(rounds):
        for _ in range(_AHEAD):
            next(data)
        made.append(_measured(lambda: next(data), batches))
        time.sleep(_AHEAD * made[-1].clock)
        taken.append(_measured(lambda: step(batch), batches))
        for _ in range(_AHEAD):
            step(next(data))
        both.append(_measured(lambda: step(next(data)), batches))
    ratio = _print("pipeline", "batches/s", made) / _print(
        "train step", "steps/s", taken
    )
    print(f"ratio      {ratio:8.2f}")
    _print("together", "steps/s", both)


def _print(name: str, unit: str, turns: list[Taken]) -> float:
    clock, processor = (
        statistics.median(values) for values in zip(*turns, strict=True)
    )
    times = f"{1e3 * clock:.1f} ms each, {1e3 * processor:.1f} ms of processor"
    print(f"{name:10} {1 / clock:8.2f} {unit:10}({times})")
    return 1 / clock


def _measured(call: Callable[[], Any], times: int) -> Taken:
    begun = time.perf_counter(), time.process_time()
    for _ in range(times):
        call()
    clock, processor = time.perf_counter() - begun[0], time.process_time() - begun[1]
    return Taken(clock / times, processor / times)


if __name__ == "__main__":
    typer.run(main)
