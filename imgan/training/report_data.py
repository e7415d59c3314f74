"""What a report is made of, read from a run folder in whatever state it is."""

import json
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any
from typing import NamedTuple

import numpy as np
import yaml

from imgan.training.run_folder import RunFolder

# Charts in the order of the page, and the numbers that each shows. A number that none
# of them names, such as a validation's, has a chart of its own after the first.
_GROUPS = (
    ("Losses", r".*loss"),
    ("Discriminator", r"discriminator_.*(accuracy|sign|distance)"),
    ("Gradient norms", r".*gradient_norm"),
    ("Penalties", r".*(penalty|_r1)"),
    ("Probability of augmentation", r"augment_probability"),
    ("Seconds per step", r"seconds_per_step"),
)

_TITLES = {
    "validation_psnr": "Validation: PSNR, in dB",
    "validation_psnr_y": "Validation: PSNR on luma, in dB",
    "validation_ssim": "Validation: SSIM",
    "validation_ssim_y": "Validation: SSIM on luma",
    "validation_gain_over_bicubic": "Validation: gain, in dB",
    "validation_gain_over_start": "Validation: gain, in dB",
    "validation_sharpness": "Validation: sharpness, 1 as in true pictures",
    "validation_color_drift": "Validation: drift of mean colours, in levels of 255",
    "validation_l1": "Validation: L1 in units of [-1, 1]",
    "validation_diversity": "Validation: diversity of samples, 1 as in real pictures",
}

# More would make the page heavy and the curve no clearer.
_MOST_POINTS = 500
# Points from which a curve counts as noisy, and of the calm one drawn over it.
_NOISY = 150
_TREND_POINTS = 50
_MOST_SAMPLES = 8

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass
class Series:
    """One number over the steps; NaN where it was not finite.

    Attributes:
        name: As in `metrics.jsonl`.
        steps: Rising.
        values: One for each step.
        trend: Steps and local means of a long series, or empty.
    """

    name: str
    steps: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    trend: list[tuple[float, float]] = field(default_factory=list)


class Sample(NamedTuple):
    """One sample sheet: a PNG file's bytes, and its size in pixels."""

    step: int
    png: bytes
    width: int
    height: int


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a `.jsonl` file; damaged lines are left out."""
    rows = []
    for line in _text(path).splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and _is_finite(row.get("step")):
            rows.append(row)
    return rows


def read_table(path: Path) -> dict[str, Any]:
    """Return a YAML or JSON file's mapping; empty if absent or damaged."""
    try:
        # YAML reads JSON as well.
        found = yaml.safe_load(_text(path))
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def read_samples(run: RunFolder) -> list[Sample]:
    """Return the first and the last sample sheet and some evenly between."""
    paths = sorted(run.samples.glob("step-*.png"))
    found = [sample for path in _spread(paths) if (sample := _sample(path))]
    return sorted(found, key=lambda sample: sample.step)


def read_series(rows: list[dict[str, Any]]) -> dict[str, list[Series]]:
    """Return the curves of each chart, by its title, in the order of the page."""
    series: dict[str, Series] = {}
    for row in rows:
        if "verdict" in row:
            continue
        for name, value in row.items():
            if name == "step" or not (value is None or _is_number(value)):
                continue
            one = series.setdefault(name, Series(name))
            one.steps.append(float(row["step"]))
            one.values.append(float(value) if _is_finite(value) else math.nan)
    places = {name: _place(name) for name in series}
    charts: dict[str, list[Series]] = {}
    for name in sorted(series, key=lambda name: (*places[name], _order(name))):
        one = series[name]
        one.trend = _trend(one)
        charts.setdefault(places[name][1], []).append(_thin(one))
    return charts


def training_seconds(rows: list[dict[str, Any]]) -> float:
    """Return the time spent on steps, without that of validations."""
    total, before = 0.0, 0.0
    for row in rows:
        seconds = row.get("seconds_per_step")
        if seconds is not None and _is_finite(seconds):
            total += seconds * max(0.0, row["step"] - before)
            before = row["step"]
    return total


def _place(name: str) -> tuple[float, str]:
    for index, (title, pattern) in enumerate(_GROUPS):
        if not name.startswith("validation_") and re.fullmatch(pattern, name):
            return index, title
    title = name.replace("_", " ").replace("validation ", "validation: ")
    return 0.5, _TITLES.get(name, title[:1].upper() + title[1:])


def _order(name: str) -> tuple[bool, bool, str]:
    """Sort the sums before their terms, and the generator's before the other's."""
    return not name.endswith("r_loss"), not name.startswith("generator"), name


def _trend(series: Series) -> list[tuple[float, float]]:
    if len(series.values) < _NOISY:
        return []
    steps, values = np.asarray(series.steps), np.asarray(series.values)
    means = []
    for stretch in np.array_split(np.arange(len(values)), _TREND_POINTS):
        part = values[stretch][np.isfinite(values[stretch])]
        mean = float(part.mean()) if part.size else math.nan
        means.append((float(steps[stretch].mean()), mean))
    return means


def _thin(series: Series) -> Series:
    """Keep the highest and the lowest of each stretch, so that no peak gets lost."""
    if len(series.values) <= _MOST_POINTS:
        return series
    kept: list[int] = []
    values = np.asarray(series.values)
    for stretch in np.array_split(np.arange(len(values)), _MOST_POINTS // 3):
        part = values[stretch]
        gaps = np.isnan(part)
        chosen = {int(gaps.argmax())} if gaps.any() else set()
        if not gaps.all():
            chosen |= {int(np.nanargmin(part)), int(np.nanargmax(part))}
        kept += [int(stretch[index]) for index in sorted(chosen)]
    # What the run ended with is read off the curve.
    kept = sorted({*kept[: _MOST_POINTS - 1], len(values) - 1})
    return Series(
        series.name,
        [series.steps[index] for index in kept],
        [series.values[index] for index in kept],
        series.trend,
    )


def _spread(paths: list[Path]) -> Iterator[Path]:
    count = min(len(paths), _MOST_SAMPLES)
    for index in np.linspace(0, len(paths) - 1, count) if count else ():
        yield paths[round(float(index))]


def _sample(path: Path) -> Sample | None:
    step = re.fullmatch(r"step-(\d+)\.png", path.name)
    try:
        png = path.read_bytes()
    except OSError:
        return None
    if not step or len(png) < 24 or not png.startswith(_PNG_SIGNATURE):
        return None
    width, height = struct.unpack(">II", png[16:24])
    return Sample(int(step[1]), png, width, height)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _is_finite(value: Any) -> bool:
    return _is_number(value) and math.isfinite(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
