"""MSRResNet and EDSR: residual blocks without normalisation."""

from collections.abc import Callable

import numpy as np

from imgan.errors import CheckpointError
from imgan.importing.architectures.shapes import count
from imgan.importing.architectures.shapes import has
from imgan.importing.architectures.shapes import one_of
from imgan.importing.architectures.shapes import same_channels
from imgan.importing.architectures.shapes import shape_of
from imgan.importing.architectures.shapes import square_root
from imgan.importing.parts import Conv
from imgan.importing.parts import Part
from imgan.importing.parts import Tensors
from imgan.importing.plan import Architecture
from imgan.importing.plan import Plan

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)
"""As in `imgan.networks.base`, whose import would wait for Keras."""

LARGE_FILTERS = 256
"""Of the large EDSR, whose branches are multiplied with 0.1."""


def _blocks(num_blocks: int, name: Callable[[int, int], str]) -> dict[str, Part]:
    """Return the parts of blocks with two convolutions, 1 and 2."""
    return {
        f"block_{block:02d}_conv_{index}": Conv(name(block, index))
        for block in range(num_blocks)
        for index in (1, 2)
    }


def _scale(tensors: Tensors, ups: list[str], filters: int) -> int:
    """Return the enlargement of one or two sub-pixel convolutions."""
    made, *_ = shape_of(tensors, f"{ups[0]}.weight")
    step = square_root(made // filters, "The ratio of enlarged to hidden channels")
    scale = step ** len([name for name in ups if f"{name}.weight" in tensors])
    return one_of(scale, (2, 3, 4), "The scale")


def _enlargement(ups: list[str], scale: int) -> dict[str, Part]:
    steps = (2, 2) if scale == 4 else (scale,)
    names = zip(ups, steps, strict=False)
    return {f"up_{n}": Conv(name, shuffle=s) for n, (name, s) in enumerate(names)}


# === MSRResNet of BasicSR ===


def _plan_msrresnet(tensors: Tensors) -> Plan:
    filters, channels, *_ = shape_of(tensors, "conv_first.weight")
    made, *_ = shape_of(tensors, "conv_last.weight")
    num_blocks = count(tensors, r"body\.(\d+)\.")
    ups = ["upconv1", "upconv2"]
    scale = _scale(tensors, ups, filters)
    parts: dict[str, Part] = {
        "first": Conv("conv_first"),
        **_blocks(num_blocks, lambda block, index: f"body.{block}.conv{index}"),
        **_enlargement(ups, scale),
        "wide": Conv("conv_hr"),
        "last": Conv("conv_last"),
    }
    arguments = {
        "scale": scale,
        "num_filters": filters,
        "num_blocks": num_blocks,
        "channels": same_channels(channels, made),
    }
    return Plan("msrresnet", arguments, parts)


MSRRESNET = Architecture(
    "MSRResNet",
    lambda tensors: (
        has(tensors, "conv_first.weight", "body.0.conv1.weight")
        and has(tensors, "upconv1.weight", "conv_last.weight")
    ),
    _plan_msrresnet,
)


# === EDSR ===


def _edsr(tensors: Tensors, names: dict[str, str], **more: Part) -> Plan:
    """Return the plan of an EDSR whose outer convolutions have these names."""
    filters, channels, *_ = shape_of(tensors, f"{names['first']}.weight")
    made, *_ = shape_of(tensors, f"{names['last']}.weight")
    ups = [names["up_0"], names["up_1"]]
    scale = _scale(tensors, ups, filters)
    residual_scale = 0.1 if filters >= LARGE_FILTERS else 1.0
    parts: dict[str, Part] = {
        "first": Conv(names["first"]),
        "trunk": Conv(names["trunk"]),
        **_enlargement(ups, scale),
        "last": Conv(names["last"]),
        **more,
    }
    arguments = {
        "scale": scale,
        "num_filters": filters,
        "num_blocks": sum(name.startswith("block_") for name in more) // 2,
        "residual_scale": residual_scale,
        "channels": same_channels(channels, made),
    }
    assumption = (
        f"The file does not say what branches are multiplied with: {residual_scale:g}, "
        f"as in the published network of {filters} filters."
    )
    return Plan("edsr", arguments, parts, (r"(sub|add)_mean\..*",), (assumption,))


def _plan_edsr_basicsr(tensors: Tensors) -> Plan:
    num_blocks = count(tensors, r"body\.(\d+)\.")
    names = {
        "first": "conv_first",
        "trunk": "conv_after_body",
        "up_0": "upsample.0",
        "up_1": "upsample.2",
        "last": "conv_last",
    }
    blocks = _blocks(num_blocks, lambda block, index: f"body.{block}.conv{index}")
    return _edsr(tensors, names, **blocks)


def _plan_edsr_original(tensors: Tensors) -> Plan:
    _check_mean(tensors)
    # The convolution after the blocks is the last member of the same sequence.
    num_blocks = count(tensors, r"body\.(\d+)\.") - 1
    names = {
        "first": "head.0",
        "trunk": f"body.{num_blocks}",
        "up_0": "tail.0.0",
        "up_1": "tail.0.2",
        "last": "tail.1",
    }
    blocks = _blocks(
        num_blocks, lambda block, index: f"body.{block}.body.{2 * index - 2}"
    )
    return _edsr(tensors, names, **blocks)


def _check_mean(tensors: Tensors) -> None:
    """Refuse a network for values that are not from 0 to 255, told by its mean."""
    bias = tensors.get("sub_mean.bias")
    if bias is None:
        return
    expected = -255.0 * np.asarray(DIV2K_MEAN)
    if bias.shape != (3,) or not np.allclose(bias, expected, atol=1.0):
        raise CheckpointError(
            "EDSR can be imported where it subtracts the mean colour of DIV2K from "
            f"values up to 255, that is {-expected.round(1)}. Received: "
            f"{-bias.ravel()[:3].round(4)}"
        )


EDSR_BASICSR = Architecture(
    "EDSR",
    lambda tensors: (
        has(tensors, "conv_first.weight", "conv_after_body.weight")
        and has(tensors, "body.0.conv1.weight", "upsample.0.weight")
    ),
    _plan_edsr_basicsr,
)

EDSR_ORIGINAL = Architecture(
    "EDSR",
    lambda tensors: (
        has(tensors, "head.0.weight", "body.0.body.0.weight")
        and has(tensors, "tail.0.0.weight", "tail.1.weight")
        and not any(".conv_du." in name for name in tensors)
    ),
    _plan_edsr_original,
)
