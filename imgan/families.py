"""The one table of families: which networks, which model, which data.

Import paths are strings and are resolved when used, so that reading the table imports
neither Keras nor TensorFlow.
"""

import importlib
from dataclasses import dataclass
from typing import Any
from typing import Literal

from imgan.errors import ConfigError
from imgan.errors import did_you_mean

Task = Literal["super_resolution", "translation", "generation"]


@dataclass(frozen=True)
class Family:
    """One combination of networks, model and data.

    Attributes:
        task: What the generator does.
        paper: Where the generator is described.
        recipe: `package.module:Class` of the schema that its recipes follow.
        experiment: `package.module:Class` of what puts data, networks and model
            together by a recipe.
        model: `package.module:Class` of the `keras.Model` with the train step.
        generator: `package.module:Class` of the generator network.
        discriminator: The same of its opponent; empty where there is none.
        labelled: Whether the generator is told what to draw.
    """

    task: Task
    paper: str
    recipe: str
    experiment: str
    model: str
    generator: str
    discriminator: str = ""
    labelled: bool = False


_REGRESSION = "imgan.config.super_resolution:RegressionRecipe"
_PIXEL_EXPERIMENT = "imgan.training.super_resolution:RegressionExperiment"
_SRGAN = "imgan.config.srgan:SRGANRecipe"
_SRGAN_EXPERIMENT = "imgan.training.srgan:SRGANExperiment"
_GENERATION = "imgan.config.generation:GenerationRecipe"
_GAN_EXPERIMENT = "imgan.training.generation:GenerationExperiment"
_PIX2PIX = "imgan.config.pix2pix:Pix2PixRecipe"
_PIX2PIX_EXPERIMENT = "imgan.training.pix2pix:Pix2PixExperiment"

