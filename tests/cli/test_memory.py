"""Memory is bounded by the tile and one output, not by the number of files."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.networks.compact import Compact
from tests.drill.processes import finish
from tests.drill.processes import peak_memory
from tests.drill.processes import start
from tests.export import bundles

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here"),
]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A network whose weights take no memory to speak of."""
    network = Compact(scale=4, num_filters=4, num_convs=1)
    bundles.randomize(network)
    return bundles.save(network, tmp_path / "m", "compact", "super_resolution", 4)


def peak_megabytes(model: Path, *words: object) -> float:
    """Run `imgan upscale` and return the most memory that it held."""
    process = start(*words, "--model", model, "--quiet")
    peak = peak_memory(process)
    finish(process)
    # TensorFlow alone; a process that was not looked at has none.
    assert peak > 200e6
    return peak / 2**20


def save(folder: Path, count: int) -> Path:
    cat = skimage.data.chelsea()
    for number in range(count):
        write_image(
            Picture(np.roll(cat, number, 1)[:96, : 96 + number % 7].copy()),
            folder / f"{number}.jpg",
        )
    return folder


def test_many_files_need_no_more_than_few(tmp_path: Path, model: Path) -> None:
    few = peak_megabytes(model, save(tmp_path / "few", 10), tmp_path / "few_out")
    many = peak_megabytes(model, save(tmp_path / "many", 300), tmp_path / "many_out")
    assert many <= 1.05 * few


@pytest.mark.thorough
def test_twelve_megapixels_at_x4_stay_below_three_gigabytes(
    tmp_path: Path, model: Path
) -> None:
    photo = np.tile(skimage.data.astronaut(), (6, 8, 1))[:3000, :4000].copy()
    write_image(Picture(photo), tmp_path / "photo.jpg")
    peak = peak_megabytes(model, tmp_path / "photo.jpg", tmp_path / "out")
    assert peak <= 3000
