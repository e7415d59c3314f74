"""A tiny experiment on real photographs."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import yaml

from imgan.config import Recipe
from imgan.config import validate_recipe


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
