"""Set the last biases of a model so that it leaves flat grey flat and grey.

    python tools/level_bundle.py runs/x4-photo/bundle

A network that ends with depth-to-space makes each pixel of a `scale` by `scale` cell
by a bias of its own. Losses on texture or by a discriminator hardly feel a pattern of a
quarter of a level there, which tiles a sky all the same. The mean of what the model
adds to nine greys from 0.1 to 0.9 is taken from the biases: what remains is the part
that changes with the grey. The bundle is replaced.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.runtime import import_tensorflow
from imgan.types import Array

_GREYS = np.linspace(0.1, 0.9, 9)
# Low-resolution pixels whose mean is taken, one side; the halo is cut off around them.
_SIDE = 16
# Share of the range that rounding may leave of the mean pattern.
_LEFT = 1e-4


def main(arguments: Sequence[str] | None = None) -> int:
    """Level a bundle and say how strong its pattern was and is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle", type=Path)
    path = parser.parse_args(arguments).bundle
    import_tensorflow()
    network, card = load_network(path)
    scale, channels, halo = card.scale, card.output_channels, card.halo
    if scale < 2 or channels != card.input_channels or halo is None:
        parser.error(f"{path} is no network that enlarges and has a halo")
    biases = [w for w in network.weights if w.shape == (scale**2 * channels,)]
    if not biases:
        parser.error(f"{path} has no bias for each pixel of a cell of depth-to-space")
    low, high = card.input_range
    greys = low + (high - low) * _GREYS
    before = added_to_flat(network, greys, scale, channels, halo)
    last = biases[-1]
    last.assign(np.asarray(last) - before.mean(axis=0).reshape(-1))
    after = added_to_flat(network, greys, scale, channels, halo)
    # A bias of the end moves its own place of the cell and no other, one to one.
    if np.abs(after.mean(axis=0)).max() > _LEFT * (high - low):
        parser.error(f"{path} ends with another layer than depth-to-space")
    # Its scores are those of the weights before.
    save_bundle(network, card.model_copy(update={"metrics": []}), path)
    levels = [_strength(added) * 255 / (high - low) for added in (before, after)]
    sys.stdout.write("pattern on flat grey: {:.3f} -> {:.3f} levels\n".format(*levels))
    return 0


def added_to_flat(
    network: Any, greys: Array, scale: int, channels: int, halo: int
) -> Array:
    """Return what a network adds to flat pictures at each place of a cell.

    Returns:
        `(greys, scale, scale, channels)`, in the units of `greys`.
    """
    side = _SIDE + 2 * halo
    flat = np.ones((len(greys), side, side, channels), np.float32)
    made = network(flat * greys[:, None, None, None].astype(np.float32), training=False)
    inner = slice(halo * scale, (halo + _SIDE) * scale)
    made = np.asarray(made, np.float64)[:, inner, inner]
    cells = made.reshape(len(greys), _SIDE, scale, _SIDE, scale, channels)
    return np.asarray(cells.mean(axis=(1, 3)) - greys[:, None, None, None])


def _strength(added: Array) -> float:
    """Return the deviation over places of a cell, of the worst grey and channel."""
    return float(added.std(axis=(1, 2)).max())


if __name__ == "__main__":
    sys.exit(main())
