"""Train the same SRGAN on one and on two devices; print how far apart they end.

A process of its own, as `tests.models.two_devices` is.
"""

import json
import sys
from typing import Any

import keras
import numpy as np

from imgan.losses.adversarial import ADVERSARIAL_LOSSES
from imgan.losses.artifacts import ArtifactLoss
from imgan.losses.feature_matching import FeatureMatchingLoss
from imgan.losses.frequency import FocalFrequencyLoss
from imgan.losses.pixel import PixelL1Loss
from imgan.models.srgan import SRGAN
from imgan.models.srgan import Stage
from imgan.networks.repsr import RepSR
from imgan.networks.unet_discriminator import UNetDiscriminator
from tests.models.two_devices import farthest
from tests.models.two_devices import tf

BATCH = 4
STAGES: tuple[Stage, ...] = ("pixel", "adversarial")

# Steps of each stage.
STEPS = 2


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [one, one])
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    alone = build()
    with strategy.scope():
        shared = build()
    json.dump([compare(stage, alone, shared) for stage in STAGES], sys.stdout)


def compare(stage: Stage, alone: SRGAN, shared: SRGAN) -> dict[str, Any]:
    """Train both by a stage; return the largest difference of a weight.

    Returns:
        Also how far each network has `moved`, and the numbers that both report.
    """
    networks = {"generator": alone.generator, "discriminator": alone.discriminator}
    before = {name: trained(network) for name, network in networks.items()}
    numbers = [train(model, stage) for model in (alone, shared)]
    return {
        "weights": farthest(weights(alone), weights(shared)),
        "moved": {
            name: farthest(trained(network), before[name])
            for name, network in networks.items()
        },
        "numbers": {key: (value, numbers[1][key]) for key, value in numbers[0].items()},
        "steps": int(shared.step.numpy()),
    }


def build() -> SRGAN:
    keras.utils.set_random_seed(3)
    model = SRGAN(
        RepSR(scale=2, num_filters=4, num_convs=1), UNetDiscriminator(num_filters=4)
    )
    kind = ADVERSARIAL_LOSSES["relativistic_average"]
    model.compile(
        generator_optimizer=keras.optimizers.SGD(1e-2),
        discriminator_optimizer=keras.optimizers.SGD(1e-2),
        generator_loss=kind("generator"),
        discriminator_loss=kind("discriminator"),
        pixel_loss=PixelL1Loss(),
        pixel_optimizer=keras.optimizers.SGD(1e-2),
        weights={"pixel": 1.0, "adversarial": 0.1, "frequency": 1.0, "artifacts": 5.0},
        content_losses={"frequency": FocalFrequencyLoss()},
        artifacts=ArtifactLoss(),
        feature_matching=FeatureMatchingLoss("paired"),
        feature_matching_weight=0.3,
    )
    return model


def weights(model: SRGAN) -> list[Any]:
    networks = (model.generator, model.discriminator, model.ema_generator)
    return [weight.numpy() for network in networks for weight in network.weights]


def trained(network: Any) -> list[Any]:
    return [weight.numpy() for weight in network.trainable_weights]


def train(model: SRGAN, stage: Stage) -> dict[str, float]:
    """Return the mean numbers of the stage."""
    model.begin(stage)
    random = np.random.default_rng(STAGES.index(stage))
    hr = random.random((BATCH * STEPS, 16, 16, 3), np.float32)
    batches = {"lr_images": hr[:, ::2, ::2], "hr_images": hr}
    data = tf.data.Dataset.from_tensor_slices(batches).batch(BATCH, drop_remainder=True)
    history = model.fit(data, verbose=0, shuffle=False).history
    return {key: value[-1] for key, value in history.items()}


if __name__ == "__main__":
    main()
