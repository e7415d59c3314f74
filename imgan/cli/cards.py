"""A model card in words, for `imgan models` and `imgan inspect`."""

from pathlib import Path
from typing import Any

from imgan.bundles.bundle import WEIGHTS_NAME
from imgan.bundles.card import Card
from imgan.bundles.card import Speed
from imgan.bundles.card import Stage
from imgan.bundles.exports import SAVED_MODEL
from imgan.bundles.exports import is_export
from imgan.cli.card_scores import in_words
from imgan.cli.text import significant
from imgan.types import Size

_DEPTHS = {
    "input": "of the input's depth",
    "uint8": "8-bit",
    "uint16": "16-bit",
    "float32": "float, 0 to 1",
}


def purpose(card: Card) -> str:
    """Return `super resolution x4` and the like."""
    words = card.task.replace("_", " ")
    return f"{words} x{card.scale}" if card.task == "super_resolution" else words


def weight_bytes(folder: Path) -> int | None:
    """Return the size of the weights' file; None where there is none."""
    name = SAVED_MODEL if is_export(folder) else WEIGHTS_NAME
    try:
        return (folder / name).stat().st_size
    except OSError:
        return None


def megabytes(folder: Path) -> str:
    """Return the size of the weights' file, or `?` where there is none."""
    size = weight_bytes(folder)
    return "?" if size is None else f"{size / 1e6:.1f} MB"


def speed(measured: Speed | None) -> str:
    """Return the measured speed in input megapixels per second."""
    if measured is None:
        return ""
    return f"{significant(measured.megapixels_per_second)} MP/s {measured.precision}"


def halo(card: Card) -> str:
    """Return how far the network looks, in input pixels."""
    if card.halo is None:
        words = "global: the network sees the whole picture"
    else:
        words = f"{card.halo} input pixels"
    if card.tile_halo is not None:
        words += f"; tiles use {card.tile_halo.halo} (error {card.tile_halo.error:g})"
    return words


def describe(card: Card, folder: Path) -> list[tuple[str, str]]:
    """Return the card as rows of name and value, in reading order."""
    network = card.network.path.partition(":")[2]
    arguments = ", ".join(f"{k}={_short(v)}" for k, v in card.network.config.items())
    return [
        ("name", card.name),
        ("description", card.description),
        ("task", purpose(card)),
        ("family", card.family),
        ("network", f"{network}({arguments})"),
        ("parameters", f"{card.network.parameters:,}"),
        ("weights", f"{megabytes(folder)}, sha256 {card.weights_sha256}"),
        ("folder", str(folder)),
        ("export", _export(card)),
        ("made of", _origin(card)),
        ("assumed", "\n".join(card.origin.assumptions) if card.origin else ""),
        *(_of_noise(card) if card.latent else _of_pictures(card)),
        ("labels", ", ".join(card.labels or [])),
        ("scores", "\n".join(in_words(score) for score in card.metrics)),
        (
            "speed",
            f"{speed(card.speed)} of input on {card.speed.machine}"
            if card.speed
            else "",
        ),
        ("trained", _trained(card)),
        ("stages", "\n".join(_stages(card))),
        ("losses", ", ".join(card.losses)),
        ("data", "\n".join(card.data)),
        ("licence", card.licence),
        ("attribution", card.attribution),
        ("fidelity partner", _partner(card)),
        ("made by", f"imgan {card.imgan_version}, card schema {card.schema_version}"),
    ]


def _trained(card: Card) -> str:
    """Return how many steps are in the weights, and of how many these are the best."""
    if not card.training_steps:
        return ""
    runs = [*(stage.steps for stage in card.stages[:-1]), card.training_steps]
    words = f"{' + '.join(f'{steps:,}' for steps in runs)} steps"
    made = card.stages[-1].steps if card.stages else 0
    if len(runs) > 1:
        words += f" in {len(runs)} runs, {sum(runs):,} together"
    if made > card.training_steps:
        words += f", the best of {made:,}" + " in the last" * (len(runs) > 1)
    return words


