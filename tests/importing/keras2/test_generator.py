"""Generators of models: ranges, sizes, bundles and precision."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from imgan.errors import CheckpointError
from imgan.importing.keras2 import as_generator
from imgan.importing.keras2 import read_keras_model
from imgan.importing.keras2.operations import BEYOND
from imgan.layers.clip import Clip
from imgan.networks.halo import halo
from tests.contracts import check_sizes
from tests.importing.keras2.fixtures import answers
from tests.importing.keras2.fixtures import lambdas
from tests.importing.keras2.fixtures import unpack

UNIT, SIGNED, BYTES = (0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)

# Input and output range, scale, size multiple, minimum size, halo.
EXPECTED = {
    "cyclegan.h5": (SIGNED, SIGNED, 1, 4, 8, None),
    "cyclegan_lambda.keras": (SIGNED, SIGNED, 1, 1, 4, None),
    "wdsr_lambda.keras": (BYTES, BYTES, 2, 1, 1, 4),
    "wdsr_function.h5": (BYTES, BYTES, 2, 1, 1, 4),
    "srgan.h5": (BYTES, BYTES, 4, 1, 1, 9),
    "pix2pix.keras": (SIGNED, SIGNED, 1, 8, 1, 21),
    "functions.h5": (UNIT, UNIT, 4, 1, 1, 3),
    "shared.h5": (UNIT, UNIT, 1, 2, 1, None),
}


def generator(name: str, folder: Path) -> Any:
    return as_generator(read_keras_model(unpack(name, folder), lambdas(name)))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_inferred(name: str, tmp_path: Path) -> None:
    made = generator(name, tmp_path)
    assert EXPECTED[name] == (
        made.input_range,
        made.output_range,
        made.scale,
        made.size_multiple,
        made.minimum_size,
        halo(made),
    )
    check_sizes(made, trace=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cyclegan.h5", "wdsr_function.keras"])
def test_bundles(name: str, tmp_path: Path) -> None:
    made = generator(name, tmp_path)
    card = Card(
        imgan_version="0",
        name="imported",
        task="translation",
        family="imported",
        network=describe_network(made),
        scale=made.scale,
        input_channels=3,
        output_channels=3,
        input_range=made.input_range,
        output_range=made.output_range,
        halo=halo(made),
    )
    save_bundle(made, card, tmp_path / "bundle")
    loaded, _ = load_network(tmp_path / "bundle")
    inputs, expected = answers(name)
    extent = float(np.abs(expected).max())
    np.testing.assert_array_equal(loaded(inputs), made(inputs))
    np.testing.assert_allclose(loaded(inputs), expected, rtol=0, atol=1e-5 * extent)
    low, _ = load_network(tmp_path / "bundle", "bfloat16")
    difference = np.abs(np.asarray(low(inputs)) - expected).max()
    assert 0 < difference <= 0.05 * extent


def test_ranges_that_are_given_win(tmp_path: Path) -> None:
    model = read_keras_model(unpack("cyclegan.h5", tmp_path))
    made = as_generator(model, input_range=UNIT, output_range=BYTES)
    assert (made.input_range, made.output_range) == (UNIT, BYTES)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("spectral.h5", "discriminator is not a generator: it makes 126x126"),
        ("classifier.keras", r"not a generator of pictures: it makes \(None, 1\)"),
    ],
)
def test_discriminators_are_refused(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=message):
        generator(name, tmp_path)


def model(body: Any, sides: tuple[Any, Any] = (None, None)) -> keras.Model:
    images = keras.Input((*sides, 3))
    return keras.Model(images, body(images))


def conv(**options: Any) -> Any:
    return layers.Conv2D(3, 3, padding="same", **options)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (lambda x: conv(activation="sigmoid")(x), UNIT),
        (lambda x: layers.Rescaling(0.5, 0.5)(conv(activation="tanh")(x)), UNIT),
        (lambda x: layers.Rescaling(255)(conv(activation="sigmoid")(x)), BYTES),
        (lambda x: Clip(0, 255)(conv()(x)), BYTES),
        (lambda x: Clip(-BEYOND, 1)(Clip(0, BEYOND)(conv()(x))), UNIT),
        (lambda x: Clip(0, 255)(Clip(-BEYOND, BEYOND)(conv()(x))), BYTES),
        (lambda x: Clip(-9, 255)(Clip(0, 999)(conv()(x))), BYTES),
        (lambda x: Clip(-BEYOND, 0.5)(conv()(x)), UNIT),
        (lambda x: Clip(0, BEYOND)(layers.Rescaling(255)(conv()(x))), BYTES),
        (lambda x: conv()(x), UNIT),
    ],
)
def test_output_range(body: Any, expected: tuple[float, float]) -> None:
    assert as_generator(model(body)).output_range == expected


def test_a_fixed_size_is_refused() -> None:
    def body(x: Any) -> Any:
        x = layers.Dense(48)(layers.Flatten()(x))
        return layers.Reshape((4, 4, 3))(x)

    with pytest.raises(CheckpointError, match=r"\(4, 4\) alone, because of Flatten"):
        as_generator(model(body, (4, 4)))


def test_what_grows_without_bounds_is_refused() -> None:
    made = model(lambda x: conv()(layers.UpSampling2D(100_000)(x)))
    with pytest.raises(CheckpointError, match="larger than"):
        as_generator(made)


def test_kernels_without_a_border_are_refused() -> None:
    with pytest.raises(CheckpointError, match="expected the same size"):
        as_generator(model(lambda x: layers.Conv2D(3, 3)(x)))
