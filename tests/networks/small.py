"""Every network in a size for tests, and weights that let influence be measured."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from imgan.networks.anchored_edsr import AnchoredEDSR
from imgan.networks.base import Network
from imgan.networks.cgan import ConditionalDiscriminator
from imgan.networks.cgan import ConditionalGenerator
from imgan.networks.compact import Compact
from imgan.networks.dcgan import DCGANDiscriminator
from imgan.networks.dcgan import DCGANGenerator
from imgan.networks.edsr import EDSR
from imgan.networks.latent import ImageDiscriminator
from imgan.networks.latent import LatentGenerator
from imgan.networks.mlp import MLPDiscriminator
from imgan.networks.mlp import MLPGenerator
from imgan.networks.patchgan import MultiScalePatchGAN
from imgan.networks.patchgan import PatchGAN
from imgan.networks.pix2pixhd import GlobalGenerator
from imgan.networks.pix2pixhd import LocalEnhancer
from imgan.networks.repsr import RepSR
from imgan.networks.resnet import ResNetGenerator
from imgan.networks.rrdb import RRDBNet
from imgan.networks.span import SPAN
from imgan.networks.srresnet import MSRResNet
from imgan.networks.srresnet import SRResNet
from imgan.networks.translation import TranslationGenerator
from imgan.networks.unet import UNetGenerator
from imgan.networks.unet_discriminator import UNetDiscriminator
from imgan.networks.vgg_discriminator import ESRGANDiscriminator
from imgan.networks.vgg_discriminator import SRGANDiscriminator
from imgan.networks.wgan_gp import Critic
from imgan.types import Array

SMALL: dict[str, Callable[..., Network]] = {
    "repsr": lambda **a: RepSR(num_filters=8, num_convs=2, **a),
    "anchored_edsr": lambda **a: AnchoredEDSR(num_filters=8, num_blocks=2, **a),
    "span": lambda **a: SPAN(num_filters=8, num_blocks=2, **a),
    "compact": lambda **a: Compact(num_filters=8, num_convs=2, **a),
    "srresnet": lambda **a: SRResNet(num_filters=8, num_blocks=2, **a),
    "msrresnet": lambda **a: MSRResNet(num_filters=8, num_blocks=2, **a),
    "edsr": lambda **a: EDSR(num_filters=8, num_blocks=2, **a),
    "rrdb": lambda **a: RRDBNet(num_filters=8, num_blocks=1, growth=4, **a),
}

_RESIDUAL: dict[str, Any] = {"num_filters": 4, "num_residual_blocks": 1}
_OTHER_CHANNELS = {"input_channels": 2, "output_channels": 3}

TRANSLATORS: dict[str, Callable[..., TranslationGenerator]] = {
    "pix2pix": lambda **a: UNetGenerator(
        **{**_OTHER_CHANNELS, "num_filters": 6, "num_levels": 3, **a}
    ),
    "pix2pixhd": lambda **a: GlobalGenerator(
        **{**_OTHER_CHANNELS, **_RESIDUAL, "num_downsamplings": 2, **a}
    ),
    "pix2pixhd_local": lambda **a: LocalEnhancer(
        **{
            **_OTHER_CHANNELS,
            **_RESIDUAL,
            "num_downsamplings": 1,
            "num_local_blocks": 1,
            **a,
        }
    ),
    "cyclegan": lambda **a: ResNetGenerator(**{**_OTHER_CHANNELS, **_RESIDUAL, **a}),
}

_PYRAMID: dict[str, Any] = {"image_size": 8, "channels": 2, "num_filters": 6}
_LABELLED: dict[str, Any] = {"image_size": 16, "num_filters": 6, "num_classes": 3}
_PATCHES: dict[str, Any] = {"image_size": 32, "channels": 2, "num_filters": 4}
_PAIRED: dict[str, Any] = {"channels": 2, "condition_channels": 1, "num_filters": 4}
_MLP: dict[str, Any] = {"image_size": 6, "hidden_units": (12, 10)}

GENERATORS: dict[str, Callable[..., LatentGenerator]] = {
    "gan": lambda **a: MLPGenerator(**_MLP, latent_dim=5, **a),
    "dcgan": lambda **a: DCGANGenerator(**_PYRAMID, latent_dim=5, **a),
    "cgan": lambda **a: ConditionalGenerator(**_LABELLED, latent_dim=5, **a),
    "wgan_gp": lambda **a: DCGANGenerator(**_PYRAMID, latent_dim=5, **a),
}

DISCRIMINATORS: dict[str, Callable[..., ImageDiscriminator]] = {
    "gan": lambda **a: MLPDiscriminator(**_MLP, **a),
    "dcgan": lambda **a: DCGANDiscriminator(**_PYRAMID, **a),
    "cgan": lambda **a: ConditionalDiscriminator(**_LABELLED, **a),
    "wgan_gp": lambda **a: Critic(**_PYRAMID, **a),
    "srgan": lambda **a: SRGANDiscriminator(**_PATCHES, **a),
    "esrgan": lambda **a: ESRGANDiscriminator(**_PATCHES, **a),
    "realesrgan": lambda **a: UNetDiscriminator(channels=2, num_filters=4, **a),
    "pix2pix": lambda **a: PatchGAN(**_PAIRED, **a),
    "pix2pixhd": lambda **a: MultiScalePatchGAN(**_PAIRED, **a),
    "pix2pixhd_local": lambda **a: MultiScalePatchGAN(**_PAIRED, **a),
    "cyclegan": lambda **a: PatchGAN(
        **{"channels": 2, "num_filters": 4, "normalization": "instance", **a}
    ),
}

SCALES = {
    "repsr": (1, 2, 3, 4),
    "anchored_edsr": (1, 2, 3, 4),
    "span": (1, 2, 3, 4),
    "compact": (1, 2, 3, 4),
    "srresnet": (2, 4, 8),
    "msrresnet": (2, 3, 4),
    "edsr": (2, 3, 4),
    "rrdb": (1, 2, 4, 8),
}

CASES = [(name, scale) for name, scales in SCALES.items() for scale in scales]


def make_positive(network: Any) -> None:
    """Give convolutions positive kernels that keep the size of a positive signal.

    Then nothing cancels and no ReLU closes, so that an output reacts to an input pixel
    exactly if the graph connects them.
    """
    random = np.random.default_rng(1)
    for weight in network.trainable_weights:
        if len(weight.shape) == 4:
            mean = 1.0 / np.prod(weight.shape[:-1])
            weight.assign(mean * random.uniform(0.5, 1.5, weight.shape))


def measured_reach(network: Any, scale: int, size: int = 41, unit: int = 1) -> int:
    """Return the farthest input pixel that the outputs of a centre one react to.

    Args:
        network: Its weights are changed.
        scale: Ratio of output to input size.
        size: Sides of the input, in units.
        unit: What sides must be multiples of. Pixels of a unit may differ in reach;
            the farthest of all is returned.
    """
    make_positive(network)
    images = tf.fill((1, size * unit, size * unit, network.input_shape[-1]), 0.5)
    reach = 0
    for centre in range(size // 2 * unit, (size // 2 + 1) * unit):
        block = slice(centre * scale, (centre + 1) * scale)
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = tf.reduce_sum(network(images, training=False)[:, block, block])
        moved = np.asarray(tape.gradient(outputs, images))[0].any(axis=-1)
        reach = max(reach, int(np.abs(np.argwhere(moved) - centre).max()))
    return reach


def zero_padded_conv(images: Array, kernel: Array, bias: Array | float = 0.0) -> Array:
    """Convolve `(height, width, channels)` in float64, tap by tap, zeros around."""
    size = kernel.shape[0]
    height, width = images.shape[:2]
    padded = np.pad(images, ((size // 2,) * 2, (size // 2,) * 2, (0, 0)))
    total = np.zeros((height, width, kernel.shape[-1])) + bias
    for dy, dx in np.ndindex(size, size):
        total += padded[dy : dy + height, dx : dx + width] @ kernel[dy, dx]
    return total


def shuffle(images: Array, scale: int) -> Array:
    """Turn `(height, width, scale**2 * channels)` into pixels, by indexing."""
    height, width, depth = images.shape
    channels = depth // scale**2
    made = np.empty((height * scale, width * scale, channels))
    for dy, dx in np.ndindex(scale, scale):
        first = (dy * scale + dx) * channels
        made[dy::scale, dx::scale] = images[..., first : first + channels]
    return made
