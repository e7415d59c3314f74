"""Write the mean of the weights of several runs of one network as a model.

    python tools/average_bundles.py runs/x4/bundle runs/x4-start/bundle ...
    python tools/average_bundles.py runs/x2/bundle runs/x2-start/bundle --shares 4 1

Runs that begin with each other's weights, at a rate that rises again and falls, end
in one wide valley of the loss, each at its rim; their mean lies deeper in it
(Izmailov et al., 2018, "Averaging Weights Leads to Wider Optima and Better
Generalization", section 3). Networks that were initialised apart have no valley in
common, and their mean is worthless. The first bundle is replaced, its card kept but for
the scores. Networks with statistics of batches are refused: those of a mean would have
to be measured anew.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.runtime import import_tensorflow
from imgan.types import Array


def main(arguments: Sequence[str] | None = None) -> int:
    """Average bundles and say how far apart they were."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle", type=Path, help="replaced by the mean")
    parser.add_argument("others", type=Path, nargs="+")
    parser.add_argument("--shares", type=float, nargs="+", help="default: equal ones")
    words = parser.parse_args(arguments)
    shares = words.shares or [1.0] * (1 + len(words.others))
    if len(shares) != 1 + len(words.others) or min(shares) <= 0:
        parser.error("--shares must be a number above 0 for each bundle")
    import_tensorflow()
    network, card = load_network(words.bundle)
    if network.non_trainable_variables:
        parser.error(f"{words.bundle} holds statistics of batches, which have no mean")
    found = [network.get_weights()]
    for path in words.others:
        other, its_card = load_network(path)
        if its_card.network != card.network:
            parser.error(f"{path} is another network than {words.bundle}")
        found.append(other.get_weights())
    mean = [
        np.average(np.stack(weights), axis=0, weights=shares).astype(np.float32)
        for weights in zip(*found, strict=True)
    ]
    network.set_weights(mean)
    # Its scores are those of the weights before.
    save_bundle(network, card.model_copy(update={"metrics": []}), words.bundle)
    length = _length(mean)
    for path, weights in zip([words.bundle, *words.others], found, strict=True):
        apart = _length([one - two for one, two in zip(weights, mean, strict=True)])
        sys.stdout.write(f"{path}: {apart / length:.3f} of the mean's length from it\n")
    return 0


def _length(weights: Sequence[Array]) -> float:
    return float(
        np.sqrt(sum(np.square(each, dtype=np.float64).sum() for each in weights))
    )


if __name__ == "__main__":
    sys.exit(main())
