"""Statistics of batch normalisation taken anew, against means by hand."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from imgan.errors import TrainingError
from imgan.networks.imported import ImportedGenerator
from imgan.networks.resnet import ResNetGenerator
from imgan.networks.translation import TranslationGenerator
from imgan.networks.translation import drop
from imgan.networks.unet import UNetGenerator
from imgan.training.statistics import restate_statistics
from imgan.types import Array


@keras.saving.register_keras_serializable(package="imgan_tests")
class Normalized(TranslationGenerator):
    """Dropout, then two times: all values doubled, and normalised."""

    def __init__(
        self, *, dropout: float = 0.0, name: str | None = "normalized"
    ) -> None:
        images = keras.Input((None, None, 1))
        x = drop(images, dropout, "first", None, 1, None)
        for step in range(2):
            x = keras.layers.Rescaling(2.0)(x)
            x = keras.layers.BatchNormalization(epsilon=1e-6, name=f"norm_{step}")(x)
        super().__init__(images, x, arguments={"dropout": dropout}, name=name)


def images(*values: float) -> Array:
    return np.array(values, np.float32).reshape(-1, 1, 1, 1)


def stored(network: Any, layer: str = "norm_0") -> tuple[float, float]:
    found = network.get_layer(layer)
    return tuple(float(v[0]) for v in (found.moving_mean, found.moving_variance))


AMOUNTS = {
    "Dropout": {"rate": 0.9},
    "GaussianDropout": {"rate": 0.9},
    "GaussianNoise": {"stddev": 0.9},
}


def test_means_and_variances_by_hand() -> None:
    """Doubled, the batches are 0 4 and 6 14: means 2 and 10, variances 4 and 16.

    Together 6, and (4 + 16) / 2 within the batches plus 16 between them: 26. The
    second layer sees -1 1 in both, doubled: mean 0, variance 4.
    """
    network = Normalized()
    before = [np.array(weight) for weight in network.weights]
    result = restate_statistics(network, [images(0, 2), images(3, 7)])
    assert stored(result) == pytest.approx((6.0, 26.0))
    assert stored(result, "norm_1") == pytest.approx((0.0, 4.0), abs=1e-5)
    for old, new in zip(before, network.weights, strict=True):
        np.testing.assert_array_equal(old, new)


def test_batches_of_one_have_the_variance_between_them() -> None:
    """2 and 10 with no variance of their own: mean 6, variance 16."""
    result = restate_statistics(Normalized(), [images(1), images(5)])
    assert stored(result) == pytest.approx((6.0, 16.0))


def test_dropout_is_off_and_stays_what_it_was() -> None:
    """At inference nothing is dropped, so that is what statistics are taken of."""
    network = Normalized(dropout=0.9)
    result = restate_statistics(network, [images(0, 2), images(3, 7)])
    assert stored(result) == pytest.approx((6.0, 26.0))
    assert result.dropout == network.dropout == 0.9


def test_layers_that_nobody_can_name_drop_nothing_either() -> None:
    """An imported network has them without an argument for it."""
    names = ("Dropout", "GaussianDropout", "GaussianNoise")
    layers = [
        {"name": "norm", "class": "BatchNormalization", "config": {}},
        *[{"name": n, "class": n, "config": AMOUNTS[n]} for n in names],
        {"name": "norm_1", "class": "BatchNormalization", "config": {}},
    ]
    before = ["images", *[str(layer["name"]) for layer in layers]]
    graph = {
        "channels": 1,
        "layers": [
            {**one, "inputs": [name]} for one, name in zip(layers, before, strict=False)
        ],
        "output": "norm_1",
    }
    network = ImportedGenerator(graph=graph)
    result = restate_statistics(network, [images(0, 2), images(3, 7)])
    found = [stored(result, name) for name in ("norm", "norm_1")]
    assert found[0] == pytest.approx((3.0, 6.5))
    assert found[1] == pytest.approx((0.0, 1.0), abs=1e-2)


def random_batches(count: int) -> Iterator[Array]:
    random = np.random.default_rng(4)
    for _ in range(count):
        yield random.uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)


def unet(**options: Any) -> UNetGenerator:
    keras.utils.set_random_seed(3)
    return UNetGenerator(num_levels=3, num_filters=4, **options)


def test_at_inference_a_batch_is_normalised_as_in_training() -> None:
    """Only what is stored changes: the same weights, and outputs as of the batch."""
    network = unet()
    (batch,) = random_batches(1)
    result = restate_statistics(network, [batch] * 3)
    expected = network.variant(dropout=0.0)(batch, training=True)
    np.testing.assert_allclose(result(batch, training=False), expected, atol=1e-4)
    stale = network(batch, training=False)
    assert np.abs(np.asarray(stale) - np.asarray(expected)).max() > 1e-2
    pairs = zip(network.trainable_weights, result.trainable_weights, strict=True)
    for old, new in pairs:
        np.testing.assert_array_equal(old, new)
    assert result.get_config() == network.get_config()


def test_what_was_stored_before_does_not_matter() -> None:
    one, two = unet(), unet()
    for layer in two.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(layer.moving_mean + 7.0)
            layer.moving_variance.assign(layer.moving_variance * 9.0)
    results = [
        restate_statistics(n, random_batches(2)).get_weights() for n in (one, two)
    ]
    for left, right in zip(*results, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("normalization", ["instance", "none"])
def test_networks_without_stored_statistics_are_returned_as_they_are(
    normalization: Any,
) -> None:
    network = ResNetGenerator(
        num_filters=4, num_residual_blocks=1, normalization=normalization
    )
    assert restate_statistics(network, random_batches(0)) is network


def test_no_batches_are_an_error() -> None:
    with pytest.raises(TrainingError, match="no batches"):
        restate_statistics(Normalized(), [])
