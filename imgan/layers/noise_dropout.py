"""Dropout whose noise may stay on at inference, the same in every call."""

from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="imgan")
class NoiseDropout(keras.layers.Dropout):
    """Dropout that can also be the noise of a generator at inference.

    In [Isola et al., 2017](https://arxiv.org/abs/1611.07004), section 3.2, dropout is
    the only noise that the generator is given, so it stays on when pictures are made.
    Masks at inference are then a pure function of `noise_seed`, `seed` and the shape
    of the input: a graph that is frozen or called twice repeats itself.

    Args:
        rate: Fraction of activations that is dropped; the others are scaled up.
        seed: Of the masks in training, and to tell layers with one `noise_seed` apart.
        noise_seed: Of the masks at inference; None: nothing is dropped there.

    Call arguments:
        inputs: A tensor of any shape.
        training: Whether masks differ from call to call.

    Returns:
        A tensor of the same shape and dtype.
    """

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        noise_seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.noise_seed = noise_seed

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drop in training, and at inference if there is a `noise_seed`."""
        if training or self.noise_seed is None or self.rate == 0:
            return super().call(inputs, training=training)
        # Neighbouring seeds give unrelated masks, in all layers of a network.
        sequence = np.random.SeedSequence((self.noise_seed, self.seed or 0))
        mixed = int(sequence.generate_state(1)[0]) >> 1
        return keras.random.dropout(inputs, self.rate, seed=mixed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "noise_seed": self.noise_seed}
