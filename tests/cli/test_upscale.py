"""`imgan upscale` as a user runs it: in a process of its own where that matters."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from imgan.cli.main import main
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals")


def noise(height, width, seed=0):
    random_ = np.random.default_rng(seed)
    return random_.integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def folder(tmp_path):
    for index in range(8):
        write_image(
            Picture(noise(60, 80 + index, index)), tmp_path / "in" / f"{index}.png"
        )
    return tmp_path / "in"


def start(*words, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "imgan", "upscale", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


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


def kill_and_rerun(folder, tmp_path, delays):
    words = [folder, tmp_path / "out", "--model", "bicubic", "--scale", "8"]
    undisturbed = tmp_path / "undisturbed"
    process = start(folder, undisturbed, *words[2:])
    process.communicate()
    assert process.returncode == 0
    for delay in delays:
        process = start(*words)
        time.sleep(delay)
        process.kill()
        process.communicate()
        out = tmp_path / "out"
        for path in out.iterdir() if out.exists() else ():
            if not path.name.startswith("."):
                assert path.read_bytes() == (undisturbed / path.name).read_bytes()
    finished = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("*.png")}
    process = start(*words)
    told, _ = process.communicate()
    assert process.returncode == 0
    assert f"{len(finished)} skipped" in told
    assert contents(tmp_path / "out") == contents(undisturbed)
    assert all(p.stat().st_mtime_ns == when for p, when in finished.items())


@POSIX
def test_killed_and_run_again_equals_undisturbed(folder, tmp_path):
    kill_and_rerun(folder, tmp_path, [0.9])


@POSIX
@pytest.mark.slow
def test_killed_at_any_moment(folder, tmp_path):
    moments = random.Random(5)
    kill_and_rerun(folder, tmp_path, [moments.uniform(0.2, 1.5) for _ in range(15)])


def interrupt(process, ready, number=signal.SIGINT, code=130, limit=2.0):
    """Send a signal once `ready()` holds; return what stderr said.

    What the process may still take is measured in processor time, of all its threads:
    work that is not given up costs it, while a busy machine, on which the process
    merely waits for its turn, adds nothing.
    """
    until = time.monotonic() + 120
    while not ready():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    others = processor_seconds()
    spent = sum(psutil.Process(process.pid).cpu_times()[:2])
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code, told
    assert processor_seconds() - others - spent < limit
    return told


def processor_seconds():
    """Return what the processes that this one has started and seen end have used."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@POSIX
def test_ctrl_c_while_a_large_png_is_encoded(tmp_path):
    write_image(Picture(noise(700, 900)), tmp_path / "in" / "large.png")
    out = tmp_path / "out"
    words = ["--model", "bicubic", "--scale", "8", "--png-compression", "9"]
    process = start(tmp_path / "in", out, *words)
    told = interrupt(process, lambda: out.exists() and list(out.glob(".*tmp")))
    assert "interrupted" in told
    assert list(out.iterdir()) == []
