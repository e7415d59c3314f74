"""Curves over the steps of a run as SVG, for a page without a script."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from imgan.training.report_data import Series

# Of the drawing, and the margins around the field of curves, in its own units.
WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 18, 34

# Classes of colour in the page's style.
_COLORS = 6

# Highest to lowest value from which a curve is only readable on a log scale.
_LOG_RATIO = 100.0

# Points up to which every one is marked.
_MARKED = 40

# What a scale shows at least; the others show what there is.
_AT_LEAST = {
    "accuracy": (0.0, 1.0),
    "validation_diversity": (0.0, 1.0),
    "augment_probability": (0.0, 0.1),
    "seconds_per_step": (0.0, 0.0),
    "gain_over_bicubic": (0.0, 0.0),
    "color_drift": (0.0, 0.0),
    "sharpness": (0.0, 1.0),
}


@dataclass(frozen=True)
class Axis:
    """How numbers become places.

    Attributes:
        low: Smallest number shown.
        high: Largest number shown.
        begin: Place of the smallest.
        end: Place of the largest.
        log: Whether equal ratios are equally wide.
    """

    low: float
    high: float
    begin: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return where a number stands."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        return self.begin + (value - low) / (high - low) * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """Return round numbers to write on the scale."""
        if self.log:
            return _log_ticks(self.low, self.high)
        return _ticks(self.low, self.high)


def chart(title: str, curves: Sequence[Series], alarms: Sequence[int] = ()) -> str:
    """Return a figure with a legend, or nothing where no value is finite.

    Args:
        title: What the curves have in common.
        curves: Numbers of one scale.
        alarms: Steps to mark.
    """
    finite = [v for curve in curves for v in curve.values if math.isfinite(v)]
    if not finite:
        return ""
    last = max([*(curve.steps[-1] for curve in curves), *alarms, 1])
    across = Axis(0.0, last, _LEFT, WIDTH - _RIGHT)
    up = _value_axis(finite, [curve.name for curve in curves])
    lines = "".join(_curve(one, n, across, up) for n, one in enumerate(curves))
    scale = " <small>log scale</small>" if up.log else ""
    title = html.escape(title)
    return (
        f"<figure><figcaption>{title}{scale}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f"{_grid(across, up)}{_marks(alarms, across)}{lines}</svg>"
        f'<ul class="legend">{_legend(curves)}</ul></figure>'
    )


def number(value: float) -> str:
    """Return a number as people write it, with four digits that matter."""
    if abs(value) >= 1e4 and abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")


def _value_axis(values: list[float], names: list[str]) -> Axis:
    low, high = min(values), max(values)
    wanted = [r for key, r in _AT_LEAST.items() for n in names if n.endswith(key)]
    for least, most in wanted:
        low, high = min(low, least), max(high, most)
    begin, end = float(HEIGHT - _BOTTOM), float(_TOP)
    if not wanted and low > 0 and high / low > _LOG_RATIO:
        return Axis(low, high, begin, end, log=True)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        spare = abs(high) / 2 or 1.0
        low, high = low - spare, high + spare
    ticks = _ticks(low, high)
    # Up to the next round number, if that costs little of the height.
    if len(ticks) > 1:
        step = ticks[1] - ticks[0]
        low = math.floor(low / step + 1e-9) * step
        high = math.ceil(high / step - 1e-9) * step
    return Axis(low, high, begin, end)


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [n * step for n in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = math.ceil((last - first) / 6)
    return [
        10.0**n for n in range(first, last + 1, every) if low <= 10.0**n <= high * 1.001
    ]


def _grid(across: Axis, up: Axis) -> str:
    parts = []
    for value in up.ticks():
        y = up.place(value)
        parts.append(
            f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{number(value)}</text>"
        )
    for value in across.ticks():
        if value != round(value):
            continue
        x = across.place(value)
        # The last number would stick out of the picture.
        anchor = "end" if x > WIDTH - 30 else "middle"
        parts.append(
            f'<path class="tick" d="M{x:.1f} {HEIGHT - _BOTTOM}v5"/>'
            f'<text x="{x:.1f}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="{anchor}">'
            f"{value:,.0f}</text>"
        )
    parts.append(
        f'<path class="axis" d="M{_LEFT} {_TOP}V{HEIGHT - _BOTTOM}H{WIDTH - _RIGHT}"/>'
    )
    return "".join(parts)


def _marks(alarms: Sequence[int], across: Axis) -> str:
    parts = []
    for step in sorted(set(alarms)):
        x = across.place(step)
        parts.append(
            f'<g class="alarm"><title>alarm at step {step}</title>'
            f'<path d="M{x:.1f} {_TOP}V{HEIGHT - _BOTTOM}"/>'
            f'<text x="{x:.1f}" y="{_TOP - 5}" text-anchor="middle">!</text></g>'
        )
    return "".join(parts)


def _curve(series: Series, index: int, across: Axis, up: Axis) -> str:
    """Draw one series, and a calm line over one that is long."""
    points = list(zip(series.steps, series.values, strict=True))
    lines, dots = _line(points, across, up)
    if series.trend:
        trend, _ = _line(series.trend, across, up)
        drawn = f'<path class="noise" d="{lines}"/><path d="{trend}"/>'
    else:
        drawn = f'<path d="{lines}"/>'
    return f'<g class="{_color(index)}">{drawn}{dots}</g>'


def _line(
    points: Sequence[tuple[float, float]], across: Axis, up: Axis
) -> tuple[str, str]:
    """Return a path, interrupted where a value is not finite, and its dots."""
    path, dots, pen = "", "", "M"
    for here, (step, value) in enumerate(points):
        if not math.isfinite(value):
            pen = "M"
            continue
        x, y = f"{across.place(step):.1f}", f"{up.place(value):.1f}"
        path += f"{pen}{x} {y}"
        following = points[here + 1][1] if here + 1 < len(points) else math.nan
        alone = pen == "M" and not math.isfinite(following)
        pen = "L"
        if alone or len(points) <= _MARKED:
            tip = f"step {step:,.0f}: {number(value)}"
            dots += f'<circle cx="{x}" cy="{y}" r="2.5"><title>{tip}</title></circle>'
    return path, dots


def _legend(curves: Sequence[Series]) -> str:
    items = []
    for index, curve in enumerate(curves):
        latest = next((v for v in reversed(curve.values) if math.isfinite(v)), None)
        name = html.escape(curve.name.replace("_", " "))
        value = "" if latest is None else f" <b>{number(latest)}</b>"
        items.append(
            f'<li><svg viewBox="0 0 22 8" class="key"><g class="{_color(index)}">'
            f'<path d="M1 4H21"/></g></svg>{name}{value}</li>'
        )
    return "".join(items)


def _color(index: int) -> str:
    return f"line c{index % _COLORS}" + (" dashed" if index >= _COLORS else "")
