"""Too much for the memory: one very large picture, or very many small ones."""

import sys

import numpy as np
import pytest

from imgan.io.images import Picture
from imgan.io.images import read_size
from imgan.io.images import write_image
from imgan.io.vips import pyvips
from imgan.networks.compact import Compact

from ..inference.translators import save
from .processes import POSIX
from .processes import contents
from .processes import finish
from .processes import noise
from .processes import peak_memory
from .processes import save_noise
from .processes import start
from .processes import start_limited
from .processes import start_translating

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/proc")


def save_gradient(path, height, width):
    """Write a colour picture of any size without holding it."""
    x, y = pyvips.Image.xyz(width, height).bandsplit()
    bands = [(x / 64) % 256, (y / 64) % 256, ((x + y) / 128) % 256]
    path.parent.mkdir(exist_ok=True)
    image = bands[0].bandjoin(bands[1:]).cast("uchar")
    image.copy(interpretation="srgb").write_to_file(str(path))


@POSIX
def test_memory_that_does_not_suffice_fails_one_picture(tmp_path):
    """A result of 3.2 GB, which `--tile 0` wants whole, where 2.5 are allowed."""
    folder = save_noise(tmp_path, 3)
    write_image(Picture(noise(2500, 3000)), folder / "large.png")
    out = tmp_path / "out"
    words = ["--model", "bicubic", "--scale", "12", "--tile", "0"]
    process = start_limited("RLIMIT_AS", 2_500_000_000, folder, out, *words)
    _, told = finish(process, 1)
    (line,) = [line for line in told.splitlines() if not line.startswith("[")]
    assert "large.png: out of memory" in line
    assert sorted(contents(out)) == ["0.png", "1.png", "2.png"]


@LINUX
@pytest.mark.slow
@pytest.mark.thorough
def test_a_result_of_300_megapixels_is_never_held(tmp_path):
    """It has 0.9 GB. Everything else takes 0.2 GB, the input of 56 MB included."""
    save_gradient(tmp_path / "in" / "large.jpg", 3750, 5000)
    out = tmp_path / "out"
    words = ["--model", "bicubic", "--scale", "4", "--format", "tiff"]
    process = start(tmp_path / "in", out, *words)
    peak = peak_memory(process)
    finish(process)
    assert read_size(out / "large.tif") == (15_000, 20_000)
    assert peak < 650e6


@LINUX
@pytest.mark.thorough
def test_a_picture_of_400_megapixels(tmp_path):
    """1.2 GB as it is read; TensorFlow takes 0.7 GB."""
    save_gradient(tmp_path / "in" / "large.jpg", 20_000, 20_000)
    network = Compact(scale=1, num_filters=2, num_convs=1)
    save(network, tmp_path / "model", {"halo": 3, "tile": 512})
    out = tmp_path / "out"
    process = start_translating(tmp_path / "in", out, "--model", tmp_path / "model")
    peak = peak_memory(process)
    finish(process)
    assert read_size(out / "large.jpg") == (20_000, 20_000)
    assert peak < 2.6e9


@LINUX
@pytest.mark.thorough
def test_ten_thousand_tiny_pictures(tmp_path):
    """Memory does not grow with their number, and each takes a few milliseconds."""
    peaks = {}
    for count in (500, 10_000):
        folder = tmp_path / f"in{count}"
        tiny = np.zeros((16, 16, 3), np.uint8)
        write_image(Picture(tiny), folder / "0.png")
        data = (folder / "0.png").read_bytes()
        for index in range(1, count):
            (folder / f"{index}.png").write_bytes(data)
        out = tmp_path / f"out{count}"
        process = start(folder, out, "--model", "bicubic", "--scale", "2", "--quiet")
        peaks[count] = peak_memory(process)
        finish(process)
        assert len(list(out.iterdir())) == count
    # 3 kB for the row of each in the report, and what its name and place take.
    assert peaks[10_000] < peaks[500] + 100e6
