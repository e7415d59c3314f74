import io
import pickle
import struct
import time
from pathlib import Path

import pytest

from imgan.errors import CheckpointError
from imgan.importing.reading import pickles
from imgan.importing.reading.known import Global
from imgan.importing.reading.known import Placeholder
from imgan.importing.reading.pickles import no_persistent
from imgan.importing.reading.pickles import read_pickle
from tests.importing.writers import Call
from tests.importing.writers import Name
from tests.importing.writers import Pickler
from tests.importing.writers import Raw


def read(data: bytes) -> object:
    return read_pickle(io.BytesIO(data), no_persistent)


PLAIN = {
    "numbers": [0, 1, 255, 65536, -3, 2**40, 1.5, True, False, None],
    "texts": ["", "körper.0", b"bytes", "x" * 300],
    "nested": {"a": [1, (2, 3), (4, 5, 6), (7, 8, 9, 10), ()], "b": {"c": {}}},
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_of_every_protocol(protocol: int) -> None:
    value = PLAIN
    if protocol < 3:
        # There is no opcode for bytes before.
        value = {**PLAIN, "texts": ["", "körper.0"]}
    assert read(pickle.dumps(value, protocol)) == value


def test_shared_and_cyclic_containers() -> None:
    inner: list[object] = [1]
    inner.append(inner)
    found = read(pickle.dumps({"a": inner, "b": inner}, 2))
    assert found["a"] is found["b"]
    assert found["a"][1] is found["a"]


def test_file_is_left_after_the_pickle() -> None:
    file = io.BytesIO(pickle.dumps([1], 2) + pickle.dumps([2], 2))
    assert read_pickle(file, no_persistent) == [1]
    assert read_pickle(file, no_persistent) == [2]


def test_objects_become_placeholders_and_nothing_is_imported() -> None:
    value = {
        "options": Call("no_such_module Options", (1,), {"rate": 0.1}),
        "class": Name("no_such_module Net"),
    }
    found = read(Pickler().pickle(value))
    assert isinstance(found["options"], Placeholder)
    assert found["options"].path == "no_such_module.Options"
    assert isinstance(found["class"], Global)


def test_every_way_to_make_an_object_is_inert(tmp_path: Path) -> None:
    made = tmp_path / "made"

    class Harm:
        def __reduce__(self) -> object:
            return Path.touch, (made,)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        read(pickle.dumps([Harm(), {"a": Harm()}], protocol))
    name = b"pathlib\nPath.touch\n"
    path = b"X" + struct.pack("<I", len(str(made))) + str(made).encode()
    for data in (
        b"c" + name + path + b"\x85R.",
        b"(c" + name + path + b"o.",
        b"(" + path + b"i" + name + b".",
        b"c" + name + path + b"\x85\x81.",
        b"c" + name + path + b"\x85}\x92.",
    ):
        assert isinstance(read(data), Placeholder)
    assert not made.exists()


def test_items_for_a_placeholder_are_dropped() -> None:
    made = Pickler().write(Call("mmcv ConfigDict"))
    found = read(b"\x80\x02" + made + b"(X\x01\x00\x00\x00aK\x01uK\x02a(K\x03e.")
    assert isinstance(found, Placeholder)


@pytest.mark.parametrize(
    "name",
    [
        "os system",
        "posix system",
        "nt system",
        "subprocess Popen",
        "builtins eval",
        "__builtin__ eval",
        "builtins exec",
        "builtins __import__",
        "importlib import_module",
        "runpy run_path",
        "io open",
        "torch load",
        "pickle loads",
        "ctypes CDLL",
        "socket create_connection",
    ],
)
def test_dangerous_names_are_refused_by_name(name: str) -> None:
    path = name.replace("__builtin__", "builtins").replace(" ", ".")
    data = Pickler().pickle({"weights": [], "x": Call(name, ("echo",))})
    with pytest.raises(CheckpointError, match=f"would run {path} when PyTorch"):
        read(data)


def test_dangerous_name_from_the_stack_is_refused() -> None:
    class Harm:
        def __reduce__(self) -> object:
            return eval, ("1",)

    with pytest.raises(CheckpointError, match="would run builtins.eval"):
        read(pickle.dumps(Harm(), 4))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02.",
        b"\x80\x02N",
        b"\x80\x02NN.",
        b"\x80\x02R.",
        b"\x80\x02t.",
        b"\x80\x02h\x05.",
        b"\x80\x02Na.",
        b"\x80\x02(K\x01s.",
        b"\x80\x02](K\x01.",
        b"\x80\x02}(K\x01u.",
        b"\x80\x02}(]K\x01.",
        b"\x80\x02K\x01K\x01R.",
        b"\x80\x02X\xff\xff\xff\xffa.",
        b"\x80\x02\x8e" + b"\xff" * 8 + b"a.",
        b"\x80\x02\x8b\xff\xff\xff\x7fa.",
        b"\x80\x02X\x01\x00\x00\x00\xff.",
        b"I" + b"9" * 5000 + b"\n.",
        b"Ixy\n.",
        b"\xfe\xff\x00",
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
    ],
)
def test_damage_is_said_in_one_line(data: bytes) -> None:
    with pytest.raises(CheckpointError, match="damaged") as caught:
        read(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"\x80\x02\x82\x01.", "EXT1"), (b"\x80\x05\x97.", "NEXT_BUFFER")],
)
def test_unused_opcodes_are_refused_by_name(data: bytes, name: str) -> None:
    with pytest.raises(CheckpointError, match=f"uses {name}"):
        read(data)


