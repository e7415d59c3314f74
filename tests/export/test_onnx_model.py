import gc
import os
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from imgan.bundles.bundle import load_network
from imgan.bundles.card import Card
from imgan.errors import CheckpointError
from imgan.errors import MissingExtraError
from imgan.errors import UsageError
from imgan.export.onnx_model import export_onnx
from imgan.networks.repsr import RepSR
from imgan.types import Array
from tests.contracts import randomize
from tests.export.portable_bundles import Singular
from tests.export.portable_bundles import by_keras
from tests.export.portable_bundles import feeds
from tests.export.portable_bundles import save_family
from tests.export.portable_bundles import save_network


@pytest.fixture(scope="module")
def compact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_family("compact", tmp_path_factory.mktemp("onnx") / "compact")


def run(path: Path, feed: dict[str, Array]) -> Array:
    """Run a file as the README does."""
    made: Array = onnxruntime.InferenceSession(path).run(None, feed)[0]
    return made


def test_what_is_in_the_file(compact: Path, tmp_path: Path) -> None:
    made = export_onnx(compact, tmp_path)
    assert made.path == tmp_path / "compact.onnx"
    assert sorted(os.listdir(tmp_path)) == ["compact.card.json", "compact.onnx"]
    session = onnxruntime.InferenceSession(made.path)
    described = {
        value.name: (value.type, value.shape)
        for value in (*session.get_inputs(), *session.get_outputs())
    }
    assert described == {
        "images": ("tensor(float)", ["batch", "height", "width", 3]),
        "outputs": ("tensor(float)", ["batch", "output_height", "output_width", 3]),
    }
    model = onnx.load(made.path)
    assert [(one.domain, one.version) for one in model.opset_import][0] == ("", 18)
    inside = session.get_modelmeta().custom_metadata_map["imgan_card"]
    beside = (tmp_path / "compact.card.json").read_text("utf-8")
    assert Card.model_validate_json(inside) == Card.model_validate_json(beside)
    size = made.path.stat().st_size / 1e6
    assert made.lines[:3] == (
        f"{made.path}: ONNX in float32, opset 18, {size:.2f} MB",
        "in: images float32 (batch, height, width, 3), 0 to 1",
        "out: outputs float32 (batch, 4 * height, 4 * width, 3), 0 to 1, not clipped",
    )
    assert made.lines[3].startswith("parity with the bundle: at most ")


def test_any_number_of_pictures_at_once(compact: Path, tmp_path: Path) -> None:
    network, card = load_network(compact)
    made = export_onnx(compact, tmp_path)
    onnx.checker.check_model(made.path, full_check=True)
    images = feeds(network, card)[0]["images"]
    batch = np.concatenate([images, images[:, ::-1], images[:, :, ::-1]])
    result = run(made.path, {"images": batch})
    np.testing.assert_allclose(result, by_keras(network, {"images": batch}), atol=1e-5)


def test_float16_has_half_the_size_and_float32_at_its_ends(tmp_path: Path) -> None:
    network = RepSR(num_filters=24, num_convs=4, scale=2, fused=True)
    randomize(network)
    card = save_network(network, tmp_path / "bundle")
    exact = export_onnx(tmp_path / "bundle", tmp_path / "exact.onnx")
    half = export_onnx(tmp_path / "bundle", tmp_path / "half.onnx", precision="float16")
    sizes = [made.path.stat().st_size for made in (exact, half)]
    assert 0.5 * sizes[0] < sizes[1] < 0.6 * sizes[0]
    for feed in feeds(network, card):
        result = run(half.path, feed)
        assert result.dtype == np.float32
        apart = np.abs(result - by_keras(network, feed))
        assert 0 < apart.max() < 1e-2


def test_what_trains_with_branches_goes_out_without(tmp_path: Path) -> None:
    network = RepSR(num_filters=8, num_convs=2, scale=2)
    randomize(network)
    card = save_network(network, tmp_path / "bundle")
    made = export_onnx(tmp_path / "bundle", tmp_path)
    kinds = [node.op_type for node in onnx.load(made.path).graph.node]
    assert kinds.count("Conv") == 4
    (feed,) = feeds(network, card)[:1]
    np.testing.assert_allclose(run(made.path, feed), by_keras(network, feed), atol=1e-5)


def test_nothing_on_the_terminal_and_no_other_collector(
    compact: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    collector = gc.get_threshold(), gc.get_freeze_count()
    export_onnx(compact, tmp_path)
    assert capfd.readouterr() == ("", "")
    assert (gc.get_threshold(), gc.get_freeze_count()) == collector


def test_unknown_operations_are_named(tmp_path: Path) -> None:
    save_network(Singular(), tmp_path / "odd")
    with pytest.raises(UsageError) as error:
        export_onnx(tmp_path / "odd", tmp_path / "out")
    assert str(error.value) == (
        "Model 'odd' (Singular) cannot go to ONNX: it has operations that there are "
        "not: Svd"
    )
    assert not (tmp_path / "out").exists()


def test_noise_at_inference_goes_nowhere(tmp_path: Path) -> None:
    bundle = save_family("pix2pix", tmp_path / "b", dropout=0.5, noise_seed=3)
    with pytest.raises(UsageError, match=r"cannot go to ONNX: it drops .*noise_seed"):
        export_onnx(bundle, tmp_path)


def test_a_file_that_computes_something_else_is_not_left(
    compact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tolerances = {"float32": 1e-12}
    monkeypatch.setattr("imgan.export.agreement.TOLERANCES", tolerances)
    with pytest.raises(CheckpointError, match="Report it with imgan info"):
        export_onnx(compact, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("package", ["onnx", "tf2onnx", "onnxruntime"])
def test_without_a_package(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r'pip install "imgan\[onnx\]"'):
        export_onnx(tmp_path / "no bundle is looked at", tmp_path)


@pytest.mark.parametrize(
    ("precision", "advice"),
    [
        ("int8", "That is for --format litert"),
        ("bfloat16", "That is for --format saved_model"),
    ],
)
def test_precisions_that_are_elsewhere(
    precision: str, advice: str, compact: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as error:
        export_onnx(compact, tmp_path, precision=precision)
    assert str(error.value) == (
        f"--precision must be one of float32, float16 for ONNX. Received: {precision}. "
        f"{advice}"
    )
