"""How fast is `imgan upscale` on a folder, against the bare network on the same tiles?

    python tools/bench_upscale.py PICTURES [--model x4] [--seconds 60] [--hr SET5/HR]

Prints, with start-up (imports, weights, first trace) stated apart: input megapixels per
second of the whole command with JPEG and with PNG output and of the network alone,
their ratio, the processor time of the encoder and the ratio that it leaves, float32
against `auto`, and what `auto` costs in PSNR on a folder of true pictures. The
measurements alternate, and medians of the rounds' ratios are printed.
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.inference.batch import run_batch
from imgan.inference.predictor import Predictor
from imgan.inference.report import Report
from imgan.inference.streams import Streams
from imgan.inference.tiling import Tile
from imgan.inference.tiling import pad_to_multiple
from imgan.inference.tiling import plan_tiles
from imgan.inference.work import BatchOptions
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.io.paths import Job
from imgan.io.paths import JobPlan
from imgan.io.paths import plan_jobs
from imgan.runtime import import_tensorflow
from imgan.types import Array
from imgan.types import Size

FORMATS = ("jpg", "png")


class Work(NamedTuple):
    """One tile of one picture, ready for the network."""

    pixels: Array
    tile: Tile


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _parse(arguments)
    started = time.perf_counter()
    import_tensorflow()
    print(f"TensorFlow imported in {time.perf_counter() - started:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        jobs = plan_jobs([options.pictures], Path(folder), recursive=True).jobs
        started = time.perf_counter()
        predictor = Predictor.load(options.model, precision=options.precision)
        pictures = [read_image(job.input) for job in jobs[: options.pictures_at_most]]
        predictor(pictures[0].pixels[:64, :64])
        print(f"Model loaded and traced in {time.perf_counter() - started:.1f} s")
        area = sum(picture.size.megapixels for picture in pictures)
        print(f"{len(pictures)} pictures, {area:.2f} megapixels in")
        jobs = jobs[: len(pictures)]
        rates = _alternate(options, predictor, pictures, jobs)
        for image_format in FORMATS:
            encoder = _encoder_seconds(predictor, pictures, image_format)
            _tell(image_format, rates[image_format], rates["auto"], encoder / area)
        _tell_precisions(rates["float32"], rates["auto"])
    if options.hr:
        _fidelity(options.model, options.hr)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, help="folder of pictures")
    parser.add_argument("--model", default="x4")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--seconds", type=float, default=90, help="work to measure")
    parser.add_argument("--pictures-at-most", type=int, default=12)
    parser.add_argument("--hr", type=Path, help="folder of true pictures, for PSNR")
    return parser.parse_args(arguments)


def _tiles(predictor: Predictor, pictures: list[Picture]) -> list[Work]:
    grid = predictor.engine.grid._replace(tile=predictor.tile)
    work = []
    for picture in pictures:
        size = Size(*picture.pixels.shape[:2])
        pixels = picture.pixels.reshape(*size, -1)
        pixels = pad_to_multiple(pixels, grid.multiple)
        work += [
            Work(np.ascontiguousarray(pixels[tile.read.slices()]), tile)
            for tile in plan_tiles(size, grid)
        ]
    return work


def _alternate(
    options: argparse.Namespace,
    predictor: Predictor,
    pictures: list[Picture],
    jobs: list[Job],
) -> dict[str, list[float]]:
    """Measure everything in turn, again and again: machines are noisy.

    Returns:
        Input megapixels per second of every round: of the bare network in the wanted
        precision ("auto") and in float32, and of the batch engine by output format.
    """
    plain = Predictor.load(options.model, precision="float32")
    rates: dict[str, list[float]] = {key: [] for key in ("auto", "float32", *FORMATS)}
    repeats, measured = 1, 0.0
    while measured < options.seconds or len(rates["auto"]) < 3:
        rates["float32"].append(bare_rate(plain, pictures))
        started = time.perf_counter()
        rates["auto"].append(bare_rate(predictor, pictures))
        if measured == 0.0:
            # Long enough that the first read and the last write do not decide.
            repeats = max(1, round(12 / (time.perf_counter() - started)))
        # Turned every round, so that neither always runs last.
        for image_format in FORMATS[:: -1 if len(rates["auto"]) % 2 else 1]:
            turn = _repeated(jobs, repeats, f"{len(rates['auto'])}")
            rate = whole_rate(predictor, turn, options.model, image_format)
            rates[image_format].append(rate)
        measured += time.perf_counter() - started
    print(f"{len(rates['auto'])} rounds, {measured:.0f} s of work measured, in MP/s:")
    for key, values in rates.items():
        print(f"  {key:8}", *(f"{value:.3f}" for value in values))
    return rates


def bare_rate(predictor: Predictor, pictures: list[Picture]) -> float:
    """Return input megapixels per second of the network alone on the same tiles.

    As many tiles are computed at once as the batch engine does; that is the fastest.
    """
    work = _tiles(predictor, pictures)
    area = sum(picture.size.megapixels for picture in pictures)
    engine, precision = predictor.engine, predictor.precision_for("uint8")

    def run(one: Work) -> None:
        engine.run(one.pixels, one.tile.crop, precision, quantise=True, compiled=True)

    streams = Streams(engine.streams)
    streams.map(run, work[:2])
    started = time.perf_counter()
    streams.map(run, work)
    return area / (time.perf_counter() - started)


def _repeated(jobs: list[Job], repeats: int, mark: str) -> list[Job]:
    return [
        Job(job.input, job.output.with_stem(f"{job.output.stem}-{mark}-{turn}"))
        for turn in range(repeats)
        for job in jobs
    ]


def _encoder_seconds(
    predictor: Predictor, pictures: list[Picture], image_format: str
) -> float:
    """Return the processor time of encoding the results of all pictures once."""
    total = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for picture in pictures:
            made = Picture(predictor(picture.pixels))
            before = _processor_seconds()
            write_image(made, Path(folder, f"one.{image_format}"))
            total += _processor_seconds() - before
    return total


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def whole_rate(
    predictor: Predictor, jobs: list[Job], model: str, image_format: str
) -> float:
    """Return input megapixels per second of the batch engine with a loaded model."""
    suffix = f".{image_format}"
    jobs = [Job(job.input, job.output.with_suffix(suffix)) for job in jobs]
    options = BatchOptions(model=model, precision=predictor.precision)
    report = run_batch(JobPlan(jobs, 0), options, load=lambda: predictor)
    _check(report)
    return report.input_megapixels / report.seconds


def _check(report: Report) -> None:
    failed = [row.error for row in report.files if row.status != "done"]
    if failed:
        raise SystemExit(f"{len(failed)} pictures failed, the first: {failed[0]}")


def _tell(
    image_format: str, whole: list[float], bare: list[float], encoder: float
) -> None:
    """Print the medians; `encoder` is processor seconds per input megapixel."""
    ratio = statistics.median(w / b for w, b in zip(whole, bare, strict=True))
    cores = len(os.sched_getaffinity(0))
    network = cores / statistics.median(bare)
    left = network / (network + encoder)
    print(
        f"imgan upscale, {image_format}: {statistics.median(whole):.3f} MP/s, "
        f"{ratio:.3f} of the bare network ({statistics.median(bare):.3f} MP/s); the "
        f"encoder takes {encoder:.2f} s of processor time per megapixel and leaves "
        f"{left:.3f}, of which this is {ratio / left:.3f}"
    )


def _tell_precisions(float32: list[float], auto: list[float]) -> None:
    ratio = statistics.median(a / f for a, f in zip(auto, float32, strict=True))
    print(
        f"bare network: auto {statistics.median(auto):.3f} MP/s, float32 "
        f"{statistics.median(float32):.3f} MP/s, {ratio:.2f} times as fast"
    )


def _fidelity(model: str, folder: Path) -> None:
    from imgan.evaluate import evaluate

    scale = read_card(resolve(model)).scale
    scores = {
        precision: evaluate(
            folder, model=model, scale=scale, precision=precision
        ).mean.psnr_y
        for precision in ("float32", "auto")
    }
    cost = scores["float32"] - scores["auto"]
    print(
        f"PSNR-Y on {folder}: float32 {scores['float32']:.4f} dB, auto "
        f"{scores['auto']:.4f} dB; auto costs {cost:.4f} dB"
    )


if __name__ == "__main__":
    main()
