"""Mismatches show both sides, and nothing but a `CheckpointError` comes of them."""

import re
from typing import Any

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.conversion import convert
from imgan.importing.detection import detect
from imgan.types import Array

Tensors = dict[str, Array]


def compact(scale: int = 2, filters: int = 4, convs: int = 1) -> Tensors:
    """Return the tensors of a SRVGGNetCompact, all of noise."""
    random = np.random.default_rng(1)
    shapes: dict[str, tuple[int, ...]] = {}
    widths = [3, *[filters] * (convs + 1)]
    for index, (seen, made) in enumerate(zip(widths[:-1], widths[1:], strict=True)):
        shapes[f"body.{2 * index}.weight"] = (made, seen, 3, 3)
        shapes[f"body.{2 * index}.bias"] = (made,)
        shapes[f"body.{2 * index + 1}.weight"] = (made,)
    shapes[f"body.{2 * convs + 2}.weight"] = (3 * scale**2, filters, 3, 3)
    shapes[f"body.{2 * convs + 2}.bias"] = (3 * scale**2,)
    noise = {key: random.normal(size=shape) for key, shape in shapes.items()}
    return {key: value.astype(np.float32) for key, value in noise.items()}


def converted(tensors: Tensors) -> Any:
    return convert(detect(tensors), tensors)


def refusal(tensors: Tensors) -> str:
    with pytest.raises(CheckpointError) as caught:
        converted(tensors)
    return str(caught.value)


def test_weights_arrive() -> None:
    tensors = compact()
    network = converted(tensors)
    kernel, bias = network.get_layer("conv_01").get_weights()
    np.testing.assert_array_equal(
        kernel[0, 2, 1, 3], tensors["body.2.weight"][3, 1, 0, 2]
    )
    np.testing.assert_array_equal(bias, tensors["body.2.bias"])
    slopes = network.get_layer("prelu_00").get_weights()[0]
    np.testing.assert_array_equal(slopes.ravel(), tensors["body.1.weight"])


def test_missing_and_unexpected_tensors_are_both_shown() -> None:
    tensors = compact()
    tensors["body.2.offset"] = tensors.pop("body.2.bias")
    message = refusal(tensors)
    assert "Missing (1): body.2.bias (4,)." in message
    assert "Not expected (1): body.2.offset (4,)." in message
    assert (
        "Perhaps 'body.2.offset' is what is called 'body.2.bias' elsewhere." in message
    )
    assert "Compact(scale=2, num_filters=4" in message


@pytest.mark.parametrize(
    ("change", "guess"),
    [
        (lambda t: t.pop("body.2.bias"), "Perhaps the file was cut"),
        (lambda t: t.update(further=np.ones(7)), "a variant of the network"),
        (
            lambda t: (t.pop("body.2.bias"), t.update(further=np.ones(7))),
            "another network with some names in common",
        ),
    ],
)
def test_what_the_reason_may_be(change: Any, guess: str) -> None:
    tensors = compact()
    change(tensors)
    assert guess in refusal(tensors)


def test_long_lists_are_cut() -> None:
    tensors = compact()
    tensors |= {f"further.{index}": np.ones(1, np.float32) for index in range(9)}
    assert "Not expected (9): further.0 (1,), further.1 (1,)" in refusal(tensors)
    assert "further.5 (1,) and 3 more." in refusal(tensors)


def test_a_wrong_shape_shows_both_and_how_many() -> None:
    tensors = compact()
    tensors["body.2.weight"] = np.ones((4, 4, 1, 1), np.float32)
    message = refusal(tensors)
    assert "'body.2.weight' must have the shape (4, 4, 3, 3)" in message
    assert "Received: (4, 4, 1, 1). 1 of 8 tensors" in message


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(value: float) -> None:
    tensors = compact()
    tensors["body.3.weight"][1] = value
    assert "'body.3.weight' holds values that are not finite" in refusal(tensors)


def test_a_small_file_does_not_get_the_memory_of_a_huge_network() -> None:
    """Two convolutions of 100,000 channels would be 360 GB."""
    tensors = compact()
    tensors["body.0.weight"] = np.zeros((100_000, 3, 1, 1), np.float32)
    assert re.search(r"must have the shape \(100000, 3, 3, 3\)", refusal(tensors))


def test_a_network_that_cannot_be_built() -> None:
    """ImageNet's colours are three."""
    tensors = compact()
    plan = detect(tensors)
    wrong = type(plan)("srgan", {"standardized": True, "channels": 1}, {})
    with pytest.raises(CheckpointError, match="cannot be built: standardized networks"):
        convert(wrong, tensors)
