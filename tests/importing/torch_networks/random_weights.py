"""Weights that keep activations of a sane size and leave no branch unused."""

import math

import torch
from torch import nn

_FIXED = ("sub_mean", "add_mean", "no_norm")
"""What is no weight, but a constant of the network."""


def randomize(network: nn.Module, *, seed: int = 0, gain: float = 1.0) -> nn.Module:
    """Give every tensor of a network random values, and return it for inference.

    Args:
        network: Any; statistics of batch normalisation included.
        seed: Of the values.
        gain: Of kernels; 1 keeps the variance of what is not activated.
    """
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if name.startswith(_FIXED) or not value.dtype.is_floating_point:
                continue
            noise = torch.randn(value.shape, generator=random)
            if value.ndim == 4:
                fan_in = value.numel() / max(value.shape[0], 1)
                noise *= gain / math.sqrt(fan_in)
            elif name.endswith("running_var"):
                noise = 1.0 + 0.5 * torch.tanh(noise)
            elif name.endswith(".weight"):
                # Slopes and scales.
                noise = 0.7 + 0.3 * torch.tanh(noise)
            else:
                noise *= 0.2
            value.copy_(noise)
    return network.eval()
