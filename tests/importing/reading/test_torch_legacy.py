from pathlib import Path

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.checkpoint import read_checkpoint
from tests.importing.writers import Block
from tests.importing.writers import Name
from tests.importing.writers import Raw
from tests.importing.writers import View
from tests.importing.writers import bfloat16
from tests.importing.writers import tensor
from tests.importing.writers import write_torch_legacy

WEIGHTS = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def test_tensors(tmp_path: Path) -> None:
    saved = {
        "weight": tensor(WEIGHTS),
        "half": tensor(WEIGHTS.astype(np.float16)),
        "count": tensor(np.int64(7)),
        "upper": bfloat16([1.5, -2.0]),
        "twice": tensor(WEIGHTS.astype(np.float64)),
    }
    found = read_checkpoint(write_torch_legacy(tmp_path / "net.pth", saved))
    assert found.layout == "PyTorch legacy file"
    np.testing.assert_array_equal(found.tensors["weight"], WEIGHTS)
    np.testing.assert_array_equal(found.tensors["half"], WEIGHTS)
    np.testing.assert_array_equal(found.tensors["twice"], WEIGHTS)
    assert found.tensors["twice"].dtype == np.float32
    assert found.tensors["count"].dtype == np.int64
    np.testing.assert_array_equal(found.tensors["upper"], [1.5, -2.0])


def test_storages_in_the_order_of_the_file(tmp_path: Path) -> None:
    saved = {"a": tensor(WEIGHTS), "b": tensor(WEIGHTS[::-1])}
    path = write_torch_legacy(tmp_path / "net.pth", saved)
    data = path.read_bytes()
    # The list of keys says it, not the pickle before.
    at = data.rindex(b"X\x01\x00\x00\x000X\x01\x00\x00\x001")
    swapped = b"X\x01\x00\x00\x001X\x01\x00\x00\x000"
    path.write_bytes(data[:at] + swapped + data[at + len(swapped) :])
    found = read_checkpoint(path).tensors
    np.testing.assert_array_equal(found["b"], WEIGHTS)
    np.testing.assert_array_equal(found["a"], WEIGHTS[::-1])


def test_views_of_storages(tmp_path: Path) -> None:
    whole = Block(WEIGHTS, key="7")
    part = Block(WEIGHTS, key="7", view=("v", 4, 6))
    saved = {"whole": View(whole, (24,), (1,)), "part": View(part, (2, 3), (3, 1))}
    found = read_checkpoint(write_torch_legacy(tmp_path / "net.pth", saved)).tensors
    np.testing.assert_array_equal(found["part"].reshape(-1), np.arange(4, 10))
    np.testing.assert_array_equal(found["whole"], np.arange(24))


def test_many_parts_of_one_storage_do_not_fill_the_memory(tmp_path: Path) -> None:
    saved = {}
    for n in range(20):
        values = np.zeros(1 << 18, np.float32)
        part = Block(values, key="7", view=(str(n), 0, 1 << 18))
        saved[str(n)] = View(part, (1 << 18,), (1,))
    with pytest.raises(CheckpointError, match="in all look into 262144 stored ones"):
        read_checkpoint(write_torch_legacy(tmp_path / "net.pth", saved))


@pytest.mark.parametrize("view", [("v", 20, 6), ("v", -1, 6), ("v", 0, -1)])
def test_view_out_of_its_storage(tmp_path: Path, view: tuple[object, ...]) -> None:
    saved = {"a": View(Block(WEIGHTS, view=view), (2,), (1,))}
    path = write_torch_legacy(tmp_path / "net.pth", saved)
    with pytest.raises(CheckpointError, match="reaches out of storage 0"):
        read_checkpoint(path)


@pytest.mark.parametrize("view", ["v", ("v", 1), (1, 2, 3)])
def test_view_of_no_known_form(tmp_path: Path, view: object) -> None:
    saved = {"a": View(Block(WEIGHTS, view=view), (2,), (1,))}
    path = write_torch_legacy(tmp_path / "net.pth", saved)
    with pytest.raises(CheckpointError, match="view in the file is not of a known"):
        read_checkpoint(path)


@pytest.mark.parametrize("missing", [1, 50, 96, 100])
def test_truncated(tmp_path: Path, missing: int) -> None:
    path = write_torch_legacy(tmp_path / "net.pth", {"a": tensor(WEIGHTS)})
    path.write_bytes(path.read_bytes()[:-missing])
    with pytest.raises(CheckpointError, match="truncated"):
        read_checkpoint(path)


def test_whole_network_with_its_source_is_named(tmp_path: Path) -> None:
    identity = ("module", Name("models.net Net"), "net.py", "import os")
    opcodes = b"(X\x06\x00\x00\x00modulecmodels.net\nNet\nX\x01\x00\x00\x00aN" + b"tQ"
    assert identity[0].encode() in opcodes
    saved = Raw(opcodes + b")\x81}b")
    path = write_torch_legacy(tmp_path / "net.pth", saved)
    with pytest.raises(CheckpointError, match="Python object of class models.net.Net"):
        read_checkpoint(path)


def test_keys_that_nothing_refers_to(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    write_torch_legacy(path, {"a": tensor(WEIGHTS)}, keys=["0", "5"])
    with pytest.raises(CheckpointError, match="nothing refers to, '5'"):
        read_checkpoint(path)
    write_torch_legacy(path, {"a": tensor(WEIGHTS)}, keys=[])
    with pytest.raises(CheckpointError, match="lacks storage 0"):
        read_checkpoint(path)


def test_sizes_that_differ(tmp_path: Path) -> None:
    path = write_torch_legacy(tmp_path / "net.pth", {"a": tensor(WEIGHTS)})
    data = path.read_bytes()
    path.write_bytes(data[:-104] + b"\x19" + data[-103:])
    with pytest.raises(
        CheckpointError, match="has 25 elements, and the pickle says 24"
    ):
        read_checkpoint(path)


def test_other_protocol(tmp_path: Path) -> None:
    path = write_torch_legacy(tmp_path / "net.pth", {"a": tensor(WEIGHTS)})
    path.write_bytes(
        path.read_bytes().replace(b"\x8a\x02\xe9\x03", b"\x8a\x02\xea\x03")
    )
    with pytest.raises(CheckpointError, match="protocol 1001. Received: 1002"):
        read_checkpoint(path)
