"""Results on stdouts of any encoding."""

import io
import json
import os
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from imgan.cli.output import show
from imgan.cli.text import write
from imgan.errors import OutputError

NAMES = [
    os.fsdecode(b"caf\xe9.png"),
    "caf\u00e9.png",
    "S\u00e3o.png",
    "\u65e5\u672c.png",
    "\U0001f5fb.png",
]


@pytest.fixture(params=["utf-8", "cp1252", "cp1250", "ascii"])
def stdout(request: pytest.FixtureRequest) -> io.TextIOWrapper:
    """A strict one, as terminals of most locales have; for `redirect_stdout`."""
    return io.TextIOWrapper(io.BytesIO(), encoding=request.param, newline="\n")


def written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_or_escaped(stdout: io.TextIOWrapper, name: str) -> None:
    with redirect_stdout(stdout):
        write(f"1 picture: {name}")
    told = written(stdout)
    assert told.endswith(".png\n")
    escaped = name.encode(stdout.encoding, "backslashreplace").decode(stdout.encoding)
    assert told == f"1 picture: {escaped}\n"


@pytest.mark.parametrize("name", NAMES)
def test_json_on_stdout_is_json_in_any_encoding(
    stdout: io.TextIOWrapper, name: str
) -> None:
    with redirect_stdout(stdout):
        show("unused", {"name": name}, "-")
    assert json.loads(written(stdout)) == {"name": name}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_json_is_written_whatever_stdout_takes(
    stdout: io.TextIOWrapper, name: str, tmp_path: Path
) -> None:
    path = tmp_path / "result.json"
    with redirect_stdout(stdout):
        show(name, {"name": name}, str(path))
    assert json.loads(path.read_text(encoding="utf-8")) == {"name": name}
    assert written(stdout).endswith(".png\n")


def test_a_result_is_shown_if_its_file_cannot_be_written(
    stdout: io.TextIOWrapper, tmp_path: Path
) -> None:
    refused = pytest.raises(OutputError, match="cannot be written")
    with redirect_stdout(stdout), refused:
        show("31.66 dB", {"psnr": 31.66}, str(tmp_path / "absent" / "result.json"))
    assert written(stdout) == "31.66 dB\n"
