"""The reader against PyTorch itself, where PyTorch is installed."""

import argparse
import collections
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.checkpoint import read_checkpoint

torch: Any = pytest.importorskip("torch")

TYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8"]


@pytest.fixture(params=["zip", "legacy"])
def save(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    new = request.param == "zip"

    def write(value: Any, **options: Any) -> Path:
        path = tmp_path / "net.pth"
        torch.save(value, path, _use_new_zipfile_serialization=new, **options)
        return path

    return write


def check(path: Path, expected: dict[str, Any], key: str | None = None) -> None:
    found = read_checkpoint(path, key).tensors
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        wanted = tensor.float() if tensor.is_floating_point() else tensor
        np.testing.assert_array_equal(found[name], wanted.detach().numpy(), name)
        assert found[name].dtype == wanted.numpy(force=True).dtype
        assert found[name].flags.c_contiguous


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
def test_types(save: Any, protocol: int) -> None:
    values = torch.arange(24).reshape(2, 3, 4) - 5
    saved = {name: values.to(getattr(torch, name)) for name in TYPES}
    saved["bool"] = values > 0
    saved["uint8"] = values.abs().to(torch.uint8)
    saved["uint16"] = values.abs().to(torch.uint16)
    saved["scalar"] = torch.tensor(3)
    saved["none"] = torch.zeros(0, 3)
    check(save(saved, pickle_protocol=protocol), saved)


def test_views(save: Any) -> None:
    whole = torch.randn(6, 8)
    saved = {
        "whole": whole,
        "turned": whole.t(),
        "part": whole[2:4, 1:3],
        "stepped": whole[::2, ::3],
        "tied": whole,
        "wide": torch.randn(3, 1).expand(3, 5),
        "images": torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last),
    }
    check(save(saved), saved)


def test_network(save: Any) -> None:
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.PReLU(8)
    )
    check(save(network.state_dict()), network.state_dict())
    parameters = dict(network.named_parameters())
    check(save(parameters), parameters)
    with pytest.raises(CheckpointError, match="class torch.nn.modules.container.Seq"):
        read_checkpoint(save(network))


def test_training_checkpoint(save: Any) -> None:
    network = torch.nn.Conv2d(3, 8, 3)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.zeros(1, 3, 4, 4)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 3)
    saved = {
        "epoch": 3,
        "args": argparse.Namespace(lr=0.1, path=Path("x"), device=torch.device("cpu")),
        "losses": collections.defaultdict(list, a=[np.float64(0.5), np.zeros(3)]),
        "optimizer": optimizer.state_dict(),
        "scheduler": schedule.state_dict(),
        "type": torch.float32,
        "size": torch.Size((1, 2)),
        "random": torch.get_rng_state(),
        "params": torch.nn.DataParallel(network).state_dict(),
    }
    expected = network.state_dict()
    path = save(saved)
    check(path, expected)
    assert read_checkpoint(path).prefix == "module."


def test_checksums_that_were_not_computed(tmp_path: Path) -> None:
    saved = {"a": torch.randn(3)}
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(saved, tmp_path / "net.pth")
    finally:
        torch.serialization.set_crc32_options(True)
    check(tmp_path / "net.pth", saved)


def test_quantized_and_sparse_tensors_are_refused(save: Any) -> None:
    sparse = torch.eye(3).to_sparse()
    with pytest.raises(CheckpointError, match="tensor a is made by torch._utils._reb"):
        read_checkpoint(save({"a": sparse, "b": torch.zeros(2)}))


@pytest.mark.filterwarnings("ignore:.torch.jit.trace.* is deprecated")
def test_torchscript_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    example = torch.zeros(1, 3, 4, 4)
    torch.jit.trace(torch.nn.Conv2d(3, 8, 3), example).save(path)
    with pytest.raises(CheckpointError, match="a TorchScript archive"):
        read_checkpoint(path)
