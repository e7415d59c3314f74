"""What a file is that cannot be read, in words for the one who gave it."""

import re
from collections.abc import Iterable
from pathlib import Path

SUPPORTED = (
    "Supported: PyTorch files (.pth, .pt, .ckpt), .safetensors, ncnn's .param with its "
    ".bin, and Keras models"
)

_TAR_MAGIC_PLACE = 257
_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
_ONNX_VERSIONS = range(1, 32)
_LONGEST_HEAD = 512

_DOWNLOAD = "a download that failed: the page was saved instead of the file"
_STARTS = (
    (
        b"version https://git-lfs",
        "a Git LFS pointer instead of the file itself; get it with: git lfs pull",
    ),
    (b"\x89HDF\r\n\x1a\n", "a Keras model (HDF5)"),
    (b"\x93NUMPY", "a numpy array"),
    (b"GGUF", "a GGUF file"),
    (b"\x1f\x8b", "a gzip archive; unpack it, and import what is inside"),
    (b"BZh", "a bzip2 archive; unpack it, and import what is inside"),
    (b"\xfd7zXZ\x00", "an xz archive; unpack it, and import what is inside"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive; unpack it, and import what is inside"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it, and import what is inside"),
    (b"Rar!", "a RAR archive; unpack it, and import what is inside"),
    (b"model_checkpoint_path:", "the index of TensorFlow checkpoints"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)

_TEXTUAL = rb"\([dl]p\d+\n|c[\w.]+\n[\w.]+\n|\(i[\w.]+\n"
"""How a pickle of protocol 0 begins: a container, or something that is named."""


def describe_foreign(head: bytes, tail: bytes, path: Path) -> str:
    """Return what a file is, "a TFLite model".

    Args:
        head: Its first 512 bytes.
        tail: Its last 8 bytes.
        path: Its name decides only between kinds without marks of their own.
    """
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml", b"<script")):
        return f"an HTML page, {_DOWNLOAD}"
    if text.startswith(b"{"):
        return f"JSON text, perhaps {_DOWNLOAD}"
    if head[_TAR_MAGIC_PLACE:][:5] == b"ustar" or head.startswith(
        (b"sys_info\0", b"storages\0", b"tensors\0", b"pickle\0")
    ):
        return (
            "a tar archive. If PyTorch before 0.1.10 wrote it, load it there and save "
            "it again; otherwise unpack it, and import what is inside"
        )
    if head[4:8] == b"TFL3":
        return "a TFLite model, which holds no trainable weights"
    if tail == _TABLE_MAGIC or path.name.partition(".data-")[2][:5].isdigit():
        return "a part of a TensorFlow checkpoint"
    if _is_onnx(head, path):
        return "an ONNX model. Import the PyTorch file that it was made from"
    if path.suffix == ".pb":
        return "a TensorFlow graph, as in a SavedModel"
    if is_pickle(head):
        return (
            "a plain Python pickle, not written by torch.save. Loading one runs what "
            "it says, so load it only if you trust its source, and torch.save the "
            "state dict. Nothing of it was run here"
        )
    if head and not head.strip(b"\0"):
        return "a file of zeros, as a download that stopped leaves"
    if _is_text(head):
        return f"text, perhaps {_DOWNLOAD}"
    return f"of no known kind (it starts with {head[:8].hex(' ')})"


def describe_zip(names: Iterable[str]) -> str:
    """Return what a zip archive is that PyTorch did not write."""
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if "config.json" in names and "metadata.json" in names:
        return "a Keras model"
    if any(name.endswith("data.pkl") for name in names):
        return (
            "a zip archive of PyTorch's, packed again in folders or with others; "
            "unpack it, and import what is inside"
        )
    if names and all(name.endswith(".npy") for name in names):
        return "numpy arrays (.npz), which say nothing of a network"
    inside = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"a zip archive of {inside or 'nothing'}; unpack it, and import from it"


def describe_folder(folder: Path) -> str:
    """Return what a folder is, instead of the expected file."""
    if (folder / "saved_model.pb").exists():
        return "a TensorFlow SavedModel, a folder that holds no Keras model"
    if (folder / "data.pkl").exists():
        return "a folder unpacked from a PyTorch file; give the file as it was"
    if (folder / "card.json").exists():
        return "a bundle of imgan already; give it to --model"
    return "a folder; expected a file"


def _is_onnx(head: bytes, path: Path) -> bool:
    # Protocol buffers have no mark: the version of the format comes first, then text.
    starts = len(head) > 2 and head[0] == 0x08 and head[1] in _ONNX_VERSIONS
    return starts and (head[2] in (0x12, 0x3A) or path.suffix == ".onnx")


def is_pickle(head: bytes) -> bool:
    """Return whether a file begins like a pickle, of the textual protocol too."""
    if head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return True
    return re.match(_TEXTUAL, head) is not None


def _is_text(head: bytes) -> bool:
    try:
        text = head[:_LONGEST_HEAD].decode("ascii")
    except UnicodeDecodeError:
        return False
    return bool(text) and all(
        letter.isprintable() or letter.isspace() for letter in text
    )
