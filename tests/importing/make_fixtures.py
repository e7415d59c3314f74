"""Write small checkpoints, and what PyTorch computes with them, for `test_golden`.

    python -m tests.importing.make_fixtures

Needs PyTorch; see CONTRIBUTING.md. One file for each way to name tensors, in the file
formats and the wrappings that projects use, a picture with its result beside it, and
what must be recognised in `index.json`.
"""

import json
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch import nn

from tests.importing.layouts import SIGNED
from tests.importing.layouts import Layout
from tests.importing.layouts import run
from tests.importing.torch_networks.compact import Compact
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

FOLDER = Path(__file__).parent / "fixtures" / "torch"

State = Mapping[str, Tensor]


def bare(state: State) -> Any:
    return state


def params(state: State) -> Any:
    return {"params": state}


def params_ema(state: State) -> Any:
    """Beside the weights that it is the average of."""
    return {
        "params": {key: value + 1 for key, value in state.items()},
        "params_ema": state,
    }


def parallel(state: State) -> Any:
    """As trained on several devices, with the rest of the training's state."""
    named = {f"module.{key}": value for key, value in state.items()}
    return {"epoch": 3, "state_dict": named, "optimizer": {"param_groups": []}}


@dataclass(frozen=True)
class Fixture:
    """One checkpoint.

    Attributes:
        layout: Of its tensors.
        wrap: What is around them.
        legacy: Whether it is of the format before PyTorch 1.6.
        half: Whether weights are float16.
    """

    layout: Layout
    wrap: Callable[[State], Any] = bare
    legacy: bool = False
    half: bool = False


SMALL = (5, 4)


def _rrdb(kind: type[nn.Module], size: tuple[int, int], **more: int) -> Layout:
    build = partial(kind, filters=4, blocks=1, growth=2, **more)
    return Layout(build, "rrdb", {"num_blocks": 1, "growth": 2}, size=size)


def _residual(
    kind: Callable[..., nn.Module],
    family: str,
    scale: int,
    *,
    made: tuple[float, float] = (0.0, 1.0),
    clipped: bool = False,
    **more: Any,
) -> Layout:
    build = partial(kind, scale=scale, filters=4, blocks=1, **more)
    arguments = {"scale": scale, "num_filters": 4, "num_blocks": 1}
    return Layout(build, family, arguments, size=SMALL, made=made, clipped=clipped)


def _span(*, fused: bool, norm: bool) -> Layout:
    build = partial(SPAN, scale=2, filters=3, blocks=1, fused=fused, norm=norm)
    return Layout(build, "span", {"scale": 2, "rescale": norm}, size=SMALL)


def _unet(kind: str, levels: int) -> Layout:
    build = partial(UNet, filters=2, levels=levels, kind=kind)
    arguments = {"num_levels": levels, "normalization": kind}
    side = 2**levels
    return Layout(build, "pix2pix", arguments, size=(side, 2 * side), **SIGNED)


def _resnet(kind: str, halvings: int = 2, **more: bool) -> Layout:
    filters = 2 if halvings == 2 else 1
    build = partial(
        ResNet,
        inputs=1,
        filters=filters,
        blocks=1,
        halvings=halvings,
        kind=kind,
        **more,
    )
    arguments = {"num_residual_blocks": 1, "normalization": kind, "input_channels": 1}
    family = "cyclegan" if halvings == 2 else "pix2pixhd"
    size = (2 * 2**halvings, 3 * 2**halvings)
    return Layout(build, family, arguments, size=size, channels=1, **SIGNED)


FIXTURES: dict[str, Fixture] = {
    "rrdb_new_x4": Fixture(_rrdb(NewRRDBNet, SMALL), params),
    "rrdb_new_x2": Fixture(_rrdb(NewRRDBNet, (8, 6), scale=2), params, legacy=True),
    "rrdb_new_x1": Fixture(_rrdb(NewRRDBNet, (8, 12), scale=1), legacy=True),
    "rrdb_middle_x4": Fixture(_rrdb(MiddleRRDBNet, SMALL), legacy=True),
    "rrdb_middle_x2": Fixture(_rrdb(MiddleRRDBNet, SMALL, ups=1), legacy=True),
    "rrdb_old_x4": Fixture(_rrdb(OldRRDBNet, SMALL), legacy=True),
    "rrdb_old_x1": Fixture(_rrdb(OldRRDBNet, SMALL, ups=0), half=True),
    "compact": Fixture(
        Layout(
            partial(Compact, filters=4, convs=2),
            "compact",
            {"scale": 4, "num_filters": 4, "num_convs": 2},
            size=SMALL,
        ),
        params_ema,
    ),
    "span_trained": Fixture(_span(fused=False, norm=True), params, legacy=True),
    "span_trained_no_norm": Fixture(_span(fused=False, norm=False), legacy=True),
    "span_fused": Fixture(_span(fused=True, norm=True)),
    "msrresnet_x4": Fixture(_residual(MSRResNet, "msrresnet", 4), params),
    "msrresnet_x3": Fixture(_residual(MSRResNet, "msrresnet", 3), legacy=True),
    "edsr_basicsr": Fixture(_residual(EDSR, "edsr", 3), params),
    "edsr_original": Fixture(_residual(OriginalEDSR, "edsr", 4), legacy=True),
    "srgan_leftthomas": Fixture(_residual(LeftThomas, "srgan", 4), legacy=True),
    "srgan_lornatang_2022": Fixture(
        _residual(LornaTang, "srgan", 4, clipped=True), parallel
    ),
    "srgan_lornatang_2023": Fixture(
        _residual(LornaTang, "srgan", 2, clipped=True, outer="conv"), legacy=True
    ),
    "srgan_aladdinpersson": Fixture(
        Layout(
            partial(Aladdin, filters=4, blocks=1),
            "srgan",
            size=SMALL,
            made=(-1.0, 1.0),
        ),
        parallel,
    ),
    "srgan_sgrvinod": Fixture(
        _residual(VinodGenerator, "srgan", 2, made=(-1.0, 1.0)), legacy=True
    ),
    "srresnet_sgrvinod": Fixture(
        _residual(Vinod, "srgan", 2, made=(-1.0, 1.0)), legacy=True
    ),
    "unet_batch": Fixture(_unet("batch", 3)),
    "unet_instance": Fixture(_unet("instance", 3), legacy=True),
    "unet_none": Fixture(_unet("none", 2), parallel),
    "resnet_instance": Fixture(_resnet("instance")),
    "resnet_batch_dropout": Fixture(_resnet("batch", dropout=True), parallel),
    "pix2pixhd": Fixture(_resnet("instance", 4, bias=True), legacy=True),
}


def write(name: str, fixture: Fixture) -> dict[str, Any]:
    """Write a checkpoint and its picture; return what the index says of it."""
    layout = fixture.layout
    network = layout.network()
    if fixture.half:
        network = network.half().float()
    state = dict(network.state_dict())
    if fixture.half:
        state = {key: value.half() for key, value in state.items()}
    torch.save(
        fixture.wrap(state),
        FOLDER / f"{name}.pth",
        _use_new_zipfile_serialization=not fixture.legacy,
    )
    picture = layout.picture()
    made = run(network, picture)
    np.savez_compressed(FOLDER / f"{name}.npz", picture=picture, made=made)
    return {
        "family": layout.family,
        "arguments": dict(layout.arguments),
        "range": layout.made,
        "clipped": layout.clipped,
        "legacy": fixture.legacy,
    }


def main() -> None:
    """Write them all anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    index = {name: write(name, fixture) for name, fixture in FIXTURES.items()}
    (FOLDER / "index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()
