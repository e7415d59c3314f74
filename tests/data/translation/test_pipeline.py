from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from imgan.data.contact_sheet import legend
from imgan.data.contact_sheet import write_contact_sheet
from imgan.data.translation import open_domains
from imgan.data.translation import open_pairs
from imgan.data.translation.pipeline import translation_dataset
from imgan.data.translation.pipeline import unpaired_dataset
from imgan.errors import DataError
from imgan.errors import ImganError
from imgan.io.images import read_image
from imgan.training.data_check import check_data
from tests.data.translation.helpers import paired
from tests.data.translation.helpers import ramp
from tests.data.translation.helpers import save
from tests.data.translation.helpers import unpaired


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    for name in ("x", "y", "z"):
        save(tmp_path / "a" / f"{name}.png", ramp(30, 25))
        save(tmp_path / "b" / f"{name}.png", 255 - ramp(30, 25))
    return {"a": tmp_path / "a", "b": tmp_path / "b"}


def test_batches_are_samples_in_the_ranges_of_the_network(
    folders: dict[str, Path],
) -> None:
    sampler = open_pairs(paired(folders, target={"channels": 1}))
    dataset = translation_dataset(sampler, 2, source_range=(0, 1))
    assert dataset.element_spec["source"].shape == (2, 16, 16, 3)
    assert dataset.element_spec["target"].shape == (2, 16, 16, 1)
    batch = list(dataset.take(2))[1]
    np.testing.assert_allclose(batch["source"][1], sampler(3).source)
    np.testing.assert_allclose(batch["target"][0], sampler(2).target * 2 - 1)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_later_first_step_goes_on_as_if_nothing_had_happened(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    sampler = open_pairs(paired(folders, load_size=18))
    whole = list(translation_dataset(sampler, 2).take(6))
    fresh = open_pairs(paired(folders, load_size=18))
    monkeypatch.setattr("imgan.data.pipeline.WORKERS", workers)
    resumed = translation_dataset(fresh, 2, first_step=4).take(2)
    for expected, received in zip(whole[4:], resumed, strict=True):
        np.testing.assert_array_equal(received["source"], expected["source"])
        np.testing.assert_array_equal(received["target"], expected["target"])


def test_batches_of_two_domains(folders: dict[str, Path]) -> None:
    sampler = open_domains(unpaired(*folders.values(), b={"channels": 1}))
    dataset = unpaired_dataset(sampler, 2, first_step=3, b_range=(0, 1))
    assert dataset.element_spec["domain_b"].shape == (2, 16, 16, 1)
    batch = next(iter(dataset))
    np.testing.assert_allclose(batch["domain_a"][1], sampler(7).domain_a * 2 - 1)
    np.testing.assert_allclose(batch["domain_b"][0], sampler(6).domain_b)


def test_what_went_wrong_with_a_picture_is_kept(folders: dict[str, Path]) -> None:
    sampler = open_pairs(paired(folders, cache="never"))
    for path in folders["b"].iterdir():
        path.write_bytes(path.read_bytes()[:100])
    failures: list[ImganError] = []
    with pytest.raises(tf.errors.OpError):
        next(iter(translation_dataset(sampler, 1, failures=failures)))
    assert ".png" in str(failures[0])


def test_data_is_looked_at_before_training(folders: dict[str, Path]) -> None:
    validation = {name: str(path) for name, path in folders.items()}
    check_data(paired(folders, validation=validation))
    two = unpaired(*folders.values(), validation=validation, validation_pairs=True)
    check_data(two)
    (folders["b"] / "y.png").unlink()
    with pytest.raises(DataError, match=r"data\.validation: .*partner: y\.png"):
        check_data(two)
    with pytest.raises(DataError, match=r"data\.train: .*without a partner: y\.png"):
        check_data(paired(folders))


def test_a_sheet_shows_the_last_frame_beside_the_target(tmp_path: Path) -> None:
    for number in range(4):
        save(tmp_path / "clip" / f"{number}.png", ramp(16, 16) + np.uint8(20 * number))
    recipe = paired({"frames": tmp_path / "clip"}, flip=False)
    write_contact_sheet(recipe, tmp_path / "sheet.png")
    sheet = read_image(tmp_path / "sheet.png").pixels
    np.testing.assert_array_equal(sheet[8:24, 8:24], ramp(16, 16) + np.uint8(40))
    np.testing.assert_array_equal(sheet[8:24, 26:42], ramp(16, 16) + np.uint8(60))
    assert legend(recipe) == "left: the last picture of the source; right: target"


def test_a_sheet_of_two_domains(folders: dict[str, Path], tmp_path: Path) -> None:
    recipe = unpaired(*folders.values(), b={"channels": 1})
    write_contact_sheet(recipe, tmp_path / "sheet.png")
    assert read_image(tmp_path / "sheet.png").pixels.shape[2] == 3
    assert "domain A" in legend(recipe)
