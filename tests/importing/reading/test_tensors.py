import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.reading import tensors
from imgan.importing.reading.tensors import DTYPES
from imgan.importing.reading.tensors import LazyTensor
from imgan.importing.reading.tensors import Storage
from imgan.importing.reading.tensors import describe_tensor
from imgan.importing.reading.tensors import packed_strides
from imgan.importing.reading.tensors import read_tensors


def storage(values: np.ndarray, dtype: str = "", byteorder: str = "<") -> Storage:
    data = bytearray(values.astype(values.dtype.newbyteorder(byteorder)).tobytes())
    name = dtype or values.dtype.name
    return Storage("0", name, values.size, lambda: data, byteorder)


def read(tensor: LazyTensor) -> np.ndarray:
    return read_tensors({"a": tensor})["a"]


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", sorted(set(DTYPES) - {"bfloat16"}))
def test_types(dtype: str, byteorder: str) -> None:
    values = np.array([0, 1, 3, 100]).astype(dtype)
    found = read(describe_tensor(storage(values, "", byteorder), 0, (2, 2), (2, 1)))
    assert found.dtype == ("float32" if dtype.startswith("float") else dtype)
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, values.reshape(2, 2))


def test_bfloat16() -> None:
    values = np.array([1.0, -2.5, 0.0, 3e38, np.inf], np.float32)
    bits = (values.view(np.uint32) >> 16).astype(np.uint16)
    found = read(describe_tensor(storage(bits, "bfloat16"), 0, (5,), (1,)))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[[0, 1, 2, 4]], values[[0, 1, 2, 4]])
    assert found[3] == pytest.approx(3e38, rel=0.01)


def test_bool_bytes_other_than_one_are_true() -> None:
    block = Storage("0", "bool", 3, lambda: bytearray([0, 1, 200]))
    found = read(describe_tensor(block, 0, (3,), (1,)))
    assert found.tobytes() == b"\0\1\1"


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (), ()),
        (11, (), ()),
        (0, (3, 4), (4, 1)),
        (0, (4, 3), (1, 4)),
        (2, (2, 2), (4, 1)),
        (0, (3, 2), (4, 2)),
        (0, (2, 3), (0, 1)),
        (0, (0, 3), (3, 1)),
        (5, (1, 1), (99, 99)),
    ],
)
def test_views(offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
    values = np.arange(12, dtype=np.float32)
    found = read(describe_tensor(storage(values), offset, shape, strides))
    expected = np.lib.stride_tricks.as_strided(
        values[offset:], shape, tuple(4 * step for step in strides)
    )
    assert found.shape == shape
    assert found.flags.c_contiguous
    assert found.flags.writeable
    np.testing.assert_array_equal(found, expected)


def test_tensors_that_share_a_storage_do_not_share_memory() -> None:
    block = storage(np.arange(4, dtype=np.float32))
    whole = describe_tensor(block, 0, (4,), (1,))
    found = read_tensors({"a": whole, "b": whole})
    found["a"][0] = 9
    assert found["b"][0] == 0


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (13,), (1,)),
        (12, (), ()),
        (9, (2, 2), (2, 1)),
        (0, (2, 2), (11, 1)),
        (-1, (2,), (1,)),
        (0, (-2,), (1,)),
        (0, (2,), (-1,)),
        (0, (2, 2), (1,)),
        (0, (1,) * 17, (1,) * 17),
        (0, (2.0,), (1,)),
        (0, (True,), (1,)),
        (0, "ab", (1,)),
        (0, (2**50,), (0,)),
        (0, (2**30,), (0,)),
        (0, (2**39, 2**39), (0, 0)),
        (None, (2,), (1,)),
    ],
)
def test_impossible_views(offset: object, shape: object, strides: object) -> None:
    block = storage(np.arange(12, dtype=np.float32))
    with pytest.raises(CheckpointError, match="is not possible"):
        describe_tensor(block, offset, shape, strides)


def test_storage_of_another_kind() -> None:
    with pytest.raises(CheckpointError, match="its storage is str"):
        describe_tensor("storage", 0, (2,), (1,))


def test_many_views_of_one_storage_do_not_fill_the_memory() -> None:
    values = np.zeros(1 << 20, np.float32)
    block = storage(values)
    many = {str(n): describe_tensor(block, 0, (1 << 20,), (1,)) for n in range(10)}
    with pytest.raises(CheckpointError, match="look into 1048576 stored ones"):
        read_tensors(many)


def test_too_large_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensors, "MOST_BYTES", 100)
    block = storage(np.zeros(26, np.float32))
    read_tensors({"a": describe_tensor(block, 0, (25,), (1,))})
    with pytest.raises(CheckpointError, match="take 0.0 GiB in memory; networks of"):
        read_tensors({"a": describe_tensor(block, 0, (26,), (1,))})


def test_type_that_is_not_supported() -> None:
    block = Storage("0", "torch.float8_e4m3fn", 4, lambda: bytes(4))
    with pytest.raises(CheckpointError, match="tensor a is of type torch.float8_e4m3f"):
        read(describe_tensor(block, 0, (4,), (1,)))


def test_only_the_wanted_are_read() -> None:
    def fail() -> bytes:
        raise OSError("read")

    wanted = describe_tensor(storage(np.zeros(2, np.float32)), 0, (2,), (1,))
    describe_tensor(Storage("1", "float32", 2, fail), 0, (2,), (1,))
    assert list(read_tensors({"a": wanted})) == ["a"]


def test_packed_strides() -> None:
    assert packed_strides((2, 3, 4)) == (12, 4, 1)
    assert packed_strides((2, 3, 4), fortran=True) == (1, 2, 6)
    assert packed_strides(()) == ()
