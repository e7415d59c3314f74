"""Pictures through a server are those of the same model on this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imgan
from imgan.export.saved_model import export_saved_model
from imgan.inference.predictor import Predictor
from tests.inference.networks import picture
from tests.inference.translators import save_negative
from tests.serving.loopback import Loopback
from tests.serving.merging import Merger

SCHEMES = ["grpc", "http"]


@pytest.fixture(scope="module")
def service(enlarging: Path, translating: Path) -> Iterator[Loopback]:
    with Loopback({"small": enlarging, "drawn": translating}) as service:
        yield service


def remote(service: Loopback, scheme: str, model: str, **options: Any) -> Predictor:
    return imgan.load(f"{getattr(service, scheme)}/{model}", **options)


@pytest.fixture(scope="module")
def bundle(enlarging: Path) -> Predictor:
    """Return what the export was made of."""
    return imgan.load(str(enlarging.parent / "bundle"), precision="float32")


def signatures(service: Loopback, since: int) -> set[str]:
    return {call.signature for call in service.calls[since:]} - {"card"}


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("channels", "dtype", "asked"),
    [
        (3, "uint8", {"grpc": "serving_default", "http": "image_bytes"}),
        (1, "uint8", {"grpc": "network", "http": "image_bytes"}),
        (3, "uint16", {"grpc": "network", "http": "network"}),
        (3, "float32", {"grpc": "network", "http": "network"}),
    ],
)
def test_enlarging(
    scheme: str,
    channels: int,
    dtype: str,
    asked: dict[str, str],
    service: Loopback,
    near: Predictor,
    bundle: Predictor,
) -> None:
    """More than a tile, so that tiles are cut here: 32 pixels with their halo."""
    image = picture(41, 37, channels, dtype=dtype)
    since = len(service.calls)
    made = remote(service, scheme, "small")(image)
    assert made.dtype == dtype
    # Floats are not rounded, and a processor may add in another order elsewhere.
    last_bits = 1e-6 if dtype == "float32" else 0
    for expected in (near, bundle):
        np.testing.assert_allclose(made, expected(image), rtol=0, atol=last_bits)
    assert signatures(service, since) == {asked[scheme]}
    sides = [
        max(shape[1:3])
        for call in service.calls[since:]
        for shape in call.shapes.values()
        if len(shape) == 4
    ]
    assert all(side <= 32 for side in sides)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_another_scale_and_a_flat_picture(
    scheme: str, service: Loopback, near: Predictor
) -> None:
    image = picture(30, 25, 3)
    enlarge = remote(service, scheme, "small", scale=2.5)
    np.testing.assert_array_equal(enlarge(image), near(image, 2.5))
    flat = picture(12, 9)
    np.testing.assert_array_equal(enlarge(flat, 2), near(flat))


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("channels", "dtype"), [(3, "uint8"), (1, "uint8"), (3, "uint16")]
)
def test_translating(
    scheme: str, channels: int, dtype: str, service: Loopback, near_drawn: Predictor
) -> None:
    """Sides are no multiples, and tiles are blended; then a picture of one tile."""
    draw = remote(service, scheme, "drawn")
    assert draw.tile == near_drawn.tile
    for size in ((70, 83), (18, 23)):
        image = picture(*size, channels, dtype=dtype)
        made = draw(image)
        assert made.shape == (*size, 1)
        np.testing.assert_array_equal(made, near_drawn(image))


def test_smaller_and_larger_tiles_than_those_of_the_server(
    service: Loopback, near: Predictor, near_drawn: Predictor
) -> None:
    image = picture(50, 61, 3)
    for tile in (16, 60, 0):
        made = remote(service, "grpc", "small", tile=tile)(image)
        np.testing.assert_array_equal(made, near(image))
    # What is blended depends on the tile, so that the server must not cut it again.
    large = picture(90, 70, 3)
    for tile in (32, 0):
        made = remote(service, "grpc", "drawn", tile=tile)(large)
        expected = Predictor(near_drawn.engine, tile=tile)(large)
        np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_that_merges_requests(
    scheme: str, enlarging: Path, near: Predictor
) -> None:
    """Tiles of different shapes fail as a batch; they go as files or one by one."""
    merger = Merger(4, seconds=0.2)
    with Loopback({"small": enlarging}, merger=merger) as service:
        enlarge = remote(service, scheme, "small")
        for dtype in ("uint8", "uint16"):
            image = picture(41, 37, 3, dtype=dtype)
            np.testing.assert_array_equal(enlarge(image), near(image))
    assert max(merger.sizes) > 1


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("inputs", "outputs", "dtype", "changes"),
    [
        (2, 2, "float32", {"pixel_range": (0, 80), "output_pixel_range": (0, 8)}),
        (3, 1, "uint8", {"output_pixel_range": (0, 80)}),
        (3, 3, "uint8", {"output_dtype": "uint16"}),
        (6, 3, "uint8", {"num_frames": 2}),
    ],
)
def test_metres_depths_and_frames(
    scheme: str,
    inputs: int,
    outputs: int,
    dtype: str,
    changes: dict[str, Any],
    tmp_path: Path,
) -> None:
    bundle = Path(save_negative(tmp_path / "bundle", inputs, outputs, **changes))
    export_saved_model(bundle, tmp_path / "served")
    image = picture(70, 30, inputs, dtype=dtype)
    expected = imgan.load(str(bundle), precision="float32").predict(image)
    with Loopback({"m": tmp_path / "served"}) as service:
        made = remote(service, scheme, "m").predict(image)
    np.testing.assert_array_equal(made.pixels, expected.pixels)
    assert made.pixels.dtype == expected.pixels.dtype
    assert made.warnings == expected.warnings == []
