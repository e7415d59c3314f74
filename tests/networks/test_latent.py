from pathlib import Path

import numpy as np
import pytest

import imgan
from imgan.bundles.bundle import check_network
from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from tests.contracts import randomize
from tests.networks.small import DISCRIMINATORS
from tests.networks.small import GENERATORS


def test_self_check_latents_are_fixed_and_of_the_declared_distribution() -> None:
    """sin(n**2) is spread as the sine of a uniform phase: mean 0, variance 1/2."""
    uniform = GENERATORS["gan"]()
    normal = GENERATORS["dcgan"]()
    latents = uniform.self_check_inputs((1, 1))
    np.testing.assert_allclose(
        latents.ravel()[:3], np.sin([1.0, 4.0, 9.0]), rtol=1e-6, strict=False
    )
    np.testing.assert_allclose(
        normal.self_check_inputs((9, 9)), latents * np.sqrt(2), rtol=1e-6
    )
    assert uniform.latent_distribution == "uniform"
    assert normal.latent_distribution == "normal"
    assert abs(latents).max() <= 1.0
    assert 0.3 < latents.var() < 0.7


def test_self_check_labels_go_through_all_classes() -> None:
    latents, labels = GENERATORS["cgan"]().self_check_inputs((1, 1))
    assert labels.tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert labels.dtype == np.int32
    assert len(latents) == len(labels)


@pytest.mark.parametrize("name", ["gan", "cgan"])
def test_bundle_notices_another_generator(name: str, tmp_path: Path) -> None:
    generator = GENERATORS[name]()
    randomize(generator)
    card = Card(
        imgan_version=imgan.__version__,
        name="small",
        task="generation",
        family=name,
        network=describe_network(generator),
        scale=1,
        input_channels=1,
        output_channels=generator.output_shape[-1],
        output_range=generator.output_range,
        halo=None,
    )
    save_bundle(generator, card, tmp_path / "small")
    loaded, card = load_network(tmp_path / "small")
    assert check_network(loaded, card) == 0.0
    randomize(loaded, seed=4)
    assert check_network(loaded, card) > 1e-3


def test_features_survive_calls_of_the_network() -> None:
    """Building another functional model calls the layers a second time."""
    discriminator = DISCRIMINATORS["dcgan"]()
    discriminator(discriminator.input)
    logits, *features = discriminator.with_features().outputs
    assert logits.shape == (None, 1)
    assert [feature.shape for feature in features] == [(None, 4, 4, 6)]
