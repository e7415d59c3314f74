"""Put the bundle of a finished run into the package, with its scores and its speed.

    python tools/make_pretrained.py runs/x4-start runs/x4 --hr SET5/HR --lr SET5/LR/X4

The first run is the one that begins at random weights, the last one has the model.
Scores are taken by `imgan evaluate` and the speed on this machine, on a quiet moment. A
model with a fidelity partner also gets the gradient energy of its pictures beside that
of the partner's, a measure of sharpness that needs no truth, and with `--camera` (the
Kodak pictures) its scores on bad ones beside those of bicubic enlargement.

Weights are rounded to what float16 can hold, still as float32, and their file is
compressed, to 60 %: pictures do not change.
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from check_photo import camera_scores

from imgan import __version__
from imgan.bundles.bundle import WEIGHTS_NAME
from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.bundle import weights_sha256
from imgan.bundles.card import Card
from imgan.bundles.card import Score
from imgan.bundles.card import Stage
from imgan.bundles.card import read_card
from imgan.bundles.card import write_card
from imgan.bundles.register import PRETRAINED
from imgan.config import load_recipe
from imgan.data.pair_store import load_pair
from imgan.data.pairs import list_pairs
from imgan.evaluate import evaluate
from imgan.metrics.sharpness import gradient_energy
from imgan.runtime import import_tensorflow
from imgan.training.run_folder import RunFolder

RECIPES = Path(__file__).resolve().parent.parent / "recipes"


def main() -> int:
    """Measure, complete the card, write the bundle."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--hr", type=Path, required=True)
    parser.add_argument("--lr", type=Path)
    parser.add_argument("--dataset", default="Set5")
    parser.add_argument("--partner", help="of `--fidelity`, with the same network")
    parser.add_argument("--camera", type=Path, help="true pictures, see check_photo.py")
    parser.add_argument(
        "--then",
        action="append",
        default=[],
        help="command that changed the last run's bundle; may be given again",
    )
    words = parser.parse_args()
    import_tensorflow()
    from imgan.inference.predictor import Predictor
    from imgan.inference.speed import measure_alone

    network, card = load_network(words.runs[-1] / "bundle")
    network.set_weights([np.float32(np.float16(w)) for w in network.get_weights()])
    if words.partner:
        card = card.model_copy(update={"fidelity_partner": words.partner})
    bundle = PRETRAINED / card.name
    save_bundle(network, card, bundle)
    result = evaluate(
        words.hr, model=str(bundle), lr_dir=words.lr, precision="float32"
    ).to_json()
    predictor = Predictor.load(bundle)
    speed = measure_alone(predictor)
    rate = round(speed.megapixels_per_second, 3)
    speed = speed.model_copy(update={"megapixels_per_second": rate})
    values = {name: round(value, 4) for name, value in result["mean"].items()}
    protocol = {**result["protocol"], "precision": "float32"}
    recipe = load_recipe(RECIPES / _recipe_of(RunFolder(words.runs[-1])))
    credits = recipe.data_credits
    card = card.model_copy(
        update={
            "imgan_version": __version__,
            "metrics": [
                Score(dataset=words.dataset, protocol=protocol, values=values),
                *_sharpness(card, bundle, words),
                *_camera(card, bundle, words.camera),
            ],
            "stages": stages(words.runs, words.then),
            "speed": speed,
            "data": credits,
            "attribution": f"The imgan authors; trained on {'; '.join(credits)}",
        }
    )
    save_bundle(network, card, bundle)
    _compress(bundle)
    print(f"{bundle}: {values}, {speed}")
    return 0


def _compress(bundle: Path) -> None:
    """Write the file of the weights again, deflated, and its hash into the card."""
    path = bundle / WEIGHTS_NAME
    with zipfile.ZipFile(path) as archive:
        parts = [(part, archive.read(part)) for part in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts:
            archive.writestr(part.filename, content)
    digest = weights_sha256(bundle)
    write_card(read_card(bundle).model_copy(update={"weights_sha256": digest}), bundle)


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


def _camera(card: Card, bundle: Path, folder: Path | None) -> list[Score]:
    """Return scores on pictures as a simple camera takes them, and bicubic's."""
    if folder is None:
        return []
    found = camera_scores(str(bundle), folder)
    values = {name: round(value, 4) for name, value in found.items()}
    protocol = {
        "channel": "y",
        "crop_border": card.scale,
        "downscale": "blur 1.2, bicubic, noise 5, JPEG 40; tools/check_photo.py",
        "precision": "float32",
    }
    return [Score(dataset="Kodak, camera-like", protocol=protocol, values=values)]


def stages(runs: Sequence[Path], then: Sequence[str] = ()) -> list[Stage]:
    """Return what led to a model, by commands that can be repeated in their order.

    Args:
        runs: Folders of runs. Each of several begins with the one before, which it
            finds by its recipe's name.
        then: Commands that changed the last one's bundle.
    """
    found = [_stage(RunFolder(path), named=len(runs) > 1) for path in runs]
    line = " && ".join([found[-1].command, *then])
    return [*found[:-1], found[-1].model_copy(update={"command": line})]


def _stage(run: RunFolder, *, named: bool) -> Stage:
    """Return what a run's log says about its length and its curve."""
    recipe = _recipe_of(run)
    folder = f" --run-dir runs/{Path(recipe).stem}" if named else ""
    rows = [json.loads(line) for line in run.metrics.read_text("utf-8").splitlines()]
    timed = [row for row in rows if "seconds_per_step" in row]
    before = [0, *(row["step"] for row in timed)]
    seconds = sum(
        row["seconds_per_step"] * (row["step"] - first)
        for row, first in zip(timed, before, strict=False)
    )
    return Stage(
        command=f"imgan train recipes/{recipe}{folder}",
        steps=timed[-1]["step"],
        hours=round(seconds / 3600, 2),
        curve=[
            (row["step"], round(row["validation_psnr_y"], 2))
            for row in rows
            if "validation_psnr_y" in row
        ],
    )


def _recipe_of(run: RunFolder) -> str:
    """Return the recipe in the repository whose name the run bears."""
    name = yaml.safe_load(run.recipe.read_text("utf-8"))["name"]
    for path in sorted(RECIPES.glob("*/*.yaml")):
        if yaml.safe_load(path.read_text("utf-8")).get("name") == name:
            return path.relative_to(RECIPES).as_posix()
    raise SystemExit(f"No recipe in {RECIPES} has the name of the run: {name}")


if __name__ == "__main__":
    sys.exit(main())
