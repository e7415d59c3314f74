"""Models that take raw values in bands, from files to files."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from imgan.bundles.bundle import save_bundle
from imgan.inference.batch import run_batch
from imgan.inference.engines import NetworkEngine
from imgan.inference.predictor import Predictor
from imgan.inference.work import BatchOptions
from imgan.io.bands import read_bands
from imgan.io.bands import write_bands
from imgan.io.paths import plan_jobs
from imgan.networks.repsr import RepSR
from tests.bundles.test_bundle import card_of
from tests.contracts import randomize

from .networks import card


def depth(height=20, width=30, bands=1, dtype="float32"):
    rows, columns = np.indices((height, width))
    waves = [np.sin(rows / 5 + band) + columns / 9 for band in range(bands)]
    return (np.stack(waves, 2) * 900 + 1500).astype(dtype)


def save(folder, channels, **changes):
    network = RepSR(scale=2, num_filters=4, num_convs=1, fused=True, channels=channels)
    randomize(network)
    channel = {"input_channels": channels, "output_channels": channels}
    save_bundle(network, card_of(network, name="deep", **channel, **changes), folder)
    return network


def run(tmp_path, **options):
    plan = plan_jobs(
        [tmp_path / "in"],
        tmp_path / "out",
        recursive=False,
        image_format=options.pop("image_format", "same"),
    )
    return run_batch(plan, BatchOptions(model=str(tmp_path / "model"), **options))


def doubler(*pixel_range, factor=1.0, channels=1, scale=1):
    """An engine that multiplies by a factor what the network sees."""
    same = card(
        scale=scale,
        halo=0,
        input_channels=channels,
        output_channels=channels,
        pixel_range=pixel_range or None,
    )
    return NetworkEngine(same, lambda dtype: lambda x, training: x * factor, "cpu")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_values_become_the_networks_and_their_own_again(dtype):
    """1500 in [1000, 2000] is 0.5; doubled 1.0, which is 2000."""
    image = np.array([[1500, 1250]], "float32")
    low, high = 1000.0, 2000.0
    if dtype == "uint8":
        image, low, high = image / 10, 100.0, 200.0
    made = Predictor(doubler(low, high, factor=2))(image.astype(dtype))
    expected = np.array([[2000, 1500]]) // (10 if dtype == "uint8" else 1)
    assert made.dtype == np.dtype(dtype)
    np.testing.assert_allclose(made, expected, atol=1e-3)


def test_floats_beyond_the_range_are_not_clipped():
    image = np.array([[-500.0, 0, 100, 7000]], np.float32)
    made = Predictor(doubler(0, 100))(image)
    np.testing.assert_allclose(made, image, rtol=1e-6)
    bigger = Predictor(doubler(0, 100, scale=1), scale=2)(image)
    assert bigger.min() < -400
    assert bigger.max() > 6000


@pytest.mark.parametrize("scale", [1, 2])
def test_integers_end_where_their_type_does(scale):
    image = np.tile(np.array([[0, 60000]], np.uint16), (1, 8))
    made = Predictor(doubler(0, 1000, factor=3), scale=scale)(image)
    assert (made.min(), made.max()) == (0, 65535)


def test_dark_results_are_not_held_for_failures():
    made = Predictor(doubler(0, 100, factor=0)).predict(depth())
    assert made.warnings == []
    assert (made.pixels == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("tile", [0, 16])
@pytest.mark.parametrize("scale", [2, 1.5])
def test_a_folder_of_floats(tmp_path, tile, scale):
    save(tmp_path / "model", 1, pixel_range=(0, 3000))
    write_bands(depth(), tmp_path / "in" / "a.tif")
    report = run(tmp_path, tile=tile, scale=scale)
    assert [row.status for row in report.files] == ["done"]
    made = read_bands(tmp_path / "out" / "a.tif")
    assert made.dtype == np.float32
    assert made.shape == (20 * scale, 30 * scale, 1)
    predictor = Predictor.load(tmp_path / "model", scale=scale, tile=0)
    # Kernels of a processor may add in another order for another size of tile.
    near = {"rtol": 0, "atol": 3000 * 1e-6}
    np.testing.assert_allclose(made, predictor(depth()), **near)
    assert run(tmp_path, tile=tile, scale=scale).count("skipped") == 1


def test_five_bands_are_five_channels(tmp_path):
    network = save(tmp_path / "model", 5)
    pixels = depth(bands=5, dtype="uint16")
    write_bands(pixels, tmp_path / "in" / "a.tif")
    assert run(tmp_path).count("done") == 1
    made = read_bands(tmp_path / "out" / "a.tif")
    inputs = pixels[np.newaxis] / np.float32(65535)
    expected = np.clip(np.asarray(network(inputs))[0], 0, 1) * 65535
    assert made.dtype == np.uint16
    assert np.abs(made - expected).max() <= 0.51


def test_sixteen_bit_grey_goes_the_ordinary_way(tmp_path):
    save(tmp_path / "model", 1)
    grey = depth(dtype="uint16")[..., 0]
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "a.png"), grey)
    tifffile.imwrite(tmp_path / "in" / "b.tif", grey)
    assert run(tmp_path).count("done") == 2
    expected = Predictor.load(tmp_path / "model")(grey)
    read = cv2.imread(str(tmp_path / "out" / "a.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(read, expected)
    read = tifffile.imread(tmp_path / "out" / "b.tif")
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize("suffix", ["tif", "png"])
def test_other_numbers_of_bands_are_refused_by_file(tmp_path, suffix):
    save(tmp_path / "model", 1, pixel_range=(0, 255))
    write_bands(np.zeros((8, 8, 3), np.uint8), tmp_path / "in" / f"colour.{suffix}")
    write_bands(np.zeros((8, 8), np.uint8), tmp_path / "in" / f"good.{suffix}")
    report = run(tmp_path)
    assert [row.status for row in report.files] == ["failed", "done"]
    assert f"colour.{suffix} has 3 bands; model 'deep' takes 1." in (
        report.files[0].error
    )


def test_formats_that_cannot_hold_them_fail_before_computing(tmp_path, monkeypatch):
    save(tmp_path / "model", 5)
    write_bands(depth(bands=5, dtype="uint8"), tmp_path / "in" / "a.tif")
    monkeypatch.setattr("imgan.inference.work.Worker.compute", pytest.fail)
    for image_format in ("png", "jpg", "webp"):
        report = run(tmp_path, image_format=image_format)
        assert "--format tiff" in report.files[0].error
    assert not Path(tmp_path / "out").exists()


def test_arrays_with_other_bands_are_refused():
    with pytest.raises(ValueError, match="takes pictures with 5 bands"):
        Predictor(doubler(channels=5))(np.zeros((8, 8), np.uint8))
