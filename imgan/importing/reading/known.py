"""The names in a pickle that mean something here, and those that mean harm."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imgan.errors import CheckpointError
from imgan.importing.reading import numpy_arrays
from imgan.importing.reading.tensors import DTYPES
from imgan.importing.reading.tensors import UNTYPED
from imgan.importing.reading.tensors import LazyTensor
from imgan.importing.reading.tensors import describe_tensor


@dataclass(frozen=True, eq=False)
class Global:
    """A class or function that a file names. It is never imported."""

    module: str
    name: str

    @property
    def path(self) -> str:
        """As Python writes it, `collections.OrderedDict`."""
        # Python 2 called it so.
        module = "builtins" if self.module == "__builtin__" else self.module
        return f"{module}.{self.name}"


@dataclass(frozen=True, eq=False)
class Placeholder:
    """An object of a class that is not read; what the file says of it is dropped."""

    path: str
    """Of its class, or of the function that would have made it."""


_MOST_AXES = 64
"""Lengths in a `torch.Size`."""

_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": UNTYPED,
}

_MODULES_THAT_RUN = """
    os posix nt subprocess _posixsubprocess sys shutil socket ctypes importlib imp
    runpy pty commands code codeop bdb pdb timeit profile cProfile trace webbrowser
    asyncio multiprocessing marshal pickle _pickle shelve http urllib urllib2 ftplib
    smtplib requests pip venv ensurepip platform
"""
_NAMES_THAT_RUN = """
    builtins.eval builtins.exec builtins.execfile builtins.compile builtins.open
    builtins.file builtins.input builtins.raw_input builtins.apply builtins.map
    builtins.__import__ builtins.breakpoint builtins.globals builtins.locals
    builtins.setattr builtins.delattr builtins.exit builtins.quit io.open io.FileIO
    torch.load torch.hub.load torch.utils.cpp_extension.load types.FunctionType
    types.CodeType numpy.load
"""
_DANGEROUS_MODULES = frozenset(_MODULES_THAT_RUN.split())
_DANGEROUS_NAMES = frozenset(_NAMES_THAT_RUN.split())


def refuse_dangerous(module: str, name: str) -> None:
    """Refuse a file that would run something where Python's unpickler reads it.

    Nothing is run here either way; the list is there to warn.

    Raises:
        CheckpointError: Naming what it would run.
    """
    path = Global(module, name).path
    if module.split(".")[0] in _DANGEROUS_MODULES or path in _DANGEROUS_NAMES:
        raise CheckpointError(
            f"The file would run {path} when PyTorch loads it; files of tensors run "
            "nothing. Nothing was run here. Do not use this file, and tell its source"
        )


def storage_type(kind: object) -> str:
    """Return the type of the numbers in a storage, or its name if it is not known.

    Raises:
        CheckpointError: If it is no storage.
    """
    if not isinstance(kind, Global) or not kind.name.endswith("Storage"):
        raise CheckpointError("A storage in the file is not of a known form")
    return _STORAGES.get(kind.name, kind.path)


def build(what: Global, arguments: tuple[Any, ...]) -> object:
    """Return what calling a name with arguments stands for."""
    builder = _BUILDERS.get(what.path)
    return builder(*arguments) if builder else Placeholder(what.path)


def set_state(target: object, state: object) -> None:
    """Give an object the state that the file says; only numpy's have one here."""
    if isinstance(target, numpy_arrays.Type | numpy_arrays.Values):
        target.set_state(state)


def _tensor(
    storage: object, offset: object, shape: object, strides: object, *_: object
) -> object:
    return describe_tensor(storage, offset, shape, strides)


def _typed_tensor(
    storage: object,
    offset: object,
    shape: object,
    strides: object,
    gradient: object,
    hooks: object,
    dtype: object,
    *_: object,
) -> LazyTensor:
    return describe_tensor(storage, offset, shape, strides, _dtype(dtype))


def _dtype(dtype: object) -> str:
    if not isinstance(dtype, Global) or dtype.module != "torch":
        raise ValueError("a type that is none of PyTorch")
    return dtype.name if dtype.name in DTYPES else dtype.path


def _first(data: object, *_: object) -> object:
    return data


def _subclass(function: object, kind: object, arguments: object, *_: object) -> object:
    """Return the tensor inside an object of a subclass of tensors."""
    if not isinstance(function, Global) or not isinstance(arguments, tuple):
        raise ValueError("a tensor that is none")
    # The rest makes no tensors, or would be a subclass in a subclass without end.
    if function.module != "torch._utils":
        return Placeholder(function.path)
    return build(function, arguments)


def _dict(*arguments: Any) -> dict[Any, Any]:
    pairs = arguments[-1] if arguments else None
    if not isinstance(pairs, list | tuple):
        return {}
    # Python 2 writes its ordered dicts as pairs.
    return {key: value for key, value in pairs if isinstance(key, str)}


def _size(lengths: object = ()) -> tuple[Any, ...]:
    if isinstance(lengths, list | tuple) and len(lengths) > _MOST_AXES:
        raise ValueError("a size of more axes than a tensor has")
    return tuple(lengths) if isinstance(lengths, list | tuple) else ()


def _encoded(text: object, encoding: object = "utf-8") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8"):
        raise ValueError("bytes that are not written as text")
    return text.encode(str(encoding))


def _array(kind: object, *_: object) -> object:
    return numpy_arrays.Values()


_BUILDERS: dict[str, Callable[..., object]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _typed_tensor,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._utils._rebuild_device_tensor_from_numpy": _first,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _first,
    "torch._tensor._rebuild_from_type": _subclass,
    "torch._tensor._rebuild_from_type_v2": _subclass,
    "torch.Size": _size,
    "collections.OrderedDict": _dict,
    "collections.defaultdict": _dict,
    "builtins.dict": _dict,
    "_codecs.encode": _encoded,
    "numpy.dtype": numpy_arrays.Type,
    "numpy.core.multiarray._reconstruct": _array,
    "numpy._core.multiarray._reconstruct": _array,
}
