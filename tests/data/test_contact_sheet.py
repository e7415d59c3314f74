from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.config import validate_recipe
from imgan.data.contact_sheet import arrange
from imgan.data.contact_sheet import check_sheet_path
from imgan.data.contact_sheet import write_contact_sheet
from imgan.data.image_sampler import ImageSampler
from imgan.data.images import open_images
from imgan.data.pixels import as_unit
from imgan.errors import OutputError
from imgan.io.images import read_image


def test_samples_lie_in_rows_on_white() -> None:
    """A cell takes 4 + 2 + 4 pixels and a margin of 8, by 4 and 8: 2 by 3 is square."""
    black, grey = np.zeros((4, 4, 3), np.float32), np.full((4, 4, 1), 0.5, np.float32)
    sheet = arrange([[black, grey]] * 6)
    assert sheet.shape == (8 + 3 * 12, 8 + 2 * 18, 3)
    assert sheet.dtype == np.uint8
    assert (sheet[8:12, 8:12] == 0).all()
    assert (sheet[8:12, 12:14] == 255).all()
    assert (sheet[8:12, 14:18] == 128).all()
    assert (sheet[20:24, 8:12] == 0).all()
    assert (sheet[20:24, 36:] == 255).all()


@pytest.mark.parametrize(
    ("count", "side", "rows", "columns"),
    [(24, 32, 6, 4), (24, 192, 6, 4), (24, 512, 24, 1), (3, 32, 3, 1), (7, 16, 4, 2)],
)
def test_sheets_are_near_square_and_rows_whole(
    count: int, side: int, rows: int, columns: int
) -> None:
    patch = np.zeros((side, side, 3), np.float32)
    sheet = arrange([[patch, patch]] * count)
    width = 2 * side + 2 + 8
    assert sheet.shape == (8 + rows * (side + 8), 8 + columns * width, 3)


def test_a_sheet_shows_degraded_sharp_and_sharpened_patches(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "cat.png"), skimage.data.chelsea())
    recipe = validate_recipe(
        {
            "name": "tiny",
            "family": "compact",
            "scale": 4,
            "data": {
                "train": {"hr": str(tmp_path)},
                "hr_patch_size": 64,
                "usm_targets": True,
                "degradation": {"where": "device"},
            },
            "training": {"steps": 1},
        }
    )
    path = tmp_path / "sheet.png"
    write_contact_sheet(recipe, path)
    write_contact_sheet(recipe, path)
    sheet = cv2.imread(str(path))
    assert sheet is not None
    low, high, target = (sheet[8:72, left : left + 64] for left in (8, 74, 140))
    # Enlarged by nearest neighbour: blocks of one colour.
    assert (low.reshape(16, 4, 16, 4, 3) == low[::4, ::4][:, None, :, None]).all()
    assert cv2.Laplacian(target, cv2.CV_32F).std() > 1.2 * (
        cv2.Laplacian(high, cv2.CV_32F).std()
    )
    means = [part.mean() for part in (low, high, target)]
    assert max(means) - min(means) < 20


def test_a_sheet_of_a_generator_shows_the_first_samples_of_the_run(
    tmp_path: Path,
) -> None:
    """Nine of twelve pictures, in the order and with the flips that are trained on."""
    photo = skimage.data.astronaut()
    images = np.stack([photo[40 * n : 40 * n + 8, 200:208] for n in range(12)])
    np.savez(tmp_path / "a.npz", images=images)
    data = {"train": str(tmp_path / "a.npz"), "image_size": 8}
    recipe = validate_recipe(
        {
            "name": "tiny",
            "family": "gan",
            "seed": 4,
            "data": {**data, "holdout": 0.25, "flip": True},
            "training": {"steps": 1},
        }
    )
    write_contact_sheet(recipe, tmp_path / "sheet.png")
    store = open_images(data["train"], image_size=8, channels=3)
    left, _ = store.split(0.25, 4)
    samples = ImageSampler(left, seed=4, flip=True).batch(0, 9).images
    expected = arrange([[as_unit(image)] for image in samples])
    sheet = read_image(tmp_path / "sheet.png").pixels
    np.testing.assert_array_equal(sheet, expected)


def test_nothing_else_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "mine.png"
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(OutputError, match="is no contact sheet of imgan"):
        check_sheet_path(path)
    with pytest.raises(OutputError, match=r"ends in \.png"):
        check_sheet_path(tmp_path / "sheet.jpg")
