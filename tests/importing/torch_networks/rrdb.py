"""RRDBNet, in the three spellings of its tensors."""

from torch import Tensor
from torch import cat
from torch import nn
from torch.nn import functional as F  # noqa: N812

SCALE = 0.2


def conv3(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


def doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


class DenseBlock(nn.Module):
    """`conv1` to `conv5`; `conv1.0` and so on if `nested`."""

    def __init__(self, filters: int, growth: int, *, nested: bool = False) -> None:
        super().__init__()
        self.nested = nested
        for index in range(1, 6):
            made = filters if index == 5 else growth
            layer = conv3(filters + (index - 1) * growth, made)
            name = f"conv{index}"
            self.add_module(name, nn.Sequential(layer) if nested else layer)

    def forward(self, x: Tensor) -> Tensor:
        seen = [x]
        for index in range(1, 5):
            layer = self.get_submodule(f"conv{index}")
            seen.append(leaky(layer(cat(seen, 1))))
        return x + SCALE * self.get_submodule("conv5")(cat(seen, 1))


class Block(nn.Module):
    """Three dense blocks, called `rdb1` or `RDB1` and so on."""

    def __init__(
        self, filters: int, growth: int, name: str, *, nested: bool = False
    ) -> None:
        super().__init__()
        for index in (1, 2, 3):
            block = DenseBlock(filters, growth, nested=nested)
            self.add_module(f"{name}{index}", block)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for block in self.children():
            y = block(y)
        return x + SCALE * y


class NewRRDBNet(nn.Module):
    """BasicSR's and Real-ESRGAN's: always two doublings, after an unshuffle if fast."""

    def __init__(
        self,
        *,
        scale: int = 4,
        filters: int = 64,
        blocks: int = 23,
        growth: int = 32,
        channels: int = 3,
    ) -> None:
        super().__init__()
        self.squares = 4 // scale
        self.conv_first = conv3(channels * self.squares**2, filters)
        self.body = nn.Sequential(
            *(Block(filters, growth, "rdb") for _ in range(blocks))
        )
        self.conv_body = conv3(filters, filters)
        self.conv_up1 = conv3(filters, filters)
        self.conv_up2 = conv3(filters, filters)
        self.conv_hr = conv3(filters, filters)
        self.conv_last = conv3(filters, channels)

    def forward(self, images: Tensor) -> Tensor:
        first = self.conv_first(F.pixel_unshuffle(images, self.squares))
        x = first + self.conv_body(self.body(first))
        x = leaky(self.conv_up1(doubled(x)))
        x = leaky(self.conv_up2(doubled(x)))
        return self.conv_last(leaky(self.conv_hr(x)))


class MiddleRRDBNet(nn.Module):
    """The ESRGAN repository's later spelling, and BSRGAN's with one doubling."""

    def __init__(
        self, *, ups: int = 2, filters: int = 64, blocks: int = 23, growth: int = 32
    ) -> None:
        super().__init__()
        self.conv_first = conv3(3, filters)
        self.RRDB_trunk = nn.Sequential(
            *(Block(filters, growth, "RDB") for _ in range(blocks))
        )
        self.trunk_conv = conv3(filters, filters)
        self.ups = [f"upconv{index + 1}" for index in range(ups)]
        for name in self.ups:
            self.add_module(name, conv3(filters, filters))
        self.HRconv = conv3(filters, filters)
        self.conv_last = conv3(filters, 3)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv_first(images)
        x = x + self.trunk_conv(self.RRDB_trunk(x))
        for name in self.ups:
            x = leaky(self.get_submodule(name)(doubled(x)))
        return self.conv_last(leaky(self.HRconv(x)))


class Skip(nn.Module):
    """Adds its input to what `sub` makes of it."""

    def __init__(self, sub: nn.Module) -> None:
        super().__init__()
        self.sub = sub

    def forward(self, x: Tensor) -> Tensor:
        return x + self.sub(x)


class OldRRDBNet(nn.Module):
    """The first release's: one sequence, `model`, with any number of doublings."""

    def __init__(
        self,
        *,
        ups: int = 2,
        filters: int = 64,
        blocks: int = 23,
        growth: int = 32,
        squares: int = 1,
        channels: int = 3,
    ) -> None:
        super().__init__()
        self.squares = squares
        trunk = [Block(filters, growth, "RDB", nested=True) for _ in range(blocks)]
        members: list[nn.Module] = [
            conv3(channels * squares**2, filters),
            Skip(nn.Sequential(*trunk, conv3(filters, filters))),
        ]
        for _ in range(ups):
            members += [nn.Upsample(scale_factor=2), conv3(filters, filters)]
            members.append(nn.LeakyReLU(0.2))
        members += [conv3(filters, filters), nn.LeakyReLU(0.2)]
        members.append(conv3(filters, channels))
        self.model = nn.Sequential(*members)

    def forward(self, images: Tensor) -> Tensor:
        return self.model(F.pixel_unshuffle(images, self.squares))
