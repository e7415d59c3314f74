"""Sizes, the ensemble and wrapping with a model on a server."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import imgan
from imgan.inference.predictor import Predictor
from imgan.inference.sizing import TargetSize
from tests.inference.networks import picture
from tests.serving.loopback import Loopback


@pytest.fixture(scope="module")
def service(enlarging: Path) -> Iterator[Loopback]:
    with Loopback({"small": enlarging}) as service:
        yield service


@pytest.mark.parametrize("options", [{"tta": True}, {"wrap": "both"}])
def test_a_server_computes_the_same(
    service: Loopback, near: Predictor, enlarging: Path, options: dict[str, object]
) -> None:
    image = picture(40, 33, 3)
    far = imgan.load(f"{service.grpc}/small", **options)
    local = imgan.load(str(enlarging), **options)
    np.testing.assert_array_equal(far(image), local(image))
    assert (local(image) != near(image)).any()


def test_a_target_is_met_with_a_server(service: Loopback, near: Predictor) -> None:
    far, target = imgan.load(f"{service.grpc}/small"), TargetSize(50, 50, "crop")
    image = picture(40, 33, 3)
    made = far.predict(image, target=target).pixels
    assert made.shape == (50, 50, 3)
    np.testing.assert_array_equal(made, near.predict(image, target=target).pixels)
