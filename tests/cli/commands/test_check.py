"""`imgan check` on pairs for translation."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from imgan.cli.main import main
from imgan.types import Array
from tests.data.checking.faulty_pairs import crops


def negative(photo: Array) -> Array:
    return 255 - photo


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders and one of combined pictures; two pairs are exchanged in both."""
    monkeypatch.chdir(tmp_path)
    photos = crops(20, 64)
    targets = [negative(photo) for photo in photos]
    targets[4], targets[15] = targets[15], targets[4]
    for number, (photo, truth) in enumerate(zip(photos, targets, strict=True)):
        for name, pixels in (
            ("a", photo),
            ("b", truth),
            ("ab", np.hstack([photo, truth])),
        ):
            path = tmp_path / name / f"{number:02}.png"
            path.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(path), pixels[..., ::-1])
    return tmp_path


def recipe(folder: Path, **data: Any) -> str:
    values = {
        "name": "tiny",
        "family": "pix2pix",
        "data": {"image_size": 64, "load_size": None, **data},
        "training": {"steps": 1},
    }
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "words", [["a", "b", "--pairs"], [".", "--pairs"], ["ab", "--combined"]]
)
def test_exchanged_pairs_in_folders(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *words, "--quiet", "--json", "-"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["counts"] == {"swapped": 2}
    assert report["checked"] == {"pictures": 20}
    names = [[Path(p).name for p in row["files"]] for row in report["findings"]]
    assert [row[0] for row in names] == ["04.png", "15.png"]
    assert [row[-1] for row in names] == ["15.png", "04.png"]


def test_a_recipe_of_pairs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recipe(folder, train={"a": "a", "b": "b"})
    assert main(["check", path, "--no-sheet", "--quiet"]) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith("2 findings in 20 pictures of train\n\nswapped  2\n")
    assert "b/04.png belongs to another picture" in printed.out
    assert printed.out.endswith(
        "swapped  Rename the files as stated; they belong to each other's pairs.\n"
    )


def test_pairs_of_one_size_that_look_different_may_be_translation(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "a", "b", "--quiet"]) == 1
    assert "is this translation? Use --pairs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", "b", "--pairs", "--scale", "2"], "--scale does not go with --pairs"),
        (["ab", "--pairs", "--combined"], "--combined does not go with --pairs"),
        (["a", "b", "--combined"], "--combined takes one folder"),
        (["tiny.yaml", "--pairs"], "--pairs applies to folders"),
    ],
)
def test_impossible_requests(
    words: list[str],
    message: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recipe(folder, train={"a": "a", "b": "b"})
    assert main(["check", *words]) == 2
    assert message in capsys.readouterr().err
