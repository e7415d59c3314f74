"""One page of scores and examples of a translation, readable without a server."""

import base64
import html
import math
import time
from importlib.resources import files
from pathlib import Path
from string import Template

import cv2
import numpy as np

from imgan.data.resize import resize_bicubic
from imgan.errors import OutputError
from imgan.evaluate.translation_scores import Example
from imgan.evaluate.translation_scores import TranslationEvaluation
from imgan.io.temporaries import write_text
from imgan.metrics.translation import PairScores
from imgan.types import Array
from imgan.types import Size

EXAMPLES = 12
"""Pairs that a page shows."""

_LONGEST = 512  # pixels of a side; larger pictures are reduced for the page
_SMALL = 200  # narrower ones are enlarged in the browser, with hard edges

_ROWS = {"model": "model", "identity": "identity", "mean_target": "mean target"}


def write_page(result: TranslationEvaluation, path: Path) -> None:
    """Write the page as one file that holds everything it shows.

    Raises:
        OutputError: If it cannot be written.
    """
    try:
        write_text(path, render_page(result))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def render_page(result: TranslationEvaluation) -> str:
    """Return the page as HTML without any reference to another file."""
    count = len(result.images)
    pairs = f"{count:,} pair{'' if count == 1 else 's'}"
    examples = "\n".join(map(_example, result.examples))
    parts = [
        f"<header><h1>{html.escape(Path(result.model).name)}</h1>"
        f'<p class="soft">{html.escape(result.model)} on {pairs}</p></header>',
        f'<section id="scores"><h2>Mean scores</h2>{_means(result)}'
        f"<p><small>{html.escape(f'{result.protocol}; {result.protocol.baselines}')}."
        f"</small></p>{_features(result)}</section>",
        f'<section id="examples"><h2>Examples</h2><div class="examples">{examples}'
        "</div></section>"
        if examples
        else "",
        f'<footer class="soft">Written {time.strftime("%Y-%m-%d %H:%M")}.</footer>',
    ]
    template = files("imgan.evaluate").joinpath("page.html.template")
    return Template(template.read_text(encoding="utf-8")).substitute(
        title=html.escape(f"{Path(result.model).name}: imgan evaluation"),
        body="\n".join(filter(None, parts)),
    )


def _means(result: TranslationEvaluation) -> str:
    rows = "".join(
        f"<tr><td>{_ROWS[name]}</td><td>{_number(scores.l1, 4)}</td>"
        f"<td>{_number(scores.psnr, 2)}</td><td>{_number(scores.ssim, 4)}</td></tr>"
        for name, scores in result.means.items()
    )
    head = "<tr><th></th><th>L1</th><th>PSNR, dB</th><th>SSIM</th></tr>"
    return f"<table>{head}{rows}</table>"


def _features(result: TranslationEvaluation) -> str:
    scores = result.features
    if scores is None:
        return ""
    return (
        f"<p>FID {scores.fid:.3f}, KID {scores.kid:.5f} (standard error "
        f"{scores.kid_error:.2g}) in features of {html.escape(scores.features)}</p>"
        f"<p><small>{html.escape(scores.note)}</small></p>"
    )


def _example(example: Example) -> str:
    why = f"{example.why} by L1: " if example.why else ""
    panels = {
        "source": example.source,
        "output": example.output,
        "target": example.target,
    }
    shown = "".join(
        f"<div><span>{name}</span>{_image(pixels, f'{name} of {example.name}')}</div>"
        for name, pixels in panels.items()
    )
    return (
        f"<figure><figcaption>{why}{html.escape(example.name)} "
        f"<small>{_words(example.scores)}</small></figcaption>"
        f'<div class="panels">{shown}</div></figure>'
    )


def _words(scores: PairScores) -> str:
    return (
        f"L1 {_number(scores.l1, 4)}, PSNR {_number(scores.psnr, 2)} dB, "
        f"SSIM {_number(scores.ssim, 4)}"
    )


def _number(value: float | None, digits: int) -> str:
    known = value is not None and math.isfinite(value)
    return f"{value:.{digits}f}" if known else "\N{EN DASH}"


def _image(pixels: Array, alt: str) -> str:
    height, width = pixels.shape[:2]
    if max(height, width) > _LONGEST:
        share = _LONGEST / max(height, width)
        size = Size(max(1, round(height * share)), max(1, round(width * share)))
        pixels = resize_bicubic(pixels, size=size)
    small = ' class="small"' if width < _SMALL else ""
    data = base64.b64encode(_png(pixels)).decode("ascii")
    return (
        f'<img{small} width="{pixels.shape[1]}" height="{pixels.shape[0]}" '
        f'alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
    )


def _png(pixels: Array) -> bytes:
    swapped = pixels if pixels.ndim == 2 else pixels[..., ::-1]
    done, data = cv2.imencode(".png", np.ascontiguousarray(swapped))
    if not done:
        raise OutputError("A picture of the page cannot be encoded")
    return data.tobytes()
