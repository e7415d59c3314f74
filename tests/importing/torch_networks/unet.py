"""The U-Net generator of pix2pix: each level is inside the one around it."""

from typing import Literal

import torch
from torch import Tensor
from torch import nn

Normalization = Literal["batch", "instance", "none"]


def normalization(kind: Normalization, channels: int) -> nn.Module:
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "instance":
        return nn.InstanceNorm2d(channels)
    return nn.Identity()


class Level(nn.Module):
    """Halving, what is inside, doubling; and its input before that, but outermost.

    Args:
        outer: Channels that come in and that it makes.
        inner: Channels at half the size.
        inside: The next level; None: it is the innermost.
        kind: Normalisation.
        outputs: Channels of the picture, if it is the outermost.
        dropout: Whether half of the result is dropped in training.
    """

    def __init__(
        self,
        outer: int,
        inner: int,
        inside: "Level | None",
        kind: Normalization,
        *,
        outputs: int | None = None,
        dropout: bool = False,
    ) -> None:
        super().__init__()
        bias = kind == "instance"
        self.outermost = outputs is not None
        down = nn.Conv2d(outer, inner, 4, stride=2, padding=1, bias=bias)
        seen = inner if inside is None else 2 * inner
        made = outer if outputs is None else outputs
        up = nn.ConvTranspose2d(
            seen, made, 4, stride=2, padding=1, bias=bias or self.outermost
        )
        if self.outermost:
            members: list[nn.Module | None] = [down, inside, nn.ReLU(True), up]
            members.append(nn.Tanh())
        else:
            # In place: what goes around is activated, too.
            members = [nn.LeakyReLU(0.2, True), down]
            members += [normalization(kind, inner), inside] if inside else []
            members += [nn.ReLU(True), up, normalization(kind, outer)]
            members += [nn.Dropout(0.5)] if dropout else []
        self.model = nn.Sequential(*(m for m in members if m is not None))

    def forward(self, x: Tensor) -> Tensor:
        if self.outermost:
            return self.model(x)
        return torch.cat([x, self.model(x)], 1)


class UNet(nn.Module):
    def __init__(
        self,
        *,
        inputs: int = 3,
        outputs: int = 3,
        filters: int = 64,
        levels: int = 8,
        kind: Normalization = "batch",
        dropout: bool = False,
    ) -> None:
        super().__init__()
        widths = [filters * min(2**level, 8) for level in range(levels)]
        level = None
        for index in range(levels - 1, 0, -1):
            outer, inner = widths[index - 1], widths[index]
            # Those between the innermost and the last four.
            drops = dropout and 4 <= index < levels - 1
            level = Level(outer, inner, level, kind, dropout=drops)
        self.model = Level(inputs, filters, level, kind, outputs=outputs)

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images)
