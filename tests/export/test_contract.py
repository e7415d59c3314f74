"""What every export promises, for every family and every model that ships."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import tensorflow as tf

import imgan
from imgan import families
from imgan.bundles.bundle import load_network
from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.bundles.drawing import drawing_function
from imgan.bundles.register import resolve
from imgan.bundles.register import shipped
from imgan.export.saved_model import export_saved_model
from imgan.export.warmup import warmup_inputs
from imgan.types import Array
from tests.export import bundles
from tests.export.sessions import Call
from tests.export.sessions import load_eager
from tests.export.sessions import load_session
from tests.inference.networks import picture

# Share of values within one level in bfloat16, of a photograph. What `x4-photo` adds to
# one is many times as strong as what `x4` does, and so is what rounding makes of it.
WITHIN_A_LEVEL = {"x4-photo": 0.995}

# One of each kind by default; each of the others takes as long, and tells as much.
QUICK = {"repsr", "cgan"}


def shipped_cases() -> list[Any]:
    """Return the quickest of them, and the others, which tell as much in minutes."""
    slow, thorough = pytest.mark.slow, pytest.mark.thorough
    return [
        pytest.param(name, marks=slow if name == "x4-fast" else thorough)
        for name in shipped()
    ]


# Their generators are those of other families, or chains of the same layers.
TWINS = {"srgan", "esrgan", "realesrgan", "wgan_gp"}
TWINS |= {"pix2pixhd", "pix2pixhd_local", "msrresnet", "edsr"}


def _marks(name: str) -> list[Any]:
    if name in QUICK:
        return []
    return [pytest.mark.thorough if name in TWINS else pytest.mark.slow]


CASES = [pytest.param(name, marks=_marks(name)) for name in bundles.FAMILIES]


def make(name: str, folder: Path) -> Path:
    return resolve(name) if name in shipped() else bundles.make(name, folder / name)


def encoded(image: Array, kind: str = "png") -> bytes:
    return getattr(tf.io, f"encode_{kind}")(image).numpy()


def test_every_family_has_a_case() -> None:
    assert set(families.FAMILIES) <= set(bundles.FAMILIES)


@pytest.mark.parametrize("name", [*CASES, *shipped_cases()])
def test_float32_exports_compute_what_the_bundle_does(
    name: str, tmp_path: Path
) -> None:
    bundle = make(name, tmp_path)
    version = export_saved_model(bundle, tmp_path / "served").folder
    draws = read_card(bundle).task == "generation"
    call = load_session(version)
    (check_drawings if draws else check_pictures)(call, bundle)
    inputs = warmup_inputs(read_card(version))["serving_default"]
    eager = load_eager(version)("serving_default", **inputs)["images"]
    np.testing.assert_allclose(call("serving_default", **inputs)["images"], eager)


def check_pictures(call: Call, bundle: Path) -> None:
    network, card = load_network(bundle, "float32")
    low, high = card.input_range
    rng = np.random.default_rng(1)
    unit = card.size_multiple
    shape = (2, 4 * unit, max(4 * unit, card.minimum_size), card.input_channels)
    images = rng.uniform(low, high, shape).astype(np.float32)
    made, expected = call("float", images=images)["images"], network(images)
    span = card.output_range[1] - card.output_range[0]
    assert np.abs(made - expected).max() <= 1e-5 * span
    bare = call("network", images=images)["images"]
    np.testing.assert_allclose(bare, made, atol=1e-5 * span)

    # More than a tile, and sides that are no multiples of anything.
    predictor = imgan.load(str(bundle), precision="float32")
    size = (card.tile + 5, min(card.tile, 16) + 5)
    batch = np.stack([picture(*size, 3), picture(*size, 3)[::-1, ::-1]])
    wanted = np.stack([predictor(image) for image in batch])
    served = call("serving_default", images=batch)["images"]
    assert served.dtype == np.uint8
    check_levels(served, wanted.reshape(served.shape), card)

    files = np.array([encoded(image) for image in batch], object)
    answer = call("image_bytes", image_bytes=files)
    assert answer["error"].tolist() == [b"", b""]
    for file, image in zip(answer["output_bytes"], served, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(file), image)


def check_levels(served: Array, wanted: Array, card: Card) -> None:
    """Equal, but for values that lie on the border of two levels.

    TensorFlow multiplies stored statistics into kernels where it finds them, which it
    does in a whole graph and not inside the loop over tiles.
    """
    if card.inference_mode.normalization != "stored":
        np.testing.assert_array_equal(served, wanted)
        return
    apart = np.abs(served.astype(int) - wanted)
    assert apart.max() <= 1
    assert apart.mean() < 1e-3


def check_drawings(call: Call, bundle: Path) -> None:
    network, card = load_network(bundle, "float32")
    assert card.latent is not None
    rng = np.random.default_rng(1)
    inputs = {"latent": rng.uniform(-1, 1, (5, card.latent.dim)).astype(np.float32)}
    numbers = {"seed": np.array([4, 4, 9, 4, -1], np.int64)}
    if card.labels is not None:
        inputs["label"] = numbers["label"] = np.array([0, 0, 1, 1, 2], np.int32)
    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    expected = drawing_function(network, card)(**tensors)["images"]
    np.testing.assert_array_equal(call("serving_default", **inputs)["images"], expected)

    drawn = call("seed", **numbers)["images"]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()
    answer = call("image_bytes", **numbers)
    for file, image in zip(answer["output_bytes"], drawn, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(file), image)
    alone = {name: value[2:3] for name, value in numbers.items()}
    np.testing.assert_array_equal(call("seed", **alone)["images"][0], drawn[2])


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", shipped_cases())
def test_lower_precisions_stay_within_a_level(
    name: str, precision: str, tmp_path: Path
) -> None:
    made = export_saved_model(resolve(name), tmp_path, precision=precision)
    image = skimage.data.cat()[100:170, 150:210]
    expected = imgan.load(name, precision="float32")(image).astype(int)
    call = load_session(made.folder)
    served = call("serving_default", images=image[None])["images"][0]
    within = (np.abs(served - expected) <= 1).mean()
    assert within >= WITHIN_A_LEVEL.get(name, 0.999)
    assert f"parity of {precision} with float32" in made.lines[0]
