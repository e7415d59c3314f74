"""SPAN, with its training branches or with fused convolutions only."""

import torch
from torch import Tensor
from torch import nn
from torch.nn import functional as F  # noqa: N812

MEAN = (0.4488, 0.4371, 0.4040)


class Branched(nn.Module):
    """A chain `conv` of three beside `sk`, and `eval_conv`, which may be out of date.

    Args:
        inputs: Channels.
        outputs: Channels.
        fused: Whether there is nothing but `eval_conv`.
    """

    def __init__(self, inputs: int, outputs: int, *, fused: bool) -> None:
        super().__init__()
        if not fused:
            self.sk = nn.Conv2d(inputs, outputs, 1)
            self.conv = nn.Sequential(
                nn.Conv2d(inputs, 2 * inputs, 1),
                nn.Conv2d(2 * inputs, 2 * outputs, 3),
                nn.Conv2d(2 * outputs, outputs, 1),
            )
        self.fused = fused
        self.eval_conv = nn.Conv2d(inputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        if self.fused:
            return self.eval_conv(x)
        return self.conv(F.pad(x, (1, 1, 1, 1))) + self.sk(x)


class Gated(nn.Module):
    """Returns its result, and what its first convolution's activation has made."""

    def __init__(self, filters: int, *, fused: bool) -> None:
        super().__init__()
        self.c1_r = Branched(filters, filters, fused=fused)
        self.c2_r = Branched(filters, filters, fused=fused)
        self.c3_r = Branched(filters, filters, fused=fused)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first = self.c1_r(x)
        # In place, as it was trained: `first` is the activated one from here on.
        second = self.c2_r(F.silu(first, inplace=True))
        third = self.c3_r(F.silu(second))
        return (third + x) * (torch.sigmoid(third) - 0.5), first


class SPAN(nn.Module):
    def __init__(
        self,
        *,
        scale: int = 4,
        filters: int = 48,
        blocks: int = 6,
        fused: bool = False,
        norm: bool = True,
    ) -> None:
        super().__init__()
        self.norm = norm
        if not norm:
            self.register_buffer("no_norm", torch.zeros(1))
        self.conv_1 = Branched(3, filters, fused=fused)
        self.blocks = [f"block_{index + 1}" for index in range(blocks)]
        for name in self.blocks:
            self.add_module(name, Gated(filters, fused=fused))
        self.conv_cat = nn.Conv2d(4 * filters, filters, 1)
        self.conv_2 = Branched(filters, filters, fused=fused)
        self.upsampler = nn.Sequential(
            nn.Conv2d(filters, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale)
        )

    def forward(self, images: Tensor) -> Tensor:
        mean = torch.tensor(MEAN).reshape(1, 3, 1, 1)
        first = self.conv_1((images - mean) * 255 if self.norm else images)
        made, seen = first, []
        for name in self.blocks:
            made, inside = self.get_submodule(name)(made)
            seen.append(made)
        parts = [first, self.conv_2(made), seen[0], inside]
        return self.upsampler(self.conv_cat(torch.cat(parts, 1)))
