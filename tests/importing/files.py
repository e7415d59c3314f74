"""Checkpoints of networks that are small enough for tests, with random weights."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from imgan.types import Array


def compact_tensors(
    *, scale: int = 2, filters: int = 4, num_convs: int = 1, channels: int = 3
) -> dict[str, Array]:
    """Return the tensors of an SRVGGNetCompact, which adds little to its base."""
    random = np.random.default_rng(0)
    widths = [channels, *[filters] * (num_convs + 1), channels * scale**2]
    tensors: dict[str, Array] = {}
    for index, (inputs, outputs) in enumerate(zip(widths, widths[1:], strict=False)):
        kernel = 0.1 * random.standard_normal((outputs, inputs, 3, 3))
        tensors[f"body.{2 * index}.weight"] = kernel.astype(np.float32)
        tensors[f"body.{2 * index}.bias"] = np.zeros(outputs, np.float32)
        if index <= num_convs:
            slopes = np.full(outputs, 0.2, np.float32)
            tensors[f"body.{2 * index + 1}.weight"] = slopes
    return tensors


def compact_file(path: Path, **size: int) -> Path:
    """Write an SRVGGNetCompact as a safetensors file."""
    save_file(compact_tensors(**size), path)
    return path
