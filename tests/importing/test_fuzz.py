"""Damaged files are read or refused: no crash, no hang, no flood of memory.

IMGAN_FUZZ_SECONDS makes the long test longer or shorter than a minute.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.importing.keras2.fixtures import unpack
from tests.importing.ncnn_writer import NcnnWriter
from tests.importing.ncnn_writer import compact
from tests.importing.ncnn_writer import rrdb
from tests.importing.writers import Call
from tests.importing.writers import tensor
from tests.importing.writers import write_safetensors
from tests.importing.writers import write_torch_legacy
from tests.importing.writers import write_torch_zip

ROOT = Path(__file__).resolve().parents[2]
SECONDS = float(os.environ.get("IMGAN_FUZZ_SECONDS", "60"))
MOST_MEGABYTES = 500


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return one file of each format, with most of what may be in one."""
    values = np.arange(2304, dtype=np.float32).reshape(4, 64, 3, 3)
    half, whole = values.astype(np.float16), np.int64(3)
    network = {"module.a": tensor(values), "module.b": tensor(half)}
    saved = {
        "epoch": 3,
        "options": Call("argparse Namespace", (), {"lr": 0.1, "names": ["a", ("b",)]}),
        "state_dict": Call(
            "collections OrderedDict", ([[k, v] for k, v in network.items()],)
        ),
        "optimizer": {"state": {0: {"step": tensor(whole)}}},
    }
    made = [
        write_torch_zip(tmp_path / "zip.pth", saved),
        write_torch_legacy(tmp_path / "legacy.pth", saved),
        write_safetensors(
            tmp_path / "net.safetensors", {"a": ("F32", values), "b": ("F16", half)}
        ),
    ]
    for name, network_of in (("compact", compact), ("rrdb", rrdb)):
        writer = NcnnWriter("float16")
        network_of(writer)
        path = writer.save(tmp_path, name)
        made += [path, path.with_suffix(".bin")]
    return made


def fuzz(
    files: list[Path], folder: Path, seconds: float, seed: int, slowest: float = 10
) -> dict[str, Any]:
    target = folder / "damaged"
    target.mkdir()
    arguments = [str(target), str(seconds), str(seed), *map(str, files)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.importing.fuzz", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["failed"] == 0, done.stdout + done.stderr
    assert result["megabytes"] < MOST_MEGABYTES
    assert result["slowest"] < slowest
    return result


@pytest.mark.slow
def test_damaged_files(files: list[Path], tmp_path: Path) -> None:
    result = fuzz(files, tmp_path, min(SECONDS, 3), seed=0)
    assert result["refused"] > 100
    assert result["read"] > 10


@pytest.mark.thorough
def test_damaged_files_for_long(files: list[Path], tmp_path: Path) -> None:
    fuzz(files, tmp_path, SECONDS, seed=1)


@pytest.mark.thorough
def test_damaged_keras_models_for_long(tmp_path: Path) -> None:
    names = ("spectral", "unet", "group_norms", "wdsr_function")
    endings = (".h5", ".keras")
    models = [unpack(f"{name}{end}", tmp_path) for name in names for end in endings]
    # Those on which the library of HDF5 never ends are given up after 20 s.
    result = fuzz(models, tmp_path, SECONDS, seed=3, slowest=30)
    assert result["refused"] > 10


@pytest.mark.thorough
def test_damaged_real_files_for_long(shared_data: Path, tmp_path: Path) -> None:
    real = sorted((shared_data / "checkpoints").glob("*.pth"))
    assert real
    result = fuzz(real, tmp_path, SECONDS, seed=2)
    assert result["refused"] > 10
