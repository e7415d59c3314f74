"""A history of generated images for the discriminator."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from imgan.models.pool import Pool


@keras.saving.register_keras_serializable(package="imgan")
class ImagePool(Pool):
    """Mixes images generated earlier into a batch, so that they are not forgotten.

    Section 2.3 of [Shrivastava et al., 2017](https://arxiv.org/abs/1612.07828), in the
    form of CycleGAN: until the pool is full every image is stored and returned. From
    then on an image is returned as it is, or, with probability 1/2, takes the place of
    a random stored one, which is returned for it.

    The result is that of going through the batch one image after the other, computed
    for all of them at once: an image may be exchanged for one stored earlier in the
    same batch. Contents and fill level are weights that are not trained, so they are
    saved with checkpoints and `.keras` files. Under `tf.distribute` every replica draws
    from one pool, which stores the images of the first.

    Args:
        size: Number of images; CycleGAN keeps 50.
        shapes: Of each tensor that is kept together, without the batch axis: that of
            the images, then for example `()` for labels.
        dtypes: Of each tensor; float32 for all when not given.

    Call arguments:
        inputs: Images `(batch, height, width, channels)`, or a list or tuple that
            begins with them, all of one batch.
        draws: Float32 `(batch, 2)`, uniform in [0, 1): whether to exchange, and which.

    Returns:
        In the form of `inputs`, without gradient.
    """

    def __init__(
        self,
        size: int,
        shapes: Sequence[Sequence[int]],
        dtypes: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        if size < 1:
            raise ValueError(f"`size` must be at least 1. Received: size={size}")
        # Whatever the precision of the networks: what is stored comes out unchanged.
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        self.size = size
        self.shapes = [tuple(int(side) for side in shape) for shape in shapes]
        self.dtypes = list(dtypes or ["float32"] * len(self.shapes))
        if len(self.dtypes) != len(self.shapes):
            raise ValueError(
                "`shapes` and `dtypes` must be of one length. "
                f"Received: shapes={self.shapes}, dtypes={self.dtypes}"
            )
        for index, shape in enumerate(self.shapes):
            # One attribute each: `tf.train.Checkpoint` does not see into Keras' lists.
            buffer = self._state(f"buffer_{index}", (size, *shape), self.dtypes[index])
            setattr(self, f"buffer_{index}", buffer)
        self._count = self._state("count", (), "int32")
        self.built = True

    @property
    def _buffers(self) -> list[Any]:
        return [getattr(self, f"buffer_{index}") for index in range(len(self.shapes))]

    def call(self, inputs: Any, draws: Any) -> Any:
        """Exchange and store."""
        several = isinstance(inputs, list | tuple)
        batches = [tf.stop_gradient(v) for v in (inputs if several else [inputs])]
        slots, exchanged = self._plan(draws)
        earlier = _last_equal(slots, slots, strictly_before=True)
        latest = _last_equal(tf.range(self.size), slots, strictly_before=False)
        outputs = []
        for buffer, batch in zip(self._buffers, batches, strict=True):
            stored = tf.convert_to_tensor(buffer)
            old = tf.gather(stored, tf.maximum(slots, 0))
            old = _choose(earlier >= 0, tf.gather(batch, tf.maximum(earlier, 0)), old)
            outputs.append(_choose(exchanged, old, batch))
            new = tf.gather(batch, tf.maximum(latest, 0))
            buffer.assign(_choose(latest >= 0, new, stored))
        self._count.assign(tf.minimum(self.count + tf.shape(slots)[0], self.size))
        return type(inputs)(outputs) if several else outputs[0]

    def _plan(self, draws: Any) -> tuple[Any, Any]:
        """Return where each image is stored, -1: nowhere, and which are exchanged."""
        position = self.count + tf.range(tf.shape(draws)[0])
        filling = position < self.size
        exchanged = ~filling & (draws[:, 0] < 0.5)
        random = tf.cast(draws[:, 1] * self.size, tf.int32)
        slots = tf.where(filling, position, tf.where(exchanged, random, -1))
        return slots, exchanged

    def compute_output_shape(self, input_shape: Any, draws_shape: Any = None) -> Any:
        """Return the shapes of the inputs."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "name": self.name,
            "size": self.size,
            "shapes": [list(shape) for shape in self.shapes],
            "dtypes": self.dtypes,
        }


def _last_equal(wanted: Any, slots: Any, *, strictly_before: bool) -> Any:
    """Return the last index in `slots` of each wanted slot, -1 where there is none."""
    places = tf.range(tf.shape(slots)[0])
    # (wanted, slots)
    equal = wanted[:, None] == slots[None, :]
    if strictly_before:
        equal &= places[None, :] < places[:, None]
    found = tf.where(equal, places[None, :], -1)
    return tf.reduce_max(found, axis=1)


def _choose(condition: Any, chosen: Any, other: Any) -> Any:
    axes = [1] * (len(chosen.shape) - 1)
    return tf.where(tf.reshape(condition, [-1, *axes]), chosen, other)
