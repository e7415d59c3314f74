import io
import struct
import zipfile
import zlib

import pytest

from imgan.errors import CheckpointError
from imgan.importing.reading import zip_directory
from imgan.importing.reading.source import Source
from imgan.importing.reading.zip_directory import read_directory
from imgan.importing.reading.zip_directory import read_entry

FILES = {"a/data.pkl": b"first" * 10, "a/data/0": bytes(range(256)), "a/empty": b""}


def archive(
    files: dict[str, bytes] = FILES, compression: int = zipfile.ZIP_STORED
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return file.getvalue()


def source(data: bytes) -> Source:
    return Source(io.BytesIO(data), len(data))


def contents(data: bytes) -> dict[str, bytes]:
    file = source(data)
    entries = read_directory(file)
    return {name: bytes(read_entry(file, entry)) for name, entry in entries.items()}


def directory_at(data: bytes) -> int:
    return data.index(b"PK\x01\x02")


def changed(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_contents(compression: int) -> None:
    assert contents(archive(FILES, compression)) == FILES


def test_folders_comment_and_lead_are_no_entries() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.mkdir("a")
        made.writestr("a/b", b"x")
        made.comment = b"a comment"
    assert contents(file.getvalue()) == {"a/b": b"x"}


def as_zip64(data: bytes) -> bytes:
    """Return an archive whose end is in the form for large ones."""
    at = data.index(b"PK\x05\x06")
    count, length, start = struct.unpack_from("<HLL", data, at + 10)
    numbers = (count, count, length, start)
    large = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, *numbers)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    end = data[at : at + 8] + struct.pack(
        "<HHLLH", *(0xFFFF,) * 2, *(2**32 - 1,) * 2, 0
    )
    return data[:at] + large + locator + end


def test_zip64_end() -> None:
    assert contents(as_zip64(archive())) == FILES


def test_zip64_entries() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made, made.open("a", "w", force_zip64=True) as a:
        a.write(b"x" * 100)
    data = file.getvalue()
    at = directory_at(data)
    # The sizes of 32 bits say to look into the extra field.
    extra = struct.pack("<HHQQ", 1, 16, 100, 100)
    central = bytearray(data[at : at + 47])
    central[20:28] = b"\xff" * 8
    central[30:32] = struct.pack("<H", len(extra))
    end = bytearray(data[data.index(b"PK\x05\x06") :])
    end[12:16] = struct.pack("<L", len(central) + len(extra))
    assert contents(data[:at] + central + extra + end) == {"a": b"x" * 100}


@pytest.mark.parametrize("keep", [10, 100, 400, -1, -22, -30])
def test_truncated_archives_are_named_so(keep: int) -> None:
    with pytest.raises(CheckpointError, match="truncated: its end is missing"):
        contents(archive()[:keep])


def test_wrong_checksum_is_named() -> None:
    data = archive()
    at = data.index(b"firstfirst")
    with pytest.raises(CheckpointError, match=r"checksum of a/data\.pkl is wrong"):
        contents(changed(data, at, b"F"))


def test_checksums_that_pytorch_was_told_not_to_compute() -> None:
    data = archive({"a": b"first"})
    assert contents(changed(data, directory_at(data) + 16, bytes(4))) == {"a": b"first"}


def test_damaged_deflate() -> None:
    data = archive({"a": b"first" * 100}, zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="a cannot be unpacked"):
        contents(changed(data, 31, b"\xff\xff"))


@pytest.mark.parametrize("said", [10, 600])
def test_deflate_of_another_size(said: int) -> None:
    data = archive({"a": b"first" * 100}, zipfile.ZIP_DEFLATED)
    at = directory_at(data) + 24
    with pytest.raises(CheckpointError, match=f"does not unpack to its {said} bytes"):
        contents(changed(data, at, struct.pack("<L", said)))


def test_bomb_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = archive({"a": bytes(20 << 20)}, zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(zlib, "decompressobj", pytest.fail)
    with pytest.raises(CheckpointError, match="would unpack to 20971520; weights"):
        read_directory(source(data))


def test_entries_that_overlap() -> None:
    data = archive({"a": b"x" * 100, "b": b"y" * 100})
    second = data.index(b"PK\x01\x02", directory_at(data) + 4)
    with pytest.raises(CheckpointError, match="b and a overlap in the archive"):
        read_directory(source(changed(data, second + 42, bytes(4))))


def test_name_that_comes_twice() -> None:
    data = archive({"a/1": b"x", "a/2": b"y"})
    with pytest.raises(CheckpointError, match="holds a/1 twice"):
        read_directory(source(data.replace(b"a/2", b"a/1")))


@pytest.mark.parametrize("name", [b"a\n1", b"a\x1b1"])
def test_name_that_is_no_text(name: bytes) -> None:
    data = archive({"a/1": b"x"})
    with pytest.raises(CheckpointError, match="a name in its directory is no text"):
        read_directory(source(data.replace(b"a/1", name)))


def test_encrypted() -> None:
    data = archive({"a": b"x"})
    with pytest.raises(CheckpointError, match="a in the archive is encrypted"):
        read_directory(source(changed(data, directory_at(data) + 8, b"\1")))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_method_that_is_not_read(method: int) -> None:
    with pytest.raises(CheckpointError, match=f"packed by method {method} from"):
        read_directory(source(archive({"a": b"x" * 100}, method)))


@pytest.mark.parametrize(
    ("at", "new", "message"),
    [
        (0, b"XX", "directory is not of a known form"),
        (42, struct.pack("<L", 60), "reaches into the directory"),
        (20, struct.pack("<LL", 500, 500), "reaches into the directory"),
    ],
)
def test_damaged_directory(at: int, new: bytes, message: str) -> None:
    data = archive({"a": b"x" * 100})
    with pytest.raises(CheckpointError, match=message):
        read_directory(source(changed(data, directory_at(data) + at, new)))


def test_entry_that_is_elsewhere() -> None:
    data = archive({"a": b"x" * 100})
    data = changed(data, 0, b"XX")
    with pytest.raises(CheckpointError, match="a is not where the directory says"):
        contents(data)


def test_directory_behind_the_end() -> None:
    data = archive()
    at = data.index(b"PK\x05\x06")
    with pytest.raises(CheckpointError, match="lies behind its end"):
        contents(changed(data, at + 16, struct.pack("<L", at)))


def test_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_directory, "_MOST_ENTRIES", 2)
    with pytest.raises(CheckpointError, match="has 3 entries"):
        contents(archive())
