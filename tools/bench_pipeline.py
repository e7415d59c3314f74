"""Compare how fast training batches are made with how fast a step consumes them.

    python tools/bench_pipeline.py recipes/repsr/x4.yaml --set data.train.hr=PHOTOS

Prints batches a second of the input pipeline alone, steps a second of the train step
alone on one repeated batch, and their ratio: above 1 the pipeline is no bottleneck. The
two alternate in short rounds, because machines are noisy; medians are printed.
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from typing import Any

import typer

from imgan.config import load_recipe
from imgan.runtime import import_tensorflow


def main(
    recipe: Path,
    overrides: Annotated[list[str] | None, typer.Option("--set")] = None,
    rounds: int = 8,
    batches: int = 12,
) -> None:
    """Alternate rounds of the pipeline and of the train step."""
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
    for _ in range(pictures // resolved.data.batch_size + 8):
        next(data)
    made, taken = [], []
    for _ in range(rounds):
        # The prefetched batches were made while the steps ran: not counted.
        for _ in range(6):
            next(data)
        made.append(batches / _seconds(lambda: next(data), batches))
        taken.append(batches / _seconds(lambda: step(batch), batches))
    pipeline, training = statistics.median(made), statistics.median(taken)
    print(f"pipeline   {pipeline:8.2f} batches/s  ({1e3 / pipeline:.1f} ms a batch)")
    print(f"train step {training:8.2f} batches/s  ({1e3 / training:.1f} ms a batch)")
    print(f"ratio      {pipeline / training:8.2f}")


def _seconds(call: Any, times: int) -> float:
    begun = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - begun


if __name__ == "__main__":
    typer.run(main)
