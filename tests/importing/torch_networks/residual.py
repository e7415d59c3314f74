"""MSRResNet, and EDSR in two spellings."""

import torch
from torch import Tensor
from torch import nn
from torch.nn import functional as F  # noqa: N812

MEAN = (0.4488, 0.4371, 0.4040)


def conv3(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def steps(scale: int) -> tuple[int, ...]:
    return (2, 2) if scale == 4 else (scale,)


def shuffled(scale: int, filters: int) -> nn.Sequential:
    """Convolutions, each with a shuffle."""
    members: list[nn.Module] = []
    for step in steps(scale):
        members += [conv3(filters, filters * step**2), nn.PixelShuffle(step)]
    return nn.Sequential(*members)


class Residual(nn.Module):
    def __init__(self, filters: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.conv1 = conv3(filters, filters)
        self.conv2 = conv3(filters, filters)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * self.conv2(F.relu(self.conv1(x)))


class MSRResNet(nn.Module):
    def __init__(self, *, scale: int = 4, filters: int = 64, blocks: int = 16) -> None:
        super().__init__()
        self.scale = scale
        self.conv_first = conv3(3, filters)
        self.body = nn.Sequential(*(Residual(filters, 1.0) for _ in range(blocks)))
        self.ups = []
        for index, step in enumerate(steps(scale)):
            self.ups.append((f"upconv{index + 1}", step))
            self.add_module(self.ups[-1][0], conv3(filters, filters * step**2))
        self.conv_hr = conv3(filters, filters)
        self.conv_last = conv3(filters, 3)

    def forward(self, images: Tensor) -> Tensor:
        def leaky(x: Tensor) -> Tensor:
            return F.leaky_relu(x, 0.1)

        x = self.body(leaky(self.conv_first(images)))
        for name, step in self.ups:
            x = leaky(F.pixel_shuffle(self.get_submodule(name)(x), step))
        x = self.conv_last(leaky(self.conv_hr(x)))
        return x + F.interpolate(
            images, scale_factor=self.scale, mode="bilinear", align_corners=False
        )


class EDSR(nn.Module):
    """BasicSR's, whose mean colour is not in the file."""

    def __init__(
        self,
        *,
        scale: int = 4,
        filters: int = 64,
        blocks: int = 16,
        residual_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.conv_first = conv3(3, filters)
        members = [Residual(filters, residual_scale) for _ in range(blocks)]
        self.body = nn.Sequential(*members)
        self.conv_after_body = conv3(filters, filters)
        self.upsample = shuffled(scale, filters)
        self.conv_last = conv3(filters, 3)

    def forward(self, images: Tensor) -> Tensor:
        mean = torch.tensor(MEAN).reshape(1, 3, 1, 1)
        first = self.conv_first((images - mean) * 255)
        x = first + self.conv_after_body(self.body(first))
        return self.conv_last(self.upsample(x)) / 255 + mean


class OriginalResidual(nn.Module):
    def __init__(self, filters: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        members = (conv3(filters, filters), nn.ReLU(), conv3(filters, filters))
        self.body = nn.Sequential(*members)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * self.body(x)


class Shift(nn.Conv2d):
    """Adds `sign` times the mean, to values up to 255."""

    def __init__(self, sign: int) -> None:
        super().__init__(3, 3, 1)
        self.weight.data = torch.eye(3).reshape(3, 3, 1, 1)
        self.bias = nn.Parameter(sign * 255.0 * torch.tensor(MEAN))


class OriginalEDSR(nn.Module):
    """The authors', for values up to 255; called with values up to 1 here."""

    def __init__(
        self,
        *,
        scale: int = 4,
        filters: int = 64,
        blocks: int = 16,
        residual_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.sub_mean = Shift(-1)
        self.add_mean = Shift(1)
        self.head = nn.Sequential(conv3(3, filters))
        members = [OriginalResidual(filters, residual_scale) for _ in range(blocks)]
        self.body = nn.Sequential(*members, conv3(filters, filters))
        self.tail = nn.Sequential(shuffled(scale, filters), conv3(filters, 3))

    def forward(self, images: Tensor) -> Tensor:
        first = self.head(self.sub_mean(images * 255))
        made = self.tail(first + self.body(first))
        return self.add_mean(made) / 255
