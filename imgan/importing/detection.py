"""What a checkpoint is, from the names and shapes of its tensors alone."""

import difflib
import re

from imgan.errors import CheckpointError
from imgan.importing.architectures.compact import COMPACT
from imgan.importing.architectures.residual import EDSR_BASICSR
from imgan.importing.architectures.residual import EDSR_ORIGINAL
from imgan.importing.architectures.residual import MSRRESNET
from imgan.importing.architectures.resnet import RESNET
from imgan.importing.architectures.rrdb import RRDB_MIDDLE
from imgan.importing.architectures.rrdb import RRDB_NEW
from imgan.importing.architectures.rrdb import RRDB_OLD
from imgan.importing.architectures.shapes import described
from imgan.importing.architectures.span import SPAN
from imgan.importing.architectures.srgan import SRGAN
from imgan.importing.architectures.unet import UNET
from imgan.importing.parts import Tensors
from imgan.importing.plan import Architecture
from imgan.importing.plan import Plan

ARCHITECTURES: tuple[Architecture, ...] = (
    RRDB_NEW,
    RRDB_MIDDLE,
    RRDB_OLD,
    COMPACT,
    SPAN,
    EDSR_BASICSR,
    EDSR_ORIGINAL,
    MSRRESNET,
    *SRGAN,
    UNET,
    RESNET,
)
"""In the order in which they are tried."""

FOREIGN: tuple[tuple[str, str], ...] = (
    ("SwinIR, a transformer", r"layers\.0\.residual_group\.blocks\.0\.norm1\.weight"),
    ("HAT, a transformer", r"layers\.0\.residual_group\.overlap_attn\..*"),
    ("DAT, a transformer", r"layers\.0\.blocks\.0\.attn\.(qkv|proj)\.weight"),
    ("OmniSR, a transformer", r"residual_layer\.0\.residual_layer\.0\..*"),
    ("RCAN, whose channel attention sees whole pictures", r".*\.conv_du\.0\.weight"),
    ("SAFMN", r"feats\.0\.safm\..*"),
    ("PLKSR", r"feats\.\d+\.lk\.conv\.weight"),
    ("GFPGAN, a restorer of faces", r"stylegan_decoder\..*"),
    ("CodeFormer, a restorer of faces", r"quantize\.embedding\.weight"),
    ("a discriminator with spectral normalisation", r".*\.weight_orig"),
    ("the local enhancer of pix2pixHD", r"model1_1\..*"),
    ("a VGG-style discriminator", r"conv0_0\.weight"),
    ("a classifier or a discriminator", r"classifier\.\d+\.weight"),
    (
        "Stable Diffusion or a part of it",
        r"(model\.diffusion_model|first_stage_model)\..*",
    ),
    ("the VGG network of a perceptual loss", r"(features|vgg.*)\.28\.weight"),
)
"""Networks that are often met and that imgan has not, by a tensor's whole name."""

_MARKS = (
    "conv_first.weight",
    "body.0.rdb1.conv1.weight",
    "RRDB_trunk.0.RDB1.conv1.weight",
    "model.0.weight",
    "model.1.sub.0.RDB1.conv1.0.weight",
    "body.0.weight",
    "body.1.weight",
    "conv_cat.weight",
    "upsampler.0.weight",
    "conv_after_body.weight",
    "body.0.conv1.weight",
    "upsample.0.weight",
    "upconv1.weight",
    "conv_last.weight",
    "head.0.weight",
    "tail.1.weight",
    "model.model.0.weight",
    "model.model.3.weight",
    "model.1.weight",
)
"""Names by which architectures are told."""

_SHOWN = 4
_SIDE = 4
_ALIKE = 0.8


def detect(tensors: Tensors) -> Plan:
    """Return what a checkpoint holds.

    Args:
        tensors: By name, without prefixes that all of them share.

    Raises:
        CheckpointError: If it is unknown, or known and not supported.
    """
    for architecture in ARCHITECTURES:
        if architecture.detect(tensors):
            return architecture.plan(tensors)
    for name, pattern in FOREIGN:
        if any(re.fullmatch(pattern, key) for key in tensors):
            raise CheckpointError(
                f"It holds {name}, which imgan does not have. {supported()}"
            )
    if _is_patchgan(tensors):
        raise CheckpointError(
            "It holds a discriminator of patches, which makes no pictures; give the "
            f"generator's file. {supported()}"
        )
    _refuse_misspelt(tensors)
    shown = [described(key, value.shape) for key, value in tensors.items()]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    raise CheckpointError(
        f"It holds an unknown network, with the tensors {', '.join(shown[:_SHOWN])}"
        f"{more}. {supported()}"
    )


def _is_patchgan(tensors: Tensors) -> bool:
    """Return whether the convolutions are those of PatchGAN: 4x4 in one sequence."""
    shapes = [value.shape for value in tensors.values() if value.ndim == _SIDE]
    members = all(re.match(r"(model|scale\d)", key) for key in tensors)
    return bool(shapes) and members and all(s[2:] == (4, 4) for s in shapes)


def _refuse_misspelt(tensors: Tensors) -> None:
    """Raise CheckpointError if one other name would make a known network of it."""
    for mark in _MARKS:
        if mark in tensors:
            continue
        # The same numbers, or it would be another tensor of the same kind.
        alike = [key for key in tensors if _numbers(key) == _numbers(mark)]
        near = difflib.get_close_matches(mark, alike, n=1, cutoff=_ALIKE)
        for name in near:
            named = {mark if key == name else key: tensors[key] for key in tensors}
            for architecture in ARCHITECTURES:
                if architecture.detect(named):
                    raise CheckpointError(
                        f"It looks like {architecture.name}, but not all of its "
                        f"tensors are there. Missing: {mark}. Not expected: "
                        f"{described(name, tensors[name].shape)}. Perhaps that is what "
                        f"is called {mark!r} elsewhere."
                    )


def _numbers(key: str) -> list[str]:
    return re.findall(r"\d+", key)


def supported() -> str:
    """Return a sentence that lists the architectures."""
    names = dict.fromkeys(a.name for a in ARCHITECTURES)
    return f"Supported: {', '.join(names)}."
