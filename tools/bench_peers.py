"""How fast is imgan beside PyTorch, ONNX Runtime and OpenVINO on this processor?

    pip install -e ".[bench]"          # and PyTorch for CPUs, see CONTRIBUTING
    python tools/bench_peers.py [--network compact|span] [--rounds 9] [--markdown FILE]

The same network with the same weights makes x4 of the same tiles of a photograph in
every engine, in turn, again and again: machines are noisy, and ratios of one round are
less so. Printed are medians of the time for a tile, of the ratio to imgan in bfloat16
and in float32 (above 1: imgan is faster), the memory of the process, and how far the
result is from PyTorch's in float32. At last the whole `imgan upscale` with JPEG files
in and out is compared with the bare network on the same tiles.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bench_upscale import bare_rate
from bench_upscale import whole_rate
from peer_engines import BUNDLE
from peer_engines import Turn
from peer_engines import serve
from peer_engines import write_network

from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.io.paths import plan_jobs
from imgan.types import Array

ENGINES = (
    ("imgan", "bfloat16"),
    ("openvino", "bfloat16"),
    ("openvino", "bfloat16 two at once"),
    ("torch", "bfloat16 channels-last"),
    ("imgan", "float32"),
    ("openvino", "float32"),
    ("onnxruntime", "float32"),
    ("torch", "float32"),
    ("torch", "float32 channels-last"),
)
Key = tuple[str, str]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _parse(arguments)
    context = multiprocessing.get_context("spawn")
    tiles = _tiles(options.tiles, options.side)
    with tempfile.TemporaryDirectory() as folder:
        writing = context.Process(
            target=write_network, args=(options.network, Path(folder))
        )
        writing.start()
        writing.join()
        if writing.exitcode:
            raise SystemExit(writing.exitcode)
        turns = _alternate(context, Path(folder), tiles, options)
        lines = _table(turns, options.tiles)
        print("\n".join(lines), flush=True)
        lines.append(_end_to_end(Path(folder, BUNDLE), options.rounds))
        print(lines[-1])
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=("compact", "span"), default="compact")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tiles", type=int, default=4, help="in every round")
    parser.add_argument("--side", type=int, default=256, help="of a tile, in pixels")
    parser.add_argument(
        "--only", help="engines, such as imgan,openvino. Default: all", default=""
    )
    parser.add_argument("--markdown", type=Path, help="write the table as well")
    return parser.parse_args(arguments)


def _tiles(count: int, side: int) -> list[Array]:
    from skimage import data

    photograph = data.astronaut()
    places = [(y, x) for y in (0, 512 - side) for x in (0, 512 - side)]
    return [
        np.ascontiguousarray(photograph[y : y + side, x : x + side])
        for y, x in (places * count)[:count]
    ]


def _alternate(
    context: Any, folder: Path, tiles: list[Array], options: argparse.Namespace
) -> dict[Key, list[Turn]]:
    wanted = options.only.split(",") if options.only else None
    pipes: dict[Key, Any] = {}
    for engine, precision in ENGINES:
        if wanted and engine not in wanted:
            continue
        ours, theirs = context.Pipe()
        context.Process(
            target=serve, args=(theirs, engine, precision, folder), daemon=True
        ).start()
        pipes[engine, precision] = ours
    turns: dict[Key, list[Turn]] = {key: [] for key in pipes}
    # The first two turns warm up.
    for number in range(options.rounds + 2):
        for key, pipe in pipes.items():
            pipe.send(tiles)
            turn = pipe.recv()
            if number > 1:
                turns[key].append(turn)
            # Threads that spin after their work must have gone to sleep.
            time.sleep(0.3)
    for pipe in pipes.values():
        pipe.send(None)
    return turns


def _table(turns: dict[Key, list[Turn]], tiles: int) -> list[str]:
    """Return the lines of a table in Markdown."""
    exact = turns.get(("torch", "float32"), turns["imgan", "float32"])[0].result
    lines = [
        "| engine | precision | ms a tile | imgan bfloat16 | imgan float32 | MB | dB |",
        "|---|---|---|---|---|---|---|",
    ]
    for (engine, precision), made in turns.items():
        times = [turn.seconds * 1000 / tiles for turn in made]
        ratios = [
            statistics.median(
                theirs.seconds / ours.seconds
                for theirs, ours in zip(made, turns["imgan", kind], strict=True)
            )
            for kind in ("bfloat16", "float32")
        ]
        lines.append(
            f"| {engine} | {precision} | {statistics.median(times):.1f} "
            f"| {ratios[0]:.2f} | {ratios[1]:.2f} | {made[-1].memory:.0f} "
            f"| {_psnr(made[0].result, exact):.1f} |"
        )
    return lines


def _psnr(one: Array, other: Array) -> float:
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return 10 * float(np.log10(1 / error)) if error else 100.0


def _end_to_end(bundle: Path, rounds: int) -> str:
    """Return in a line how much of the bare network's speed the whole command has."""
    from skimage import data

    from imgan.inference.predictor import Predictor

    predictor = Predictor.load(bundle)
    photographs = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "in")
        source.mkdir()
        for number, pixels in enumerate(photographs * 3):
            write_image(Picture(pixels), source / f"{number:02d}.jpg")
        jobs = plan_jobs([source], Path(folder, "out"), recursive=False).jobs
        pictures = [Picture(pixels) for pixels in photographs * 3]
        ratios = []
        for turn in range(max(3, rounds // 2)):
            bare = bare_rate(predictor, pictures)
            output = Path(folder, f"out-{turn}")
            turned = plan_jobs([source], output, recursive=False).jobs
            rate = whole_rate(predictor, turned, str(bundle), "jpg")
            if turn:
                ratios.append(rate / bare)
    area = sum(picture.size.megapixels for picture in pictures)
    return (
        f"\n`imgan upscale` with JPEG in and out: {statistics.median(ratios):.3f} of "
        f"the bare network ({len(jobs)} photographs, {area:.1f} megapixels, start-up "
        "apart)"
    )


if __name__ == "__main__":
    main()
