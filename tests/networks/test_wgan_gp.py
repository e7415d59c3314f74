from typing import Any

import numpy as np
import pytest

from imgan.networks.wgan_gp import Critic
from tests.contracts import randomize


@pytest.mark.parametrize("normalization", ["none", "layer"])
def test_images_of_a_batch_do_not_meet(normalization: Any) -> None:
    """The penalty differentiates the sum of a batch as if each image were alone."""
    critic = Critic(image_size=16, num_filters=4, normalization=normalization)
    randomize(critic)
    images = np.random.default_rng(4).uniform(-1, 1, (3, 16, 16, 3)).astype(np.float32)
    together = np.asarray(critic(images, training=True))
    alone = [np.asarray(critic(images[i : i + 1], training=True)) for i in range(3)]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-4, atol=1e-5)
    assert critic.non_trainable_weights == []


def test_batch_normalisation_is_refused() -> None:
    with pytest.raises(ValueError, match=r"none or layer.* Received: batch"):
        Critic(normalization="batch")  # type: ignore[arg-type]


def test_starts_with_logits_of_a_useful_size() -> None:
    """N(0, 0.02), which DCGAN owes to its normalisation, would give about 0.01."""
    critic = Critic(image_size=32, num_filters=16)
    images = np.random.default_rng(4).uniform(-1, 1, (32, 32, 32, 3))
    spread = float(np.std(critic(images.astype(np.float32))))
    assert 0.1 < spread < 10.0
