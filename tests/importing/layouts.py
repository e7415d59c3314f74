"""Every layout of tensors that can be imported, as a small network in PyTorch."""

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from imgan.types import Array
from tests.importing.torch_networks.compact import Compact
from tests.importing.torch_networks.random_weights import randomize
from tests.importing.torch_networks.residual import EDSR
from tests.importing.torch_networks.residual import MSRResNet
from tests.importing.torch_networks.residual import OriginalEDSR
from tests.importing.torch_networks.resnet import ResNet
from tests.importing.torch_networks.rrdb import MiddleRRDBNet
from tests.importing.torch_networks.rrdb import NewRRDBNet
from tests.importing.torch_networks.rrdb import OldRRDBNet
from tests.importing.torch_networks.span import SPAN
from tests.importing.torch_networks.srgan import Aladdin
from tests.importing.torch_networks.srgan import LeftThomas
from tests.importing.torch_networks.srgan import LornaTang
from tests.importing.torch_networks.srgan import Vinod
from tests.importing.torch_networks.srgan import VinodGenerator
from tests.importing.torch_networks.unet import UNet


@dataclass(frozen=True)
class Layout:
    """One network whose checkpoint is imported.

    Attributes:
        build: The network, with any weights.
        family: As which it must be recognised.
        arguments: Some that must be read off its tensors.
        size: Height and width of the picture that is compared.
        tiled: Whether its result is put together from tiles, too.
        channels: Of the picture.
        values: Range of the picture.
        made: Range of the network's result.
        clipped: Whether the network clips its result.
        gain: Of its random kernels.
    """

    build: Callable[[], nn.Module]
    family: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    size: tuple[int, int] = (13, 11)
    tiled: bool = True
    channels: int = 3
    values: tuple[float, float] = (0.0, 1.0)
    made: tuple[float, float] = (0.0, 1.0)
    clipped: bool = False
    gain: float = 1.0

    def network(self) -> nn.Module:
        """Return it with random weights, for inference."""
        return randomize(self.build(), gain=self.gain)

    def picture(self, size: tuple[int, int] | None = None) -> Array:
        """Return `(1, height, width, channels)` float32 noise in its range."""
        low, high = self.values
        shape = (1, *(size or self.size), self.channels)
        noise = np.random.default_rng(5).random(shape)
        return (low + (high - low) * noise).astype(np.float32)


def tensors_of(network: nn.Module) -> dict[str, Array]:
    """Return what its checkpoint holds."""
    return {key: value.numpy() for key, value in network.state_dict().items()}


def run(network: nn.Module, picture: Array) -> Array:
    """Return what it makes of `(batch, height, width, channels)`, alike."""
    with torch.no_grad():
        made = network(torch.from_numpy(picture.transpose(0, 3, 1, 2).copy()))
    return made.numpy().transpose(0, 2, 3, 1)


RRDB = {"filters": 6, "blocks": 2, "growth": 4}
RESIDUAL = {"filters": 6, "blocks": 2}

