from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from imgan.bundles.card import LatentSpec
from imgan.data.resize import resize_bicubic
from imgan.errors import DataError
from imgan.evaluate.super_resolution import evaluate
from imgan.export.int8_loss import measure_loss
from imgan.export.tensors import Feed
from imgan.export.tensors import PortableNetwork
from imgan.types import Array
from tests.export.portable_bundles import save_pictures
from tests.inference.networks import card
from tests.inference.networks import translation_card


def bicubic(images: Array, training: bool) -> Array:
    """Enlarge 8-bit pictures as `bicubic` of `imgan evaluate` does."""
    levels = np.rint(np.asarray(images)[0] * 255).astype(np.uint8)
    return resize_bicubic(levels, 4)[None].astype(np.float32) / 255


def shifted(portable: PortableNetwork, by: float) -> Callable[[Feed], Array]:
    return lambda feed: portable.compute(feed) + np.float32(by)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return save_pictures(tmp_path / "set", (90, 101, 3), (64, 83, 3), (123, 72, 3))


def test_decibels_are_those_of_imgan_evaluate(photos: Path) -> None:
    portable = PortableNetwork(bicubic, card(scale=4))
    (line,) = measure_loss(portable, portable.compute, photos)
    exact = evaluate(photos, model="bicubic").mean.psnr_y
    assert line == (
        f"{photos}: {exact:.2f} dB in float32, {exact:.2f} dB in int8: 0.00 dB lost "
        "(3 pictures, luma, border 4)"
    )


def test_what_is_lost_is_the_difference_of_the_means(photos: Path) -> None:
    portable = PortableNetwork(bicubic, card(scale=4))
    first, second = measure_loss(portable, shifted(portable, 0.2), photos)
    exact, made, lost = (float(first.split()[index]) for index in (1, 5, 9))
    assert first.split()[6:9] == ["dB", "in", "int8:"]
    assert lost == pytest.approx(exact - made, abs=0.011)
    assert lost > 1
    assert second == (
        "more than 0.3 dB are lost: calibrate on pictures like those to come, or use "
        "--precision float16"
    )


def test_truth_that_comes_back_does_not_make_it_infinite(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "flat.png"), np.full((48, 48, 3), 77, np.uint8))
    portable = PortableNetwork(bicubic, card(scale=4))
    (line,) = measure_loss(portable, portable.compute, tmp_path)
    assert "100.00 dB in float32, 100.00 dB in int8: 0.00 dB lost" in line


def test_grey_is_compared_on_all_it_has(photos: Path) -> None:
    portable = PortableNetwork(
        bicubic, card(scale=4, input_channels=1, output_channels=1)
    )
    (line,) = measure_loss(portable, portable.compute, photos)
    assert line.endswith("0.00 dB lost (3 pictures, all channels, border 4)")


def test_sides_are_cut_to_what_the_network_takes(photos: Path) -> None:
    seen = []

    def watched(images: Array, training: bool) -> Array:
        seen.append(images.shape[1:3])
        return bicubic(images, training)

    portable = PortableNetwork(watched, card(scale=4, size_multiple=4))
    measure_loss(portable, portable.compute, photos)
    assert set(seen) == {(20, 24), (16, 20), (28, 16)}


def test_a_picture_without_an_inside(tmp_path: Path) -> None:
    save_pictures(tmp_path, (11, 40, 3))
    portable = PortableNetwork(bicubic, card(scale=4))
    with pytest.raises(DataError, match="sides of at least 9 pixels"):
        measure_loss(portable, portable.compute, tmp_path)


def test_the_middle_of_a_large_picture_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgan.export.int8_loss._LARGEST_SCORED", 32 * 32)
    seen = []

    def watched(images: Array, training: bool) -> Array:
        seen.append(np.asarray(images))
        return bicubic(images, training)

    pixels = np.zeros((240, 300, 3), np.uint8)
    pixels[56:-56, 86:-86] = 255
    assert cv2.imwrite(str(tmp_path / "a.png"), pixels)
    portable = PortableNetwork(watched, card(scale=4))
    measure_loss(portable, portable.compute, tmp_path)
    assert seen[0].shape == (1, 32, 32, 3)
    assert (seen[0] == 1).all()


def test_at_most_a_hundred_pictures(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgan.export.int8_loss._MOST_SCORED", 2)
    portable = PortableNetwork(bicubic, card(scale=4))
    (line,) = measure_loss(portable, portable.compute, photos)
    assert "(2 pictures, " in line


def test_translation_is_compared_with_the_network(photos: Path) -> None:
    def negative(images: Array, training: bool) -> Array:
        return -np.asarray(images)

    portable = PortableNetwork(negative, translation_card(size_multiple=2))
    (line,) = measure_loss(portable, shifted(portable, 0.02), photos)
    # 0.02 of a range of 2.
    assert line == (
        "int8 and float32 are 0.01 of the range apart on average "
        f"(3 pictures in {photos})"
    )


def test_noise_needs_no_pictures() -> None:
    def generator(latent: Array, training: bool) -> Array:
        return np.tanh(latent)[:, None, None]

    latent = LatentSpec(dim=3, distribution="normal")
    made = card(task="generation", input_channels=None, latent=latent)
    portable = PortableNetwork(generator, made)
    (line,) = measure_loss(portable, shifted(portable, 0.05), None)
    assert (
        line == "int8 and float32 are 0.05 of the range apart on average (64 latents)"
    )