def _stages(card: Card) -> list[str]:
    """Return each run as its command, length and curve, the last to the step kept."""
    ends = [stage.steps for stage in card.stages[:-1]] + [card.training_steps]
    return [_stage(stage, end) for stage, end in zip(card.stages, ends, strict=False)]


def _stage(stage: Stage, end: int) -> str:
    words = f"{stage.command}: {stage.steps:,} steps in {stage.hours:.1f} h"
    if stage.curve:
        step, last = next(
            (row for row in stage.curve if row[0] == end), stage.curve[-1]
        )
        words += f", {stage.curve[0][1]:.2f} to {last:.2f} dB"
        words += f" at step {step:,}" * (step < stage.steps)
    return words


def _short(value: Any) -> str:
    """Return an argument of a network; of a graph, how many layers it has."""
    if isinstance(value, dict):
        return f"<{len(value.get('layers', value))} layers>"
    return str(value)


def _origin(card: Card) -> str:
    """Return the foreign file that a bundle was made of."""
    origin = card.origin
    if origin is None:
        return ""
    words = f"{origin.file}, {origin.layout}, sha256 {origin.sha256}"
    if origin.container:
        words += f"\nits {origin.container!r}"
    if origin.likeness is not None:
        words += (
            f"\nresult reduced again against a fixed picture: {origin.likeness:.1f} dB"
        )
    return words


def _export(card: Card) -> str:
    if card.export is None:
        return ""
    signatures = ", ".join(card.export.signatures)
    return f"SavedModel in {card.export.precision}, signatures {signatures}"


def _of_pictures(card: Card) -> list[tuple[str, str]]:
    """Return the rows that matter where pictures go in."""
    mode = card.inference_mode
    return [
        (
            "channels",
            f"{card.input_channels} in {_range(card.input_range)}, "
            f"{card.output_channels} out {_range(card.output_range)}",
        ),
        ("frames", f"{card.num_frames} in a row" if card.num_frames > 1 else ""),
        ("pixel range", _pixel_range(card.pixel_range)),
        ("results", _results(card)),
        ("size multiple", str(card.size_multiple)),
        (
            "minimum size",
            f"{card.minimum_size} pixels a side" if card.minimum_size > 1 else "",
        ),
        ("halo", halo(card)),
        ("tile", _tile(card)),
        ("normalization", mode.normalization),
        ("dropout", _dropout(card)),
    ]


def _of_noise(card: Card) -> list[tuple[str, str]]:
    """Return the rows that matter where pictures are drawn from noise."""
    rows = [("channels", f"{card.output_channels} out {_range(card.output_range)}")]
    if card.image_size:
        rows.append(("image size", str(Size(*card.image_size))))
    if card.latent:
        rows.append(("latents", f"{card.latent.dim} {card.latent.distribution}"))
    return rows


def _pixel_range(bounds: tuple[float, float] | None) -> str:
    return "" if bounds is None else f"{_range(bounds)} in files, TIFF or PNG"


def _results(card: Card) -> str:
    """Return what files a translation writes, where these are not as its inputs."""
    if card.task != "translation":
        return ""
    if card.output_pixel_range is not None:
        return f"{_range(card.output_pixel_range)} in float TIFF files"
    return f"pictures, {_DEPTHS[card.output_dtype]}"


def _tile(card: Card) -> str:
    if card.halo is not None or card.tile_halo is not None:
        return f"{card.tile} input pixels"
    if card.overlap is None:
        return "none: pictures are computed whole"
    return f"{card.tile} input pixels, blended over {card.overlap}"


def _dropout(card: Card) -> str:
    rate = card.network.config.get("dropout")
    if not rate:
        return "none"
    if card.inference_mode.dropout:
        return f"{rate:g}, always on; another one with --stochastic --seed"
    return f"off; {rate:g} with --stochastic"


def _partner(card: Card) -> str:
    if card.fidelity_partner is None:
        return ""
    return f"{card.fidelity_partner}, reached with --fidelity 1"


def _range(bounds: tuple[float, float]) -> str:
    return f"[{bounds[0]:g}, {bounds[1]:g}]"
