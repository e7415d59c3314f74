"""No test downloads: VGG19 has random weights here, in a file of the test's own."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from imgan.errors import CheckpointError
from imgan.errors import ConfigError
from imgan.losses.perceptual import PerceptualLoss
from imgan.losses.vgg import VGG19Features

PHOTO = skimage.data.astronaut()[100:148, 200:240][None] / np.float32(255)
OTHER = np.clip(PHOTO + 0.1 * np.sin(100 * PHOTO), 0, 1).astype(np.float32)
LAYERS = ("block1_conv2", "block3_conv1")


@pytest.fixture(scope="module")
def vgg19() -> Any:
    network = keras.applications.VGG19(include_top=False, weights=None)
    random = np.random.default_rng(1)
    for layer in network.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, random.normal(0, 0.5, bias.shape)])
    return network


@pytest.fixture(scope="module")
def weights(vgg19: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vgg19") / "random.weights.h5"
    vgg19.save_weights(path)
    return path


@pytest.fixture(scope="module")
def loss(weights: Path) -> PerceptualLoss:
    features = VGG19Features(LAYERS, weights)
    return PerceptualLoss(features, {"block3_conv1": 2.0, "block1_conv2": 0.5})


def _maps(vgg19: Any, *names: str) -> list[Any]:
    outputs = [vgg19.get_layer(name).output for name in names]
    levels = keras.applications.vgg19.preprocess_input(PHOTO * 255.0)
    maps = keras.Model(vgg19.input, outputs)(levels)
    return list(maps) if len(names) > 1 else [maps]


def test_preprocessing_is_that_of_keras(loss: PerceptualLoss) -> None:
    expected = keras.applications.vgg19.preprocess_input(PHOTO * 255.0)
    np.testing.assert_allclose(loss.preprocess(PHOTO), expected, atol=1e-4)
    symmetric = PerceptualLoss(
        loss.features, loss.layer_weights, value_range=(-1.0, 1.0)
    )
    np.testing.assert_allclose(symmetric.preprocess(PHOTO * 2 - 1), expected, atol=1e-4)
    grey = PHOTO[..., 1:2]
    np.testing.assert_allclose(
        loss.preprocess(grey), loss.preprocess(np.repeat(grey, 3, -1)), atol=1e-4
    )
    with pytest.raises(ValueError, match="1 or 3 channels"):
        loss.preprocess(PHOTO[..., :2])


def test_features_after_the_relu_are_those_of_keras(vgg19: Any, weights: Path) -> None:
    names = ("block3_conv2", "block1_conv1")
    model = VGG19Features(names, weights, before_activation=False)
    levels = keras.applications.vgg19.preprocess_input(PHOTO * 255.0)
    for found, expected in zip(model(levels), _maps(vgg19, *names), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


def test_features_before_the_relu(vgg19: Any, weights: Path) -> None:
    """The convolution by hand from the layer before; later layers see the ReLU."""
    names = ("block1_conv2", "block2_conv1")
    levels = keras.applications.vgg19.preprocess_input(PHOTO * 255.0)
    found = VGG19Features(names, weights)(levels)
    inputs = _maps(vgg19, "block1_conv1", "block1_pool")
    for name, feature, images in zip(names, found, inputs, strict=True):
        kernel, bias = vgg19.get_layer(name).get_weights()
        expected = tf.nn.conv2d(images, kernel, 1, "SAME") + bias
        np.testing.assert_allclose(feature, expected, rtol=1e-4, atol=1e-3)
        assert np.min(feature) < 0.0


@pytest.mark.parametrize(("criterion", "power"), [("l1", np.abs), ("l2", np.square)])
def test_value(weights: Path, criterion: str, power: Any) -> None:
    """0.5 and 2 times the mean distance of features that are a tenth as large."""
    features = VGG19Features(LAYERS, weights)
    own = dict(zip(LAYERS, (0.5, 2.0), strict=True))
    loss = PerceptualLoss(features, own, criterion, feature_scale=0.1)
    real, fake = features(loss.preprocess(PHOTO)), features(loss.preprocess(OTHER))
    distances = [
        np.mean(power(0.1 * (np.asarray(a) - np.asarray(b))))
        for a, b in zip(real, fake, strict=True)
    ]
    expected = 0.5 * distances[0] + 2.0 * distances[1]
    value = loss.call(np.concatenate([PHOTO, PHOTO]), np.concatenate([OTHER, PHOTO]))
    np.testing.assert_allclose(value, [expected, 0.0], rtol=1e-4, atol=1e-6)


def test_float32_under_mixed_precision(loss: PerceptualLoss, weights: Path) -> None:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = PerceptualLoss(VGG19Features(LAYERS, weights), loss.layer_weights)
    finally:
        keras.config.set_dtype_policy(policy)
    np.testing.assert_allclose(mixed(PHOTO, OTHER), loss(PHOTO, OTHER), rtol=1e-5)
    half = loss(PHOTO, tf.cast(OTHER, tf.bfloat16))
    assert half.dtype == tf.float32


def test_gradient_reaches_the_output_alone(loss: PerceptualLoss) -> None:
    target, output = tf.constant(PHOTO), tf.constant(OTHER)
    assert loss.features.trainable_weights == []
    with tf.GradientTape() as tape:
        tape.watch([target, output])
        value = loss(target, output)
    of_target, of_output = tape.gradient(value, [target, output])
    assert of_target is None or not np.any(of_target)
    assert np.isfinite(of_output).all()
    assert np.any(of_output)
    traced = tf.function(loss)(target, output)
    np.testing.assert_allclose(traced, value, rtol=1e-5)


def test_configuration_names_the_file(loss: PerceptualLoss, weights: Path) -> None:
    config = keras.saving.serialize_keras_object(loss)
    assert str(weights) in str(config)
    twin = keras.saving.deserialize_keras_object(config)
    assert twin.get_config() == loss.get_config()
    np.testing.assert_allclose(twin(PHOTO, OTHER), loss(PHOTO, OTHER), rtol=1e-6)


def test_provenance(loss: PerceptualLoss, weights: Path) -> None:
    found = loss.provenance()
    assert found["weights"] == "random.weights.h5"
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert found["weights_sha256"] == digest
    assert found["layers"] == list(LAYERS)
    assert found["before_activation"] is True
    assert found["criterion"] == "l1"


def test_keras_own_format(vgg19: Any, tmp_path: Path) -> None:
    """The published file is of Keras 2: groups and arrays listed in attributes."""
    path = tmp_path / "notop.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in vgg19.layers]
        file.attrs["keras_version"] = b"2.0"
        file.attrs["backend"] = b"tensorflow"
        for layer in vgg19.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}_W_1:0", f"{layer.name}_b_1:0"][: len(layer.weights)]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, values in zip(names, layer.get_weights(), strict=True):
                group[name] = values
    features = VGG19Features(["block1_conv1"], path, before_activation=False)
    levels = keras.applications.vgg19.preprocess_input(PHOTO * 255.0)
    found = features(levels)
    found = found[0] if isinstance(found, list) else found
    np.testing.assert_allclose(found, _maps(vgg19, "block1_conv1")[0], rtol=1e-5)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    absent = tmp_path / "absent.h5"
    with pytest.raises(CheckpointError, match=r"absent\.h5 is no file.*notop\.h5"):
        VGG19Features(["block1_conv1"], absent)
    torch = tmp_path / "vgg19.pth"
    torch.write_bytes(b"PK")
    with pytest.raises(CheckpointError, match=r"must end in \.h5"):
        VGG19Features(["block1_conv1"], torch)
    broken = tmp_path / "broken.h5"
    broken.write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="holds no weights of VGG19"):
        VGG19Features(["block1_conv1"], broken)
    small = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    other = tmp_path / "other.weights.h5"
    small.save_weights(other)
    with pytest.raises(CheckpointError, match=r"training\.perceptual\.weights"):
        VGG19Features(["block1_conv1"], other)


def test_download_that_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline(*args: Any, **kwargs: Any) -> str:
        sys.stdout.write("Downloading data")
        raise Exception("URL fetch failure on host: no route")

    monkeypatch.setattr(keras.utils, "get_file", offline)
    with pytest.raises(CheckpointError) as caught:
        VGG19Features(["block1_conv1"], "imagenet")
    for expected in (
        "storage.googleapis.com",
        "no route",
        "training.perceptual.weights",
        "training.feature_matching",
    ):
        assert expected in str(caught.value)
    assert capsys.readouterr() == ("", "")


def test_wrong_arguments(loss: PerceptualLoss) -> None:
    with pytest.raises(ConfigError, match=r"Did you mean 'block5_conv4'"):
        VGG19Features(["block5_conv5"], None)
    with pytest.raises(ConfigError, match="at least one"):
        VGG19Features([], None)
    with pytest.raises(ValueError, match=r"'l1' or 'l2'.*'huber'"):
        PerceptualLoss(loss.features, loss.layer_weights, "huber")
    with pytest.raises(ValueError, match="must name the layers"):
        PerceptualLoss(loss.features, {"block1_conv2": 1.0})
    with pytest.raises(ValueError, match="at least 4 for"):
        loss.call(PHOTO[:, :3, :3], PHOTO[:, :3, :3])
