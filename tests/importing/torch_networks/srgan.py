"""SRGAN's generator, as several repositories name its tensors."""

from collections import OrderedDict

import torch
from torch import Tensor
from torch import nn

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def conv(inputs: int, outputs: int, size: int = 3, **options: bool) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, **options)


def named(**members: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(members))


class Plus(nn.Module):
    """A sequence of named members whose input is added to their result."""

    def __init__(self, **members: nn.Module) -> None:
        super().__init__()
        for name, member in members.items():
            self.add_module(name, member)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for member in self.children():
            y = member(y)
        return x + y


class LeftThomas(nn.Module):
    """`block1` and so on; pictures in `[0, 1]`.

    Args:
        normalized: Whether batch normalisation ends the trunk, as in the last version;
            before that a PReLU did.
    """

    def __init__(
        self,
        *,
        scale: int = 4,
        filters: int = 64,
        blocks: int = 5,
        normalized: bool = False,
    ) -> None:
        super().__init__()
        self.block1 = nn.Sequential(conv(3, filters, 9), nn.PReLU())
        self.inner = [f"block{index + 2}" for index in range(blocks)]
        for name in self.inner:
            block = Plus(
                conv1=conv(filters, filters),
                bn1=nn.BatchNorm2d(filters),
                prelu=nn.PReLU(),
                conv2=conv(filters, filters),
                bn2=nn.BatchNorm2d(filters),
            )
            self.add_module(name, block)
        self.outer = [f"block{blocks + 2}", f"block{blocks + 3}"]
        end = nn.BatchNorm2d(filters) if normalized else nn.PReLU()
        self.add_module(self.outer[0], nn.Sequential(conv(filters, filters), end))
        ups = [
            named(
                conv=conv(filters, 4 * filters),
                pixel_shuffle=nn.PixelShuffle(2),
                prelu=nn.PReLU(),
            )
            for _ in range(scale.bit_length() - 1)
        ]
        last = nn.Sequential(*ups, conv(filters, 3, 9))
        self.add_module(self.outer[1], last)

    def forward(self, images: Tensor) -> Tensor:
        first = x = self.block1(images)
        for name in [*self.inner, self.outer[0]]:
            x = self.get_submodule(name)(x)
        made = self.get_submodule(self.outer[1])(first + x)
        return (torch.tanh(made) + 1) / 2


class LornaTang(nn.Module):
    """Lornatang's: pictures in `[0, 1]`, clipped.

    Args:
        outer: What convolutions outside of the trunk are called: `conv_block` in 2022,
            `conv` in 2023.
    """

    def __init__(
        self,
        *,
        scale: int = 4,
        filters: int = 64,
        blocks: int = 16,
        outer: str = "conv_block",
    ) -> None:
        super().__init__()

        def normalized() -> tuple[nn.Module, nn.Module]:
            return conv(filters, filters, bias=False), nn.BatchNorm2d(filters)

        def block() -> nn.Module:
            members = nn.Sequential(*normalized(), nn.PReLU(), *normalized())
            return Plus(rcb=members)

        def up() -> nn.Module:
            layer = conv(filters, 4 * filters)
            members = nn.Sequential(layer, nn.PixelShuffle(2), nn.PReLU())
            return named(upsample_block=members)

        ups = [up() for _ in range(scale.bit_length() - 1)]
        parts = {
            f"{outer}1": nn.Sequential(conv(3, filters, 9), nn.PReLU()),
            "trunk": nn.Sequential(*(block() for _ in range(blocks))),
            f"{outer}2": nn.Sequential(*normalized()),
            "upsampling": nn.Sequential(*ups),
            f"{outer}3": conv(filters, 3, 9),
        }
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, images: Tensor) -> Tensor:
        head, trunk, end, ups, last = self.children()
        first = head(images)
        return last(ups(first + end(trunk(first)))).clamp(0, 1)


class Unused(nn.PReLU):
    """In the file, and passed by."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class Aladdin(nn.Module):
    """aladdinpersson's: slopes for each channel; pictures in `[-1, 1]`."""

    def __init__(self, *, filters: int = 64, blocks: int = 16) -> None:
        super().__init__()

        def block(*, active: bool) -> nn.Sequential:
            act = nn.PReLU(filters) if active else Unused(filters)
            layer = conv(filters, filters, bias=False)
            return named(cnn=layer, bn=nn.BatchNorm2d(filters), act=act)

        def up() -> nn.Sequential:
            return named(
                conv=conv(filters, 4 * filters),
                ps=nn.PixelShuffle(2),
                act=nn.PReLU(filters),
            )

        self.initial = named(cnn=conv(3, filters, 9), act=nn.PReLU(filters))
        members = [
            Plus(block1=block(active=True), block2=block(active=False))
            for _ in range(blocks)
        ]
        self.residuals = nn.Sequential(*members)
        self.convblock = block(active=False)
        self.upsamples = nn.Sequential(up(), up())
        self.final = conv(filters, 3, 9)

    def forward(self, images: Tensor) -> Tensor:
        first = self.initial(images)
        x = first + self.convblock(self.residuals(first))
        return torch.tanh(self.final(self.upsamples(x)))


class Vinod(nn.Module):
    """sgrvinod's: sees ImageNet's colours, makes pictures in `[-1, 1]`."""

    def __init__(self, *, scale: int = 4, filters: int = 64, blocks: int = 16) -> None:
        super().__init__()

        def block(seen: int, made: int, *more: nn.Module, size: int = 3) -> nn.Module:
            return named(conv_block=nn.Sequential(conv(seen, made, size), *more))

        def inner(*more: nn.Module) -> nn.Module:
            return block(filters, filters, nn.BatchNorm2d(filters), *more)

        def up() -> nn.Module:
            return named(
                conv=conv(filters, 4 * filters),
                pixel_shuffle=nn.PixelShuffle(2),
                prelu=nn.PReLU(),
            )

        self.conv_block1 = block(3, filters, nn.PReLU(), size=9)
        members = [
            Plus(conv_block1=inner(nn.PReLU()), conv_block2=inner())
            for _ in range(blocks)
        ]
        self.residual_blocks = nn.Sequential(*members)
        self.conv_block2 = inner()
        ups = [up() for _ in range(scale.bit_length() - 1)]
        self.subpixel_convolutional_blocks = nn.Sequential(*ups)
        self.conv_block3 = block(filters, 3, nn.Tanh(), size=9)

    def forward(self, images: Tensor) -> Tensor:
        mean = torch.tensor(MEAN).reshape(1, 3, 1, 1)
        deviation = torch.tensor(DEVIATION).reshape(1, 3, 1, 1)
        first = self.conv_block1((images - mean) / deviation)
        x = first + self.conv_block2(self.residual_blocks(first))
        return self.conv_block3(self.subpixel_convolutional_blocks(x))


class VinodGenerator(nn.Module):
    """The same as `net`."""

    def __init__(self, *, scale: int = 4, filters: int = 64, blocks: int = 16) -> None:
        super().__init__()
        self.net = Vinod(scale=scale, filters=filters, blocks=blocks)

    def forward(self, images: Tensor) -> Tensor:
        return self.net(images)
