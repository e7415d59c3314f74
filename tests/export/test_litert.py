import json
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from imgan.bundles.bundle import load_network
from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.errors import CheckpointError
from imgan.errors import DataError
from imgan.errors import MissingExtraError
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.export.calibration import InputFolder
from imgan.export.calibration import as_images
from imgan.export.calibration import reduced
from imgan.export.litert import export_litert
from imgan.export.portable import PortableExport
from imgan.networks.compact import Compact
from imgan.networks.repsr import RepSR
from imgan.types import Array
from tests.contracts import randomize
from tests.export.portable_bundles import Singular
from tests.export.portable_bundles import by_keras
from tests.export.portable_bundles import feeds
from tests.export.portable_bundles import save_family
from tests.export.portable_bundles import save_network
from tests.export.portable_bundles import save_pictures


@pytest.fixture(scope="module")
def compact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle of a small network whose result is nearly its input."""
    return save_family("compact", tmp_path_factory.mktemp("litert") / "compact")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    return save_pictures(folder, (130, 150, 3), (90, 300, 3), (140, 131, 3))


def run(path: Path, feed: dict[str, Array]) -> Array:
    """Run a file as the README does, which resizes its inputs by what is given."""
    (made,) = Interpreter(str(path)).get_signature_runner()(**feed).values()
    return made


def test_what_is_said_of_pictures(compact: Path, tmp_path: Path) -> None:
    made = export_litert(compact, tmp_path)
    first, taken, given, parity = made.lines
    assert made.path == tmp_path / "compact.tflite"
    size = made.path.stat().st_size / 1e6
    assert first == f"{made.path}: LiteRT in float32, {size:.2f} MB"
    assert taken == "in: images float32 (1, height, width, 3), 0 to 1"
    assert given == (
        "out: outputs float32 (1, 4 * height, 4 * width, 3), 0 to 1, not clipped"
    )
    assert parity.startswith("parity with the bundle: at most ")
    assert parity.endswith(" on average (37x24 and 38x25)")
    runner = Interpreter(str(made.path)).get_signature_runner("serving_default")
    details = runner.get_input_details()["images"]
    assert list(details["shape_signature"]) == [1, -1, -1, 3]
    assert list(runner.get_output_details()) == ["outputs"]


def test_what_is_said_of_noise(tmp_path: Path) -> None:
    bundle = save_family("cgan", tmp_path / "bundle")
    lines = export_litert(bundle, tmp_path / "digits.tflite").lines
    assert lines[1:-1] == (
        "in: latent float32 (batch, 5), standard normal",
        "in: label int32 (batch,), 0 to 2",
        "out: images float32 (batch, 16, 16, 3), -1 to 1",
    )
    assert lines[-1].endswith("(5 pictures and 3 pictures)")


@pytest.mark.slow
def test_float16_halves_the_weights(tmp_path: Path) -> None:
    network = Compact(num_filters=24, num_convs=4, scale=2)
    randomize(network)
    save_network(network, tmp_path / "bundle")
    paths = [
        export_litert(
            tmp_path / "bundle", tmp_path / f"{name}.tflite", precision=name
        ).path
        for name in ("float32", "float16")
    ]
    exact, half = (path.stat().st_size for path in paths)
    assert 0.5 * exact < half < 0.6 * exact
    feed = feeds(network, read_card(tmp_path / "bundle"))[0]
    apart = np.abs(run(paths[1], feed) - by_keras(network, feed))
    assert 0 < apart.max() < 3e-3


@pytest.fixture(scope="module")
def quantised(
    compact: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> PortableExport:
    path = tmp_path_factory.mktemp("int8") / "small.tflite"
    return export_litert(compact, path, precision="int8", calibrate=pictures)


def test_int8_is_whole_and_says_what_it_loses(
    quantised: PortableExport, pictures: Path
) -> None:
    assert quantised.lines[0].startswith(f"{quantised.path}: LiteRT in int8, ")
    assert quantised.lines[1].startswith("in: images float32 (1, height, width, 3)")
    assert quantised.lines[4] == (
        f"calibrated on 64 crops of 64x64 from 3 of 3 pictures in {pictures}"
    )
    assert quantised.lines[5].startswith(f"{pictures}: ")
    assert quantised.lines[5].endswith(" lost (3 pictures, luma, border 4)")
    interpreter = Interpreter(str(quantised.path))
    dtypes = [np.dtype(one["dtype"]) for one in interpreter.get_tensor_details()]
    # The two ends, and nothing between them.
    assert dtypes.count(np.dtype(np.float32)) == 2
    assert set(map(str, dtypes)) == {"float32", "int8", "int32"}


def test_int8_is_near_the_network(
    quantised: PortableExport, compact: Path, pictures: Path
) -> None:
    network, card = load_network(compact)
    folder = InputFolder(card, pictures)
    for index in range(3):
        light = reduced(card, folder.read(index, 4, 4))
        feed = {"images": as_images(card, light)}
        apart = np.abs(run(quantised.path, feed) - by_keras(network, feed))
        assert 0 < apart.mean() < 0.005


def test_int8_is_the_same_every_time_and_quiet(
    quantised: PortableExport,
    compact: Path,
    pictures: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    again = export_litert(
        compact,
        tmp_path,
        precision="int8",
        calibrate=pictures,
        score=save_pictures(tmp_path / "others", (60, 70, 3)),
    )
    assert again.path.read_bytes() == quantised.path.read_bytes()
    assert again.lines[5].startswith(f"{tmp_path / 'others'}: ")
    assert again.lines[5].endswith("(1 pictures, luma, border 4)")
    assert capfd.readouterr() == ("", "")


@pytest.mark.thorough
@pytest.mark.parametrize("model", ["x4-fast", "x4", "x2"])
def test_shipped_models_lose_little(
    model: str, shared_data: Path, tmp_path: Path
) -> None:
    made = export_litert(
        resolve(model),
        tmp_path,
        precision="int8",
        calibrate=shared_data / "photos",
        score=shared_data / "set5" / "HR",
    )
    words = made.lines[-1].split()
    assert words[-7:-5] == ["dB", "lost"]
    assert 0 < float(words[-8]) <= 0.3


def test_what_trains_with_branches_goes_out_without(tmp_path: Path) -> None:
    network = RepSR(num_filters=8, num_convs=2, scale=2)
    randomize(network)
    save_network(network, tmp_path / "bundle")
    made = export_litert(tmp_path / "bundle", tmp_path)
    weights = 4 * network.fused().count_params()
    assert weights < made.path.stat().st_size < weights + 8000
    (feed,) = feeds(network, read_card(tmp_path / "bundle"))[:1]
    expected = by_keras(network, feed)
    np.testing.assert_allclose(run(made.path, feed), expected, atol=1e-5)


def test_an_older_file_is_replaced(compact: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(b"old")
    (tmp_path / "m.card.json").write_bytes(b"old")
    export_litert(compact, path)
    assert Interpreter(str(path)).get_signature_list()
    assert json.loads((tmp_path / "m.card.json").read_text("utf-8"))["scale"] == 4


def test_unknown_operations_are_named(tmp_path: Path) -> None:
    save_network(Singular(), tmp_path / "odd")
    with pytest.raises(UsageError) as error:
        export_litert(tmp_path / "odd", tmp_path / "out")
    assert str(error.value).startswith(
        "Model 'odd' (Singular) cannot go to LiteRT in float32: it has operations that "
        "there are not: "
    )
    assert "Svd" in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_noise_at_inference_goes_nowhere(tmp_path: Path) -> None:
    bundle = save_family("pix2pix", tmp_path / "b", dropout=0.5, noise_seed=3)
    with pytest.raises(UsageError, match=r"\(noise_seed\).*Use --format saved_model"):
        export_litert(bundle, tmp_path)


def test_a_file_that_computes_something_else_is_not_left(
    compact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tolerances = {"float32": 1e-12}
    monkeypatch.setattr("imgan.export.agreement.TOLERANCES", tolerances)
    with pytest.raises(CheckpointError, match="within 1e-12 of its range. Received: "):
        export_litert(compact, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pictures_to_score_are_looked_for_before_the_conversion(
    compact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def convert(*_: object) -> bytes:
        pytest.fail("The pictures are not there")

    monkeypatch.setattr("imgan.export.litert._convert", convert)
    photos = save_pictures(tmp_path / "photos", (60, 70, 3))
    options = {"precision": "int8", "calibrate": photos, "score": tmp_path / "none"}
    with pytest.raises(DataError):
        export_litert(compact, tmp_path / "out", **options)  # type: ignore[arg-type]


def test_without_the_runtime(
    compact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(MissingExtraError, match=r'pip install "imgan\[litert\]"'):
        export_litert(tmp_path / "no bundle is looked at", tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "bfloat16"}, "float32, float16, int8 for LiteRT. Received: bf"),
        ({"precision": "int8"}, "int8 needs --calibrate DIR"),
        ({"calibrate": Path("photos")}, "--calibrate is for --precision int8"),
        ({"score": Path("set5")}, "--score is for --precision int8"),
    ],
)
def test_options_that_contradict_each_other(
    options: dict[str, object], message: str, compact: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        export_litert(compact, tmp_path / "out", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_generators_are_calibrated_on_noise(tmp_path: Path) -> None:
    bundle = save_family("gan", tmp_path / "bundle")
    with pytest.raises(UsageError, match="draws from noise .* Leave --calibrate out"):
        export_litert(bundle, tmp_path, precision="int8", calibrate=tmp_path)
    lines = export_litert(bundle, tmp_path, precision="int8").lines
    assert lines[-2] == "calibrated on 64 latents"
    assert lines[-1].startswith("int8 and float32 are 0.0")
    assert lines[-1].endswith(" of the range apart on average (64 latents)")


def test_a_folder_without_pictures(compact: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no pictures"):
        export_litert(compact, tmp_path, precision="int8", calibrate=tmp_path / "empty")


def test_a_place_that_cannot_be_written(compact: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Cannot write .*"):
        export_litert(compact, tmp_path / "file" / "m.tflite")
