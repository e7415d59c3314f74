"""The frame of the command line: help, exit codes, and what a failure looks like."""

import errno
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from imgan import __version__
from imgan.cli import main as module
from imgan.cli.main import COMMANDS
from imgan.cli.main import Verb
from imgan.cli.main import main
from imgan.errors import DataError
from imgan.errors import UsageError

FAILURES: dict[str, tuple[Callable[[], object], int, str]] = {
    "value": (lambda: 1, 1, ""),
    "exit": (lambda: _raise(typer.Exit(1)), 1, ""),
    "failure": (lambda: _raise(DataError("no pictures in a/")), 1, "no pictures in a/"),
    "usage": (lambda: _raise(UsageError("--tile is odd")), 2, "--tile is odd"),
    "interrupt": (lambda: _raise(KeyboardInterrupt()), 130, "interrupted"),
    "memory": (lambda: _raise(MemoryError()), 1, "out of memory"),
    "full": (
        lambda: _raise(OSError(errno.ENOSPC, "No space left on device", "a.png")),
        1,
        "a.png: No space left on device",
    ),
}


def _raise(error: BaseException) -> None:
    raise error


def use(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Put a command `boom` into the table."""
    monkeypatch.setattr(module, "boom", action, raising=False)
    verb = Verb("imgan.cli.main:boom", "Fail.")
    monkeypatch.setitem(COMMANDS, "boom", verb)


def run(*words: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, *(["-c", code] if code else ["-m", "imgan"]), *words]
    return subprocess.run(program, capture_output=True, text=True)


@pytest.mark.parametrize("kind", FAILURES)
def test_exit_code_and_one_line(
    kind: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    action, code, line = FAILURES[kind]
    use(monkeypatch, action)
    assert main(["boom"]) == code
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") <= 1
    assert line in captured.err
    assert captured.err == "" or captured.err.startswith("imgan: ")


def test_bug_leaves_a_log_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, lambda: _raise(ZeroDivisionError("one over\nzero")))
    assert main(["boom"]) == 3
    error = capfd.readouterr().err
    assert "ZeroDivisionError: one over zero" in error
    assert "Traceback" not in error
    path = Path(re.search(r"report: (\S+)\n", error)[1])  # type: ignore[index]
    log = path.read_text(encoding="utf-8")
    assert "Traceback" in log
    assert "'boom'" in log
    assert re.search(r"^keras: \d", log, re.MULTILINE)


def test_log_goes_elsewhere_where_the_cache_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocker))
    use(monkeypatch, lambda: _raise(ValueError("?")))
    assert main(["boom"]) == 3
    path = re.search(r"report: (\S+)\n", capfd.readouterr().err)
    assert path is not None
    assert Path(path[1]).is_file()
    assert not path[1].startswith(str(blocker))


def test_nothing_asked_is_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "Commands:" in captured.err


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_every_command(
    option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([option]) == 0
    captured = capfd.readouterr()
    assert captured.err == ""
    for name, verb in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(verb.summary)}$", captured.out, re.M)


def test_version(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr().out == f"imgan {__version__}\n"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["inspct"], "Did you mean 'inspect'?"),
        (
            ["nonsense"],
            "Known: check, evaluate, export, import, info, inspect, models, sample, "
            "train, translate, upscale",
        ),
        (["models", "--mesure"], "Did you mean '--measure'?"),
        (["--vrsion"], "Did you mean '--version'?"),
        (["inspect"], "MODEL"),
        (["info", "too", "much"], "unexpected extra argument"),
        (["upscale", "a", "b", "--fidelity", "2"], "'--fidelity'"),
    ],
)
def test_usage_errors_are_one_line_that_helps_on(
    words: list[str], hint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    captured = capfd.readouterr()
    (line,) = captured.err.splitlines()
    assert hint in line
    assert line.startswith("imgan")
    assert line.endswith(" --help`.")
    assert captured.out == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    assert f"Usage: imgan {name}" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("upscale", "INPUT... OUTPUT"),
        ("train", "RECIPE"),
        ("evaluate", "HR_DIR"),
        ("models", "[NAME]"),
        ("info", ""),
    ],
)
def test_usage_is_the_one_of_the_documents(
    name: str, usage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    main([name, "--help"])
    line = capfd.readouterr().out.splitlines()[0]
    assert line == f"Usage: imgan {name} [OPTIONS] {usage}".rstrip()


def test_help_is_instant() -> None:
    """0.3 s is the promise, of a machine that has nothing else to do."""
    best = float("inf")
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = run("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = min(best, used)
        assert done.returncode == 0
        if best <= 0.3:
            break
    assert best <= 0.3


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["models"],
        ["models", "x4", "--json"],
        ["inspect", "x4"],
        ["upscale", "--help"],
        ["train", "--help"],
    ],
)
def test_light_commands_load_no_framework(words: list[str]) -> None:
    code = (
        "import sys; from imgan.cli.main import main; status = main(sys.argv[1:])\n"
        "heavy = {'tensorflow', 'keras', 'jax', 'cv2', 'skimage'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else status)"
    )
    done = run(*words, code=code)
    assert done.returncode == 0, done.stderr


def test_help_loads_no_numpy() -> None:
    code = (
        "import sys; from imgan.cli.main import main; main(['--help'])\n"
        "sys.exit('numpy' in sys.modules or 'pydantic' in sys.modules)"
    )
    assert run(code=code).returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_reader_that_goes_away_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; from imgan.cli.main import main; sys.exit(main(['--help']))"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
