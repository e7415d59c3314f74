"""The networks of `bench_peers` in PyTorch, with the tensor names of the releases."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Compact(nn.Module):
    """SRVGGNetCompact of 64 filters and 16 convolutions, x4."""

    def __init__(self) -> None:
        super().__init__()
        widths = [3] + [64] * 17
        layers: list[nn.Module] = []
        for before, after in zip(widths[:-1], widths[1:], strict=True):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.PReLU(after)]
        self.body = nn.Sequential(*layers, nn.Conv2d(64, 48, 3, padding=1))

    def forward(self, images: Any) -> Any:
        """Return `(batch, 3, 4 * height, 4 * width)`."""
        base = functional.interpolate(images, scale_factor=4, mode="nearest")
        return functional.pixel_shuffle(self.body(images), 4) + base


class _Merged(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.eval_conv = nn.Conv2d(before, after, 3, padding=1)

    def forward(self, features: Any) -> Any:
        return self.eval_conv(features)


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.c1_r = _Merged(width, width)
        self.c2_r = _Merged(width, width)
        self.c3_r = _Merged(width, width)

    def forward(self, features: Any) -> tuple[Any, Any]:
        inner = functional.silu(self.c1_r(features))
        made = self.c3_r(functional.silu(self.c2_r(inner)))
        return (made + features) * (torch.sigmoid(made) - 0.5), inner


class Span(nn.Module):
    """SPAN of 48 filters and 6 blocks, x4, its branches merged."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("no_norm", torch.zeros(1))
        self.conv_1 = _Merged(3, 48)
        for number in range(1, 7):
            self.add_module(f"block_{number}", _Block(48))
        self.conv_cat = nn.Conv2d(4 * 48, 48, 1)
        self.conv_2 = _Merged(48, 48)
        self.upsampler = nn.Sequential(
            nn.Conv2d(48, 48, 3, padding=1), nn.PixelShuffle(4)
        )

    def forward(self, images: Any) -> Any:
        """Return `(batch, 3, 4 * height, 4 * width)`."""
        first = features = self.conv_1(images)
        early: list[Any] = []
        for number in range(1, 7):
            features, inner = self.get_submodule(f"block_{number}")(features)
            early = early or [features]
        parts = [first, self.conv_2(features), *early, inner]
        return self.upsampler(self.conv_cat(torch.cat(parts, 1)))


NETWORKS: dict[str, Any] = {"compact": Compact, "span": Span}


def random_network(name: str) -> Any:
    """Return a network of seeded weights whose result lies around [0, 1].

    Args:
        name: "compact" or "span".
    """
    torch.manual_seed(0)
    network = NETWORKS[name]()
    for parameter in network.parameters():
        if parameter.ndim == 4:
            nn.init.kaiming_normal_(parameter, 0.25)
    last = network.body[-1] if name == "compact" else network.upsampler[0]
    with torch.no_grad():
        last.weight *= 0.1
        last.bias.fill_(0.0 if name == "compact" else 0.5)
    return network.eval()
