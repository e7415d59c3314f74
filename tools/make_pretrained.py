"""Put the bundle of a finished run into the package, with its scores and its speed.

    python tools/make_pretrained.py runs/0001-x4 --hr SET5/HR [--lr SET5/LR_bicubic/X4]

Scores are taken by `imgan evaluate` and the speed on this machine, on a quiet moment. A
model with a fidelity partner also gets the gradient energy of its pictures beside that
of the partner's: a measure of sharpness that needs no truth.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from imgan import __version__
from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from imgan.bundles.card import Score
from imgan.bundles.card import Speed
from imgan.bundles.register import PRETRAINED
from imgan.data.pairs import list_pairs
from imgan.data.sources import load_pair
from imgan.evaluate import evaluate
from imgan.machine import processor_name
from imgan.machine import usable_cores
from imgan.metrics.sharpness import gradient_energy
from imgan.runtime import import_tensorflow


def main() -> int:
    """Measure, complete the card, write the bundle."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--hr", type=Path, required=True)
    parser.add_argument("--lr", type=Path)
    parser.add_argument("--dataset", default="Set5")
    words = parser.parse_args()
    import_tensorflow()
    from imgan.inference.predictor import Predictor
    from imgan.inference.speed import measure_speed

    bundle = words.run / "bundle"
    result = evaluate(
        words.hr, model=str(bundle), lr_dir=words.lr, precision="float32"
    ).to_json()
    predictor = Predictor.load(bundle)
    speed = Speed(
        megapixels_per_second=round(measure_speed(predictor, seconds=10), 3),
        precision=predictor.precision_for("uint8"),
        machine=f"{usable_cores()} cores of {processor_name()}",
    )
    network, card = load_network(bundle)
    values = {name: round(value, 4) for name, value in result["mean"].items()}
    protocol = {**result["protocol"], "precision": "float32"}
    card = card.model_copy(
        update={
            "imgan_version": __version__,
            "metrics": [
                Score(dataset=words.dataset, protocol=protocol, values=values),
                *_sharpness(card, bundle, words),
            ],
            "speed": speed,
            "attribution": f"The imgan authors; trained on {'; '.join(card.data)}",
        }
    )
    save_bundle(network, card, PRETRAINED / card.name)
    print(f"{PRETRAINED / card.name}: {values}, {speed}")
    return 0


def _sharpness(card: Card, bundle: Path, words: argparse.Namespace) -> list[Score]:
    """Return the gradient energy of the model's pictures and of its partner's."""
    if card.fidelity_partner is None:
        return []
    from imgan.inference.predictor import Predictor

    names = {card.name: str(bundle), card.fidelity_partner: card.fidelity_partner}
    pairs = list_pairs(words.hr, words.lr, card.scale)
    reduced = [load_pair(pair, card.scale).lr for pair in pairs]
    values = {}
    for name, model in names.items():
        enlarge = Predictor.load(model, precision="float32")
        energies = [
            gradient_energy(enlarge(image), crop_border=card.scale) for image in reduced
        ]
        values[f"gradient_energy_{name}"] = round(float(np.mean(energies)), 2)
    protocol = {
        "channel": "y",
        "crop_border": card.scale,
        "measure": "mean squared Sobel/8 gradient, squared levels; needs no truth",
        "downscale": "matlab_bicubic" if words.lr is None else "given",
        "precision": "float32",
    }
    return [Score(dataset=words.dataset, protocol=protocol, values=values)]


if __name__ == "__main__":
    sys.exit(main())
