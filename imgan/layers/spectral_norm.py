"""Layers whose kernel is divided by its largest singular value."""

from typing import Any

import keras
from keras import ops

TINY = 1e-12


class SpectralNorm:
    """Mixin that keeps the raw kernel and computes with `kernel / sigma`.

    Spectral normalisation of [Miyato et al., 2018](https://arxiv.org/abs/1802.05957),
    algorithm 1. The kernel is seen as a matrix of (all other axes) x (output channels).
    Its right singular vector `direction` is a weight that is not trained; every call
    in training improves it by power iteration, calls in inference leave it alone. Both
    use `sigma = |kernel @ direction|`, through which the gradient flows.

    Unlike `keras.layers.SpectralNormalization` nothing is assigned to the kernel, so
    the optimizer moves the raw weight however often a step calls the layer. Sigma is
    float32 under mixed precision and only the quotient is cast.

    Args:
        power_iterations: Iterations in every training call, at least 1.
    """

    def __init__(self, *args: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        if power_iterations < 1:
            raise ValueError(
                f"power_iterations must be at least 1. Received: {power_iterations}"
            )
        super().__init__(*args, **kwargs)
        self.power_iterations = power_iterations

    def add_weight(self, *args: Any, **kwargs: Any) -> Any:
        """Create a weight that mixed precision does not cast."""
        kwargs["autocast"] = False
        return super().add_weight(*args, **kwargs)  # type: ignore[misc]

    def add_direction(self, size: int) -> None:
        """Create the estimate of the right singular vector, `(size,)`."""
        # Replicas compute the same value from the same kernel, so their mean is it.
        self.direction = self.add_weight(
            name="direction",
            shape=(size,),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
            aggregation="mean",
        )

    def normalized(self, kernel: Any, training: bool) -> Any:
        """Return `kernel / sigma` in the compute dtype; move the estimate in training.

        Args:
            kernel: float32, `(..., output channels)`.
            training: Whether to make the power iterations.
        """
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        direction = ops.convert_to_tensor(self.direction)
        if training:
            constant = ops.stop_gradient(matrix)
            for _ in range(self.power_iterations):
                left = _unit(ops.matmul(constant, direction))
                direction = _unit(ops.matmul(left, constant))
            self.direction.assign(direction)
        else:
            direction = _unit(direction)
        sigma = _norm(ops.matmul(matrix, ops.stop_gradient(direction)))
        return ops.cast(kernel / sigma, self.compute_dtype)  # type: ignore[attr-defined]

    def save_own_variables(self, store: Any) -> None:
        """Store every weight, where Keras' layers store those they know."""
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: Any) -> None:
        """Restore every weight."""
        keras.layers.Layer.load_own_variables(self, store)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        return {**config, "power_iterations": self.power_iterations}


@keras.saving.register_keras_serializable(package="imgan")
class SpectralConv2D(SpectralNorm, keras.layers.Conv2D):
    """`keras.layers.Conv2D` with spectral normalisation; takes the same arguments."""

    def build(self, input_shape: Any) -> None:
        """Create the kernel, the bias and the estimate."""
        super().build(input_shape)
        self.add_direction(self.filters)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Convolve with the normalised kernel."""
        kernel = self.normalized(self._kernel, training)
        outputs = self.convolution_op(inputs, kernel)
        if self.use_bias:
            outputs = outputs + ops.cast(self.bias, self.compute_dtype)
        return self.activation(outputs)


@keras.saving.register_keras_serializable(package="imgan")
class SpectralDense(SpectralNorm, keras.layers.Dense):
    """`keras.layers.Dense` with spectral normalisation; takes the same arguments."""

    def build(self, input_shape: Any) -> None:
        """Create the kernel, the bias and the estimate."""
        super().build(input_shape)
        self.add_direction(self.units)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Multiply by the normalised kernel."""
        outputs = ops.matmul(inputs, self.normalized(self._kernel, training))
        if self.use_bias:
            outputs = outputs + ops.cast(self.bias, self.compute_dtype)
        return self.activation(outputs)


@keras.saving.register_keras_serializable(package="imgan")
class SpectralEmbedding(SpectralNorm, keras.layers.Embedding):
    """`keras.layers.Embedding` with spectral normalisation; takes the same arguments.

    The table of all classes is the matrix, as in the projection discriminator of
    [Miyato & Koyama, 2018](https://arxiv.org/abs/1802.05637).
    """

    def build(self, input_shape: Any = None) -> None:
        """Create the table and the estimate."""
        super().build(input_shape)
        self.add_direction(self.output_dim)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the rows of the normalised table, `(..., output_dim)`."""
        table = self.normalized(self._embeddings, training)
        return ops.take(table, ops.cast(inputs, "int32"), axis=0)

    def compute_output_spec(self, inputs: Any, training: bool = False) -> Any:
        """Return shape and dtype of the output."""
        return super().compute_output_spec(inputs)


def _norm(vector: Any) -> Any:
    # Square root of a sum: its gradient is finite for a kernel of zeros too.
    return ops.sqrt(ops.sum(ops.square(vector)) + TINY**2)


def _unit(vector: Any) -> Any:
    return vector / _norm(vector)
