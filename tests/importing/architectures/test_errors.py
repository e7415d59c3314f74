"""Variants that look like what is supported, by what is said of them."""

from pathlib import Path

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.checkpoint import read_checkpoint
from imgan.importing.detection import detect
from imgan.types import Array

FOLDER = Path(__file__).parents[1] / "fixtures" / "torch"


def refusal(name: str, **changes: Array) -> str:
    tensors = read_checkpoint(FOLDER / f"{name}.pth").tensors
    changed = {key.replace("__", "."): value for key, value in changes.items()}
    with pytest.raises(CheckpointError) as caught:
        detect(tensors | changed)
    return str(caught.value)


def ones(*shape: int) -> Array:
    return np.ones(shape, np.float32)


def test_esrgan_plus() -> None:
    key = "model__1__sub__0__RDB1__conv1x1__weight"
    message = refusal("rrdb_old_x4", **{key: ones(2, 4, 1, 1)})
    assert "It is ESRGAN+" in message


def test_rrdb_of_more_doublings_than_it_has_a_scale_for() -> None:
    message = refusal("rrdb_old_x4", model__22__weight=ones(3, 4, 3, 3))
    assert "doublings must be one of 0, 1, 2, 3. Received: 6" in message


def test_rrdb_that_makes_other_channels_than_it_is_given() -> None:
    message = refusal("rrdb_new_x4", conv_last__weight=ones(1, 4, 3, 3))
    assert "one that makes 1 of 3" in message


def test_rrdb_that_enlarges_less_than_it_reduces() -> None:
    changes = {"conv_first__weight": ones(4, 48, 3, 3)}
    message = refusal("rrdb_middle_x2", **changes)
    assert "enlarges 2 times must see squares" in message
    assert "Received: 48 channels for 3" in message


def test_edsr_for_values_up_to_one() -> None:
    message = refusal("edsr_original", sub_mean__bias=-ones(3) * 0.44)
    assert "subtracts the mean colour of DIV2K" in message
    assert "Received: [0.44 0.44 0.44]" in message


def test_residual_blocks_with_zero_padding_have_other_numbers() -> None:
    tensors = read_checkpoint(FOLDER / "resnet_instance.pth").tensors
    zero = {k.replace("conv_block.5", "conv_block.3"): v for k, v in tensors.items()}
    with pytest.raises(CheckpointError, match="must have mirrored borders"):
        detect(zero)


def test_a_u_net_of_one_level() -> None:
    tensors = {f"model.model.{n}.weight": ones(4, 3, 4, 4) for n in (0, 3)}
    tensors["model.model.1.model.1.weight"] = ones(4, 4, 4, 4)
    assert detect(tensors).arguments["num_levels"] == 2


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("edsr_basicsr", "multiplied with: 1"),
        ("unet_batch", "activations are dropped"),
        ("srgan_leftthomas", "as in leftthomas/SRGAN"),
        ("srgan_lornatang_2022", "from 0 to 1, clipped"),
        ("srgan_aladdinpersson", "a tanh ends the network"),
        ("srgan_sgrvinod", "colours of ImageNet"),
    ],
)
def test_what_a_file_does_not_say_is_told(name: str, word: str) -> None:
    plan = detect(read_checkpoint(FOLDER / f"{name}.pth").tensors)
    assert any(word in sentence for sentence in plan.assumptions)
