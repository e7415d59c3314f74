from pathlib import Path

import pytest

from imgan.cli.main import main
from tests.export import bundles

Said = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(bundles.make("repsr", tmp_path_factory.mktemp("export") / "small"))


def test_a_saved_model_with_its_kit(bundle: str, tmp_path: Path, capfd: Said) -> None:
    served = tmp_path / "served"
    assert main(["export", bundle, str(served), "--serving-kit"]) == 0
    first, parity, kit = capfd.readouterr().out.splitlines()
    assert first.startswith(f"{served / '1'}: SavedModel in float32, signatures card, ")
    assert parity.startswith("parity with the bundle: ")
    assert kit == f"{served / 'serving' / 'README.md'}: how to serve it"
    assert main(["export", str(served), str(tmp_path / "again")]) == 1
    assert "is an exported SavedModel" in capfd.readouterr().err


def test_quiet(bundle: str, tmp_path: Path, capfd: Said) -> None:
    assert main(["export", bundle, str(tmp_path / "served"), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "coreml"], "--format must be one of saved_model, litert, onnx"),
        (["--precision", "int8"], "--precision must be one of float32, bfloat16"),
        (["--calibrate", "."], "--calibrate is for --format litert --precision int8"),
        (["--score", "."], "--score is for --format litert --precision int8"),
        (["--format", "onnx", "--serving-kit"], "--serving-kit is for --format saved"),
    ],
)
def test_options_that_contradict_each_other(
    options: list[str], message: str, bundle: str, tmp_path: Path, capfd: Said
) -> None:
    assert main(["export", bundle, str(tmp_path / "served"), *options]) == 2
    assert message in " ".join(capfd.readouterr().err.split())
    assert not (tmp_path / "served").exists()


@pytest.mark.parametrize(
    ("options", "name", "told"),
    [
        (["--format", "litert"], "small.tflite", "LiteRT in float32"),
        (
            ["--format", "onnx", "--precision", "float16"],
            "small.onnx",
            "ONNX in float16",
        ),
    ],
)
def test_files_for_other_programs(
    options: list[str], name: str, told: str, bundle: str, tmp_path: Path, capfd: Said
) -> None:
    assert main(["export", bundle, str(tmp_path), *options]) == 0
    first, *others = capfd.readouterr().out.splitlines()
    assert first.startswith(f"{tmp_path / name}: {told}, ")
    assert others
    assert (tmp_path / name).is_file()
    assert (tmp_path / "small.card.json").is_file()


@pytest.mark.parametrize("name", ["x.tflite", "x.onnx"])
def test_a_saved_model_is_no_file(
    name: str, bundle: str, tmp_path: Path, capfd: Said
) -> None:
    assert main(["export", bundle, str(tmp_path / name)]) == 2
    assert "is a file's name, and a SavedModel is a folder" in capfd.readouterr().err
    assert not (tmp_path / name).exists()


def test_a_model_that_is_not_there(tmp_path: Path, capfd: Said) -> None:
    assert main(["export", "x5", str(tmp_path / "served")]) == 1
    assert "No model 'x5'" in capfd.readouterr().err
