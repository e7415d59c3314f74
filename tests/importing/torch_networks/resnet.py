"""The residual generator of CycleGAN, and pix2pixHD's."""

from torch import Tensor
from torch import nn

from tests.importing.torch_networks.unet import Normalization
from tests.importing.torch_networks.unet import normalization


class Block(nn.Module):
    def __init__(
        self, filters: int, kind: Normalization, *, bias: bool, dropout: bool
    ) -> None:
        super().__init__()
        members: list[nn.Module] = [nn.ReflectionPad2d(1)]
        members += [nn.Conv2d(filters, filters, 3, bias=bias)]
        members += [normalization(kind, filters), nn.ReLU(True)]
        members += [nn.Dropout(0.5)] if dropout else []
        members += [nn.ReflectionPad2d(1), nn.Conv2d(filters, filters, 3, bias=bias)]
        members += [normalization(kind, filters)]
        self.conv_block = nn.Sequential(*members)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class ResNet(nn.Module):
    """All in one sequence, `model`.

    Args:
        inputs: Channels.
        outputs: Channels.
        filters: Channels at full size.
        blocks: Residual blocks.
        halvings: 2 in CycleGAN, 4 in pix2pixHD.
        kind: Normalisation.
        dropout: Whether blocks have one.
        bias: Whether convolutions have one; None: with instance normalisation, as in
            CycleGAN. In pix2pixHD always.
    """

    def __init__(
        self,
        *,
        inputs: int = 3,
        outputs: int = 3,
        filters: int = 64,
        blocks: int = 9,
        halvings: int = 2,
        kind: Normalization = "instance",
        dropout: bool = False,
        bias: bool | None = None,
    ) -> None:
        super().__init__()
        bias = kind == "instance" if bias is None else bias

        def active(layer: nn.Module, made: int) -> list[nn.Module]:
            return [layer, normalization(kind, made), nn.ReLU(True)]

        members: list[nn.Module] = [nn.ReflectionPad2d(3)]
        members += active(nn.Conv2d(inputs, filters, 7, bias=bias), filters)
        for step in range(halvings):
            seen, made = filters * 2**step, filters * 2 ** (step + 1)
            down = nn.Conv2d(seen, made, 3, stride=2, padding=1, bias=bias)
            members += active(down, made)
        width = filters * 2**halvings
        for _ in range(blocks):
            members.append(Block(width, kind, bias=bias, dropout=dropout))
        for step in range(halvings, 0, -1):
            seen, made = filters * 2**step, filters * 2 ** (step - 1)
            up = nn.ConvTranspose2d(
                seen, made, 3, stride=2, padding=1, output_padding=1, bias=bias
            )
            members += active(up, made)
        members += [nn.ReflectionPad2d(3), nn.Conv2d(filters, outputs, 7), nn.Tanh()]
        self.model = nn.Sequential(*members)

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images)
