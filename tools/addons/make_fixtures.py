"""Make the models of Keras 2 and tensorflow-addons that the tests of the import read.

Needs Python 3.11 and the real packages, in an environment of their own:

    python3.11 -m venv /tmp/addons
    /tmp/addons/bin/pip install -r tools/addons/requirements.txt
    /tmp/addons/bin/python tools/addons/make_fixtures.py --check

Every network is saved as `NAME.h5` and `NAME.keras`, both packed by xz as they are
mostly zeros, with a picture and what the network makes of it in `NAME.npz`. With
`--check` nothing is written: what was made is compared with what is there.
"""

import argparse
import io
import json
import lzma
import re
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from networks import NETWORKS

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "tests" / "importing" / "fixtures" / "keras2"
NOT_AS_ARCHIVE = {"wdsr_recorded"}
"""TensorFlow that records operations in this way did not write archives yet."""
TOLERANCE = 1e-5
"""Of an output, relative to its largest value: processors round differently."""


def main() -> int:
    """Make the fixtures, or compare them; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    if not options.check:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for index, name in enumerate(NETWORKS):
            make(name, index, FOLDER)
        return 0
    with tempfile.TemporaryDirectory() as made:
        for index, name in enumerate(NETWORKS):
            make(name, index, Path(made))
        faults = compare(Path(made), FOLDER)
    for fault in faults:
        print(fault)
    print(f"{len(NETWORKS)} networks, {len(faults)} differences")
    return 1 if faults else 0


def make(name: str, seed: int, folder: Path) -> None:
    """Save one network with random weights, a picture and the network's answer."""
    import tensorflow as tf

    tf.keras.backend.clear_session()
    random = np.random.default_rng(seed)
    model = NETWORKS[name]()
    _, *sides, channels = model.input_shape
    height, width = (side or size for side, size in zip(sides, (12, 10), strict=True))
    rescaled = any("escal" in layer.name for layer in model.layers)
    highest = 255.0 if rescaled or name.startswith("wdsr") else 1.0
    pictures = highest * random.random((1, height, width, channels))
    pictures = pictures.astype(np.float32)
    # The first call initialises what is initialised by data.
    model(pictures, training=False)
    model.set_weights([_random_like(w, random) for w in model.weights])
    if any("spectral" in layer.name for layer in model.layers):
        model(pictures, training=True)
    outputs = model(pictures, training=False).numpy()
    for suffix in ("h5", "keras")[: 1 if name in NOT_AS_ARCHIVE else 2]:
        saved = folder / f"{name}.{suffix}"
        model.save(saved)
        packed = lzma.compress(saved.read_bytes(), preset=9)
        saved.with_name(f"{saved.name}.xz").write_bytes(packed)
        saved.unlink()
    np.savez_compressed(folder / f"{name}.npz", inputs=pictures, outputs=outputs)


def _random_like(weight: Any, random: Any) -> Any:
    if weight.dtype.is_bool:
        return np.array(True)
    values = random.normal(size=weight.shape)
    if "variance" in weight.name or "gamma" in weight.name or "/g:" in weight.name:
        values = 1.0 + 0.3 * np.tanh(values)
    elif len(weight.shape) >= 2:
        values = values * np.sqrt(1.0 / np.prod(weight.shape[:-1]))
    else:
        values = 0.1 * values
    return values.astype(np.float32)


def compare(made: Path, kept: Path) -> list[str]:
    """Return what differs between two folders of fixtures."""
    names = {path.name for folder in (made, kept) for path in folder.iterdir()}
    faults = []
    for name in sorted(names):
        if not (made / name).is_file() or not (kept / name).is_file():
            faults.append(f"{name}: only on one side")
            continue
        left, right = contents(made / name), contents(kept / name)
        if set(left) != set(right):
            faults.append(f"{name}: holds {set(left) ^ set(right)} on one side only")
            continue
        faults += [
            f"{name}: {key} differs" for key in left if _differ(left, right, key)
        ]
    return faults


def _differ(left: dict[str, Any], right: dict[str, Any], key: str) -> bool:
    one, two = left[key], right[key]
    if isinstance(one, str):
        return bool(one != two)
    if one.shape != two.shape or one.dtype != two.dtype:
        return True
    largest = float(np.abs(two.astype(np.float64)).max(initial=1e-6))
    difference = np.abs(one.astype(np.float64) - two.astype(np.float64))
    return bool(difference.max(initial=0.0) > TOLERANCE * largest)


def contents(path: Path) -> dict[str, Any]:
    """Return the arrays of a fixture by name, and its configuration as text."""
    if path.suffix == ".npz":
        with np.load(path) as file:
            return dict(file)
    unpacked = io.BytesIO(lzma.decompress(path.read_bytes()))
    if path.suffixes[0] == ".h5":
        with h5py.File(unpacked) as file:
            return {**_arrays(file), "config": _config(file.attrs["model_config"])}
    with zipfile.ZipFile(unpacked) as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
        with h5py.File(weights) as file:
            return {**_arrays(file), "config": _config(archive.read("config.json"))}


def _arrays(file: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    file.visititems(keep)
    return found


def _config(text: Any) -> str:
    """Return a configuration without what differs from run to run.

    That is the code of lambdas, which names files, and where objects lay in memory.
    """
    config = json.dumps(json.loads(text), sort_keys=True)
    config = re.sub(r'"shared_object_id": \d+', '"shared_object_id": 0', config)
    return re.sub(r'"function": \["[^"]*"', '"function": ["code"', config)


if __name__ == "__main__":
    sys.exit(main())
