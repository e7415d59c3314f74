"""`imgan info`, also on an installation that is broken."""

from pathlib import Path

import pytest

from imgan import machine
from imgan.cli.commands import info
from imgan.cli.main import main


def rows(out: str) -> dict[str, str]:
    return {line[:22].strip(): line[22:].strip() for line in out.splitlines()}


def test_says_what_a_bug_report_needs(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    captured = capfd.readouterr()
    found = rows(captured.out)
    assert captured.err == ""
    for name in ("python", "imgan", "tensorflow", "keras", "libvips", "cpu"):
        assert found[name]
    assert found["devices"] == "cpu"
    assert found["precision"].endswith("float32 for 16-bit pictures")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [({"avx2", "avx512_bf16"}, "bfloat16"), ({"avx2", "avx512f"}, "float32")],
)
def test_says_what_the_processor_makes_of_8_bit_pictures(
    flags: set[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("imgan.inference.precision.cpu_flags", lambda: flags)
    assert main(["info"]) == 0
    found = rows(capfd.readouterr().out)["precision"]
    assert f"auto is {expected} for 8-bit" in found


def test_broken_tensorflow_is_a_row(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ImportError("libcudart.so.12: cannot open\nmore")

    monkeypatch.setattr(info, "import_tensorflow", fail)
    assert main(["info"]) == 0
    found = rows(capfd.readouterr().out)
    assert found["devices"] == "broken: ImportError: libcudart.so.12: cannot open"
    assert found["libvips"][0].isdigit()


def test_processor_is_read_as_linux_tells_it(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        "processor\t: 0\nmodel name\t: Quick CPU\nflags\t\t: fpu avx2 amx_bf16\n",
        encoding="utf-8",
    )
    found = machine.processor(cpuinfo)
    assert (found["model"], found["flags"]) == ("Quick CPU", "avx2 amx_bf16")
    assert int(found["cores"]) >= 1


def test_processor_of_another_system(tmp_path: Path) -> None:
    found = machine.processor(tmp_path / "absent")
    assert found["flags"] == "unknown"
    assert found["model"]


def test_versions_name_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "DISTRIBUTIONS", ("imgan", "no-such-package-x"))
    found = machine.versions()
    assert found["no-such-package-x"] == "not installed"
    assert found["imgan"].startswith("0.")
