"""What goes where: every generator of the table to every format."""

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import NamedTuple

import numpy as np
import onnxruntime
import pytest
import tifffile
from ai_edge_litert.interpreter import Interpreter

from imgan import families
from imgan.bundles.bundle import load_network
from imgan.bundles.card import Card
from imgan.errors import UsageError
from imgan.export.calibration import calibrate_by_pictures
from imgan.export.litert import export_litert
from imgan.export.onnx_model import export_onnx
from imgan.export.tensors import PortableNetwork
from imgan.types import Array
from tests.export.portable_bundles import GENERATORS
from tests.export.portable_bundles import by_keras
from tests.export.portable_bundles import feeds
from tests.export.portable_bundles import save_family


class Saved(NamedTuple):
    """A bundle, and what Keras makes of inputs of two sizes."""

    bundle: Path
    network: Any
    card: Card
    feeds: list[dict[str, Array]]
    expected: list[Array]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Saved]:
    @functools.cache
    def save(family: str) -> Saved:
        bundle = save_family(family, tmp_path_factory.mktemp("families") / family)
        network, card = load_network(bundle)
        given = feeds(network, card)
        expected = [by_keras(network, feed) for feed in given]
        return Saved(bundle, network, card, given, expected)

    return save


def by_litert(path: Path, feed: dict[str, Array]) -> Array:
    (made,) = Interpreter(str(path)).get_signature_runner()(**feed).values()
    return made


def by_onnx(path: Path, feed: dict[str, Array]) -> Array:
    made: Array = onnxruntime.InferenceSession(path).run(None, feed)[0]
    return made


FORMATS: dict[str, tuple[Any, Any]] = {
    ".tflite": (export_litert, by_litert),
    ".onnx": (export_onnx, by_onnx),
}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("family", GENERATORS)
def test_files_compute_what_keras_does(
    family: str, suffix: str, saved: Callable[[str], Saved], tmp_path: Path
) -> None:
    one = saved(family)
    assert type(one.network) is families.resolve(families.get(family).generator)
    export, run = FORMATS[suffix]
    made = export(one.bundle, tmp_path / f"model{suffix}")
    assert sorted(os.listdir(tmp_path)) == ["model.card.json", f"model{suffix}"]
    for feed, expected in zip(one.feeds, one.expected, strict=True):
        result = run(made.path, feed)
        assert result.shape == expected.shape
        limit = 2e-5 * float(np.abs(expected).max())
        np.testing.assert_allclose(result, expected, rtol=0, atol=limit)
    stored = json.loads((tmp_path / "model.card.json").read_text("utf-8"))
    assert stored == json.loads((one.bundle / "card.json").read_text("utf-8"))


def test_every_generator_of_the_table_is_tried() -> None:
    tried = {families.get(name).generator for name in GENERATORS}
    assert tried == {family.generator for family in families.FAMILIES.values()}


# The converters know no families: these have all that differs in a graph.
FEW = [
    pytest.param(
        name,
        marks=pytest.mark.slow
        if name in {"compact", "pix2pix", "cyclegan", "cgan"}
        else pytest.mark.thorough,
    )
    for name in GENERATORS
]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("family", FEW)
def test_files_in_float16(
    family: str, suffix: str, saved: Callable[[str], Saved], tmp_path: Path
) -> None:
    one = saved(family)
    export, run = FORMATS[suffix]
    made = export(one.bundle, tmp_path / f"model{suffix}", precision="float16")
    for feed, expected in zip(one.feeds, one.expected, strict=True):
        apart = np.abs(run(made.path, feed) - expected)
        assert 0 < apart.max() < 5e-3 * np.ptp(expected)


@pytest.mark.parametrize("family", FEW)
def test_files_in_int8(
    family: str, saved: Callable[[str], Saved], tmp_path: Path
) -> None:
    one = saved(family)
    options: dict[str, Any] = {"precision": "int8"}
    if one.card.input_channels is not None:
        options["calibrate"] = save_bands(tmp_path / "in", one.card.input_channels)
    output = tmp_path / "out" / "model.tflite"
    if one.network.inference_normalization == "instance":
        with pytest.raises(UsageError, match="cannot go to LiteRT int8: it normalises"):
            export_litert(one.bundle, output, **options)
        assert not output.parent.exists()
        return
    made = export_litert(one.bundle, output, **options)
    portable = PortableNetwork(one.network, one.card)
    if portable.draws:
        feed = portable.noise(16, seed=100)
    else:
        feed = calibrate_by_pictures(portable, options["calibrate"]).feeds[0]
    expected = by_keras(one.network, feed)
    apart = np.abs(by_litert(made.path, feed) - expected)
    assert 0 < apart.mean() < 0.01 * np.ptp(expected)


def save_bands(folder: Path, channels: int) -> Path:
    """Write noise in any number of bands."""
    folder.mkdir()
    random = np.random.default_rng(4)
    kind = "rgb" if channels == 3 else "minisblack"
    for index in range(2):
        bands = random.integers(0, 255, (270, 260, channels), np.uint8)
        path = folder / f"{index}.tif"
        tifffile.imwrite(path, bands, photometric=kind, planarconfig="contig")
    return folder