FAMILIES: dict[str, Family] = {
    "repsr": Family(
        task="super_resolution",
        paper="ECBSR, doi.org/10.1145/3474085.3475291",
        recipe=_REGRESSION,
        experiment=_PIXEL_EXPERIMENT,
        model="imgan.models.regression:Regression",
        generator="imgan.networks.repsr:RepSR",
    ),
    "anchored_edsr": Family(
        task="super_resolution",
        paper="EDSR with the end of ABPN, arxiv.org/abs/1707.02921",
        recipe=_REGRESSION,
        experiment=_PIXEL_EXPERIMENT,
        model="imgan.models.regression:Regression",
        generator="imgan.networks.anchored_edsr:AnchoredEDSR",
    ),
    "span": Family(
        task="super_resolution",
        paper="SPAN, arxiv.org/abs/2311.12770",
        recipe=_REGRESSION,
        experiment=_PIXEL_EXPERIMENT,
        model="imgan.models.regression:Regression",
        generator="imgan.networks.span:SPAN",
    ),
    "compact": Family(
        task="super_resolution",
        paper="Real-ESRGAN, arxiv.org/abs/2107.10833",
        recipe=_REGRESSION,
        experiment=_PIXEL_EXPERIMENT,
        model="imgan.models.regression:Regression",
        generator="imgan.networks.compact:Compact",
    ),
    "srresnet": Family(
        task="super_resolution",
        paper="SRGAN, arxiv.org/abs/1609.04802",
        recipe=_REGRESSION,
        experiment=_PIXEL_EXPERIMENT,
        model="imgan.models.regression:Regression",
        generator="imgan.networks.srresnet:SRResNet",
    ),
    "msrresnet": Family(
        task="super_resolution",
        paper="EDSR, arxiv.org/abs/1707.02921",
        recipe=_REGRESSION,
        experiment=_PIXEL_EXPERIMENT,
        model="imgan.models.regression:Regression",
        generator="imgan.networks.srresnet:MSRResNet",
    ),
    "edsr": Family(
        task="super_resolution",
        paper="EDSR, arxiv.org/abs/1707.02921",
        recipe=_REGRESSION,
        experiment=_PIXEL_EXPERIMENT,
        model="imgan.models.regression:Regression",
        generator="imgan.networks.edsr:EDSR",
    ),
    "rrdb": Family(
        task="super_resolution",
        paper="ESRGAN, arxiv.org/abs/1809.00219",
        recipe=_REGRESSION,
        experiment=_PIXEL_EXPERIMENT,
        model="imgan.models.regression:Regression",
        generator="imgan.networks.rrdb:RRDBNet",
    ),
    "srgan": Family(
        task="super_resolution",
        paper="SRGAN, arxiv.org/abs/1609.04802",
        recipe=_SRGAN,
        experiment=_SRGAN_EXPERIMENT,
        model="imgan.models.srgan:SRGAN",
        generator="imgan.networks.srresnet:SRResNet",
        discriminator="imgan.networks.vgg_discriminator:SRGANDiscriminator",
    ),
    "esrgan": Family(
        task="super_resolution",
        paper="ESRGAN, arxiv.org/abs/1809.00219",
        recipe=_SRGAN,
        experiment=_SRGAN_EXPERIMENT,
        model="imgan.models.srgan:SRGAN",
        generator="imgan.networks.rrdb:RRDBNet",
        discriminator="imgan.networks.vgg_discriminator:ESRGANDiscriminator",
    ),
    "realesrgan": Family(
        task="super_resolution",
        paper="Real-ESRGAN, arxiv.org/abs/2107.10833",
        recipe=_SRGAN,
        experiment=_SRGAN_EXPERIMENT,
        model="imgan.models.srgan:SRGAN",
        generator="imgan.networks.rrdb:RRDBNet",
        discriminator="imgan.networks.unet_discriminator:UNetDiscriminator",
    ),
    "pix2pix": Family(
        task="translation",
        paper="pix2pix, arxiv.org/abs/1611.07004",
        recipe=_PIX2PIX,
        experiment=_PIX2PIX_EXPERIMENT,
        model="imgan.models.pix2pix:Pix2Pix",
        generator="imgan.networks.unet:UNetGenerator",
        discriminator="imgan.networks.patchgan:PatchGAN",
    ),
    "pix2pixhd": Family(
        task="translation",
        paper="pix2pixHD, arxiv.org/abs/1711.11585",
        recipe=_PIX2PIX,
        experiment=_PIX2PIX_EXPERIMENT,
        model="imgan.models.pix2pix:Pix2Pix",
        generator="imgan.networks.pix2pixhd:GlobalGenerator",
        discriminator="imgan.networks.patchgan:MultiScalePatchGAN",
    ),
    "pix2pixhd_local": Family(
        task="translation",
        paper="pix2pixHD, arxiv.org/abs/1711.11585",
        recipe=_PIX2PIX,
        experiment=_PIX2PIX_EXPERIMENT,
        model="imgan.models.pix2pix:Pix2Pix",
        generator="imgan.networks.pix2pixhd:LocalEnhancer",
        discriminator="imgan.networks.patchgan:MultiScalePatchGAN",
    ),
    "cyclegan": Family(
        task="translation",
        paper="CycleGAN, arxiv.org/abs/1703.10593",
        recipe="imgan.config.cyclegan:CycleGANRecipe",
        experiment="imgan.training.cyclegan:CycleGANExperiment",
        model="imgan.models.cyclegan:CycleGAN",
        generator="imgan.networks.resnet:ResNetGenerator",
        discriminator="imgan.networks.patchgan:PatchGAN",
    ),
    "gan": Family(
        task="generation",
        paper="Generative adversarial nets, arxiv.org/abs/1406.2661",
        recipe=_GENERATION,
        experiment=_GAN_EXPERIMENT,
        model="imgan.models.gan:GAN",
        generator="imgan.networks.mlp:MLPGenerator",
        discriminator="imgan.networks.mlp:MLPDiscriminator",
    ),
    "dcgan": Family(
        task="generation",
        paper="DCGAN, arxiv.org/abs/1511.06434",
        recipe=_GENERATION,
        experiment=_GAN_EXPERIMENT,
        model="imgan.models.gan:GAN",
        generator="imgan.networks.dcgan:DCGANGenerator",
        discriminator="imgan.networks.dcgan:DCGANDiscriminator",
    ),
    "cgan": Family(
        task="generation",
        paper="Projection discriminator, arxiv.org/abs/1802.05637",
        recipe=_GENERATION,
        experiment=_GAN_EXPERIMENT,
        model="imgan.models.gan:GAN",
        generator="imgan.networks.cgan:ConditionalGenerator",
        discriminator="imgan.networks.cgan:ConditionalDiscriminator",
        labelled=True,
    ),
    "wgan_gp": Family(
        task="generation",
        paper="WGAN-GP, arxiv.org/abs/1704.00028",
        recipe=_GENERATION,
        experiment=_GAN_EXPERIMENT,
        model="imgan.models.gan:GAN",
        generator="imgan.networks.dcgan:DCGANGenerator",
        discriminator="imgan.networks.wgan_gp:Critic",
    ),
}


IMPORTED = "imgan.networks.imported:ImportedGenerator"
"""A generator of another project, which any family of its task may go on training."""


def get(name: str) -> Family:
    """Return a family by name.

    Raises:
        ConfigError: If there is none of that name.
    """
    if name not in FAMILIES:
        raise ConfigError(
            f"Unknown family {name!r}.{did_you_mean(name, FAMILIES)} "
            f"Known: {', '.join(FAMILIES)}"
        )
    return FAMILIES[name]


def resolve(path: str) -> Any:
    """Import `package.module:Class` and return the class."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
