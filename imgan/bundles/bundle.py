"""A bundle: a folder with a network's weights and its card."""

import contextlib
import math
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from imgan import families
from imgan.bundles.card import CARD_NAME
from imgan.bundles.card import Card
from imgan.bundles.card import NetworkSpec
from imgan.bundles.card import SelfCheck
from imgan.bundles.card import read_card
from imgan.bundles.card import write_card
from imgan.bundles.exports import is_export
from imgan.errors import CheckpointError
from imgan.errors import OutputError
from imgan.errors import first_line
from imgan.io.digests import sha256_of
from imgan.io.temporaries import remove_stale_folders

WEIGHTS_NAME = "generator.keras"
_OWN_NAMES = {CARD_NAME, WEIGHTS_NAME, "preview.png"}
NETWORKS = "imgan.networks."
SELF_CHECK_SIZE = (24, 20)


def describe_network(network: Any) -> NetworkSpec:
    """Return import path, constructor arguments and size of a network."""
    kind = type(network)
    return NetworkSpec(
        path=f"{kind.__module__}:{kind.__qualname__}",
        config=network.get_config(),
        parameters=network.count_params(),
    )


def save_bundle(network: Any, card: Card, folder: Path) -> Card:
    """Write `generator.keras` and `card.json`, whole or not at all.

    Those of an older bundle are replaced; what else lies beside them stays.

    Args:
        network: In its inference form, float32.
        card: Its description; hash, network and self check are filled in here.
        folder: Replaced if it is there.

    Returns:
        The card as written.

    Raises:
        CheckpointError: If the network's output is not finite.
        OutputError: If there is something at `folder` that is not a bundle.
    """
    _refuse_foreign(folder)
    size = _self_check_size(network)
    mean = _self_check_mean(network, size)
    if not all(map(math.isfinite, mean)):
        raise CheckpointError(
            f"The output of {card.name} must be finite. Received: {mean} on average. "
            "Its weights are not worth keeping; train again from a checkpoint before."
        )
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    remove_stale_folders(folder.parent, rf"\.{re.escape(folder.name)}\.(\d+)")
    temporary.mkdir(parents=True)
    try:
        network.save(temporary / WEIGHTS_NAME)
        card = card.model_copy(
            update={
                "network": describe_network(network),
                "weights_sha256": weights_sha256(temporary),
                "self_check": SelfCheck(size=size, mean=mean),
            }
        )
        write_card(card, temporary)
        _keep_others(folder, temporary)
        _replace_folder(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return card


def weights_sha256(folder: Path) -> str:
    """Return the SHA-256 of the weights' file in a bundle."""
    return sha256_of(folder / WEIGHTS_NAME)


def load_network(folder: Path, dtype: str | None = None) -> tuple[Any, Card]:
    """Load a bundle's network in its inference form.

    Args:
        folder: The bundle.
        dtype: "float32", "bfloat16" or "float16": what the hidden layers compute in.
            None: as saved. The first convolution and the last sum are float32 in any
            of them.

    Returns:
        The network and its card.

    Raises:
        CheckpointError: If the bundle is damaged, was changed since it was written, or
            holds a network that this imgan does not know.
    """
    if is_export(folder):
        raise CheckpointError(
            f"{folder} is an exported SavedModel: it computes, and has no weights that "
            "could be trained, blended or exported again. Give the bundle or the run."
        )
    card = read_card(folder)
    try:
        digest = weights_sha256(folder)
    except OSError as error:
        raise CheckpointError(f"{folder / WEIGHTS_NAME}: {error.strerror}") from error
    if digest != card.weights_sha256:
        raise CheckpointError(
            f"{folder / WEIGHTS_NAME} is not the file that its card describes: "
            f"expected sha256 {card.weights_sha256[:12]}..., "
            f"received {digest[:12]}.... Copy the bundle again."
        )
    if dtype is not None and card.network.path.startswith(NETWORKS):
        return _build(folder, card, policy_of(dtype)), card
    network = _load_weights(folder, card)
    if dtype is not None:
        network = network.variant(dtype=policy_of(dtype))
    return network, card


def check_network(network: Any, card: Card) -> float:
    """Return how far the network is from the card's self check, in output units.

    Infinite if its output is not finite.
    """
    if card.self_check is None:
        return 0.0
    mean = _self_check_mean(network, card.self_check.size)
    if not all(map(math.isfinite, mean)):
        return math.inf
    return max(
        abs(now - then) for now, then in zip(mean, card.self_check.mean, strict=True)
    )


def _refuse_foreign(folder: Path) -> None:
    """Keep `save_bundle` from replacing a folder with anything else in it."""
    if (folder / CARD_NAME).is_file() or not folder.exists():
        return
    # Weights without a card are a damaged bundle, which may be written anew.
    if not folder.is_dir() or {path.name for path in folder.iterdir()} - {WEIGHTS_NAME}:
        raise OutputError(
            f"{folder} is there and is not a bundle, so it is not replaced. Give the "
            "name of a new folder."
        )


def _keep_others(folder: Path, temporary: Path) -> None:
    """Copy what others have put beside an older bundle: a licence, notes, a source."""
    others = [] if not folder.is_dir() else sorted(folder.iterdir())
    for path in others:
        if path.name in _OWN_NAMES:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, temporary / path.name, symlinks=True)
        else:
            shutil.copy2(path, temporary / path.name, follow_symlinks=False)


