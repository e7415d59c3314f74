"""A memory of training pairs, so that a batch holds pairs of many draws."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from imgan.models.pool import Pool


@keras.saving.register_keras_serializable(package="imgan")
class PairPool(Pool):
    """Returns pairs remembered from many steps in exchange for those of this step.

    The training pair pool of Real-ESRGAN ([Wang et al.,
    2021](https://arxiv.org/abs/2107.10833), section 4.1): where a whole batch is
    degraded at once its images share the factors of their resizes, and the pool mixes
    such batches. Until it is full every batch is stored and returned as it came. From
    then on a batch takes the places of as many random remembered pairs, which are
    returned; all places are different.

    Contents and fill level are weights that are not trained, so they are saved with
    checkpoints. Under `tf.distribute` every replica takes from one pool, which stores
    the pairs of the first.

    Args:
        size: Number of pairs; Real-ESRGAN keeps 180. What is no multiple of the batch
            is left unused.
        shapes: Of each tensor of a pair, without the batch axis.
        batch_size: Pairs at once.

    Call arguments:
        inputs: float32 tensors `(batch_size, *shape)`, one for each of `shapes`.
        draws: float32 `(capacity,)`, uniform in [0, 1).

    Returns:
        A list of tensors like `inputs`, row by row those of one pair.
    """

    def __init__(
        self,
        size: int,
        shapes: Sequence[Sequence[int]],
        batch_size: int,
        **kwargs: Any,
    ) -> None:
        if not 1 <= batch_size <= size:
            raise ValueError(
                "`size` must be at least that of a batch. "
                f"Received: size={size}, batch_size={batch_size}"
            )
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        self.size = size
        self.shapes = [tuple(int(side) for side in shape) for shape in shapes]
        self.batch_size = batch_size
        self.capacity = size // batch_size * batch_size
        for index, shape in enumerate(self.shapes):
            # One attribute each: `tf.train.Checkpoint` does not see into Keras' lists.
            buffer = self._state(f"buffer_{index}", (self.capacity, *shape), "float32")
            setattr(self, f"buffer_{index}", buffer)
        self._count = self._state("count", (), "int32")
        self.built = True

    def call(self, inputs: Sequence[Any], draws: Any) -> list[Any]:
        """Exchange and store."""
        count = self.count
        filling = count < self.capacity
        # The smallest of random numbers stand at random places, no place twice.
        random = tf.argsort(draws)[: self.batch_size]
        slots = tf.where(filling, count + tf.range(self.batch_size), random)
        outputs = []
        for index, shape in enumerate(self.shapes):
            new = tf.ensure_shape(inputs[index], (self.batch_size, *shape))
            new = tf.stop_gradient(new)
            buffer = getattr(self, f"buffer_{index}")
            stored = tf.convert_to_tensor(buffer)
            outputs.append(tf.where(filling, new, tf.gather(stored, slots)))
            buffer.assign(tf.tensor_scatter_nd_update(stored, slots[:, None], new))
        added = tf.where(filling, self.batch_size, 0)
        self._count.assign(count + added)
        return outputs

    def compute_output_shape(self, input_shape: Any, draws_shape: Any = None) -> Any:
        """Return the shapes of the inputs."""
        return list(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "name": self.name,
            "size": self.size,
            "shapes": [list(shape) for shape in self.shapes],
            "batch_size": self.batch_size,
        }
