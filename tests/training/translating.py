"""Pairs, domains and the smallest recipes of translation that use everything."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data

from imgan.bundles.bundle import save_bundle
from imgan.config import Recipe
from imgan.config import validate_recipe
from imgan.training.run_folder import RunFolder
from imgan.training.train import check_recipe
from imgan.training.train import train
from imgan.types import Array

# Networks of a few milliseconds a step, by family.
NETWORKS: dict[str, dict[str, dict[str, Any]]] = {
    "pix2pix": {
        "generator": {"num_filters": 4, "num_levels": 3},
        "discriminator": {"receptive_field": 16, "num_filters": 4},
    },
    "pix2pixhd": {
        "generator": {
            **{"num_filters": 4, "num_residual_blocks": 1},
            "num_downsamplings": 1,
        },
        "discriminator": {"receptive_field": 16, "num_filters": 4},
    },
    "pix2pixhd_local": {
        "generator": {
            **{"num_filters": 4, "num_residual_blocks": 1, "num_local_blocks": 1},
            "num_downsamplings": 1,
        },
        "discriminator": {"receptive_field": 16, "num_filters": 4},
    },
    "cyclegan": {
        "generator": {
            **{"num_filters": 4, "num_residual_blocks": 1},
            "num_downsamplings": 1,
        },
        "discriminator": {"receptive_field": 16, "num_filters": 4},
    },
}

TRAINING = {"steps": 4, "log_every": 2, "validate_every": 2, "checkpoint_every": 2}


def photographs(count: int, height: int = 20, width: int = 24) -> list[Array]:
    """Return crops of a photograph, 8-bit RGB, no two alike."""
    image = skimage.data.coffee()
    places = [(50 + 13 * index, 150 + 9 * index) for index in range(count)]
    return [image[y : y + height, x : x + width] for y, x in places]


def save(path: Path, image: Array) -> None:
    """Write a picture, RGB or grey, whose folder may be missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = image[..., ::-1] if image.ndim == 3 else image
    cv2.imwrite(str(path), np.ascontiguousarray(shown))


def write_pairs(folder: Path, count: int = 4, *, first: int = 0) -> dict[str, str]:
    """Write grey negatives as `a` and photographs as `b`; return both folders."""
    for index, picture in enumerate(photographs(first + count)[first:]):
        grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
        save(folder / "a" / f"{index}.png", 255 - grey)
        save(folder / "b" / f"{index}.png", picture)
    return {"a": str(folder / "a"), "b": str(folder / "b")}


def paired(
    train_on: Mapping[str, Any],
    held_out: Mapping[str, Any] | None = None,
    family: str = "pix2pix",
    *,
    data: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    **sections: Any,
) -> dict[str, Any]:
    """Return a recipe of pairs from grey to colour, changed where a test says so."""
    return {
        "name": "tiny-pairs",
        "family": family,
        "seed": 3,
        **_networks(family, sections),
        "data": {
            "train": dict(train_on),
            "validation": dict(held_out) if held_out else None,
            "source": {"channels": 1},
            "image_size": 16,
            "load_size": 18,
            "batch_size": 2,
            **(data or {}),
        },
        "training": {**TRAINING, **(training or {})},
        **sections,
    }


def unpaired(
    train_on: Mapping[str, Any],
    held_out: Mapping[str, Any] | None = None,
    *,
    data: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    **sections: Any,
) -> dict[str, Any]:
    """Return a recipe of a grey and a coloured domain, the other way round if asked."""
    return {
        "name": "tiny-domains",
        "family": "cyclegan",
        "seed": 3,
        **_networks("cyclegan", sections),
        "data": {
            "train": dict(train_on),
            "validation": dict(held_out) if held_out else None,
            "a": {"channels": 1},
            "image_size": 16,
            "load_size": 18,
            "batch_size": 2,
            **(data or {}),
        },
        "training": {**TRAINING, "image_pool": 3, **(training or {})},
        **sections,
    }


def _networks(family: str, sections: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: {**arguments, **sections.pop(name, {})}
        for name, arguments in NETWORKS[family].items()
    }


def recipe_of(values: Mapping[str, Any]) -> Recipe:
    """Return a recipe, resolved."""
    return validate_recipe(dict(values))


def run(values: Mapping[str, Any], folder: Path) -> RunFolder:
    """Train by a recipe to the end."""
    folder.mkdir(parents=True, exist_ok=True)
    result = RunFolder(folder)
    train(recipe_of(values), result)
    return result


def bundled(values: Mapping[str, Any], folder: Path) -> Path:
    """Take one step by a recipe, not traced, and save the bundle as a run would."""
    experiment = check_recipe(recipe_of(values))
    model = experiment.create()
    (batch,) = experiment.dataset(model, 0, []).take(1)
    model.train_step(batch)
    network, card = experiment.bundle(model, {})
    save_bundle(network, card, folder)
    return folder


def rows(result: RunFolder) -> list[dict[str, Any]]:
    """Return the lines of `metrics.jsonl`."""
    return [json.loads(line) for line in result.metrics.read_text().splitlines()]


def looks(result: RunFolder) -> dict[int, dict[str, float]]:
    """Return the scores of each look, by step."""
    found: dict[int, dict[str, float]] = {}
    for row in rows(result):
        scores = {
            key.removeprefix("validation_"): value
            for key, value in row.items()
            if key.startswith("validation_")
        }
        if scores:
            found[row["step"]] = scores
    return found