def test_persistent_id_without_storages() -> None:
    with pytest.raises(CheckpointError, match="refers to a storage where none"):
        read(b"\x80\x02NQ.")


def test_huge_memo_index_takes_no_memory() -> None:
    assert read(b"\x80\x02Nr\xff\xff\xff\x7f.") is None


def test_hash_bomb_takes_no_time() -> None:
    # A tuple of twice the tuple before: its hash would take 2**60 steps.
    bomb = b"N\x85" + b"2\x86" * 60
    start = time.perf_counter()
    found = read(b"\x80\x02}" + bomb + b"K\x01s.")
    assert len(found) == 1
    assert time.perf_counter() - start < 1


def repeated(first: bytes, call: bytes, times: int) -> bytes:
    """A list of what a call makes, again and again, of one and the same argument."""
    return b"\x80\x02](" + first + b"q\x000" + call * times + b"e."


@pytest.mark.parametrize(
    ("first", "call"),
    [
        (
            b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20),
            b"c_codecs\nencode\nh\x00\x85R",
        ),
        (
            b"(" + b"X\x01\x00\x00\x00aN\x86" * (1 << 14) + b"l",
            b"cbuiltins\ndict\nh\x00\x85R",
        ),
    ],
)
def test_calls_that_copy_the_same_again_and_again(first: bytes, call: bytes) -> None:
    read(repeated(first, call, 60))
    with pytest.raises(CheckpointError, match=r"larger than any.*its calls copy 6\d+ "):
        read(repeated(first, call, 70))


def test_sizes_have_few_axes() -> None:
    call = b"ctorch\nSize\nh\x00\x85R"
    assert read(repeated(b"(" + b"K\x01" * 64 + b"t", call, 1)) == [(1,) * 64]
    with pytest.raises(CheckpointError, match="damaged"):
        read(repeated(b"(" + b"K\x01" * 65 + b"t", call, 1))


def test_a_type_without_end_takes_no_memory() -> None:
    # A tuple of twice the tuple before: its text would have 2**60 characters.
    found = read(b"\x80\x02cnumpy\ndtype\nN\x85" + b"2\x86" * 60 + b"\x85R.")
    assert found.name == "numpy's tuple"  # type: ignore[attr-defined]


def test_subclasses_in_subclasses_are_no_recursion() -> None:
    name = b"ctorch._tensor\n_rebuild_from_type_v2\n"
    data = (name + b"N") * 5_000 + b")" + b"\x87" * 5_000
    assert isinstance(read(b"\x80\x02" + name + data + b"R."), Placeholder)


def test_deep_nesting_is_no_recursion() -> None:
    found = read(b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b".")
    assert isinstance(found, list)


def test_too_many_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MOST_OPERATIONS", 100)
    read(b"\x80\x02" + b"N0" * 40 + b"N.")
    with pytest.raises(CheckpointError, match="larger than any of a network"):
        read(b"\x80\x02" + b"N0" * 50 + b"N.")


def test_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MOST_PICKLE_BYTES", 100)
    text = b"X\x3c\x00\x00\x00" + b"a" * 60
    read(b"\x80\x02" + text + b"0N.")
    with pytest.raises(CheckpointError, match="larger than any of a network"):
        read(b"\x80\x02" + text + b"0" + text + b"0N.")


def test_writer_speaks_pickle() -> None:
    value = {"a": [1, -1, 2**40, 1.5, None, True, (1, "x")]}
    assert pickle.loads(Pickler().pickle(value)) == value
    assert pickle.loads(Pickler().pickle(Raw(b"N"))) is None
