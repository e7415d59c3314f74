import logging
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from imgan.data.translation import open_held_out
from imgan.data.translation import open_pairs
from imgan.errors import DataError
from tests.data.translation.helpers import paired
from tests.data.translation.helpers import ramp
from tests.data.translation.helpers import save


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, dict[str, str]]:
    for part in ("train", "validation"):
        for name, size in (("x", (20, 30)), ("y", (10, 12))):
            size = (20, 30) if part == "train" else size
            save(tmp_path / part / "a" / f"{name}.png", ramp(*size))
            save(tmp_path / part / "b" / f"{name}.png", ramp(*size).astype(np.uint16))
    return {
        part: {side: str(tmp_path / part / side) for side in ("a", "b")}
        for part in ("train", "validation")
    }


def test_pairs_are_whole_and_as_in_their_files(
    folders: dict[str, dict[str, str]],
) -> None:
    recipe = paired(folders["train"], validation=folders["validation"])
    held_out = open_held_out(recipe)
    assert held_out is not None
    assert len(held_out) == 2
    pair = held_out[1]
    assert pair.name == "y"
    assert pair.source.dtype == np.uint8
    assert pair.target.dtype == np.uint16
    np.testing.assert_array_equal(pair.source, ramp(10, 12))
    np.testing.assert_array_equal(pair.target, ramp(10, 12))
    assert [pair.name for pair in held_out] == ["x", "y"]


def test_with_a_load_size_they_are_of_the_size_that_is_trained_on(
    folders: dict[str, dict[str, str]],
) -> None:
    held_out = open_held_out(
        paired(folders["train"], validation=folders["validation"], load_size=18)
    )
    assert held_out is not None
    assert held_out[1].source.shape == held_out[0].target.shape == (16, 16, 3)


def test_none_are_named(folders: dict[str, dict[str, str]]) -> None:
    assert open_held_out(paired(folders["train"])) is None


def test_degraded_ones_are_always_the_same_and_differ(tmp_path: Path) -> None:
    photo = skimage.data.chelsea()[50:114, 100:164]
    for name in ("x", "y"):
        save(tmp_path / "train" / f"{name}.png", photo)
        save(tmp_path / "held" / f"{name}.png", photo)
    recipe = paired(
        {"pictures": tmp_path / "train"},
        validation={"pictures": str(tmp_path / "held")},
        make="degraded",
        degradation={},
    )
    held_out, again = open_held_out(recipe), open_held_out(recipe)
    assert held_out is not None
    assert again is not None
    assert held_out[0].source.dtype == np.uint8
    assert held_out[0].source.shape == photo.shape
    np.testing.assert_array_equal(again[1].source, held_out[1].source)
    assert not np.array_equal(held_out[0].source, held_out[1].source)
    np.testing.assert_array_equal(held_out[0].target, photo)


def test_pictures_that_are_also_trained_on_are_warned_of(
    folders: dict[str, dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    manifest = Path(folders["validation"]["a"]).parent / "pairs.csv"
    manifest.write_text("a,b\na/x.png,b/x.png\n../train/a/x.png,../train/b/y.png\n")
    open_held_out(paired(folders["train"], validation=folders["validation"]))
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        open_held_out(paired(folders["train"], validation={"manifest": str(manifest)}))
    assert "1 of 2 samples of data.validation hold pictures that are also" in (
        caplog.text
    )


def test_mispaired_ones_are_named(folders: dict[str, dict[str, str]]) -> None:
    (Path(folders["validation"]["b"]) / "y.png").unlink()
    recipe = paired(folders["train"], validation=folders["validation"])
    with pytest.raises(DataError, match=r"1 without a partner: y\.png"):
        open_held_out(recipe)


def test_facades(shared_data: Path) -> None:
    """Labels are blue where nothing is, and no photograph is nearly that colourful."""
    recipe = paired(
        {"combined": shared_data / "facades"},
        direction="b_to_a",
        image_size=128,
        load_size=143,
        source={"labels": True},
    )
    source, target = open_pairs(recipe)(0)
    assert source.shape == target.shape == (128, 128, 3)

    def colourfulness(image: np.ndarray) -> float:
        return float((image.max(axis=2) - image.min(axis=2)).mean())

    assert colourfulness(source) > 0.7 > 0.4 > colourfulness(target)
