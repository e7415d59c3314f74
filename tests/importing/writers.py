"""Checkpoint files made by hand, in the forms of PyTorch, without PyTorch."""

import json
import struct
import zipfile
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}


@dataclass
class Call:
    """What a pickle says as: call this name with these arguments, then set a state."""

    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = None


@dataclass
class Name:
    """A class or function by name."""

    name: str


@dataclass
class Raw:
    """Opcodes as they are."""

    data: bytes


@dataclass(eq=False)
class Block:
    """A storage."""

    values: np.ndarray
    dtype: str = ""
    count: int = -1
    kind: str = ""
    key: str = ""
    view: Any = None

    def __post_init__(self) -> None:
        self.values = np.ascontiguousarray(self.values).reshape(-1)
        self.dtype = self.dtype or self.values.dtype.name
        self.kind = self.kind or f"torch {STORAGES.get(self.dtype, self.dtype)}"
        self.count = self.values.size if self.count < 0 else self.count


@dataclass(eq=False)
class View:
    """A tensor that looks into a storage."""

    block: Block
    shape: tuple[Any, ...]
    strides: tuple[Any, ...]
    offset: Any = 0


def tensor(values: Any, dtype: str = "") -> View:
    """Return a tensor with a storage of its own."""
    values = np.asarray(values)
    strides, step = [], 1
    for length in values.shape[::-1]:
        strides.insert(0, step)
        step *= length
    return View(Block(values, dtype), values.shape, tuple(strides))


def bfloat16(values: Any) -> View:
    """Return a tensor of numbers that bfloat16 holds exactly."""
    bits = np.asarray(values, np.float32).view(np.uint32) >> 16
    return tensor(bits.astype(np.uint16), "bfloat16")


@dataclass
class Pickler:
    """Writes opcodes of protocol 2, and collects the storages."""

    blocks: list[Block] = field(default_factory=list)
    legacy: bool = False

    def pickle(self, value: Any) -> bytes:
        return b"\x80\x02" + self.write(value) + b"."

    def write(self, value: Any) -> bytes:
        match value:
            case None:
                return b"N"
            case bool():
                return b"\x88" if value else b"\x89"
            case int():
                data = value.to_bytes(
                    value.bit_length() // 8 + 1, "little", signed=True
                )
                return b"\x8a" + bytes([len(data)]) + data
            case float():
                return b"G" + struct.pack(">d", value)
            case str():
                data = value.encode()
                return b"X" + struct.pack("<I", len(data)) + data
            case bytes():
                return b"B" + struct.pack("<I", len(value)) + value
            case tuple():
                return b"(" + b"".join(map(self.write, value)) + b"t"
            case list():
                return b"](" + b"".join(map(self.write, value)) + b"e"
            case dict():
                pairs = (self.write(k) + self.write(v) for k, v in value.items())
                return b"}(" + b"".join(pairs) + b"u"
            case Raw():
                return value.data
            case Name():
                return b"c" + value.name.replace(" ", "\n").encode() + b"\n"
            case Call():
                made = self.write(Name(value.name)) + self.write(value.arguments) + b"R"
                return made + (self.write(value.state) + b"b" if value.state else b"")
            case Block():
                return self._block(value)
            case View():
                rest = (value.offset, value.shape, value.strides, False, _hooks())
                arguments = (value.block, *rest)
                return self.write(Call("torch._utils _rebuild_tensor_v2", arguments))
        raise TypeError(f"no opcodes for {type(value)}")

    def _block(self, block: Block) -> bytes:
        if block not in self.blocks:
            block.key = block.key or str(len(self.blocks))
            self.blocks.append(block)
        view = (block.view,) if self.legacy else ()
        identity = ("storage", Name(block.kind), block.key, "cpu", block.count, *view)
        return self.write(identity) + b"Q"


def _hooks() -> Call:
    return Call("collections OrderedDict")


def write_torch_zip(
    path: Path,
    value: Any,
    *,
    root: str = "archive",
    extra: dict[str, bytes] | None = None,
    compression: int = zipfile.ZIP_STORED,
    byteorder: str = "",
) -> Path:
    """Write a file as `torch.save` does since 1.6."""
    pickler = Pickler()
    files = {"data.pkl": pickler.pickle(value)}
    for block in pickler.blocks:
        order = ">" if byteorder == "big" else "<"
        values = block.values.astype(block.values.dtype.newbyteorder(order))
        files[f"data/{block.key}"] = values.tobytes()
    files["version"] = b"3\n"
    if byteorder:
        files["byteorder"] = byteorder.encode()
    files.update(extra or {})
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(f"{root}/{name}", data)
    return path


def write_torch_legacy(
    path: Path, value: Any, *, keys: list[str] | None = None
) -> Path:
    """Write a file as `torch.save` did before 1.6."""
    pickler = Pickler(legacy=True)
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    heads = b"".join(Pickler().pickle(head) for head in (MAGIC, 1001, system))
    saved = pickler.pickle(value)
    # Views of one storage share its key.
    blocks = {block.key: block for block in pickler.blocks}
    named = Pickler().pickle(keys if keys is not None else list(blocks))
    data = b"".join(
        struct.pack("<q", block.count) + block.values.tobytes()
        for block in blocks.values()
    )
    path.write_bytes(heads + saved + named + data)
    return path


def write_safetensors(path: Path, tensors: dict[str, tuple[str, Any]]) -> Path:
    """Write a file of safetensors: type and array by name."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, (kind, values) in tensors.items():
        raw = np.ascontiguousarray(values).tobytes()
        places = [len(data), len(data) + len(raw)]
        shape = list(np.shape(values))
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": places}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path
