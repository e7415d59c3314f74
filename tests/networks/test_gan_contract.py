"""The contracts of generators of noise and their discriminators, in every option."""

from pathlib import Path
from typing import Any

import pytest

from tests.contracts import check_discriminator
from tests.contracts import check_generator
from tests.networks.small import DISCRIMINATORS
from tests.networks.small import GENERATORS


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gan", {}),
        ("dcgan", {}),
        ("dcgan", {"resize_convolution": True}),
        ("cgan", {"conditioning": "projection"}),
        ("cgan", {"conditioning": "embedding"}),
    ],
)
def test_generator(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    check_generator(GENERATORS[name](**options), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gan", {}),
        ("dcgan", {}),
        ("dcgan", {"spectral": True, "dropout": 0.3}),
        ("dcgan", {"normalization": "layer"}),
        ("cgan", {"conditioning": "projection"}),
        ("cgan", {"conditioning": "projection", "spectral": False}),
        ("cgan", {"conditioning": "embedding", "normalization": "batch"}),
        ("wgan_gp", {}),
        ("wgan_gp", {"normalization": "layer"}),
        ("srgan", {}),
        ("esrgan", {}),
        ("realesrgan", {}),
        ("realesrgan", {"skip_connection": False}),
        ("pix2pix", {}),
        ("pix2pix", {"receptive_field": 1}),
        ("pix2pix", {"receptive_field": 34, "spectral": True}),
        ("pix2pixhd", {"num_scales": 3, "receptive_field": 16}),
        ("pix2pixhd", {"normalization": "batch"}),
        ("cyclegan", {}),
    ],
)
def test_discriminator(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    check_discriminator(DISCRIMINATORS[name](**options), tmp_path)
