"""Files that are damaged, or were made to run something or to fill memory."""

import base64
import io
import json
import marshal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED
from zipfile import ZipFile

import h5py
import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.keras2 import read_keras_model
from tests.importing.keras2.fixtures import change_config
from tests.importing.keras2.fixtures import rewrite_archive
from tests.importing.keras2.fixtures import unpack
from tests.importing.keras2.fixtures import weights_of


def refused(path: Path, message: str) -> None:
    with pytest.raises(CheckpointError, match=message) as caught:
        read_keras_model(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_code_in_a_lambda_is_not_run(tmp_path: Path) -> None:
    trap = tmp_path / "was run"
    source = f"lambda x: open({str(trap)!r}, 'w')"
    code = base64.b64encode(marshal.dumps(eval(source).__code__)).decode()

    def plant(config: Any) -> None:
        lambdas = [
            entry
            for entry in config["config"]["layers"]
            if entry["class_name"] == "Lambda"
        ]
        lambdas[0]["config"]["function"] = [code, None, None]

    path = change_config(unpack("cyclegan_lambda.h5", tmp_path), plant)
    refused(path, "the code of Lambda layers is not run: 'mirror'")
    # Whatever the user says that it does, the code is not asked.
    assert read_keras_model(path, {"mirror": "reflect_pad:3"}).count_params() > 0
    assert not trap.exists()


def test_classes_are_not_imported(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "evil_module.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    path = unpack("cyclegan.keras", tmp_path)
    with ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    entry = config["config"]["layers"][2]
    entry.update(module="evil_module", class_name="Evil", registered_name="Evil")
    rewrite_archive(path, config=json.dumps(config).encode())
    refused(path, r"not known: 'conv2d' \(Evil\)")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("first", ["", ".", None])
def test_modules_beside_a_file_are_not_imported(
    first: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("h5py", "json", "sitecustomize"):
        planted = f"open({str(tmp_path / 'was run')!r}, 'w')"
        (tmp_path / f"{module}.py").write_text(planted)
    path = unpack("cyclegan.h5", tmp_path)
    monkeypatch.chdir(tmp_path)
    # As where imgan is started by `python -m`.
    monkeypatch.setattr(
        sys, "path", [str(tmp_path) if first is None else first, *sys.path]
    )
    assert read_keras_model(path).count_params() > 0
    assert not (tmp_path / "was run").exists()


@pytest.mark.parametrize("name", ["cyclegan.h5", "cyclegan.keras"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
def test_truncated(name: str, share: float, tmp_path: Path) -> None:
    path = unpack(name, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refused(path, "damaged|neither")


def test_weights_alone(tmp_path: Path) -> None:
    path = unpack("spectral.h5", tmp_path)
    with h5py.File(path, "r+") as file:
        del file.attrs["model_config"]
    refused(path, "holds weights alone.*Save the whole model")


@pytest.mark.parametrize("key", ["config", "weights"])
def test_archives_that_lack_a_member(key: str, tmp_path: Path) -> None:
    path = unpack("unet.keras", tmp_path)
    if key == "config":
        refused(rewrite_archive(path, config=None), "holds no config.json")
    else:
        refused(rewrite_archive(path, weights=None), "holds no model.weights.h5")


@pytest.mark.slow
def test_archive_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "bomb.keras"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b"{}")
        archive.writestr("model.weights.h5", bytes(300 * 2**20))
    refused(path, "damaged or hostile")


KERNEL = "model_weights/spectral_normalization/spectral_normalization/kernel:0"


def replace(change: Callable[[h5py.File, Path], None], folder: Path) -> Path:
    path = unpack("spectral.h5", folder)
    with h5py.File(path, "r+") as file:
        del file[KERNEL]
        change(file, folder)
    return path


def outside(file: h5py.File, folder: Path) -> None:
    file[KERNEL] = h5py.ExternalLink(str(folder / "other.h5"), "/kernel")


def soft(file: h5py.File, folder: Path) -> None:
    file[KERNEL] = h5py.SoftLink("/model_weights")


def virtual(file: h5py.File, folder: Path) -> None:
    layout = h5py.VirtualLayout((4, 4, 3, 4), "f4")
    layout[:] = h5py.VirtualSource(folder / "other.h5", "kernel", (4, 4, 3, 4))
    file.create_virtual_dataset(KERNEL, layout)


def external(file: h5py.File, folder: Path) -> None:
    parts = [(str(folder / "raw"), 0, 768)]
    file.create_dataset(KERNEL, (4, 4, 3, 4), "f4", external=parts)


def references(file: h5py.File, folder: Path) -> None:
    file.create_dataset(KERNEL, (4, 4, 3, 4), h5py.ref_dtype)


def unstored(file: h5py.File, folder: Path) -> None:
    file.create_dataset(KERNEL, (10**6, 10**6, 3, 4), "f4", chunks=(16, 16, 3, 4))


def other_shape(file: h5py.File, folder: Path) -> None:
    file[KERNEL] = np.zeros((4, 4, 4, 3), np.float32)


def not_finite(file: h5py.File, folder: Path) -> None:
    file[KERNEL] = np.full((4, 4, 3, 4), np.nan, np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (outside, "is a link"),
        (soft, "is a link"),
        (virtual, "lies in another file"),
        (external, "lies in another file"),
        (references, "instead of numbers"),
        (unstored, "claims the shape .* and stores 0 bytes"),
        (other_shape, r"wants a kernel of shape \(4, 4, 3, 4\).*holds \(4, 4, 4, 3\)"),
        (not_finite, "not finite"),
    ],
)
def test_arrays_that_are_not_read(
    change: Callable[[h5py.File, Path], None], message: str, tmp_path: Path
) -> None:
    refused(replace(change, tmp_path), message)


def test_missing_array(tmp_path: Path) -> None:
    path = unpack("spectral.h5", tmp_path)
    with h5py.File(path, "r+") as file:
        group = file["model_weights/spectral_normalization"]
        group.attrs["weight_names"] = list(group.attrs["weight_names"])[:2]
    refused(path, r"has 2 arrays in the file; expected 3: kernel, bias, sn_u")


def test_missing_array_of_an_archive(tmp_path: Path) -> None:
    path = unpack("unet.keras", tmp_path)
    weights = weights_of(path)
    with h5py.File(weights, "r+") as file:
        del file["layers/conv2d/vars/1"]
    rewrite_archive(path, weights=weights.getvalue())
    refused(path, "'conv2d' .* has 1 arrays in the file; expected 2: kernel, bias")


def change_layer(index: int, **values: Any) -> Callable[[Any], None]:
    def change(config: Any) -> None:
        config["config"]["layers"][index]["config"].update(values)

    return change


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_layer(2, filters=10**9), "wants a kernel of shape .*1000000000"),
        (change_layer(2, data_format="channels_first"), "channels first"),
        (change_layer(2, activation="os.system"), "Activation 'os.system'"),
        (change_layer(2, strides=[0, 0]), "cannot be built"),
        (change_layer(2, padding={"class_name": "Evil"}), "argument of class 'Evil'"),
        (change_layer(1, padding="x"), "padding=x"),
        (change_layer(0, batch_input_shape=[None, 8]), "expected pictures"),
        (lambda config: {"class_name": "Functional"}, "lists no layers"),
        (lambda config: {"class_name": "MyGAN", "config": {}}, "holds a MyGAN"),
        (lambda config: [1, 2], "no dictionary"),
        (lambda config: {"config": {}}, "damaged: KeyError"),
    ],
)
def test_configurations_that_are_not_built(
    change: Callable[[Any], Any], message: str, tmp_path: Path
) -> None:
    refused(change_config(unpack("cyclegan.h5", tmp_path), change), message)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("UpSampling2D", {"size": [2]}),
        ("LeakyReLU", {"alpha": None}),
        ("LeakyReLU", {"alpha": 10**400}),
        ("Activation", {"activation": {"class_name": "LeakyReLU", "config": []}}),
        ("Activation", {"activation": ["relu"]}),
    ],
)
def test_arguments_of_another_type(kind: str, config: Any, tmp_path: Path) -> None:
    def change(model: Any) -> None:
        layers = model["config"]["layers"]
        layer = next(x for x in layers if x["class_name"] == "Activation")
        layer.update(class_name=kind, config={"name": layer["name"], **config})

    refused(change_config(unpack("cyclegan.h5", tmp_path), change), "damaged|known")


