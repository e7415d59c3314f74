"""Train what learns from pairs on one and on two devices; print how far apart they end.

A process of its own, as `tests.models.two_devices` is.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from imgan.losses.feature_matching import FeatureMatchingLoss
from imgan.losses.frequency import FocalFrequencyLoss
from imgan.losses.pixel import PixelL1Loss
from imgan.models.pix2pix import Pix2Pix
from imgan.models.regression import Regression
from imgan.networks.patchgan import MultiScalePatchGAN
from imgan.networks.repsr import RepSR
from imgan.networks.srresnet import SRResNet
from imgan.networks.unet import UNetGenerator
from tests.models.two_devices import farthest
from tests.models.two_devices import tf

BATCH = 4
STEPS = 3


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [one, one])
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    makers = {"regression": regression, "srresnet": srresnet, "pix2pix": pix2pix}
    results = {name: compare(strategy, make) for name, make in makers.items()}
    json.dump(results, sys.stdout)


def compare(strategy: Any, make: Callable[[], Any]) -> dict[str, Any]:
    """Return the largest difference of a weight, and how far any has moved."""
    alone = make()
    with strategy.scope():
        shared = make()
    before = values(alone.trainable_weights)
    numbers = [train(model) for model in (alone, shared)]
    return {
        "weights": farthest(values(alone.weights), values(shared.weights)),
        "moved": farthest(values(alone.trainable_weights), before),
        "numbers": {key: (value, numbers[1][key]) for key, value in numbers[0].items()},
    }


def regression() -> Regression:
    keras.utils.set_random_seed(3)
    return _by_pixels(RepSR(scale=2, num_filters=4, num_convs=1))


def srresnet() -> Regression:
    """Return one with batch normalisation."""
    keras.utils.set_random_seed(3)
    network = SRResNet(scale=2, num_filters=4, num_blocks=1, synchronized=True)
    return _by_pixels(network)


def _by_pixels(network: Any) -> Regression:
    model = Regression(network)
    model.compile(
        keras.optimizers.SGD(1e-2),
        pixel_loss=PixelL1Loss(),
        frequency=FocalFrequencyLoss(),
    )
    return model


def pix2pix() -> Pix2Pix:
    # It has constants, which must not be there before the devices are.
    from tests.models import test_pix2pix

    keras.utils.set_random_seed(3)
    judge = MultiScalePatchGAN(
        condition_channels=1, receptive_field=16, num_filters=4, synchronized=True
    )
    generator = UNetGenerator(
        input_channels=1, num_levels=3, num_filters=4, dropout=0, synchronized=True
    )
    return test_pix2pix.compiled(
        Pix2Pix(generator, judge, seed=2),
        "least_squares",
        lambda: keras.optimizers.SGD(1e-3),
        feature_matching=FeatureMatchingLoss("paired", weights=judge.feature_weights),
        feature_matching_weight=1.0,
    )


def values(weights: Any) -> list[Any]:
    return [weight.numpy() for weight in weights]


def train(model: Any) -> dict[str, float]:
    """Return the mean numbers."""
    random = np.random.default_rng(2)
    high = random.random((BATCH * STEPS, 16, 16, 3), np.float32)
    batches = {
        **{"lr_images": high[:, ::2, ::2], "hr_images": high},
        **{"source": high[..., :1] * 2 - 1, "target": high * 2 - 1},
    }
    data = tf.data.Dataset.from_tensor_slices(batches).batch(BATCH, drop_remainder=True)
    history = model.fit(data, verbose=0, shuffle=False).history
    return {key: value[-1] for key, value in history.items()}


if __name__ == "__main__":
    main()
