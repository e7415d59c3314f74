"""`imgan upscale --server` and `imgan translate --server`, as a user has them."""

import json
from pathlib import Path

import numpy as np
import pytest

from imgan.cli.main import main
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image
from tests.inference.networks import picture
from tests.serving.loopback import Faults
from tests.serving.loopback import Loopback


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for way in ("grpc", "rest"):
        monkeypatch.setattr(f"imgan.inference.remote_{way}.FIRST_BACKOFF", 0.01)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of grey, colour, transparent and deep pictures, and garbage."""
    return fill(tmp_path / "in")


def fill(into: Path) -> Path:
    alpha = picture(20, 21)
    write_image(Picture(picture(20, 21)), into / "grey.png")
    write_image(Picture(picture(20, 21, 3)), into / "photograph.jpg")
    write_image(Picture(picture(20, 21, 3), alpha=alpha), into / "clear.png")
    write_image(Picture(picture(20, 21, 3, dtype="uint16")), into / "deep.png")
    (into / "garbage.jpg").write_bytes(b"\xff\xd8\xff garbage")
    return into


def run(command: str, *words: object) -> int:
    return main([command, *map(str, words), "--quiet"])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def expected(
    enlarging: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """Return the files that the export makes here."""
    into = tmp_path_factory.mktemp("near")
    assert run("upscale", fill(into / "in"), into / "out", "--model", enlarging) == 1
    return contents(into / "out")


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_upscale(
    scheme: str,
    folder: Path,
    expected: dict[str, bytes],
    enlarging: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same files as from the local export, one failure, and a report about it."""
    capsys.readouterr()
    report = tmp_path / "report.json"
    with Loopback({"small": enlarging}) as service:
        origin = getattr(service, scheme)
        words = (folder, tmp_path / "far", "--server", f"{origin}/small")
        assert run("upscale", *words, "--report", report) == 1
    assert contents(tmp_path / "far") == expected
    assert len(expected) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert "garbage.jpg" in line
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["model"] == f"{origin}/small"
    assert told["device"] == origin
    assert told["precision"] == "float32"
    assert len(told["weights_sha256"]) == 64


def test_translate(folder: Path, translating: Path, tmp_path: Path) -> None:
    for name in ("garbage.jpg", "deep.png", "grey.png"):
        (folder / name).unlink()
    with Loopback({"drawn": translating}) as service:
        url = f"{service.grpc}/drawn"
        assert run("translate", folder, tmp_path / "far", "--server", url) == 0
        # It translates, so it does not enlarge; and a URL is a model like others.
        assert run("upscale", folder, tmp_path / "none", "--model", url) == 2
    assert run("translate", folder, tmp_path / "near", "--model", translating) == 0
    assert contents(tmp_path / "far") == contents(tmp_path / "near")


def test_a_server_that_dies(
    folder: Path,
    enlarging: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is done stays; each other picture is a line; the command goes on later."""
    for index in range(6):
        image = np.full((10, 10 + index, 3), index, np.uint8)
        write_image(Picture(image), folder / f"later-{index}.png")
    (folder / "garbage.jpg").unlink()
    out = tmp_path / "out"
    with Loopback({"small": enlarging}, Faults(die_after=8)) as service:
        words = (folder, out, "--server", f"{service.grpc}/small")
        assert run("upscale", *words, "--timeout", 20) == 1
    lines = capsys.readouterr().err.splitlines()
    done = contents(out)
    assert done
    assert len(lines) == 10 - len(done)
    assert all("does not answer" in line and "goes on" in line for line in lines)
    assert not any("Traceback" in line or "RpcError" in line for line in lines)
    with Loopback({"small": enlarging}) as service:
        words = (folder, out, "--server", f"{service.grpc}/small")
        assert run("upscale", *words) == 0
    assert len(contents(out)) == 10
    assert contents(out).items() >= done.items()
    assert read_image(out / "later-5.png").size == (20, 30)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--server", "grpc://h/x", "--model", "x4"], "--model and --server exclude"),
        (["--server", "localhost:8500/x4"], "must begin like grpc://host:8500/NAME"),
        (["--server", "grpc://h/x", "--precision", "float32"], "--precision is for"),
        (["--timeout", "3"], "--timeout is for a model on a server"),
    ],
)
def test_wrong_usage(
    words: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("upscale", folder, "out", *words) == 2
    assert message in capsys.readouterr().err


def test_translate_wants_a_model(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("translate", folder, "out") == 2
    assert "Expected --model, or --server" in capsys.readouterr().err


def test_nobody_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for url in ("grpc://127.0.0.1:1/x4", "http://127.0.0.1:1/x4"):
        assert run("upscale", folder, "out", "--server", url) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"imgan: {url[:-3]} does not answer: ")
        assert "Connection refused" in line
