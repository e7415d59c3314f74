"""SRVGGNetCompact."""

from torch import Tensor
from torch import nn
from torch.nn import functional as F  # noqa: N812


class Compact(nn.Module):
    """`body`: convolutions and PReLUs in turn; then a shuffle, over the input."""

    def __init__(
        self, *, scale: int = 4, filters: int = 64, convs: int = 16, channels: int = 3
    ) -> None:
        super().__init__()
        self.scale = scale
        widths = [channels, *[filters] * (convs + 1)]
        members: list[nn.Module] = []
        for seen, made in zip(widths[:-1], widths[1:], strict=True):
            members += [nn.Conv2d(seen, made, 3, padding=1), nn.PReLU(made)]
        members.append(nn.Conv2d(filters, channels * scale**2, 3, padding=1))
        self.body = nn.ModuleList(members)

    def forward(self, images: Tensor) -> Tensor:
        x = images
        for member in self.body:
            x = member(x)
        base = F.interpolate(images, scale_factor=self.scale, mode="nearest")
        return F.pixel_shuffle(x, self.scale) + base
