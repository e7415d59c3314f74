"""Exponential moving average of a generator, kept as a second network."""

from typing import Any

import keras
import tensorflow as tf


class GeneratorEMA:
    """Moves the weights of a copy a little towards the trained ones at every step.

    Keras' own `use_ema` belongs to one optimizer and swaps weights in place; a second
    network can be validated, sampled and saved while the first goes on training.

    Args:
        generator: The trained network.
        decay: Share of the old average that a step keeps. 0: a plain copy.
    """

    def __init__(self, generator: keras.Model, decay: float) -> None:
        self.generator = generator
        self.decay = decay
        self.network: Any = type(generator).from_config(generator.get_config())
        self.network.set_weights(generator.get_weights())
        self.network.trainable = False

    def update(self, step: Any) -> None:
        """Average in the current weights; `step` counts from one.

        Early on the decay is `(1 + step) / (10 + step)`, so that the average forgets
        the initialisation soon. Statistics such as those of batch normalisation are
        copied.
        """
        step = tf.cast(step, tf.float32)
        decay = tf.minimum(self.decay, (1.0 + step) / (10.0 + step))
        trained = self.generator.trainable_variables
        averages = self.network.weights
        moving = {id(variable) for variable in trained}
        for source, average in zip(self.generator.weights, averages, strict=True):
            if id(source) in moving:
                average.assign(average + (1.0 - decay) * (source - average))
            else:
                average.assign(source)
