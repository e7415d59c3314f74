import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.checkpoint import read_checkpoint


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in names:
            made.writestr(name, b"x")
    return file.getvalue()


def saved_arrays() -> bytes:
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3), b=np.zeros(2))
    return file.getvalue()


def saved_array(values: object) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        made.addfile(tarfile.TarInfo("sys_info"))
    return file.getvalue()


KINDS = {
    "empty.pth": (b"", "The file is empty"),
    "page.pth": (b"<!DOCTYPE html>\n<html>", "an HTML page, a download that failed"),
    "page2.pth": (b"\xef\xbb\xbf \n<HTML><body>", "an HTML page, a download that"),
    "error.pth": (b'{"error": "not found"}', "JSON text, perhaps a download that"),
    "error2.pth": (b"Not Found\n", "text, perhaps a download that failed"),
    "lfs.pth": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "zeros.pth": (bytes(1000), "a file of zeros, as a download that stopped leaves"),
    "noise.pth": (bytes(range(100, 250)), r"no known kind \(it starts with 64 65"),
    "old.pth": (tarred(), "a tar archive. If PyTorch before 0.1.10 wrote it"),
    "plain.pth": (pickle.dumps({"a": 1}, 2), "a plain Python pickle, not written by"),
    "plain4.pkl": (pickle.dumps({"a": 1}, 4), "a plain Python pickle, not written by"),
    "net.onnx": (b"\x08\x07\x12\x07pytorch\x1a", "an ONNX model. Import the PyTorch"),
    "net.h5": (b"\x89HDF\r\n\x1a\n" + bytes(100), r"a Keras model \(HDF5\)"),
    "net.keras": (
        zipped("config.json", "metadata.json", "model.weights.h5"),
        "a Keras",
    ),
    "net.npz": (saved_arrays(), r"numpy arrays \(.npz\), which say nothing of"),
    "net.npy": (saved_array({"a": 1}), "a numpy array"),
    "net.zip": (zipped("net/x4.pth", "net/LICENSE"), "a zip archive of net/x4.pth, n"),
    "deep.zip": (zipped("a/b/data.pkl", "a/b/data/0"), "packed again in folders or"),
    "net.tflite": (b"\x1c\0\0\0TFL3" + bytes(99), "a TFLite model, which holds no"),
    "net.pb": (b"\x08\x01\x12\xb6\x08\x12", "an ONNX|a TensorFlow graph"),
    "graph.pb": (b"\x0a\x10\x08\x01", "a TensorFlow graph, as in a SavedModel"),
    "net.index": (bytes(99) + bytes.fromhex("57fb808b247547db"), "a TensorFlow check"),
    "net.data-00000-of-00001": (bytes(range(99)), "a part of a TensorFlow checkpoint"),
    "checkpoint": (b'model_checkpoint_path: "a"\n', "the index of TensorFlow checkp"),
    "net.pth.gz": (b"\x1f\x8b\x08" + bytes(50), "a gzip archive; unpack it"),
    "net.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(50), "a 7z archive; unpack it"),
    "net.gguf": (b"GGUF\3\0\0\0", "a GGUF file"),
    "net.png": (b"\x89PNG\r\n\x1a\n" + bytes(50), "a picture"),
}


@pytest.mark.parametrize("name", KINDS)
def test_kind_is_named(name: str, tmp_path: Path) -> None:
    data, message = KINDS[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_checkpoint(tmp_path / name)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / name}: ")
    assert "\n" not in said
    if data:
        assert "Supported: PyTorch files (.pth, .pt, .ckpt), .safetensors" in said


FOLDERS = {
    "saved_model.pb": "a TensorFlow SavedModel",
    "data.pkl": "a folder unpacked from a PyTorch file; give the file as it was",
    "card.json": "a bundle of imgan already; give it to --model",
    "other": "a folder; expected a file",
}


@pytest.mark.parametrize("name", FOLDERS)
def test_folder_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(CheckpointError, match=FOLDERS[name]):
        read_checkpoint(tmp_path)
