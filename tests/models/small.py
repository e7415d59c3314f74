"""Networks of a few weights, whose steps can be computed by hand."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="imgan_tests")
class OneWeight(keras.Model):
    """`output = w * input`: a 1x1 convolution of one channel without a bias."""

    output_range = (0.0, 1.0)

    def __init__(self, start: float = 0.5, dtype: str = "float32") -> None:
        images = keras.Input((None, None, 1))
        outputs = keras.layers.Conv2D(
            1,
            1,
            use_bias=False,
            kernel_initializer=keras.initializers.Constant(start),
            dtype=dtype,
        )(images)
        super().__init__(images, outputs)
        self.start = start
        self.policy = dtype

    @property
    def weight(self) -> float:
        """The one weight."""
        return float(self.weights[0].numpy().item())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"start": self.start, "dtype": self.policy}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Build from what `get_config` returned."""
        return cls(**config)
