"""The register of shipped models, and what `--model` may name."""

from pathlib import Path

from imgan.bundles.card import CARD_NAME
from imgan.bundles.exports import find_export
from imgan.errors import UnknownModelError
from imgan.errors import did_you_mean

PRETRAINED = Path(__file__).parent.parent / "pretrained"


def shipped() -> dict[str, Path]:
    """Return the bundles that come with the package, by name."""
    return {
        card.parent.name: card.parent
        for card in sorted(PRETRAINED.glob(f"*/{CARD_NAME}"))
    }


def default_model(scale: float | None) -> str:
    """Return the shipped model for an enlargement, when the user names none.

    The smallest scale that reaches it: what is lost by reducing the result of a larger
    one was computed in vain.
    """
    return "x2" if scale is not None and scale <= 2 else "x4"


def resolve(model: str) -> Path:
    """Return the bundle or the SavedModel that a user means.

    Args:
        model: A shipped name, or the path of a bundle, of a finished run folder, or of
            an export: a SavedModel, or a folder of versions, of which the last counts.

    Raises:
        UnknownModelError: Says what there is, and what the path lacks.
    """
    names = shipped()
    if model in names:
        return names[model]
    folder = Path(model)
    for candidate in (folder, folder / "bundle"):
        if (candidate / CARD_NAME).is_file():
            return candidate
    exported = find_export(folder)
    if exported is not None:
        return exported
    if (folder / "checkpoints").is_dir():
        raise UnknownModelError(
            f"The run {model} has no bundle yet. Finish it with the command that began "
            "it; it resumes where it stopped."
        )
    if folder.is_file():
        raise UnknownModelError(
            f"{model} is a file; expected the folder of a bundle, a run or a "
            "SavedModel. `imgan import` makes a bundle of another project's file; "
            "LiteRT and ONNX files are for other programs."
        )
    if folder.is_dir():
        raise UnknownModelError(
            f"{model} is a folder without {CARD_NAME}; expected that of a bundle, a "
            "finished run or an export."
        )
    raise UnknownModelError(
        f"No model {model!r}.{did_you_mean(model, names)} Shipped: "
        f"{', '.join(names) or 'none'}. Or give the folder of a bundle, a run or "
        "an export."
    )
