"""Compare networks by what equal time of training makes of them.

    python tools/compare_networks.py OUT [--minutes 20] [--only NAME...] [--set K=V...]

Every candidate is trained by `recipes/anchored_edsr/x4-start.yaml` with its own
network and what `--set` changes for all of them (`training.precision=float32` where the
processor has no bfloat16), for as many steps as fit into the minutes on this machine,
with a learning rate that ends at zero: a short run tells what a step costs. Leave the
machine alone meanwhile. Printed is a table of PSNR on the recipe's validation pictures
and of input megapixels per second, in turn, in bfloat16 and float32. Called again, it
goes on with what is missing.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imgan.bundles.card import read_card
from imgan.runtime import import_tensorflow
from imgan.training.run_folder import RunFolder

RECIPE = Path(__file__).resolve().parent.parent / "recipes/anchored_edsr/x4-start.yaml"
TRIAL, PART = 75, 15
"""Steps of the run that tells what a step costs, and of the parts that it is timed in.

The first epoch, in which pictures are decoded, is over in the first parts.
"""


@dataclass(frozen=True)
class Candidate:
    """A network of a family, by the names of recipes."""

    family: str
    generator: dict[str, int]


CANDIDATES = {
    **{
        f"residual 64x{blocks}": Candidate(
            "anchored_edsr", {"num_filters": 64, "num_blocks": blocks}
        )
        for blocks in (4, 8, 16)
    },
    **{
        f"plain 64x{convs}": Candidate("repsr", {"num_filters": 64, "num_convs": convs})
        for convs in (8, 16, 24)
    },
    "SPAN-28": Candidate("span", {"num_filters": 28}),
    "SPAN-48": Candidate("span", {"num_filters": 48}),
    "Compact 64/16": Candidate("compact", {"num_filters": 64, "num_convs": 16}),
}
"""Convolutions: a residual block has two."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train what is not trained yet, print the table."""
    options = _parse(arguments)
    chosen = {name: CANDIDATES[name] for name in options.only or CANDIDATES}
    for name, candidate in chosen.items():
        _train(candidate, options.out / folder_of(name), options.minutes, options.set)
    print(
        f"| network | parameters | steps | PSNR-Y | bfloat16 | float32 |\n|{'---|' * 6}"
    )
    speeds = _speeds({name: options.out / folder_of(name) for name in chosen})
    for name in chosen:
        card = read_card(options.out / folder_of(name) / "run" / "bundle")
        score = card.metrics[0].values["psnr_y"]
        bfloat16, float32 = speeds[name]
        print(
            f"| {name} | {card.network.parameters / 1e3:,.0f} k | "
            f"{_steps(options.out / folder_of(name)):,} | {score:.2f} | "
            f"{bfloat16:.3f} | {float32:.3f} |"
        )
    return 0


def _train(
    candidate: Candidate, folder: Path, minutes: float, changes: Sequence[str]
) -> None:
    """Train one candidate for its minutes, unless that is done."""
    if (folder / "run" / "bundle").is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    plan = folder / "steps.json"
    if not plan.is_file():
        _run(candidate, folder / "trial", [*changes, *_timing(TRIAL, TRIAL, PART)])
        cost = min(_seconds_per_step(folder / "trial"))
        steps = max(1, int(minutes * 60 / cost))
        plan.write_text(json.dumps({"steps": steps, "seconds_per_step": cost}))
    steps = _steps(folder)
    looks = max(1, steps // 4)
    _run(candidate, folder / "run", [*changes, *_timing(steps, looks, min(100, steps))])


def _steps(folder: Path) -> int:
    """Return for how many steps a candidate is trained, whichever it keeps."""
    return int(json.loads((folder / "steps.json").read_text("utf-8"))["steps"])


def _timing(steps: int, looks: int, logs: int) -> list[str]:
    """Return a run's length, and how often it looks at the validation and logs."""
    return [
        f"training.steps={steps}",
        f"training.warmup_steps={min(200, steps // 4)}",
        f"training.validate_every={looks}",
        f"training.checkpoint_every={min(500, steps)}",
        f"training.log_every={logs}",
    ]


def _run(candidate: Candidate, run: Path, changes: Sequence[str]) -> None:
    """Train, in a process of its own that leaves no memory and threads behind."""
    words = [sys.executable, "-m", "imgan", "train", str(RECIPE), "--run-dir", str(run)]
    network = [
        f"family={candidate.family}",
        f"generator={json.dumps(candidate.generator)}",
    ]
    for change in [*network, *changes]:
        words += ["--set", change]
    with (run.parent / "log.txt").open("a", encoding="utf-8") as log:
        # Paths of a recipe are relative to where it is run.
        folder = RECIPE.parents[2]
        subprocess.run(words, cwd=folder, stdout=log, stderr=log, check=True)


def _seconds_per_step(run: Path) -> list[float]:
    """Return what a step took in each part of a run."""
    rows = map(json.loads, RunFolder(run).metrics.read_text("utf-8").splitlines())
    return [row["seconds_per_step"] for row in rows if "seconds_per_step" in row]


def _speeds(folders: dict[str, Path]) -> dict[str, tuple[float, float]]:
    """Return the best of a few short measurements, taken in turn."""
    import_tensorflow()
    from imgan.inference.predictor import Predictor
    from imgan.inference.speed import ROUNDS
    from imgan.inference.speed import SpeedTest

    tests = {
        (name, precision): SpeedTest(
            Predictor.load(folder / "run" / "bundle", precision=precision)
        )
        for name, folder in folders.items()
        for precision in ("bfloat16", "float32")
    }
    for _ in range(ROUNDS):
        for test in tests.values():
            test.run_round()
    found = {key: test.speed.megapixels_per_second for key, test in tests.items()}
    return {name: (found[name, "bfloat16"], found[name, "float32"]) for name in folders}


def folder_of(name: str) -> str:
    """Return the name of a candidate's folder."""
    return name.lower().replace(" ", "-").replace("/", "-")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=lambda word: Path(word).resolve())
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--only", nargs="+", choices=CANDIDATES)
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
