from pathlib import Path

import numpy as np
import pytest

import imgan
from imgan.errors import DataError
from imgan.importing.comparison import check_pictures
from imgan.importing.comparison import compare_with
from imgan.importing.importer import import_checkpoint
from imgan.io.images import write_image
from imgan.io.picture import Picture
from imgan.types import Array
from tests.importing.files import compact_file


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparison")
    compact_file(folder / "compact.safetensors")
    return import_checkpoint(folder / "compact.safetensors", folder / "mine").folder


def picture(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def save(pixels: Array, path: Path) -> Path:
    write_image(Picture(pixels), path)
    return path


def test_the_same_picture(bundle: Path, tmp_path: Path) -> None:
    pixels = picture((9, 7, 3))
    made = imgan.load(str(bundle), precision="float32")(pixels)
    source = save(pixels, tmp_path / "in.png")
    found = compare_with(bundle, save(made, tmp_path / "out.png"), source)
    assert (found.largest, found.mean, found.share) == (0, 0, 1)
    assert found.agrees


def test_differences_are_counted_in_levels(bundle: Path, tmp_path: Path) -> None:
    pixels = picture((10, 10, 3))
    made = imgan.load(str(bundle), precision="float32")(pixels)
    other = np.where(made < 128, made + 1, made - 1).astype(np.uint8)
    source = save(pixels, tmp_path / "in.png")
    found = compare_with(bundle, save(other, tmp_path / "out.png"), source)
    assert found.agrees, "rounding may differ by one level"
    assert (found.largest, found.mean, found.share) == (1, 1, 1)
    other[0, 0, 0] = 255 - made[0, 0, 0]
    found = compare_with(bundle, save(other, tmp_path / "out.png"), source)
    assert not found.agrees
    assert found.largest == abs(255 - 2 * int(made[0, 0, 0]))
    assert found.share == pytest.approx(1 - 1 / 1200)


def test_grey_that_was_written_as_colour(bundle: Path, tmp_path: Path) -> None:
    pixels = picture((9, 7))
    made = imgan.load(str(bundle), precision="float32")(pixels)
    source = save(pixels, tmp_path / "in.png")
    colour = np.repeat(made[..., None], 3, axis=-1)
    assert compare_with(bundle, save(colour, tmp_path / "out.png"), source).agrees


def test_pictures_that_do_not_belong_together(bundle: Path, tmp_path: Path) -> None:
    source = save(picture((9, 7, 3)), tmp_path / "in.png")
    other = save(picture((36, 28, 3)), tmp_path / "out.png")
    with pytest.raises(DataError, match=r"14x18 pixels in 3.*Received: 28x36"):
        compare_with(bundle, other, source)


def test_pictures_are_looked_at_before_the_work(tmp_path: Path) -> None:
    source = save(picture((9, 7, 3)), tmp_path / "in.png")
    for size in ((9, 7, 3), (18, 14, 3), (36, 28, 3)):
        check_pictures(save(picture(size), tmp_path / "out.png"), source)
    for size in ((9, 14, 3), (20, 14, 3), (4, 3, 3)):
        other = save(picture(size), tmp_path / "out.png")
        with pytest.raises(DataError, match="a whole number of times as large"):
            check_pictures(other, source)
    with pytest.raises(DataError, match=r"none\.png"):
        check_pictures(tmp_path / "none.png", source)
