"""Temporaries in folders that several machines write to."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imgan.io import temporaries
from imgan.io.temporaries import commit_temporary
from imgan.io.temporaries import is_temporary
from imgan.io.temporaries import machine_name
from imgan.io.temporaries import open_temporary
from imgan.io.temporaries import remove_stale_temporaries
from imgan.io.temporaries import temporary_of
from imgan.io.temporaries import write_text

NOBODY = 2**31 - 1
"""A number that no process has."""


def test_the_processes_of_other_machines_are_not_judged(tmp_path: Path) -> None:
    """What is a day old was left behind, wherever that was."""
    here = machine_name()
    machines = {"mine": here, "theirs": f"not-{here}", "old": "far"}
    made = {
        name: temporary_of(tmp_path / f"{name}.png", NOBODY, machine)
        for name, machine in machines.items()
    }
    for path in made.values():
        path.touch()
        assert is_temporary(path)
    os.utime(made["old"], (time.time() - 90_000,) * 2)
    assert remove_stale_temporaries(tmp_path) == 2
    assert list(tmp_path.iterdir()) == [made["theirs"]]


def test_a_temporary_names_its_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Containers that write into one folder are all process 1 of their machines."""
    monkeypatch.setattr("platform.node", lambda: "h\u00f6st/a b.local")
    output = tmp_path / ("n" * 250 + ".png")
    descriptor, temporary = open_temporary(output)
    os.close(descriptor)
    assert temporary == temporary_of(output, os.getpid(), "h-st-a-b.local")
    assert temporary.name.endswith(f".{os.getpid()}@h-st-a-b.local.imgan-tmp")
    assert len(temporary.name) == 255
    commit_temporary(temporary, output)
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("letter", ["n", "\u00e9", "\u5b57", "\U0001f5fb"])
def test_long_names_that_begin_alike_have_temporaries_of_their_own(
    tmp_path: Path, letter: str
) -> None:
    stem = letter * (250 // len(letter.encode()))
    first, second = (tmp_path / f"{stem}{number}.png"[-254:] for number in (1, 2))
    one, two = temporary_of(first), temporary_of(second)
    assert one != two
    for temporary in (one, two):
        assert len(os.fsencode(temporary.name)) <= 255
        assert is_temporary(temporary)


def test_a_text_is_replaced_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "notes.txt"
    write_text(path, "one\n")
    write_text(path, "two\n")
    assert path.read_text(encoding="utf-8") == "two\n"

    def full(temporary: Path, text: str, encoding: str) -> None:
        temporary.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "three\n")
    assert path.read_text(encoding="utf-8") == "two\n"
    assert list(tmp_path.iterdir()) == [path]
    assert temporaries.active_temporaries() == []


def test_what_nobody_guards_yet_is_removed_at_the_end(tmp_path):
    program = f"""
from pathlib import Path
from imgan.io.temporaries import open_temporary
open_temporary(Path(r"{tmp_path}/x.png"))
print(len(list(Path(r"{tmp_path}").iterdir())))
"""
    made = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert made.stdout == "1\n"
    assert list(tmp_path.iterdir()) == []
