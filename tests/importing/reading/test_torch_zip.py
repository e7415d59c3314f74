import zipfile
from pathlib import Path

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.checkpoint import read_checkpoint
from imgan.importing.reading import torch_zip
from tests.importing.writers import Block
from tests.importing.writers import View
from tests.importing.writers import bfloat16
from tests.importing.writers import tensor
from tests.importing.writers import write_torch_zip

WEIGHTS = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("byteorder", ["", "little", "big"])
def test_tensors(tmp_path: Path, compression: int, byteorder: str) -> None:
    saved = {
        "a.weight": tensor(WEIGHTS),
        "a.half": tensor(WEIGHTS.astype(np.float16)),
        "a.count": tensor(np.int64(7)),
        "a.upper": bfloat16([1.5, -2.0]),
    }
    path = tmp_path / "net.pth"
    write_torch_zip(path, saved, compression=compression, byteorder=byteorder)
    found = read_checkpoint(path)
    assert found.layout == "PyTorch zip archive"
    assert (found.path, found.container, found.prefix) == (path, "", "")
    np.testing.assert_array_equal(found.tensors["a.weight"], WEIGHTS)
    np.testing.assert_array_equal(found.tensors["a.half"], WEIGHTS)
    assert found.tensors["a.half"].dtype == np.float32
    assert found.tensors["a.count"] == 7
    assert found.tensors["a.count"].dtype == np.int64
    np.testing.assert_array_equal(found.tensors["a.upper"], [1.5, -2.0])


def test_views_of_one_storage(tmp_path: Path) -> None:
    block = Block(WEIGHTS)
    saved = {
        "turned": View(block, (4, 6), (1, 4)),
        "part": View(block, (3,), (1,), 21),
    }
    found = read_checkpoint(write_torch_zip(tmp_path / "net.pth", saved)).tensors
    np.testing.assert_array_equal(found["turned"], WEIGHTS.reshape(6, 4).T)
    np.testing.assert_array_equal(found["part"], WEIGHTS.reshape(-1)[21:])


def test_torchscript_is_named(tmp_path: Path) -> None:
    for extra in ("constants.pkl", "code/__torch__.py"):
        path = tmp_path / "net.pt"
        write_torch_zip(path, {"a": tensor(WEIGHTS)}, extra={extra: b"x"})
        with pytest.raises(CheckpointError, match="TorchScript archive: a program"):
            read_checkpoint(path)


def test_storage_that_is_missing(tmp_path: Path) -> None:
    path = write_torch_zip(tmp_path / "net.pth", {"a": tensor(WEIGHTS)})
    path.write_bytes(path.read_bytes().replace(b"archive/data/0", b"archive/data/9"))
    with pytest.raises(CheckpointError, match="lacks archive/data/0, which its pickle"):
        read_checkpoint(path)


def test_storage_of_another_size(tmp_path: Path) -> None:
    block = Block(WEIGHTS, count=25)
    path = write_torch_zip(tmp_path / "net.pth", {"a": View(block, (2,), (1,))})
    with pytest.raises(CheckpointError, match="has 96 bytes; expected 25 numbers"):
        read_checkpoint(path)


@pytest.mark.parametrize("kind", ["os FloatTensor", "torch Tensor"])
def test_storage_of_no_known_kind(tmp_path: Path, kind: str) -> None:
    saved = {"a": View(Block(WEIGHTS, kind=kind), (2,), (1,))}
    path = write_torch_zip(tmp_path / "net.pth", saved)
    with pytest.raises(CheckpointError):
        read_checkpoint(path)


def test_type_that_is_not_supported_hinders_only_where_it_is_wanted(
    tmp_path: Path,
) -> None:
    strange = View(Block(WEIGHTS, kind="torch ComplexFloatStorage"), (2,), (1,))
    saved = {"params": {"a": tensor(WEIGHTS)}, "other": {"b": strange}}
    path = write_torch_zip(tmp_path / "net.pth", saved)
    assert list(read_checkpoint(path).tensors) == ["a"]
    with pytest.raises(CheckpointError, match="b is of type torch.ComplexFloatStor"):
        read_checkpoint(path, "other")


def test_unknown_byte_order(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    write_torch_zip(path, {"a": tensor(WEIGHTS)}, extra={"byteorder": b"middle"})
    with pytest.raises(CheckpointError, match="little or big. Received: b'middle'"):
        read_checkpoint(path)


def test_large_pickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_torch_zip(tmp_path / "net.pth", {"a": tensor(WEIGHTS)})
    monkeypatch.setattr(torch_zip, "MOST_PICKLE_BYTES", 50)
    with pytest.raises(CheckpointError, match="that of a network has up to 50"):
        read_checkpoint(path)
