"""What a checkpoint is, and that nothing in one does more than raise an error."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.architectures import residual
from imgan.importing.checkpoint import read_checkpoint
from imgan.importing.conversion import convert
from imgan.importing.detection import ARCHITECTURES
from imgan.importing.detection import detect
from imgan.importing.detection import supported
from imgan.networks import base
from imgan.types import Array
from tests.importing.files import compact_tensors

FOLDER = Path(__file__).parent / "fixtures" / "torch"
NAMES = list(json.loads((FOLDER / "index.json").read_text()))

Tensors = dict[str, Array]


def stored(name: str) -> Tensors:
    return read_checkpoint(FOLDER / f"{name}.pth").tensors


def only(*names: str) -> Tensors:
    return {name: np.ones((4, 4, 3, 3), np.float32) for name in names}


@pytest.mark.parametrize("name", NAMES)
def test_no_file_is_taken_for_two_things(name: str) -> None:
    tensors = stored(name)
    assert sum(architecture.detect(tensors) for architecture in ARCHITECTURES) == 1


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("layers.0.residual_group.blocks.0.norm1.weight", "SwinIR"),
        ("layers.0.residual_group.overlap_attn.qkv.weight", "HAT"),
        ("layers.0.blocks.0.attn.qkv.weight", "DAT"),
        ("body.0.body.0.body.3.conv_du.0.weight", "RCAN"),
        ("feats.0.safm.mfr.0.weight", "SAFMN"),
        ("stylegan_decoder.style_mlp.1.weight", "GFPGAN"),
        ("quantize.embedding.weight", "CodeFormer"),
        ("conv1.weight_orig", "discriminator"),
        ("model1_1.1.weight", "local enhancer"),
        ("model.diffusion_model.out.0.weight", "Stable Diffusion"),
        ("features.28.weight", "VGG"),
    ],
)
def test_networks_that_are_not_imgans_are_named(key: str, word: str) -> None:
    with pytest.raises(CheckpointError, match=word) as caught:
        detect(only("first.weight", key))
    assert str(caught.value).endswith(supported())


def test_what_is_unknown_lists_some_of_it_and_what_is_supported() -> None:
    names = [f"layer.{index}.weight" for index in range(7)]
    with pytest.raises(CheckpointError) as caught:
        detect(only(*names))
    message = str(caught.value)
    assert "layer.0.weight (4, 4, 3, 3)" in message
    assert "layer.3.weight (4, 4, 3, 3) and 3 more" in message
    assert "layer.4" not in message
    for word in ("RRDBNet", "SRVGGNetCompact", "SPAN", "EDSR", "MSRResNet", "SRGAN"):
        assert word in supported()


def test_an_empty_file_and_one_of_a_long_name() -> None:
    with pytest.raises(CheckpointError, match="unknown network"):
        detect({})
    with pytest.raises(CheckpointError) as caught:
        detect(only("x" * 10_000))
    assert len(str(caught.value)) < 1000


def test_the_local_enhancer_is_not_taken_for_its_global_generator() -> None:
    tensors = stored("pix2pixhd") | only("model1_1.1.weight")
    with pytest.raises(CheckpointError, match="local enhancer"):
        detect(tensors)


def refused(tensors: Tensors) -> None:
    """Whatever is wrong with it, it is said in an error for users."""
    with pytest.raises(CheckpointError) as caught:
        convert(detect(tensors), tensors)
    assert len(str(caught.value)) < 3000


# === Hostile ones ===

SPOILED: dict[str, Callable[[Array], Array]] = {
    "no axes": lambda _: np.float32(1.0) * np.ones(()),
    "empty": lambda value: value[:0],
    "one axis": lambda value: value.ravel(),
    "five axes": lambda value: value[None],
    "wider": lambda value: np.concatenate([value, value]),
    "not finite": lambda value: value * np.nan,
}


@pytest.mark.parametrize("kind", SPOILED)
@pytest.mark.parametrize("name", NAMES)
def test_any_first_tensor_that_is_spoiled(name: str, kind: str) -> None:
    tensors = stored(name)
    # Of sub_mean in EDSR the weight is of no use.
    key = next(k for k in tensors if k.endswith("weight") and "_mean" not in k)
    tensors[key] = np.asarray(SPOILED[kind](tensors[key]))
    refused(tensors)


@pytest.mark.parametrize("name", NAMES)
def test_any_last_tensor_that_is_missing(name: str) -> None:
    tensors = stored(name)
    ignored = ("num_batches_tracked", "act.weight", "eval_conv.bias", "no_norm")
    key = [k for k in tensors if not k.endswith(ignored) and "_mean." not in k][-1]
    if name == "span_fused":
        key = "block_1.c1_r.eval_conv.bias"
    del tensors[key]
    refused(tensors)


@pytest.mark.parametrize("number", ["1", "7", "9999", "99999", "9" * 5000, "٣"])
@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("rrdb_new_x4", "body.{}.rdb1.conv1.weight"),
        ("rrdb_new_x4", "conv_up{}3.weight"),
        ("rrdb_middle_x4", "RRDB_trunk.{}.RDB1.conv1.weight"),
        ("rrdb_old_x4", "model.1.sub.{}9.weight"),
        ("rrdb_old_x4", "model.9{}.weight"),
        ("compact", "body.{}9.weight"),
        ("span_fused", "block_9{}.c1_r.eval_conv.weight"),
        ("msrresnet_x4", "body.{}.conv1.weight"),
        ("edsr_original", "body.{}9.body.0.weight"),
        ("srgan_leftthomas", "block9{}.conv1.weight"),
        ("srgan_lornatang_2022", "upsampling.9{}.upsample_block.0.weight"),
        ("resnet_instance", "model.9{}.conv_block.1.weight"),
        ("unet_batch", "model.model.{}9.weight"),
    ],
)
def test_numbers_in_names_build_no_more_than_the_file_holds(
    name: str, key: str, number: str
) -> None:
    tensors = stored(name)
    refused(tensors | only(key.format(number)))


@pytest.mark.parametrize("first", [304, 7, 5, 1])
def test_residual_blocks_far_from_the_beginning(first: int) -> None:
    """Every three members between are a halving, which doubles the channels."""
    inside = f"model.{first}.conv_block"
    names = ["model.1.weight", f"{inside}.1.weight", f"{inside}.5.weight"]
    refused(only(*names))


def test_a_deep_u_net() -> None:
    deep = [f"model.model.1.model{'.3.model' * level}.1.weight" for level in range(99)]
    with pytest.raises(CheckpointError, match="2 to 12 levels. Received: 100"):
        detect(only("model.model.0.weight", "model.model.3.weight", *deep))


def test_a_thousand_blocks() -> None:
    tensors = stored("msrresnet_x4")
    names = (f"body.{index}.conv1.weight" for index in range(999))
    with pytest.raises(CheckpointError, match="at most 200 layers"):
        detect(tensors | only(*names))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("body.0.wieght", "body.0.weight"),
        ("body.1.weigth", "body.1.weight"),
    ],
)
def test_a_misspelt_tensor_by_which_the_network_is_told(wrong: str, right: str) -> None:
    tensors = compact_tensors()
    tensors[wrong] = tensors.pop(right)
    with pytest.raises(CheckpointError) as caught:
        detect(tensors)
    message = str(caught.value)
    assert message.startswith("It looks like SRVGGNetCompact, but")
    assert f"Missing: {right}. Not expected: {wrong} (" in message
    assert f"Perhaps that is what is called {right!r} elsewhere" in message


def test_discriminators_of_patches_are_named() -> None:
    widths = (3, 64, 128, 1)
    tensors = {
        f"model.{3 * index}.weight": np.zeros((made, taken, 4, 4), np.float32)
        for index, (taken, made) in enumerate(zip(widths, widths[1:], strict=False))
    }
    with pytest.raises(CheckpointError, match="a discriminator of patches"):
        detect(tensors)


def test_the_mean_colour_is_that_of_the_networks() -> None:
    assert residual.DIV2K_MEAN == base.DIV2K_MEAN
