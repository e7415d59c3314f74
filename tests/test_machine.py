"""What the machine, or what runs imgan on it, leaves of memory."""

from pathlib import Path

import psutil
import pytest

from imgan import machine
from imgan.machine import memory_limit

TOTAL = psutil.virtual_memory().total


def limit(folder: Path, membership: str, files: dict[str, str]) -> int:
    (folder / "membership").write_text(membership)
    for name, text in files.items():
        path = folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return memory_limit(folder / "membership", folder / "root")


V2 = "0::/slurm/job_7/step_0\n"
V1 = "12:pids:/docker/a\n5:cpuacct,memory:/docker/a\n0::/\n"


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        pytest.param(V2, {}, TOTAL, id="no limits"),
        pytest.param(V2, {"memory.max": "max"}, TOTAL, id="said so"),
        pytest.param(V2, {"slurm/job_7/step_0/memory.max": "9"}, 9, id="own group"),
        pytest.param(V2, {"slurm/job_7/memory.max": "9"}, 9, id="group around"),
        pytest.param(V2, {"memory.max": "9"}, 9, id="seen as the root"),
        pytest.param(
            V2,
            {"slurm/job_7/step_0/memory.max": "max", "slurm/memory.max": "8"},
            8,
            id="the least",
        ),
        pytest.param(
            V1, {"memory/docker/a/memory.limit_in_bytes": "7"}, 7, id="version 1"
        ),
        pytest.param(
            V1, {"memory/memory.limit_in_bytes": "7"}, 7, id="version 1, as the root"
        ),
        pytest.param(
            V1, {"memory/memory.limit_in_bytes": str(2**63 - 4096)}, TOTAL, id="none"
        ),
        pytest.param("", {}, TOTAL, id="no groups"),
    ],
)
def test_limits_of_control_groups(
    tmp_path: Path, membership: str, files: dict[str, str], expected: int
) -> None:
    assert limit(tmp_path, membership, files) == expected


def test_a_system_without_groups(tmp_path: Path) -> None:
    assert memory_limit(tmp_path / "absent", tmp_path) == TOTAL


def test_the_machine_is_named_by_the_cores_that_may_be_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "processor_name", lambda: "Some CPU")
    monkeypatch.setattr(machine, "_limit", 1)
    assert machine.this_machine() == "1 cores of Some CPU"
