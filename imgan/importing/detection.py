"""What a checkpoint is, from the names and shapes of its tensors alone."""

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
    (
        "Stable Diffusion or a part of it",
        r"(model\.diffusion_model|first_stage_model)\..*",
    ),
    ("the VGG network of a perceptual loss", r"(features|vgg.*)\.28\.weight"),
)
"""Networks that are often met and that imgan has not, by a tensor's whole name."""

_SHOWN = 4


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
    shown = [described(key, value.shape) for key, value in tensors.items()]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    raise CheckpointError(
        f"It holds an unknown network, with the tensors {', '.join(shown[:_SHOWN])}"
        f"{more}. {supported()}"
    )


def supported() -> str:
    """Return a sentence that lists the architectures."""
    names = dict.fromkeys(a.name for a in ARCHITECTURES)
    return f"Supported: {', '.join(names)}."
