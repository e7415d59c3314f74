"""One contract per kind of thing: what every layer, network and loss must do.

Each function is called by the tests of the thing itself with a small example, and fails
with a message that says which promise is broken.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from imgan.networks.base import Network
from imgan.networks.latent import ImageDiscriminator
from imgan.networks.latent import LatentGenerator
from imgan.types import Array

SIZES = ((1, 1), (1, 6), (5, 3), (8, 12))
"""Heights and widths every network takes, in units of its `size_multiple`; sides under
its `minimum_size` are made as long."""


def check_layer(layer: Any, inputs: Array | Sequence[Array]) -> Array:
    """Shapes, configuration, gradients and mixed precision of one layer.

    Args:
        layer: Not built yet.
        inputs: One example batch, `(batch, height, width, channels)`, or several.

    Returns:
        The output for `inputs` in float32, for tests of the values.
    """
    outputs = _outputs(layer, inputs)
    randomize(layer)
    outputs = _outputs(layer, inputs)
    symbolic = keras.KerasTensor((None, None, None, _first(inputs).shape[-1]))
    several = not isinstance(inputs, np.ndarray)
    shape = layer(([symbolic] * len(inputs)) if several else symbolic).shape
    assert shape[:3] == (None, None, None), "height and width must stay dynamic"
    assert shape[-1] == outputs.shape[-1], "symbolic and eager channels differ"
    shapes = [value.shape for value in inputs] if several else _first(inputs).shape
    assert tuple(layer.compute_output_shape(shapes)) == outputs.shape

    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config(), "configuration does not round-trip"
    _outputs(twin, inputs)
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(_outputs(twin, inputs), outputs)

    _check_gradients(layer, inputs)
    mixed = type(layer).from_config({**layer.get_config(), "dtype": "mixed_bfloat16"})
    made = mixed([tf.constant(v) for v in inputs] if several else tf.constant(inputs))
    assert made.dtype == tf.bfloat16, "the policy's compute dtype is not used"
    assert {w.dtype for w in mixed.weights} <= {"float32"}, "weights are not float32"
    return outputs


def check_network(network: Network, tmp_path: Path) -> None:
    """Sizes, configuration, files, mixed precision and gradients of one network.

    Args:
        network: A small one in float32; its weights are changed.
        tmp_path: Where it may be saved.
    """
    randomize(network)
    check_sizes(network)
    _check_config(network)
    unit = network.size_multiple
    inputs = example(network, 6 * unit, 5 * unit)
    _check_files(network, tmp_path / "network.keras", inputs)
    _check_mixed_precision(network)
    _check_gradients(network, example(network, 9 * unit, 7 * unit))


def check_sizes(network: Network, *, trace: bool = True) -> None:
    """Eager, traced and symbolic shapes agree for every size, down to the smallest."""
    scale, unit = network.get_config().get("scale", 1), network.size_multiple
    channels = network.output_shape[-1]
    assert network.output_shape == (None, None, None, channels)
    signature = [tf.TensorSpec((None, None, None, network.input_shape[-1]))]
    traced = tf.function(network, input_signature=signature)
    sizes = np.maximum(np.multiply(SIZES, unit), network.minimum_size)
    for height, width in sizes.tolist():
        images = example(network, height, width)
        expected = (len(images), height * scale, width * scale, channels)
        outputs = network(images, training=False)
        assert outputs.shape == expected, f"{height}x{width} gives {outputs.shape}"
        assert outputs.dtype == tf.float32
        assert np.isfinite(outputs).all(), f"{height}x{width} is not finite"
        if trace:
            np.testing.assert_allclose(traced(images), outputs, rtol=1e-4, atol=1e-4)
    height = 5 * unit
    symbolic = network.compute_output_shape((2, height, None, network.input_shape[-1]))
    assert tuple(symbolic) == (2, height * scale, None, channels), f"says {symbolic}"


def _check_config(network: Network) -> None:
    config = network.get_config()
    twin = type(network).from_config(config)
    assert twin.get_config() == config, "configuration does not round-trip"
    assert [w.shape for w in twin.weights] == [w.shape for w in network.weights]
    names = keras.saving.get_registered_name(type(network))
    assert names.startswith("imgan>"), f"registered as {names}"


def _check_files(network: Network, path: Path, inputs: Any) -> None:
    network.save(path)
    loaded = keras.saving.load_model(path)
    assert type(loaded) is type(network)
    assert loaded.get_config() == network.get_config()
    outputs = zip(_listed(loaded(inputs)), _listed(network(inputs)), strict=True)
    for ours, expected in outputs:
        np.testing.assert_array_equal(ours, expected)


def _check_mixed_precision(network: Network) -> None:
    mixed = network.variant(dtype="mixed_bfloat16")
    unit = network.size_multiple
    convolutions = [layer for layer in mixed.layers if layer.weights]
    assert convolutions[0].compute_dtype == "float32", "first convolution"
    _compare_mixed_precision(network, mixed, example(network, 8 * unit, 9 * unit))


def _compare_mixed_precision(network: Network, mixed: Network, inputs: Any) -> None:
    assert mixed.layers[-1].compute_dtype == "float32", "last layer"
    assert "bfloat16" in {layer.compute_dtype for layer in mixed.layers}
    assert {w.dtype for w in mixed.weights} == {"float32"}
    pairs = zip(_listed(mixed(inputs)), _listed(network(inputs)), strict=True)
    for outputs, expected in pairs:
        assert outputs.dtype == tf.float32, f"ends in {outputs.dtype.name}"
        # Eight bits of mantissa through a handful of layers.
        allowed = 0.05 * float(np.abs(expected).max())
        assert float(np.abs(outputs - expected).max()) <= allowed


def _check_gradients(thing: Any, inputs: Any) -> None:
    several = not isinstance(inputs, np.ndarray)
    tensors = [tf.constant(v) for v in inputs] if several else tf.constant(inputs)
    with tf.GradientTape() as tape:
        # Squares, because a mean is blind to what cancels out.
        outputs = _listed(thing(tensors))
        loss = tf.add_n([tf.reduce_sum(output**2) for output in outputs])
    variables = thing.trainable_weights
    gradients = tape.gradient(loss, variables)
    dead = [
        variable.path
        for variable, gradient in zip(variables, gradients, strict=True)
        # Of a table of labels it is a sparse one.
        if gradient is None or not np.any(tf.convert_to_tensor(gradient))
    ]
    assert dead == [], f"no gradient reaches {dead}"


def check_generator(generator: LatentGenerator, tmp_path: Path) -> None:
    """Images, configuration, files, mixed precision and gradients of a generator.

    Args:
        generator: A small one in float32; its weights are changed.
        tmp_path: Where it may be saved.
    """
    randomize(generator)
    config = generator.get_config()
    assert generator.latent_dim == config["latent_dim"]
    assert generator.num_classes == config.get("num_classes", 0)
    inputs = generator.self_check_inputs((5, 7))
    latents = _first(inputs)
    assert latents.shape[1:] == (generator.latent_dim,)
    assert latents.dtype == np.float32
    images = np.asarray(generator(inputs))
    size = generator.image_size
    assert images.shape == (len(latents), size, size, config["channels"])
    assert generator.output_shape == (None, *images.shape[1:])
    low, high = generator.output_range
    assert low <= images.min() < images.max() <= high
    assert len(np.unique(images, axis=0)) == len(images), "latents change nothing"
    _check_gan_network(generator, inputs, tmp_path)


def check_discriminator(discriminator: ImageDiscriminator, tmp_path: Path) -> None:
    """Logits, features, configuration, files, precision, gradients of a discriminator.

    Args:
        discriminator: A small one in float32; its weights are changed.
        tmp_path: Where it may be saved.
    """
    randomize(discriminator)
    config = discriminator.get_config()
    assert discriminator.num_classes == config.get("num_classes", 0)
    inputs = _judged(discriminator)
    shape = _first(inputs).shape
    expected = (6, 1) if discriminator.image_size else (*shape[:3], 1)
    stated = (None, *(None for _ in expected[1:-1]), 1)
    logits = _listed(discriminator(inputs))
    assert len(logits) == config.get("num_scales", 1)
    assert _listed(discriminator.output_shape) == [stated] * len(logits)
    for scale in logits:
        # Those of patches have a geometry of their own.
        assert scale.shape == expected or "receptive_field" in config
        assert (scale.shape[0], scale.shape[-1]) == (6, 1)
        assert scale.dtype == tf.float32
        assert len(np.unique(scale, axis=0)) == 6, "images change nothing"
    _check_features(discriminator, inputs)
    _check_gan_network(discriminator, inputs, tmp_path)


def _judged(discriminator: ImageDiscriminator) -> Any:
    """Return six images, with what else the discriminator takes."""
    # Of any size: not a square.
    unit, size = discriminator.size_multiple, discriminator.image_size
    least = discriminator.minimum_size
    height, width = max(3 * unit, least + 3), max(2 * unit, least)
    height, width = (size, size) if size else (height, width)
    config, random = discriminator.get_config(), np.random.default_rng(11)

    def pictures(channels: int) -> Array:
        shape = (6, height, width, channels)
        return random.uniform(*discriminator.input_range, shape).astype(np.float32)

    images = pictures(config["channels"])
    if discriminator.num_classes:
        labels = np.arange(6, dtype=np.int32) % discriminator.num_classes
        return [images, labels]
    if config.get("condition_channels"):
        return [images, pictures(config["condition_channels"])]
    return images


def _check_features(discriminator: ImageDiscriminator, inputs: Any) -> None:
    together = discriminator.with_features()
    shared = {id(weight) for weight in discriminator.weights}
    assert {id(weight) for weight in together.weights} == shared, "weights are copied"
    logits, *features = together(inputs)
    for ours, expected in zip(
        _listed(logits), _listed(discriminator(inputs)), strict=True
    ):
        np.testing.assert_array_equal(ours, expected)
    assert len(features) == len(discriminator.feature_names) > 0
    for name, feature in zip(discriminator.feature_names, features, strict=True):
        stated = discriminator.get_layer(name).output.shape[1:]
        assert feature.shape == (6, *stated) or None in stated
        assert feature.shape[-1] == stated[-1]
        assert np.std(feature) > 0


def _check_gan_network(network: Network, inputs: Any, tmp_path: Path) -> None:
    _check_config(network)
    _check_files(network, tmp_path / "network.keras", inputs)
    mixed = network.variant(dtype="mixed_bfloat16")
    _compare_mixed_precision(network, mixed, inputs)
    _check_gradients(network, inputs)


def check_loss(
    loss: Any, *, symmetric: bool, at_equal: float, size: tuple[int, int] = (4, 5)
) -> None:
    """Value per image, reduction, dtype, configuration and gradient of a loss.

    Args:
        loss: Takes two batches of images.
        symmetric: Whether target and prediction may change places.
        at_equal: Its value for a prediction that equals the target.
        size: Of the images.
    """
    random = np.random.default_rng(5)
    target, prediction = random.random((2, 3, *size, 3)).astype(np.float32)
    each = np.asarray(loss.call(target, prediction))
    assert each.shape == (3,), f"one value per image expected, received {each.shape}"
    for index in range(3):
        one = slice(index, index + 1)
        np.testing.assert_allclose(
            loss.call(target[one], prediction[one]), each[one], rtol=1e-5
        )
    value = loss(target, prediction)
    assert value.shape == ()
    assert value.dtype == tf.float32
    np.testing.assert_allclose(value, each.mean(), rtol=1e-6)
    half = loss(target, tf.cast(prediction, tf.bfloat16))
    assert half.dtype == tf.float32, f"{half.dtype.name} under mixed precision"
    np.testing.assert_allclose(loss(target, target), at_equal, rtol=1e-5, atol=1e-8)
    assert value > at_equal
    swapped = np.isclose(loss(prediction, target), value, rtol=1e-6)
    assert bool(swapped) is symmetric

    twin = type(loss).from_config(loss.get_config())
    assert twin.get_config() == loss.get_config()
    np.testing.assert_array_equal(twin(target, prediction), value)
    _check_loss_gradient(loss, target, prediction)


def _check_loss_gradient(loss: Any, target: Array, prediction: Array) -> None:
    for start in (prediction, target):
        guess = tf.constant(start)
        with tf.GradientTape() as tape:
            tape.watch(guess)
            value = loss(target, guess)
        assert np.isfinite(tape.gradient(value, guess)).all(), "gradient is not finite"


def randomize(thing: Any, seed: int = 3) -> None:
    """Give every weight of a layer or network a random value of a sensible size."""
    random = np.random.default_rng(seed)
    for weight in thing.weights:
        values = random.normal(size=weight.shape)
        if len(weight.shape) == 4:
            values *= np.sqrt(1.0 / np.prod(weight.shape[:-1]))
        elif "variance" in weight.path or "gamma" in weight.path:
            values = 1.0 + 0.2 * np.tanh(values)
        else:
            values *= 0.1
        weight.assign(values.astype(np.float32))


def example(network: Any, height: int, width: int, batch: int = 2) -> Array:
    """Return a batch of noise in the network's input range."""
    low, high = network.input_range
    shape = (batch, height, width, network.input_shape[-1])
    values = np.random.default_rng(11).random(shape)
    return (low + values * (high - low)).astype(np.float32)


def _first(inputs: Array | Sequence[Array]) -> Array:
    return inputs if isinstance(inputs, np.ndarray) else inputs[0]


def _listed(values: Any) -> list[Any]:
    """Return a list as it is, and what is none as a list of it."""
    return values if isinstance(values, list) else [values]


def _outputs(layer: Any, inputs: Array | Sequence[Array]) -> Array:
    several = not isinstance(inputs, np.ndarray)
    tensors = [tf.constant(v) for v in inputs] if several else tf.constant(inputs)
    return np.asarray(layer(tensors))
