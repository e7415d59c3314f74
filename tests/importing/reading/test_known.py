import collections
import io
import pickle

import pytest

from imgan.errors import CheckpointError
from imgan.importing.reading.known import Global
from imgan.importing.reading.known import Placeholder
from imgan.importing.reading.known import build
from imgan.importing.reading.known import storage_type
from imgan.importing.reading.pickles import no_persistent
from imgan.importing.reading.pickles import read_pickle
from imgan.importing.reading.tensors import LazyTensor
from imgan.importing.reading.tensors import Storage

STORAGE = Storage("0", "float32", 6, lambda: bytes(24))
UNTYPED = Storage("0", "bytes", 24, lambda: bytes(24))


def made(path: str, *arguments: object) -> object:
    module, _, name = path.rpartition(".")
    return build(Global(module, name), arguments)


def test_dicts_of_the_standard_library() -> None:
    value = collections.OrderedDict(a=1, b=[2])
    value.note = "an attribute, as PyTorch's _metadata"
    counts = collections.defaultdict(list, c=3)
    found = read_pickle(io.BytesIO(pickle.dumps([value, counts], 2)), no_persistent)
    assert found == [{"a": 1, "b": [2]}, {"c": 3}]


def test_ordered_dict_of_python_2() -> None:
    assert made("collections.OrderedDict", [["a", 1], ["b", 2]]) == {"a": 1, "b": 2}


def test_bytes_of_protocol_2() -> None:
    data = bytes(range(256))
    assert read_pickle(io.BytesIO(pickle.dumps(data, 2)), no_persistent) == data


def test_parameters_and_subclasses_are_their_tensors() -> None:
    arguments = (STORAGE, 0, (2, 3), (3, 1), False, {})
    tensor = made("torch._utils._rebuild_tensor_v2", *arguments)
    assert isinstance(tensor, LazyTensor)
    assert tensor.shape == (2, 3)
    assert made("torch._utils._rebuild_parameter", tensor, True, {}) is tensor
    function = Global("torch._utils", "_rebuild_tensor_v2")
    kind = Global("fastai.torch_core", "TensorImage")
    inside = made("torch._tensor._rebuild_from_type_v2", function, kind, arguments, {})
    assert isinstance(inside, LazyTensor)


def test_tensor_with_a_type_of_its_own() -> None:
    arguments = (UNTYPED, 0, (2, 3), (3, 1), False, {}, Global("torch", "float32"))
    tensor = made("torch._utils._rebuild_tensor_v3", *arguments)
    assert isinstance(tensor, LazyTensor)
    assert tensor.dtype == "float32"


@pytest.mark.parametrize(
    "path",
    [
        "torch._utils._rebuild_qtensor",
        "torch._utils._rebuild_sparse_tensor",
        "torch.device",
        "argparse.Namespace",
        "numpy.core.multiarray.scalar",
        "functools.partial",
    ],
)
def test_the_rest_are_placeholders(path: str) -> None:
    found = made(path, 1, 2, 3)
    assert isinstance(found, Placeholder)
    assert found.path == path


def test_storage_types() -> None:
    assert storage_type(Global("torch", "HalfStorage")) == "float16"
    assert storage_type(Global("torch.cuda", "FloatStorage")) == "float32"
    assert storage_type(Global("torch", "QInt8Storage")) == "torch.QInt8Storage"
    with pytest.raises(CheckpointError, match="not of a known form"):
        storage_type(Global("os", "path"))
    with pytest.raises(CheckpointError, match="not of a known form"):
        storage_type("FloatStorage")
