from pathlib import Path

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.checkpoint import read_checkpoint
from tests.importing.writers import write_safetensors

WEIGHTS = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def test_tensors(tmp_path: Path) -> None:
    upper = (WEIGHTS.view(np.uint32) >> 16).astype(np.uint16)
    saved = {
        "module.a": ("F32", WEIGHTS),
        "module.b": ("F16", WEIGHTS.astype(np.float16)),
        "module.c": ("BF16", upper),
        "module.d": ("F64", WEIGHTS.astype(np.float64)),
        "module.count": ("I64", np.array(7)),
        "module.mask": ("BOOL", np.array([True, False])),
        "module.none": ("F32", np.zeros((0, 3), np.float32)),
    }
    found = read_checkpoint(write_safetensors(tmp_path / "net.safetensors", saved))
    assert (found.layout, found.container, found.prefix) == (
        "safetensors",
        "",
        "module.",
    )
    for name in "abcd":
        np.testing.assert_array_equal(found.tensors[name], WEIGHTS)
        assert found.tensors[name].dtype == np.float32
    assert found.tensors["count"] == 7
    assert found.tensors["count"].dtype == np.int64
    assert found.tensors["mask"].tolist() == [True, False]
    assert found.tensors["none"].shape == (0, 3)


def test_type_that_is_not_supported(tmp_path: Path) -> None:
    saved = {"a": ("F8_E4M3", np.zeros(4, np.uint8))}
    path = write_safetensors(tmp_path / "net.safetensors", saved)
    with pytest.raises(CheckpointError, match="tensor a is of type F8_E4M3. Supported"):
        read_checkpoint(path)


@pytest.mark.parametrize("keep", [9, 60, 200, -1])
def test_truncated(tmp_path: Path, keep: int) -> None:
    path = write_safetensors(tmp_path / "net.safetensors", {"a": ("F32", WEIGHTS)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="safetensors file is truncated or damag"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"F32"', b'"F99"'), (b"[0, 96]", b"[1, 97]"), (b"[2, 3", b"[9, 3")],
)
def test_damaged(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = write_safetensors(tmp_path / "net.safetensors", {"a": ("F32", WEIGHTS)})
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(CheckpointError, match="safetensors file is truncated or damag"):
        read_checkpoint(path)
