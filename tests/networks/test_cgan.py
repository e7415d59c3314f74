from typing import Any

import numpy as np
import pytest

from imgan.networks.cgan import ConditionalDiscriminator
from imgan.networks.cgan import ConditionalGenerator
from tests.contracts import randomize
from tests.networks.small import DISCRIMINATORS
from tests.networks.small import GENERATORS

KINDS = ["projection", "embedding"]


@pytest.mark.parametrize("conditioning", KINDS)
def test_every_label_gives_other_images(conditioning: str) -> None:
    generator = GENERATORS["cgan"](conditioning=conditioning)
    randomize(generator)
    latents = np.tile(generator.self_check_inputs((1, 1))[0][:1], (3, 1))
    images = np.asarray(generator([latents, np.arange(3, dtype=np.int32)]))
    for left, right in ((0, 1), (1, 2), (0, 2)):
        assert abs(images[left] - images[right]).max() > 0.01
    again = np.asarray(generator([latents, np.zeros(3, np.int32)]))
    np.testing.assert_allclose(again[1:], again[:1].repeat(2, 0), atol=1e-6)


@pytest.mark.parametrize("conditioning", KINDS)
def test_logit_depends_on_the_label(conditioning: str) -> None:
    discriminator = DISCRIMINATORS["cgan"](conditioning=conditioning)
    randomize(discriminator)
    images = np.random.default_rng(2).uniform(-1, 1, (1, 16, 16, 3)).repeat(3, 0)
    labels = np.arange(3, dtype=np.int32)
    logits = np.asarray(discriminator([images.astype(np.float32), labels]))
    assert len(np.unique(logits.round(4))) == 3


@pytest.mark.parametrize("spectral", [False, True])
def test_projection_equals_the_formula(spectral: bool) -> None:
    """`logit = phi . w + b + phi . v(label)`, `phi` the sum over the last map."""
    discriminator = DISCRIMINATORS["cgan"](spectral=spectral)
    randomize(discriminator)
    images = np.random.default_rng(2).uniform(-1, 1, (4, 16, 16, 3))
    labels = np.array([2, 0, 1, 2], np.int32)
    inputs = [images.astype(np.float32), labels]
    for _ in range(60 if spectral else 0):
        discriminator(inputs, training=True)
    logits, *features = discriminator.with_features()(inputs)
    phi = np.asarray(features[-1], np.float64).sum((1, 2))
    psi, label = discriminator.get_layer("logits"), discriminator.get_layer("label")
    kernel, table = (np.asarray(layer.trainable_weights[0]) for layer in (psi, label))
    if spectral:
        kernel, table = (m / np.linalg.svd(m)[1][0] for m in (kernel, table))
    expected = phi @ kernel[:, 0] + (phi * table[labels]).sum(1) + float(psi.bias[0])
    # Power iteration comes near to sigma, not to the last bit.
    np.testing.assert_allclose(logits[:, 0], expected, rtol=2e-3, atol=5e-3)


def test_projection_generator_shares_everything_but_the_normalisation() -> None:
    """Only a scale and an offset for each label and channel are added."""
    options: dict[str, Any] = {"image_size": 16, "num_filters": 4, "latent_dim": 5}
    few = ConditionalGenerator(num_classes=2, **options)
    many = ConditionalGenerator(num_classes=7, **options)
    channels = 8 + 4
    assert many.count_params() - few.count_params() == 5 * 2 * channels


def test_embedding_adds_one_channel_of_the_image() -> None:
    options: dict[str, Any] = {"num_classes": 3, "image_size": 16, "num_filters": 4}
    discriminator = ConditionalDiscriminator(conditioning="embedding", **options)
    assert discriminator.get_layer("down_0").input.shape == (None, 16, 16, 4)
    generator = ConditionalGenerator(
        conditioning="embedding", latent_dim=5, embedding_dim=6, **options
    )
    assert generator.get_layer("project").input.shape == (None, 11)


@pytest.mark.parametrize("make", [ConditionalGenerator, ConditionalDiscriminator])
def test_impossible_arguments(make: Any) -> None:
    with pytest.raises(ValueError, match=r"projection, embedding.*Received: both"):
        make(num_classes=3, conditioning="both")
    with pytest.raises(ValueError, match=r"num_classes must .* Received: 0"):
        make(num_classes=0)