SUPER_RESOLUTION: dict[str, Layout] = {
    **{
        f"rrdb new x{scale}": Layout(
            partial(NewRRDBNet, scale=scale, **RRDB),
            "rrdb",
            {"scale": scale, "unshuffle": unshuffle, "growth": 4},
            size=size,
        )
        for scale, unshuffle, size in (
            (4, 1, (13, 11)),
            (2, 2, (14, 22)),
            (1, 4, (20, 28)),
        )
    },
    "rrdb new grey": Layout(
        partial(NewRRDBNet, channels=1, scale=2, **RRDB),
        "rrdb",
        {"channels": 1, "unshuffle": 2},
        size=(10, 12),
        channels=1,
    ),
    **{
        f"rrdb middle x{2**ups}": Layout(
            partial(MiddleRRDBNet, ups=ups, **RRDB), "rrdb", {"scale": 2**ups}
        )
        for ups in (1, 2)
    },
    **{
        f"rrdb old x{2**ups}": Layout(
            partial(OldRRDBNet, ups=ups, **RRDB),
            "rrdb",
            {"scale": 2**ups, "unshuffle": 1, "num_blocks": 2},
            size=(7, 9),
        )
        for ups in (0, 1, 2, 3)
    },
    "rrdb old unshuffled": Layout(
        partial(OldRRDBNet, squares=2, **RRDB),
        "rrdb",
        {"scale": 2, "unshuffle": 2},
        size=(10, 14),
    ),
    **{
        f"compact x{scale}": Layout(
            partial(Compact, scale=scale, filters=6, convs=3),
            "compact",
            {"scale": scale, "num_convs": 3},
        )
        for scale in (1, 2, 3, 4)
    },
    "compact grey": Layout(
        partial(Compact, filters=6, convs=2, channels=1),
        "compact",
        {"scale": 4, "channels": 1},
        channels=1,
    ),
    **{
        f"span {form}{' no norm' * (not norm)} x{scale}": Layout(
            partial(
                SPAN,
                scale=scale,
                filters=6,
                blocks=blocks,
                fused=form == "fused",
                norm=norm,
            ),
            "span",
            {"scale": scale, "rescale": norm, "num_blocks": blocks},
        )
        for form, norm, scale, blocks in (
            ("trained", True, 4, 6),
            ("trained", False, 2, 2),
            ("fused", True, 2, 6),
            ("fused", False, 4, 3),
        )
    },
    **{
        f"msrresnet x{scale}": Layout(
            partial(MSRResNet, scale=scale, **RESIDUAL), "msrresnet", {"scale": scale}
        )
        for scale in (2, 3, 4)
    },
    **{
        f"edsr {form} x{scale}": Layout(
            partial(kind, scale=scale, **RESIDUAL),
            "edsr",
            {"scale": scale, "residual_scale": 1.0},
        )
        for form, kind in (("basicsr", EDSR), ("original", OriginalEDSR))
        for scale in (2, 3, 4)
    },
    **{
        f"edsr {form} large": Layout(
            partial(kind, filters=256, blocks=1, scale=2, residual_scale=0.1),
            "edsr",
            {"residual_scale": 0.1, "num_filters": 256},
            size=(7, 6),
        )
        for form, kind in (("basicsr", EDSR), ("original", OriginalEDSR))
    },
    **{
        f"srgan leftthomas x{scale}{' normalised' * normalized}": Layout(
            partial(LeftThomas, scale=scale, normalized=normalized, **RESIDUAL),
            "srgan",
            {"scale": scale, "num_blocks": 2, "normalized_trunk": normalized},
        )
        for scale, normalized in ((2, False), (4, True), (8, False))
    },
    **{
        f"srgan lornatang {year} x{scale}": Layout(
            partial(LornaTang, scale=scale, outer=outer, **RESIDUAL),
            "srgan",
            {"scale": scale, "num_blocks": 2},
            clipped=True,
        )
        for year, outer, scale in ((2022, "conv_block", 4), (2023, "conv", 2))
    },
    "srgan aladdinpersson": Layout(
        partial(Aladdin, **RESIDUAL), "srgan", {"scale": 4}, made=(-1.0, 1.0)
    ),
    **{
        f"srgan sgrvinod x{scale}": Layout(
            partial(kind, scale=scale, **RESIDUAL),
            "srgan",
            {"scale": scale, "standardized": True},
            made=(-1.0, 1.0),
        )
        for kind, scale in ((Vinod, 4), (VinodGenerator, 2))
    },
}

SIGNED: dict[str, Any] = {"values": (-1.0, 1.0), "made": (-1.0, 1.0)}
"""Translators take and make pictures in this range."""

TRANSLATION: dict[str, Layout] = {
    **{
        f"unet {kind} {levels} levels": Layout(
            partial(UNet, inputs=3, outputs=2, filters=4, levels=levels, kind=kind),
            "pix2pix",
            {"normalization": kind, "num_levels": levels, "output_channels": 2},
            size=(2**levels, 2 * 2**levels),
            tiled=kind != "instance" and levels < 6,
            **SIGNED,
        )
        for kind, levels in (
            ("batch", 5),
            ("instance", 4),
            ("none", 3),
            ("batch", 2),
            ("none", 6),
        )
    },
    "unet dropout": Layout(
        partial(UNet, filters=2, levels=7, dropout=True),
        "pix2pix",
        {"normalization": "batch", "dropout": 0.5},
        size=(128, 128),
        tiled=False,
        **SIGNED,
    ),
    **{
        f"resnet {kind} {blocks} blocks{' dropout' * dropout}": Layout(
            partial(ResNet, filters=3, blocks=blocks, kind=kind, dropout=dropout),
            "cyclegan",
            {"num_residual_blocks": blocks, "dropout": 0.5 * dropout},
            size=(24, 20),
            tiled=kind != "instance",
            **SIGNED,
        )
        for kind, blocks, dropout in (
            ("instance", 6, False),
            ("instance", 9, True),
            ("batch", 6, True),
            ("batch", 2, False),
            ("none", 2, False),
        )
    },
    **{
        f"pix2pixhd {kind}": Layout(
            partial(
                ResNet, inputs=5, filters=2, blocks=2, halvings=4, kind=kind, bias=True
            ),
            "pix2pixhd",
            {"num_downsamplings": 4, "normalization": kind, "input_channels": 5},
            size=(48, 64),
            tiled=kind != "instance",
            channels=5,
            **SIGNED,
        )
        for kind in ("instance", "batch")
    },
}

SMALL = SUPER_RESOLUTION | TRANSLATION

FULL_SIZE: dict[str, Layout] = {
    "rrdb new": Layout(NewRRDBNet, "rrdb", {"num_blocks": 23}, gain=0.7),
    "rrdb old": Layout(OldRRDBNet, "rrdb", {"num_blocks": 23}, gain=0.7),
    "span": Layout(SPAN, "span", {"num_filters": 48}),
    "unet": Layout(
        partial(UNet, dropout=True), "pix2pix", {}, size=(256, 256), **SIGNED
    ),
    "resnet": Layout(ResNet, "cyclegan", {}, size=(64, 64), **SIGNED),
}
"""As they are published."""
