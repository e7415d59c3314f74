"""Train the same CycleGAN on one and on two devices; print how far apart they end.

A process of its own, as `tests.models.two_devices` is. Without a pool, which under a
strategy stores the pictures of the first device only.
"""

import json
import sys
from typing import Any

import keras

from imgan.losses.pixel import PixelL1Loss
from imgan.models.cyclegan import CycleGAN
from tests.models import cyclegan
from tests.models.two_devices import farthest
from tests.models.two_devices import tf

BATCH = 4
STEPS = 3
NETWORKS = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [one, one])
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    alone = build()
    with strategy.scope():
        shared = build()
    before = {name: trained(getattr(alone, name)) for name in NETWORKS}
    numbers = [train(model) for model in (alone, shared)]
    moved = {
        name: farthest(trained(getattr(alone, name)), before[name]) for name in NETWORKS
    }
    result = {
        "weights": farthest(weights(alone), weights(shared)),
        "moved": moved,
        "numbers": {key: (value, numbers[1][key]) for key, value in numbers[0].items()},
        "steps": int(shared.step.numpy()),
    }
    json.dump(result, sys.stdout)


def build() -> CycleGAN:
    made = cyclegan.model(normalization="batch", synchronized=True, image_pool=0)
    return cyclegan.compiled(
        made, optimizer=lambda: keras.optimizers.SGD(1e-2), cycle_loss=PixelL1Loss()
    )


def weights(model: CycleGAN) -> list[Any]:
    names = (*NETWORKS, "ema_generator", "ema_generator_ba")
    return [w.numpy() for name in names for w in getattr(model, name).weights]


def trained(network: Any) -> list[Any]:
    return [weight.numpy() for weight in network.trainable_weights]


def train(model: CycleGAN) -> dict[str, float]:
    """Return the mean numbers."""
    pictures = cyclegan.batch(STEPS * BATCH)
    data = tf.data.Dataset.from_tensor_slices(pictures)
    data = data.batch(BATCH, drop_remainder=True)
    history = model.fit(data, verbose=0, shuffle=False).history
    return {key: value[-1] for key, value in history.items()}


if __name__ == "__main__":
    main()