@pytest.mark.parametrize("deflated", [True, False])
def test_members_of_archives_that_are_nonsense(deflated: bool, tmp_path: Path) -> None:
    path = unpack("unet.keras", tmp_path)
    rewritten = tmp_path / "model.keras"
    with ZipFile(path) as archive, ZipFile(rewritten, "w", ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            copy.writestr(name, archive.read(name))
    data = bytearray(rewritten.read_bytes())
    if deflated:
        # After the head of the first member: a block of a kind that there is not.
        start = data.index(b"config.json") + len(b"config.json")
        data[start : start + 40] = b"\xff" * 40
    else:
        # The flag says that the name is UTF-8, in the list at the end.
        start = data.rindex(b"PK\x01\x02")
        data[start + 9] |= 0x08
        data[start + 46] = 0xFF
    rewritten.write_bytes(data)
    refused(rewritten, "damaged")


def test_models_within_models_without_end(tmp_path: Path) -> None:
    def nest(config: Any) -> Any:
        inner: Any = {"class_name": "Sequential", "config": {"layers": []}}
        for _ in range(200):
            inner = {"class_name": "Sequential", "config": {"layers": [inner]}}
        return inner

    refused(change_config(unpack("unet.h5", tmp_path), nest), "nested more than")


def test_layers_in_a_circle(tmp_path: Path) -> None:
    def turn(config: Any) -> None:
        first = config["config"]["layers"][1]
        first["inbound_nodes"][0][0][0] = first["name"]

    refused(
        change_config(unpack("unet.h5", tmp_path), turn), "given what nothing makes"
    )


def test_weights_normalised_by_data_that_never_came(tmp_path: Path) -> None:
    path = unpack("wdsr_function.keras", tmp_path)
    weights = weights_of(path)
    with h5py.File(weights, "r+") as file:
        file["layers/weight_normalization/vars/2"][()] = False
    rewrite_archive(path, weights=weights.getvalue())
    refused(path, "was never called")


@pytest.mark.slow
def test_flipped_bytes(tmp_path: Path) -> None:
    """Either it is refused in one line, or a model comes out."""
    random = np.random.default_rng(5)
    for name in ("spectral.h5", "unet.keras"):
        data = np.frombuffer(unpack(name, tmp_path).read_bytes(), np.uint8)
        for _ in range(15):
            changed = data.copy()
            places = random.integers(0, len(data), 40)
            changed[places] ^= random.integers(1, 256, 40).astype(np.uint8)
            path = tmp_path / f"changed{Path(name).suffix}"
            path.write_bytes(changed.tobytes())
            try:
                found = str(len(read_keras_model(path).layers))
            except CheckpointError as error:
                found = str(error)
            assert found
            assert "\n" not in found


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    refused(tmp_path, "Is a directory")


def test_empty_hdf5(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w"):
        pass
    (tmp_path / "empty.h5").write_bytes(buffer.getvalue())
    refused(tmp_path / "empty.h5", "holds weights alone")
