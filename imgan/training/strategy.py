"""On how many devices a run computes."""

import logging
from typing import Any

import tensorflow as tf

from imgan.config import Recipe
from imgan.errors import ConfigError

_log = logging.getLogger(__name__)


def choose_strategy(recipe: Recipe) -> Any:
    """Return the `tf.distribute` strategy that a recipe asks for.

    The batch of the recipe is the global one: devices share it, so their number does
    not change what is learned. Pictures of a pool are kept on one device, so that with
    `training.image_pool` "auto" means one.

    Devices of several machines are not offered: Keras 3 does not train under
    `MultiWorkerMirroredStrategy` (keras-team/keras#20585). Under a strategy Keras does
    not compile with XLA.

    Raises:
        ConfigError: If the devices cannot share the batch evenly.
    """
    wanted = recipe.training.strategy
    devices = tf.config.list_logical_devices("GPU")
    if not devices and wanted == "mirrored":
        devices = tf.config.list_logical_devices("CPU")
    if wanted == "single" or (wanted == "auto" and len(devices) < 2):
        return tf.distribute.get_strategy()
    if wanted == "auto" and getattr(recipe.training, "image_pool", None):
        _log.info(
            "training on %s, 1 of %d devices, as training.image_pool keeps its "
            "pictures on one. Set it to 0 to use all",
            devices[0].name,
            len(devices),
        )
        return tf.distribute.get_strategy()
    if recipe.data.batch_size % len(devices):
        raise ConfigError(
            f"data.batch_size must be a multiple of the {len(devices)} devices that "
            f"share it. Received: {recipe.data.batch_size}. Change it, or set "
            "training.strategy=single."
        )
    _log.info("training on %s", ", ".join(device.name for device in devices))
    return tf.distribute.MirroredStrategy([device.name for device in devices])
