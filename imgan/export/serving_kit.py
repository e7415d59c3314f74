"""What it takes to serve an export: configuration, a request to try it, notes."""

import base64
import json
import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import cv2
import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.exports import CARD
from imgan.bundles.exports import ENCODED
from imgan.bundles.exports import FLOAT
from imgan.bundles.exports import NETWORK
from imgan.bundles.exports import SEED
from imgan.bundles.exports import SERVING
from imgan.bundles.trained import label_sides
from imgan.errors import OutputError
from imgan.export.warmup import warmup_inputs
from imgan.io.temporaries import write_text
from imgan.machine import usable_cores

FOLDER = "serving"
"""Beside the versions; the server looks at numbers only."""
REQUEST_NAME = "request.json"

_FILES = (
    "models.config",
    "batching_parameters.txt",
    "monitoring.config",
    "docker-compose.yml",
    "README.md",
)

_SIGNATURES = {
    SERVING: "`images`, a batch of pictures of one size as pixels, to `images`",
    FLOAT: "the same in the value ranges of the network, float32",
    ENCODED: "PNG and JPEG files of any sizes to PNG in `output_bytes`, and `error`",
    NETWORK: "the bare network, for clients that pad and tile themselves",
    CARD: "any text to the model's card, as JSON",
}

_DRAWN = {
    SERVING: "`latent` (and `label`, a number) to `images`, pictures as pixels",
    SEED: "`seed` (and `label`), whole numbers, to `images`",
    ENCODED: "`seed` (and `label`) to PNG files in `output_bytes`, and `error`",
    CARD: "any text to the model's card, as JSON",
}


def write_serving_kit(output: Path, card: Card) -> Path:
    """Write the kit of an export into `output/serving`, over an older one.

    Args:
        output: Folder of the versions.
        card: Of the export.

    Returns:
        The folder of the kit.

    Raises:
        OutputError: If it cannot be written.
    """
    folder = output / FOLDER
    values = _values(card)
    texts = {name: _template(name).substitute(values) for name in _FILES}
    texts[REQUEST_NAME] = json.dumps(_request(card), indent=1) + "\n"
    try:
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            write_text(folder / name, text)
    except OSError as error:
        raise OutputError(f"Cannot write {folder}: {error.strerror}") from error
    return folder


def served_name(card: Card) -> str:
    """Return the name of the model on a server: letters, digits and `_ . -` only."""
    return re.sub(r"[^\w.-]+", "-", card.name, flags=re.ASCII).strip("-") or "model"


def _values(card: Card) -> dict[str, Any]:
    described = _DRAWN if card.task == "generation" else _SIGNATURES
    offered = card.export.signatures if card.export else []
    lines = [f"- `{key}`: {described[key]}." for key in described if key in offered]
    values = {
        "name": served_name(card),
        "threads": usable_cores(),
        "signatures": "\n".join(lines),
        "command": "translate" if card.task == "translation" else "upscale",
        "content": _content(card),
    }
    parts = ["ask_files.md" if ENCODED in offered else "ask_numbers.md"]
    if card.task != "generation":
        parts.append("ask_imgan.md")
    asked = [_template(part).substitute(values) for part in parts]
    return {**values, "ask": "".join(asked).rstrip()}


def _content(card: Card) -> str:
    if card.task == "generation":
        return "a seed"
    return "a small map of labels" if _takes_labels(card) else "a small JPEG picture"


def _template(name: str) -> Template:
    path = files("imgan.export") / "kit" / f"{name}.template"
    return Template(path.read_text(encoding="utf-8"))


def _request(card: Card) -> dict[str, Any]:
    """Return a body for `POST /v1/models/NAME:predict`."""
    if card.export is not None and ENCODED not in card.export.signatures:
        inputs = warmup_inputs(card)[SERVING]
        values = {name: array.tolist() for name, array in inputs.items()}
        return {"signature_name": SERVING, "inputs": values}
    if card.task == "generation":
        instance: dict[str, Any] = {"seed": 1}
        if card.labels is not None:
            instance["label"] = 0
    else:
        encoded = base64.b64encode(_example(_takes_labels(card))).decode("ascii")
        instance = {"image_bytes": {"b64": encoded}}
    return {"signature_name": ENCODED, "instances": [instance]}


def _takes_labels(card: Card) -> bool:
    """Return whether files are maps of numbers, which are grey and lose nothing."""
    return card.input_channels == 1 and label_sides(card)[0]


def _example(labels: bool) -> bytes:
    """Return a small file: a disc in front of a sky, or the numbers 0 and 1 of them."""
    if labels:
        numbers = np.zeros((48, 64), np.uint8)
        cv2.circle(numbers, (40, 26), 14, 1, -1)
        return cv2.imencode(".png", numbers)[1].tobytes()
    picture = np.full((48, 64, 3), (200, 150, 90), np.uint8)
    picture += np.arange(48, dtype=np.uint8)[:, np.newaxis, np.newaxis]
    cv2.circle(picture, (40, 26), 14, (40, 90, 230), -1, cv2.LINE_AA)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
