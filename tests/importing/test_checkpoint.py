import hashlib
import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.checkpoint import read_checkpoint
from tests.importing.writers import Call
from tests.importing.writers import tensor
from tests.importing.writers import write_torch_legacy
from tests.importing.writers import write_torch_zip

# As PyTorch 2.13 reads them: layout, container, tensors, the sum of the first, and the
# start of a hash over the names, shapes and numbers of all in the order of the names.
REAL = {
    "realesr-animevideov3": (
        "PyTorch zip archive",
        "params",
        53,
        ("body.0.weight", (64, 3, 3, 3), -10.472198008559644),
        "3fb58edaafc3203c",
    ),
    "span_ch28_x4": (
        "PyTorch zip archive",
        "",
        44,
        ("conv_1.eval_conv.weight", (28, 3, 3, 3), -0.10660895262435588),
        "016466a836397776",
    ),
    "srgan_leftthomas_x4": (
        "PyTorch legacy file",
        "",
        79,
        ("block1.0.weight", (64, 3, 9, 9), -48.168261962362976),
        "219be3e4e8ab7da5",
    ),
}
WRITERS: dict[str, Callable[..., Path]] = {
    "zip": write_torch_zip,
    "legacy": write_torch_legacy,
}


@pytest.fixture(params=WRITERS)
def write(request: pytest.FixtureRequest) -> Callable[..., Path]:
    return WRITERS[request.param]


@pytest.mark.parametrize("name", REAL)
def test_real_files_hold_what_pytorch_finds_in_them(
    name: str, shared_data: Path
) -> None:
    layout, container, count, (first, shape, total), expected = REAL[name]
    found = read_checkpoint(shared_data / "checkpoints" / f"{name}.pth")
    assert (found.layout, found.container, found.prefix) == (layout, container, "")
    assert len(found.tensors) == count
    assert next(iter(found.tensors)) == first
    assert found.tensors[first].shape == shape
    assert found.tensors[first].sum(dtype=np.float64) == pytest.approx(total, abs=1e-12)
    digest = hashlib.sha256()
    for key, values in sorted(found.tensors.items()):
        digest.update(f"{key}{values.shape}".encode())
        digest.update(values.tobytes())
    assert digest.hexdigest()[:16] == expected


def test_name_of_the_file_does_not_matter(write: Any, tmp_path: Path) -> None:
    for name in ("net.safetensors", "net.bin", "net.onnx", "net"):
        found = read_checkpoint(write(tmp_path / name, {"a": tensor([1.0, 2.0])}))
        assert found.tensors["a"].tolist() == [1, 2]


def test_training_checkpoint(write: Any, tmp_path: Path) -> None:
    moments = {"exp_avg": tensor([9.0]), "step": 7}
    saved = {
        "epoch": 3,
        "options": Call("argparse Namespace", (), {"lr": 0.1}),
        "best": Call("numpy.core.multiarray scalar", (1, b"8bytes..")),
        "model_state_dict": {"module.a": tensor([1.0]), "module.b": tensor([2.0])},
        "optimizer_state_dict": {"state": {0: moments}, "param_groups": [{"lr": 0.1}]},
        "scheduler": Call("torch.optim.lr_scheduler LambdaLR", (), {"last": 3}),
    }
    found = read_checkpoint(write(tmp_path / "net.pth", saved))
    assert found.container == "model_state_dict"
    assert found.prefix == "module."
    assert {name: t.tolist() for name, t in found.tensors.items()} == {
        "a": [1],
        "b": [2],
    }


def test_key(write: Any, tmp_path: Path) -> None:
    saved = {"netG_A": {"a": tensor([1.0])}, "netG_B": {"a": tensor([2.0])}}
    path = write(tmp_path / "net.pth", saved)
    assert read_checkpoint(path, "netG_B").tensors["a"].tolist() == [2]
    with pytest.raises(CheckpointError, match=r"net\.pth: The file holds several netw"):
        read_checkpoint(path)


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize("name", ["posix system", "os system", "builtins eval"])
def test_nothing_is_run(write: Any, name: str, beside: bool, tmp_path: Path) -> None:
    made = tmp_path / "made"
    command = f"touch {made}" if "system" in name else f"open({str(made)!r}, 'w')"
    harm = Call(name, (command,))
    saved = {"params": {"a": tensor([1.0])}, "x": harm} if beside else harm
    with pytest.raises(CheckpointError, match="would run .* when PyTorch loads it; f"):
        read_checkpoint(write(tmp_path / "net.pth", saved))
    assert not made.exists()


def test_harm_under_another_name_is_not_run_either(write: Any, tmp_path: Path) -> None:
    made = tmp_path / "made"
    harm = Call("pathlib Path.touch", (str(made),))
    saved = {"params": {"a": tensor([1.0])}, "x": harm}
    found = read_checkpoint(write(tmp_path / "net.pth", saved))
    assert found.tensors["a"].tolist() == [1]
    assert not made.exists()


def test_whole_network_is_refused(write: Any, tmp_path: Path) -> None:
    saved = Call("models.rrdb RRDBNet", (), {"_parameters": {"a": tensor([1.0])}})
    with pytest.raises(CheckpointError, match="class models.rrdb.RRDBNet; only tens"):
        read_checkpoint(write(tmp_path / "net.pth", saved))


def test_stride_of_nothing_does_not_fill_the_memory(write: Any, tmp_path: Path) -> None:
    view = tensor([1.0])
    view.shape, view.strides = (1 << 34,), (0,)
    with pytest.raises(CheckpointError, match="repeats a storage of 1 elements"):
        read_checkpoint(write(tmp_path / "net.pth", {"a": view}))


def test_names_from_the_file_stay_in_one_line(write: Any, tmp_path: Path) -> None:
    saved = Call(f"models Net\x1b[2J{'x' * 5000}")
    with pytest.raises(CheckpointError, match=r"models\.Net\?\[2Jxxx") as caught:
        read_checkpoint(write(tmp_path / "net.pth", saved))
    assert len(str(caught.value)) < 1500


def test_missing_file_and_pipe(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no.pth: No such file"):
        read_checkpoint(tmp_path / "no.pth")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CheckpointError, match="a device or a pipe; expected a file"):
        read_checkpoint(tmp_path / "pipe")


def test_large_file_is_read_quickly_and_once(write: Any, tmp_path: Path) -> None:
    # 64 MiB in 256 tensors, as an RRDBNet of 23 blocks.
    generator = np.random.default_rng(0)
    values = generator.standard_normal(1 << 16, dtype=np.float32).reshape(-1, 64, 8, 8)
    saved = {f"a.{n}": tensor(values) for n in range(256)}
    path = write(tmp_path / "net.pth", saved)
    start = time.perf_counter()
    found = read_checkpoint(path)
    assert time.perf_counter() - start < 2
    assert sum(t.nbytes for t in found.tensors.values()) == 64 << 20
    del found
    tracemalloc.start()
    try:
        read_checkpoint(path)
        assert tracemalloc.get_traced_memory()[1] < 70 << 20
    finally:
        tracemalloc.stop()
