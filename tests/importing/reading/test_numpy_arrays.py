import io
import pickle

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.reading.numpy_arrays import Values
from imgan.importing.reading.pickles import no_persistent
from imgan.importing.reading.pickles import read_pickle
from imgan.importing.reading.tensors import read_tensors


def read(value: object, protocol: int) -> object:
    return read_pickle(io.BytesIO(pickle.dumps(value, protocol)), no_persistent)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f2", "<i8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays(protocol: int, dtype: str, order: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype, order=order)
    found = read({"a": array}, protocol)["a"]
    assert isinstance(found, Values)
    assert found.tensor is not None
    read_back = read_tensors({"a": found.tensor})["a"]
    np.testing.assert_array_equal(read_back, array)
    assert read_back.flags.c_contiguous


def test_scalars_and_arrays_of_objects_hinder_nothing() -> None:
    found = read({"best": np.float64(31.5), "names": np.array(["a", None])}, 2)
    assert found["names"].tensor is None


def test_array_of_another_size_is_damage() -> None:
    data = pickle.dumps(np.zeros(4, np.float32), 2)
    with pytest.raises(CheckpointError, match="damaged"):
        read_pickle(io.BytesIO(data.replace(b"K\x04\x85", b"K\x05\x85")), no_persistent)
