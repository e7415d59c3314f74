"""Checkpoints of every layout against what PyTorch computed with them, without it.

`make_fixtures.py` wrote them.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from imgan.importing.checkpoint import read_checkpoint
from imgan.importing.conversion import convert
from imgan.importing.detection import ARCHITECTURES
from imgan.importing.detection import detect
from tests.importing.parity import TOLERANCE
from tests.importing.parity import difference

FOLDER = Path(__file__).parent / "fixtures" / "torch"
INDEX = json.loads((FOLDER / "index.json").read_text())


@pytest.mark.parametrize("name", INDEX)
def test_imported_files_compute_what_pytorch_does(name: str) -> None:
    entry = INDEX[name]
    checkpoint = read_checkpoint(FOLDER / f"{name}.pth")
    assert ("legacy" in checkpoint.layout) is entry["legacy"]
    plan = detect(checkpoint.tensors)
    assert plan.family == entry["family"]
    assert plan.arguments.items() >= entry["arguments"].items()
    network = convert(plan, checkpoint.tensors)
    with np.load(FOLDER / f"{name}.npz") as arrays:
        picture, expected = arrays["picture"], arrays["made"]
    made = np.asarray(network(picture, training=False))
    values = tuple(entry["range"])
    found = difference(network, made, expected, values, clipped=entry["clipped"])
    assert found <= TOLERANCE


def test_every_layout_has_a_file() -> None:
    files = [read_checkpoint(FOLDER / f"{name}.pth").tensors for name in INDEX]
    missing = [
        f"{architecture.name}, number {index}"
        for index, architecture in enumerate(ARCHITECTURES)
        if not any(detected(tensors) == index for tensors in files)
    ]
    assert missing == []


def detected(tensors: object) -> int:
    return next(i for i, a in enumerate(ARCHITECTURES) if a.detect(tensors))


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 600_000
