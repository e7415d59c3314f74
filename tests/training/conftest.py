"""Tiny experiments: one on real photographs, one of each family on digits."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import yaml

from imgan.bundles.bundle import load_network
from imgan.config import Recipe
from imgan.config import validate_recipe
from imgan.training.run_folder import RunFolder

# Networks of a few milliseconds a step, by family.
NETWORKS: dict[str, dict[str, dict[str, Any]]] = {
    "gan": {
        "generator": {"latent_dim": 8, "hidden_units": [16]},
        "discriminator": {"hidden_units": [8], "pieces": 2},
    },
    "dcgan": {
        "generator": {"latent_dim": 8, "num_filters": 4},
        "discriminator": {"num_filters": 4},
    },
    "cgan": {
        "generator": {"latent_dim": 8, "num_filters": 4},
        "discriminator": {"num_filters": 4},
    },
    "wgan_gp": {
        "generator": {"latent_dim": 8, "num_filters": 4},
        "discriminator": {"num_filters": 4},
    },
}

TRAINING: dict[str, dict[str, Any]] = {
    "wgan_gp": {"loss": "wasserstein", "gradient_penalty": 10.0},
    "cgan": {"loss": "hinge"},
}


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photographs of scikit-image, reduced to about 150 pixels."""
    folder = tmp_path_factory.mktemp("photographs")
    for name in ("astronaut", "coffee", "chelsea"):
        image = getattr(skimage.data, name)()
        scale = 150 / max(image.shape[:2])
        small = cv2.resize(
            image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
        )
        cv2.imwrite(str(folder / f"{name}.png"), np.ascontiguousarray(small[..., ::-1]))
    return folder


@pytest.fixture(scope="session")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two others, for runs that shall have nothing to complain of."""
    folder = tmp_path_factory.mktemp("held_out")
    for name in ("rocket", "brick"):
        image = getattr(skimage.data, name)()
        small = cv2.resize(image, (150, 150), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{name}.png"), small)
    return folder


@pytest.fixture(scope="session")
def class_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six crops of 16x16 of each of two photographs, in a folder of its name."""
    folder = tmp_path_factory.mktemp("classes")
    for name in ("cat", "coffee"):
        image = getattr(skimage.data, {"cat": "chelsea"}.get(name, name))()
        (folder / name).mkdir()
        for index in range(6):
            top = 16 * index
            crop = image[top + 100 : top + 116, 120:136, ::-1]
            cv2.imwrite(str(folder / name / f"{index}.png"), np.ascontiguousarray(crop))
    return folder


@pytest.fixture
def experiment(photographs: Path) -> dict[str, Any]:
    """The smallest recipe that uses everything."""
    return {
        "name": "tiny",
        "family": "repsr",
        "seed": 3,
        "scale": 2,
        "generator": {"num_filters": 8, "num_convs": 1},
        "data": {
            "train": {"hr": str(photographs)},
            "validation": {"hr": str(photographs)},
            "hr_patch_size": 32,
            "batch_size": 4,
        },
        "training": {
            "steps": 12,
            "learning_rate": 1e-3,
            "warmup_steps": 2,
            "log_every": 2,
            "validate_every": 6,
            "checkpoint_every": 4,
        },
    }


@pytest.fixture
def recipe(experiment: dict[str, Any]) -> Recipe:
    return validate_recipe(experiment)


@pytest.fixture
def recipe_file(experiment: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(experiment), encoding="utf-8")
    return path


def gan_experiment(
    family: str,
    *,
    data: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    **sections: Any,
) -> dict[str, Any]:
    """Return the smallest recipe of a family, changed where a test says so."""
    networks = {
        name: {**arguments, **sections.pop(name, {})}
        for name, arguments in NETWORKS[family].items()
    }
    return {
        "name": f"tiny-{family}",
        "family": family,
        "seed": 3,
        **networks,
        "data": {
            "train": "sklearn:digits",
            "image_size": 8,
            "channels": 1,
            "holdout": 0.2,
            "batch_size": 8,
            **(data or {}),
        },
        "training": {
            "steps": 12,
            "log_every": 2,
            "validate_every": 6,
            "checkpoint_every": 4,
            **TRAINING.get(family, {}),
            **(training or {}),
        },
        **sections,
    }


def gan_recipe(family: str, **changes: Any) -> Recipe:
    """Return `gan_experiment` validated."""
    return validate_recipe(gan_experiment(family, **changes))


def numbers(run: RunFolder) -> list[dict[str, float]]:
    """Return the rows of `metrics.jsonl` without what a clock said."""
    rows = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    return [
        {key: value for key, value in row.items() if key != "seconds_per_step"}
        for row in rows
    ]


def assert_same_end(run: RunFolder, other: RunFolder) -> None:
    """Compare bundles bit for bit, numbers and sample sheets of two runs."""
    expected, _ = load_network(other.bundle)
    received, _ = load_network(run.bundle)
    for one, two in zip(received.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert numbers(run) == numbers(other)
    sheets = {path.name: path.read_bytes() for path in run.samples.iterdir()}
    assert sheets == {path.name: path.read_bytes() for path in other.samples.iterdir()}


def interrupt_after(step: int) -> Callable[[int, int, dict[str, float]], None]:
    """Return a progress that interrupts the run as Ctrl-C would."""

    def progress(done: int, steps: int, latest: dict[str, float]) -> None:
        if done == step:
            raise KeyboardInterrupt

    return progress
