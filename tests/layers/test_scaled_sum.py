import numpy as np

from imgan.layers.scaled_sum import ScaledSum
from tests.contracts import check_layer


def test_contract_and_value() -> None:
    skip, branch = np.random.normal(size=(2, 2, 4, 3, 5)).astype(np.float32)
    made = check_layer(ScaledSum(0.2), [skip, branch])
    np.testing.assert_allclose(made, skip + 0.2 * branch, atol=1e-6)