def _replace_folder(temporary: Path, folder: Path) -> None:
    # A folder cannot be renamed over a full one; between the two renames a kill leaves
    # the old bundle whole under its other name.
    old = folder.with_name(f"{temporary.name}.old")
    if folder.exists():
        # Of a process of this number that was killed as it removed it.
        shutil.rmtree(old, ignore_errors=True)
        folder.replace(old)
    temporary.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
    remove_stale_folders(folder.parent, rf"\.{re.escape(folder.name)}\.(\d+)\.old")


def _build(folder: Path, card: Card, policy: str) -> Any:
    """Return one of imgan's own networks, built once, as its card describes it."""
    config = {**card.network.config, "dtype": policy}
    with _readable(folder, card):
        network = families.resolve(card.network.path).from_config(config)
        network.load_weights(folder / WEIGHTS_NAME)
    return network


def _load_weights(folder: Path, card: Card) -> Any:
    import keras

    with _readable(folder, card):
        _register_class(card.network.path)
        # Safe mode refuses code inside the file, such as that of Lambda layers.
        path = folder / WEIGHTS_NAME
        return keras.saving.load_model(path, compile=False, safe_mode=True)


@contextlib.contextmanager
def _readable(folder: Path, card: Card) -> Iterator[None]:
    """Say of what goes wrong inside which bundle cannot be loaded and why."""
    try:
        yield
    except (ImportError, AttributeError) as error:
        raise CheckpointError(
            f"{folder} holds a network that this imgan does not know: "
            f"{card.network.path}. Upgrade imgan, or import the package of the network "
            "first if you trust it."
        ) from error
    except (OSError, ValueError, TypeError, KeyError, BadZipFile) as error:
        path = folder / WEIGHTS_NAME
        raise CheckpointError(
            f"{path} cannot be loaded: {first_line(error)}"
        ) from error


def _register_class(path: str) -> None:
    """Import the class of a network, which registers it with Keras.

    A card is foreign data, and importing a module runs it: beyond imgan's own networks
    only what the program has imported already is looked at.
    """
    module = path.partition(":")[0]
    if not module.startswith(NETWORKS) and module not in sys.modules:
        raise ImportError(f"{module} is not a package of imgan")
    families.resolve(path)


def policy_of(dtype: str) -> str:
    """Return the Keras policy whose hidden layers compute in a dtype."""
    return dtype if dtype == "float32" else f"mixed_{dtype}"


def _self_check_size(network: Any) -> tuple[int, int]:
    """Return the usual size, or the next that the network takes."""
    # A foreign network may say nothing about sizes.
    unit = getattr(network, "size_multiple", 1)
    least = getattr(network, "minimum_size", 1)
    height, width = (-(-max(side, least) // unit) * unit for side in SELF_CHECK_SIZE)
    return height, width


def _self_check_mean(network: Any, size: tuple[int, int]) -> list[float]:
    """Mean of each output channel for the fixed inputs of the self check."""
    import numpy as np

    from imgan.networks.base import Network

    # A foreign network takes images, and has input_range and input_shape as well.
    kind = type(network)
    make_inputs = getattr(kind, "self_check_inputs", Network.self_check_inputs)
    outputs = network(make_inputs(network, size), training=False)
    return [float(value) for value in np.asarray(outputs).mean(axis=(0, 1, 2))]
