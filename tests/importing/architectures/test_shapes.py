import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.architectures.shapes import count
from imgan.importing.architectures.shapes import described
from imgan.importing.architectures.shapes import has
from imgan.importing.architectures.shapes import numbers_of
from imgan.importing.architectures.shapes import one_of
from imgan.importing.architectures.shapes import same_channels
from imgan.importing.architectures.shapes import shape_of
from imgan.importing.architectures.shapes import square_root
from imgan.types import Array

BODY = r"body\.(\d+)\."


def named(*names: str) -> dict[str, Array]:
    return {name: np.ones((2, 3, 3, 3)) for name in names}


def test_names() -> None:
    tensors = named("body.0.weight", "body.0.bias", "body.1.weight", "embody.9.weight")
    assert has(tensors, "body.0.weight", "body.0.bias")
    assert not has(tensors, "body.0.weight", "body.2.weight")
    assert count(tensors, BODY) == 2
    assert count(tensors, r"head\.(\d+)\.") == 0
    assert numbers_of(named("body.12.a", "body.3.a", "body.3.b"), BODY) == [3, 12]
    assert described("x" * 99, (2, 3)) == "x" * 80 + " (2, 3)"


def test_counts_start_where_they_are_told_to() -> None:
    assert count(named("body.1.a", "body.2.a"), BODY, start=1) == 2
    with pytest.raises(CheckpointError, match="from 0 without gaps. Received: no 0"):
        count(named("body.1.a", "body.2.a"), BODY)
    with pytest.raises(CheckpointError, match="Received: no 1, but 7"):
        count(named("body.0.a", "body.7.a"), BODY)


def test_numbers_that_no_network_has() -> None:
    with pytest.raises(CheckpointError, match="with 1000$"):
        numbers_of(named("body.1000.a"), BODY)
    with pytest.raises(CheckpointError, match="at most 200 layers"):
        count(named(*(f"body.{index}.a" for index in range(201))), BODY)


def test_shapes() -> None:
    tensors = {"a": np.ones((2, 3, 1, 1)), "b": np.ones(()), "c": np.ones((0, 1, 1, 1))}
    assert shape_of(tensors, "a") == (2, 3, 1, 1)
    for name, received in (("b", r"\(\)"), ("c", r"\(0, 1, 1, 1\)")):
        with pytest.raises(CheckpointError, match=f"Received: {received}"):
            shape_of(tensors, name)
    with pytest.raises(CheckpointError, match="'d', from which .* is missing"):
        shape_of(tensors, "d")


def test_numbers() -> None:
    assert square_root(16, "It") == 4
    for number in (0, 8):
        with pytest.raises(CheckpointError, match="It must be a square number"):
            square_root(number, "It")
    assert one_of(2, (1, 2), "It") == 2
    with pytest.raises(CheckpointError, match="It must be one of 1, 2. Received: 3"):
        one_of(3, (1, 2), "It")
    assert same_channels(3, 3.0) == 3
    with pytest.raises(CheckpointError, match="one that makes 1 of 3"):
        same_channels(3, 1)
