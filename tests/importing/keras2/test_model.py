"""Files of the real Keras 2 and tensorflow-addons, and of Keras 3."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from imgan.errors import CheckpointError
from imgan.errors import UsageError
from imgan.importing.keras2 import is_keras_file
from imgan.importing.keras2 import read_keras_model
from imgan.layers.named import LAYERS
from tests.contracts import randomize
from tests.importing.keras2.fixtures import FOLDER
from tests.importing.keras2.fixtures import NAMES
from tests.importing.keras2.fixtures import answers
from tests.importing.keras2.fixtures import change_config
from tests.importing.keras2.fixtures import lambdas
from tests.importing.keras2.fixtures import unpack


def difference(model: Any, name: str) -> float:
    """Largest difference from the stored output, relative to its range."""
    inputs, expected = answers(name)
    made = np.asarray(model(inputs, training=False))
    assert made.shape == expected.shape
    extent = max(float(np.ptp(expected)), float(np.abs(expected).max()))
    return float(np.abs(made - expected).max()) / extent


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_the_real_packages(name: str, tmp_path: Path) -> None:
    path = unpack(name, tmp_path)
    assert is_keras_file(path)
    model = read_keras_model(path, lambdas(name))
    assert difference(model, name) <= 1e-5
    kinds = {type(layer) for layer in model.layers} - {layers.InputLayer}
    assert kinds <= set(LAYERS.values())


def test_there_are_fixtures_of_both_containers() -> None:
    assert len(NAMES) == 25
    assert {Path(name).suffix for name in NAMES} == {".h5", ".keras"}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2**20


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("classifier")])
def test_sizes_become_dynamic(name: str, tmp_path: Path) -> None:
    model = read_keras_model(unpack(name, tmp_path), lambdas(name))
    assert model.input_shape[1:3] == (None, None)
    inputs, expected = answers(name)
    # Twice as high: what is far from the new border is what it was.
    made = model(np.concatenate([inputs, inputs], axis=1), training=False)
    assert made.shape[2] == expected.shape[2]
    assert made.shape[1] > expected.shape[1]


def test_a_network_with_vectors_keeps_its_size(tmp_path: Path) -> None:
    model = read_keras_model(unpack("classifier.h5", tmp_path))
    assert model.input_shape == (None, 16, 16, 3)


def small() -> keras.Model:
    images = keras.Input((None, None, 3))
    block = keras.Sequential(
        [layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization()]
    )
    x = block(layers.Conv2D(4, 3, padding="same", activation="hard_sigmoid")(images))
    x = layers.Add()([x, layers.DepthwiseConv2D(3, padding="same")(x)])
    x = layers.Conv2DTranspose(3, 4, 2, padding="same")(layers.LeakyReLU(0.1)(x))
    return keras.Model(images, layers.Activation("tanh")(x * 0.5 + 0.1))


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore:.*legacy")
def test_files_of_keras_3(suffix: str, tmp_path: Path) -> None:
    made = small()
    randomize(made)
    made.save(tmp_path / f"model.{suffix}")
    read = read_keras_model(tmp_path / f"model.{suffix}")
    images = np.random.default_rng(1).random((1, 6, 5, 3)).astype(np.float32)
    np.testing.assert_allclose(read(images), made(images), rtol=0, atol=1e-6)


def test_other_files_are_not_of_keras(tmp_path: Path) -> None:
    (tmp_path / "a.keras").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "b.h5").write_bytes(b"a text")
    for name in ("a.keras", "b.h5", "not there"):
        assert not is_keras_file(tmp_path / name)


def test_lambdas_are_refused_with_what_to_say(tmp_path: Path) -> None:
    path = unpack("wdsr_lambda.keras", tmp_path)
    with pytest.raises(CheckpointError) as caught:
        read_keras_model(path)
    text = str(caught.value)
    assert "the code of Lambda layers is not run: 'normalize'" in text
    assert "'lambda' (its code names depth_to_space)" in text
    assert "--lambda NAME=OPERATION, one of depth_to_space:N" in text


@pytest.mark.parametrize(
    "text", ["depth_to_space", "depth_to_space:0", "clip:1:0", "eval:1", "scale:nan"]
)
def test_operations_that_there_are_not(text: str, tmp_path: Path) -> None:
    path = unpack("wdsr_lambda.keras", tmp_path)
    with pytest.raises(UsageError, match="There is no operation"):
        read_keras_model(path, {"lambda": text})


def test_lambda_of_a_layer_that_is_not_there(tmp_path: Path) -> None:
    path = unpack("cyclegan_lambda.h5", tmp_path)
    with pytest.raises(CheckpointError, match=r"no layer 'miror'.*mean 'mirror'"):
        read_keras_model(path, {"miror": "relu"})


def test_lambda_of_a_layer_with_weights(tmp_path: Path) -> None:
    path = unpack("cyclegan_lambda.h5", tmp_path)
    given = {"conv2d": "relu", "mirror": "reflect_pad:3"}
    with pytest.raises(CheckpointError, match="'conv2d' has weights"):
        read_keras_model(path, given)


def test_a_class_that_is_not_known_is_named(tmp_path: Path) -> None:
    def rename(config: Any) -> None:
        config["config"]["layers"][1]["class_name"] = "Custom>MyMagic"

    path = change_config(unpack("spectral.h5", tmp_path), rename)
    with pytest.raises(CheckpointError) as caught:
        read_keras_model(path)
    assert "not known: 'spectral_normalization' (Custom>MyMagic)" in str(caught.value)
