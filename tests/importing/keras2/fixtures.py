"""The models that the real tensorflow-addons has saved; see tools/addons."""

import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import h5py
import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "keras2"
NAMES = sorted(path.name.removesuffix(".xz") for path in FOLDER.glob("*.xz"))

LAMBDAS = {
    "wdsr_lambda": {
        "normalize": f"scale:{1 / 127.5}:-1",
        "denormalize": "scale:127.5:127.5",
        "lambda": "depth_to_space:2",
        "lambda_1": "depth_to_space:2",
    },
    "cyclegan_lambda": {"mirror": "reflect_pad:3"},
}
"""What the code in `Lambda` layers does, by fixture."""


def unpack(name: str, folder: Path) -> Path:
    """Write a fixture such as `cyclegan.h5` into a folder."""
    path = folder / name
    path.write_bytes(lzma.decompress((FOLDER / f"{name}.xz").read_bytes()))
    return path


def lambdas(name: str) -> dict[str, str]:
    return LAMBDAS.get(name.partition(".")[0], {})


def answers(name: str) -> tuple[Any, Any]:
    """Return the picture of a fixture and what its network made of it."""
    with np.load(FOLDER / f"{name.partition('.')[0]}.npz") as file:
        return file["inputs"], file["outputs"]


def change_config(path: Path, change: Callable[[Any], Any]) -> Path:
    """Change the configuration in an HDF5 file."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        file.attrs["model_config"] = json.dumps(change(config) or config)
    return path


def rewrite_archive(path: Path, **members: bytes | None) -> Path:
    """Replace or remove members of an archive: `config`, `weights`."""
    names = {"config": "config.json", "weights": "model.weights.h5"}
    with ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    for key, data in members.items():
        kept.pop(names[key])
        if data is not None:
            kept[names[key]] = data
    with ZipFile(path, "w") as archive:
        for name, data in kept.items():
            archive.writestr(name, data)
    return path


def weights_of(path: Path) -> io.BytesIO:
    with ZipFile(path) as archive:
        return io.BytesIO(archive.read("model.weights.h5"))
