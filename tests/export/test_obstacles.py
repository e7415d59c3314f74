from types import SimpleNamespace
from typing import Any

import pytest

from imgan.bundles.card import NetworkSpec
from imgan.errors import UsageError
from imgan.export.obstacles import check_obstacles
from imgan.export.obstacles import conversion_fault
from imgan.export.tensors import PortableNetwork
from tests.inference.networks import card


def portable(normalization: str = "none", **changes: Any) -> PortableNetwork:
    network = SimpleNamespace(inference_normalization=normalization)
    return PortableNetwork(network, card(**changes))


def spec(parameters: int = 1, **config: Any) -> NetworkSpec:
    return NetworkSpec(
        path="imgan.networks.unet:UNetGenerator", config=config, parameters=parameters
    )


PLACES = [
    ("litert", "float32"),
    ("litert", "float16"),
    ("litert", "int8"),
    ("onnx", "float32"),
    ("onnx", "float16"),
]


@pytest.mark.parametrize(("file_format", "precision"), PLACES)
def test_noise_and_size_stop_everywhere(file_format: str, precision: str) -> None:
    where = {"litert": "LiteRT", "onnx": "ONNX"}[file_format]
    head = rf"^Model 'small' \(UNetGenerator\) cannot go to {where}: "
    noisy = portable(network=spec(noise_seed=1))
    with pytest.raises(UsageError, match=head + "it drops activations at inference"):
        check_obstacles(noisy, file_format, precision)
    large = portable(network=spec(parameters=2**29))
    with pytest.raises(UsageError, match=head + r"its weights are more than the 2\.1"):
        check_obstacles(large, file_format, precision)
    check_obstacles(
        portable(network=spec(parameters=2**29 - 1)), file_format, precision
    )


def test_repeated_pixels_stop_at_litert() -> None:
    repeating = portable(network=spec(resize_convolution=True))
    with pytest.raises(UsageError, match="resize_convolution=false"):
        check_obstacles(repeating, "litert", "float16")
    check_obstacles(repeating, "onnx", "float32")
    check_obstacles(portable(network=spec(resize_convolution=False)), "litert", "int8")


@pytest.mark.parametrize("normalization", ["none", "stored", "instance", "batch"])
@pytest.mark.parametrize(("file_format", "precision"), PLACES)
def test_own_statistics_stop_int8_only(
    file_format: str, precision: str, normalization: str
) -> None:
    network = portable(normalization)
    if precision == "int8" and normalization in ("instance", "batch"):
        with pytest.raises(UsageError, match=r"LiteRT int8: .* --precision float16"):
            check_obstacles(network, file_format, precision)
    else:
        check_obstacles(network, file_format, precision)


def test_a_network_that_says_nothing_is_known_by_its_card() -> None:
    network = PortableNetwork(
        SimpleNamespace(), card(inference_mode={"normalization": "instance"})
    )
    with pytest.raises(UsageError, match="LiteRT int8"):
        check_obstacles(network, "litert", "int8")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            "no\nTF Select ops: StridedSlice, Erf\nDetails:\nCustom ops: Svd\n",
            "it has operations that there are not: Erf, StridedSlice, Svd",
        ),
        (
            "loc: error: 'tf.Where' op is neither a custom op nor a flex op\n",
            "it has operations that there are not: Where",
        ),
        (
            "Quantization to 16x8-bit not yet supported for op: 'DEPTH_TO_SPACE'.",
            "it has operations that there are not: DEPTH_TO_SPACE",
        ),
        ("Something else\nand pages", "Something else"),
        ("", "no reason given"),
    ],
)
def test_reasons_are_read_from_pages(message: str, reason: str) -> None:
    assert conversion_fault(message) == reason
