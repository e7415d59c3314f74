"""`imgan upscale` as a user runs it: in a process of its own where that matters."""

import json
import subprocess
import sys

import pytest

from imgan.cli.main import main
from imgan.io.images import read_image

from ..drill.processes import save_noise


@pytest.fixture
def folder(tmp_path):
    return save_noise(tmp_path)


def test_a_folder_without_a_network(folder, tmp_path, capsys):
    out, report = tmp_path / "out", tmp_path / "report.json"
    words = ["upscale", str(folder), str(out), "--model", "bicubic", "--scale", "2"]
    assert main([*words, "--report", str(report)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("8 done, 0 skipped, 0 failed")
    assert "[8/8]" in told.err
    assert json.loads(report.read_text())["totals"]["done"] == 8
    assert main([*words, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    (folder / "inner").mkdir()
    assert main(words) == 0
    assert "1 folder inside is left out; see --recursive" in capsys.readouterr().err


def test_a_single_file_with_format_and_scale(folder, tmp_path):
    out = tmp_path / "one.jpg"
    words = [str(folder / "0.png"), str(out), "--model", "bicubic", "--scale", "1.5"]
    assert main(["upscale", *words, "--quality", "80"]) == 0
    made = read_image(out)
    assert made.size == (90, 120)
    assert made.source_format == "jpg"


def test_failures_are_one_line_each_and_exit_1(folder, tmp_path, capsys):
    (folder / "1.png").write_bytes(b"")
    (folder / "2.png").write_bytes(b"text")
    words = [str(folder), str(tmp_path / "out"), "--model", "bicubic"]
    assert main(["upscale", *words, "--quiet"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "1.png" in lines[0]
    assert "2.png" in lines[1]


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["in"], 2, "OUTPUT"),
        (["in", "out", "--model", "x44"], 1, "x44"),
        (["in", "out", "--model", "bicubic", "--device", "tpu"], 2, "--device"),
        (["in", "out", "--model", "bicubic", "--precision", "half"], 2, "--precision"),
        (["in", "out", "--model", "bicubic", "--format", "gif"], 2, "format"),
        (["in", "out", "--model", "bicubic", "--scale", "-1"], 2, "--scale"),
        (["in", "out", "--scale", "0"], 2, "--scale must be above 0"),
        (["nowhere", "out", "--model", "bicubic"], 1, "nowhere"),
        (["in", "out", "--model", "bicubic", "--report", "no/r.json"], 1, "--report"),
    ],
)
def test_wrong_words(folder, tmp_path, monkeypatch, capsys, words, code, expected):
    monkeypatch.chdir(tmp_path)
    assert main(["upscale", *words]) == code
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_skipping_imports_no_tensorflow(folder, tmp_path):
    words = [str(folder), str(tmp_path / "out"), "--model", "bicubic"]
    assert main(["upscale", *words, "--quiet"]) == 0
    code = (
        "import sys; from imgan.cli.main import main; "
        f"code = main(['upscale', *{words!r}]); "
        "sys.exit(code or 5 * ('tensorflow' in sys.modules or 'keras' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "8 skipped" in done.stdout
