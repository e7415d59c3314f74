"""Low-resolution images made inside the train step, a whole batch at once."""

from typing import Any

import keras
import tensorflow as tf

from imgan.config.degradation import DegradationConfig
from imgan.data.graph_degradations.chain import degrade_batch
from imgan.models.pair_pool import PairPool
from imgan.models.randomness import StepRandom


class BatchDegradation(keras.layers.Layer):
    """Makes pairs of low and high resolution, and mixes those of many steps.

    For `where: device` of a recipe's `data.degradation`. Its sizes change from step to
    step, which XLA does not compile; a model that holds this layer is therefore not
    compiled by `jit_compile="auto"`. In a Keras model the pool is part of its weights.

    Args:
        config: Ranges and probabilities, and `pool`, the pairs that are remembered.
        scale: Ratio of high to low resolution.
        random: Of the train step that calls; `begin` it first.
        channels: Of the images, 1 or 3.
        batch_size: Images of a step on one replica. Needed for a pool only.
        hr_patch_size: Their sides. Needed for a pool only.
        num_targets: How many tensors like `hr_images` go through the pool beside them;
            low resolution is made of the first, where there is one.

    Call arguments:
        hr_images: `(batch, height, width, channels)` float32 in [0, 1], of static
            height and width.
        *targets: More tensors of that shape, such as sharpened images.

    Returns:
        `(lr_images, hr_images, *targets)`: the first float32 in [0, 1], multiples of
        1/255, `(batch, height / scale, width / scale, channels)`, the others as they
        came, or those of remembered pairs.
    """

    def __init__(
        self,
        config: DegradationConfig,
        scale: int,
        random: StepRandom,
        channels: int = 3,
        *,
        batch_size: int | None = None,
        hr_patch_size: int | None = None,
        num_targets: int = 0,
    ) -> None:
        super().__init__(dtype="float32", trainable=False, name="batch_degradation")
        self.supports_jit = False
        self.config = config
        self.scale = scale
        self.random = random
        self.num_targets = num_targets
        self.pool: PairPool | None = None
        if config.pool:
            if batch_size is None or hr_patch_size is None:
                raise ValueError(
                    "A pool of pairs needs `batch_size` and `hr_patch_size`. "
                    f"Received: {batch_size} and {hr_patch_size}"
                )
            hr_shape = (hr_patch_size, hr_patch_size, channels)
            lr_side = hr_patch_size // scale
            shapes = [(lr_side, lr_side, channels), hr_shape, *[hr_shape] * num_targets]
            # A pool below the size of a batch would have nothing to mix.
            size = max(config.pool, batch_size)
            self.pool = PairPool(size, shapes, batch_size)
        self.built = True

    def call(self, hr_images: Any, *targets: Any) -> tuple[Any, ...]:
        """Degrade, and exchange for remembered pairs."""
        if len(targets) != self.num_targets:
            raise ValueError(
                f"{self.num_targets} targets expected, as `num_targets` says. "
                f"Received: {len(targets)}"
            )
        hr_images = tf.convert_to_tensor(hr_images)
        # Of the target, or the network would learn to sharpen as well.
        made_of = tf.convert_to_tensor(targets[0]) if targets else hr_images
        lr_images = degrade_batch(made_of, self.config, self.scale, self.random)
        pairs = (lr_images, hr_images, *targets)
        if self.pool is None:
            return pairs
        draws = self.random.uniform(self.pool.capacity)
        return tuple(self.pool(pairs, draws))
