import os
from pathlib import Path

import pytest

from imgan.bundles.card import Card
from imgan.errors import MissingExtraError
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.export.portable import card_beside
from imgan.export.portable import check_precision
from imgan.export.portable import choose_file
from imgan.export.portable import require_packages
from imgan.export.portable import write_portable
from tests.inference.networks import card


def test_a_file_is_told_by_its_suffix(tmp_path: Path) -> None:
    named = card(name="x4")
    file = tmp_path / "phone.TFLite"
    assert choose_file(file, "litert", named) == file
    assert choose_file(tmp_path / "v1.2", "litert", named) == (
        tmp_path / "v1.2" / "x4.tflite"
    )
    assert choose_file(tmp_path, "onnx", named) == tmp_path / "x4.onnx"
    # A folder stays one, whatever it is called.
    (tmp_path / "models.onnx").mkdir()
    for output_format, suffix in (("onnx", ".onnx"), ("litert", ".tflite")):
        path = choose_file(tmp_path / "models.onnx", output_format, named)
        assert path == tmp_path / "models.onnx" / f"x4{suffix}"


def test_a_suffix_of_the_other_format(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--format onnx must end in \.onnx. Received"):
        choose_file(tmp_path / "x4.tflite", "onnx", card())


@pytest.mark.parametrize("name", ["../up", "a/b", "a\\b"])
def test_a_foreign_name_leads_nowhere_else(name: str, tmp_path: Path) -> None:
    path = choose_file(tmp_path, "onnx", card(name=name))
    assert path.parent == tmp_path
    assert path.suffix == ".onnx"


def test_the_card_is_named_after_the_file() -> None:
    assert card_beside(Path("a/x4.v2.onnx")) == Path("a/x4.v2.card.json")


def test_both_files_replace_older_ones(tmp_path: Path) -> None:
    path = tmp_path / "new" / "m.onnx"
    for content in (b"old", b"new"):
        write_portable(path, content, card(name=content.decode()))
    assert path.read_bytes() == b"new"
    text = (tmp_path / "new" / "m.card.json").read_text("utf-8")
    assert Card.model_validate_json(text) == card(name="new")
    assert sorted(os.listdir(path.parent)) == ["m.card.json", "m.onnx"]


@pytest.mark.parametrize("fails", [1, 2])
def test_a_full_disk_leaves_nothing(
    fails: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    real = os.fdopen

    def fdopen(descriptor: int, mode: str) -> object:
        opened.append(descriptor)
        if len(opened) == fails:
            os.close(descriptor)
            raise OSError(28, "No space left on device")
        return real(descriptor, mode)

    monkeypatch.setattr("imgan.export.portable.os.fdopen", fdopen)
    with pytest.raises(OutputError, match=r"m\.onnx: No space left on device"):
        write_portable(tmp_path / "m.onnx", b"content", card())
    assert os.listdir(tmp_path) == []


def test_packages() -> None:
    require_packages(["json", "pathlib"], "Reading", "reading")
    with pytest.raises(MissingExtraError) as error:
        require_packages(["json", "no_such_package"], "Flying", "wings")
    assert str(error.value) == 'Flying needs an extra: pip install "imgan[wings]"'


def test_precisions() -> None:
    known = {"float32": "", "int8": "Go there"}
    check_precision("float32", known, "X")
    for received, end in (("int8", "int8. Go there"), ("float64", "float64")):
        with pytest.raises(UsageError) as error:
            check_precision(received, known, "X")
        assert str(error.value) == (
            f"--precision must be one of float32 for X. Received: {end}"
        )
