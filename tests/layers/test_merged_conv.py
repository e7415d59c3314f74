from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from imgan.layers.merged_conv import MergedConv2D
from imgan.layers.merged_conv import centred


def test_centred_kernel_equals_the_pointwise_one() -> None:
    kernel = np.random.rand(1, 1, 2, 3).astype(np.float32)
    made = np.asarray(centred(kernel))
    assert made.shape == (3, 3, 2, 3)
    np.testing.assert_array_equal(made[1, 1], kernel[0, 0])
    assert np.count_nonzero(made) == 6


def test_a_subclass_must_assemble_its_branches() -> None:
    layer = MergedConv2D(4)
    with pytest.raises(TypeError, match="MergedConv2D does not define merged_weights"):
        layer.merged_weights()


def test_branches_stay_float32_under_mixed_precision() -> None:
    seen = []

    class Recorder(MergedConv2D):
        def build(self, input_shape: tuple[int | None, ...]) -> None:
            self.kernel = self.add_kernel("kernel", (3, 3, input_shape[-1], 4))
            self.bias = self.add_bias("bias", 4)

        def merged_weights(self) -> tuple[Any, Any]:
            kernel, bias = self.kernel + 0.0, self.bias + 0.0
            seen.extend([kernel.dtype, bias.dtype])
            return kernel, bias

    outputs = Recorder(4, dtype="mixed_bfloat16")(tf.zeros((1, 5, 5, 2)))
    assert outputs.dtype == tf.bfloat16
    assert set(seen) == {tf.float32}
