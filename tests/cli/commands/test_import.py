from pathlib import Path

import numpy as np
import pytest

import imgan
from imgan.cli.main import main
from imgan.io.images import write_image
from imgan.io.picture import Picture
from tests.importing.files import compact_file

Said = pytest.CaptureFixture[str]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return compact_file(tmp_path / "compact.safetensors")


def test_a_checkpoint_becomes_a_model(
    checkpoint: Path, tmp_path: Path, capfd: Said
) -> None:
    output = tmp_path / "mine"
    assert main(["import", str(checkpoint), str(output)]) == 0
    said = capfd.readouterr()
    assert said.out == (
        f"{output}: Compact, super resolution x2, 712 parameters, from "
        "compact.safetensors (safetensors); halo 3 input pixels\n"
    )
    assert said.err.startswith("note: The licence of the weights is unknown")
    assert main(["inspect", str(output)]) == 0
    assert "made of        compact.safetensors, safetensors" in capfd.readouterr().out


def test_quiet(checkpoint: Path, tmp_path: Path, capfd: Said) -> None:
    assert main(["import", str(checkpoint), str(tmp_path / "mine"), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")


def test_compared_with_a_picture_made_elsewhere(
    checkpoint: Path, tmp_path: Path, capfd: Said
) -> None:
    output, licence = str(tmp_path / "mine"), ["--licence", "MIT"]
    assert main(["import", str(checkpoint), output, "--quiet"]) == 0
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3)).astype(np.uint8)
    made = imgan.load(output, precision="float32")(pixels)
    source, good, bad = (str(tmp_path / f"{n}.png") for n in ("in", "good", "bad"))
    write_image(Picture(pixels), Path(source))
    write_image(Picture(made), Path(good))
    write_image(Picture(made[::-1].copy()), Path(bad))
    again = ["import", str(checkpoint), output, "--overwrite", *licence]
    assert main([*again, "--compare", good, source]) == 0
    said = capfd.readouterr()
    assert f"{good}: the same picture, largest difference 0 of 255" in said.out
    assert said.err == ""
    assert main([*again, "--compare", bad, source]) == 1
    error = capfd.readouterr().err
    assert f"{output} does not make {bad} of {source}: largest difference" in error
    assert (Path(output) / "card.json").is_file(), "the model is kept"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--input-range", "1", "-1"], "--input-range must rise. Received: 1 -1"),
        (["--output-range", "0", "0"], "--output-range must rise. Received: 0 0"),
        (["--input-range", "-1", "1"], "--input-range is for Keras models"),
        (["--lambda", "shuffle"], "--lambda must be LAYER=OPERATION"),
        (["--lambda", "shuffle=clip:0:1"], "--lambda is for Keras models"),
    ],
)
def test_wrong_usage(
    options: list[str], message: str, checkpoint: Path, tmp_path: Path, capfd: Said
) -> None:
    output = tmp_path / "mine"
    assert main(["import", str(checkpoint), str(output), *options]) == 2
    assert message in " ".join(capfd.readouterr().err.split())
    assert not output.exists()


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"<!DOCTYPE html><html>"])
def test_a_bad_file_is_one_line(content: bytes, tmp_path: Path, capfd: Said) -> None:
    bad = tmp_path / "bad.pth"
    bad.write_bytes(content)
    assert main(["import", str(bad), str(tmp_path / "mine")]) == 1
    error = capfd.readouterr().err
    assert error.startswith(f"imgan: {bad}")
    assert error.count("\n") == 1
    assert main(["import", str(tmp_path / "none.pth"), str(tmp_path / "mine")]) == 1
    assert "none.pth" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.pth"]
